"""A provider with OpenAI's Batch API on loopback: files, batches, and results in another order than they were asked."""

from __future__ import annotations

import json
import re
import threading
from collections import Counter
from email.parser import BytesParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from tests.llm.teacher_server import good


class BatchServer:
    """Use it as a context manager.

    Args:
        looks: how often a batch is looked at before it is done.
        expire: share of the requests, from the end, that are not answered in time, of the first batch.
        fail: numbers of requests of a batch that fail for themselves.

    Attributes:
        billed: how often each custom_id was answered.
        uploads, created: how many files and batches there are.
    """

    def __init__(self, looks: int = 1, expire: float = 0.0, fail: tuple[int, ...] = ()) -> None:
        self.looks, self.expire, self.fail = looks, expire, fail
        self.files: dict[str, str] = {}
        self.batches: dict[str, dict[str, Any]] = {}
        self.seen: Counter[str] = Counter()
        self.billed: Counter[str] = Counter()
        self.uploads = self.created = self.chats = 0
        self.bodies: list[dict[str, Any]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True  # head and body go out at once, not 40 ms apart

            def log_message(self, *arguments: Any) -> None:
                pass

            def do_POST(self) -> None:
                data = self.rfile.read(int(self.headers["Content-Length"]))
                if self.path.endswith("/files"):
                    self._tell(outer.upload(self.headers["Content-Type"], data))
                elif self.path.endswith("/batches"):
                    self._tell(outer.create(json.loads(data)))
                else:
                    outer.chats += 1
                    self._tell(good(0, json.loads(data)).body)

            def do_GET(self) -> None:
                path = self.path.partition("?")[0]
                if path.endswith("/batches"):
                    self._tell({"object": "list", "data": list(outer.batches.values())})
                elif found := re.search(r"/batches/(\w+)$", path):
                    self._tell(outer.look(found[1]))
                elif found := re.search(r"/files/(\w+)/content$", path):
                    self._tell(outer.files[found[1]])

            def _tell(self, body: Any) -> None:
                data = (body if isinstance(body, str) else json.dumps(body, ensure_ascii=False)).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}/v1"

    def upload(self, kind: str, data: bytes) -> dict[str, Any]:
        message: Any = BytesParser().parsebytes(f"Content-Type: {kind}\r\n\r\n".encode() + data)
        parts = {part.get_param("name", header="content-disposition"): part for part in message.get_payload()}
        assert parts["purpose"].get_payload() == "batch"
        self.uploads += 1
        name = f"file{self.uploads}"
        self.files[name] = parts["file"].get_payload(decode=True).decode()
        return {"id": name, "object": "file", "purpose": "batch"}

    def create(self, body: dict[str, Any]) -> dict[str, Any]:
        assert (body["endpoint"], body["completion_window"]) == ("/v1/chat/completions", "24h")
        self.created += 1
        name = f"batch{self.created}"
        self.batches[name] = {
            "id": name,
            "object": "batch",
            "input_file_id": body["input_file_id"],
            "status": "validating",
        }
        return self.batches[name]

    def look(self, name: str) -> dict[str, Any]:
        batch = self.batches[name]
        self.seen[name] += 1
        if batch["status"] == "validating":
            batch["status"] = "in_progress"
        elif batch["status"] == "in_progress" and self.seen[name] > self.looks:
            self._finish(batch)
        return batch

    def _finish(self, batch: dict[str, Any]) -> None:
        lines = [json.loads(line) for line in self.files[batch["input_file_id"]].splitlines()]
        self.bodies += [line["body"] for line in lines]
        most = len(lines) if batch["id"] != "batch1" else round(len(lines) * (1 - self.expire))
        out, errors = [], []
        for number, line in enumerate(lines):
            row = {"id": f"r{number}", "custom_id": line["custom_id"], "error": None}
            if number >= most:
                errors.append({**row, "response": None, "error": {"code": "batch_expired", "message": "not in time"}})
            elif number in self.fail:
                told = {"error": {"code": "1301", "message": "敏感内容"}}
                errors.append({**row, "response": {"status_code": 400, "body": told}})
            else:
                self.billed[line["custom_id"]] += 1
                out.append({**row, "response": {"status_code": 200, "body": good(0, line["body"]).body}})
        for field, rows in (("output_file_id", out), ("error_file_id", errors)):
            if rows:
                name = f"{batch['id']}{field[:3]}"
                self.files[name] = "\n".join(json.dumps(row, ensure_ascii=False) for row in reversed(rows)) + "\n"
                batch[field] = name
        batch["status"] = "expired" if most < len(lines) else "completed"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        self._server.shutdown()
        self._server.server_close()
