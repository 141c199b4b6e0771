"""A server that gives a folder's files as Hugging Face and as ModelScope do."""

from __future__ import annotations

import hashlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

COMMIT = "0123456789abcdef0123456789abcdef01234567"


class ModelHub:
    """Use it as a context manager. The model is called me/small.

    Attributes:
        asked: paths with their queries and ranges, in order.
        cut: answers end after so many bytes, as where a connection breaks; None: they are whole.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.asked: list[str] = []
        self.cut: int | None = None
        hub = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                hub.answer(self, body=True)

            def do_HEAD(self) -> None:
                hub.answer(self, body=False)

            def log_message(self, *parts: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.place = f"127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever)

    def __enter__(self) -> ModelHub:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def answer(self, request: Any, body: bool) -> None:
        """Answer one request."""
        address, start = urlsplit(request.path), request.headers.get("Range", "")
        self.asked.append(request.path + (f" {start}" if start else ""))
        files = {path.name: path for path in self.folder.iterdir()}
        query = {key: values[0] for key, values in parse_qs(address.query).items()}
        if address.path in ("/api/models/me/small", "/api/models/me/small/revision/main"):  # Hugging Face's
            siblings = [{"rfilename": name, "size": path.stat().st_size} for name, path in files.items()]
            self._json(request, {"id": "me/small", "sha": COMMIT, "siblings": siblings})
        elif address.path.startswith("/me/small/resolve/") and (path := files.get(Path(address.path).name)):
            self._file(request, path, body, 0)
        elif address.path == "/api/v1/models/me/small/repo/files":  # ModelScope's
            rows = [
                {"Path": name, "Size": path.stat().st_size, "Sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
                for name, path in files.items()
            ]
            self._json(request, {"Code": 200, "Data": {"Files": rows}})
        elif address.path == "/api/v1/models/me/small/repo" and (path := files.get(query["FilePath"])):
            self._file(request, path, body, int(start.removeprefix("bytes=").removesuffix("-") or 0))
        else:
            self._json(request, {"error": "Repository not found"}, 404)

    def _json(self, request: Any, value: object, status: int = 200) -> None:
        data = json.dumps(value).encode()
        request.send_response(status)
        request.send_header("Content-Type", "application/json")
        request.send_header("Content-Length", str(len(data)))
        request.end_headers()
        request.wfile.write(data)

    def _file(self, request: Any, path: Path, body: bool, start: int) -> None:
        data = path.read_bytes()
        request.send_response(206 if start else 200)
        request.send_header("ETag", f'"{hashlib.sha256(data).hexdigest()}"')
        request.send_header("X-Repo-Commit", COMMIT)
        request.send_header("Content-Length", str(len(data) - start))
        request.end_headers()
        if body:
            request.wfile.write(data[start:][: self.cut])
