"""A server with those of the Hub's routes that an upload by huggingface_hub calls, keeping what it is sent."""

from __future__ import annotations

import base64
import json
import socket
import threading
from typing import Any

import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response

TOKEN = "hf_right"


class Hub:
    """Use it as a context manager; `address` is for HF_ENDPOINT.

    Attributes:
        repositories: name → {"private": …, "files": {path: bytes}, "commits": [summary]}.
        blobs: large files by their SHA-256.
        broken: large files are refused with status 500.
    """

    def __init__(self) -> None:
        self.repositories: dict[str, dict[str, Any]] = {}
        self.blobs: dict[str, bytes] = {}
        self.broken = False
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self._server = uvicorn.Server(uvicorn.Config(self._app(), log_level="error"))
        self._thread = threading.Thread(target=self._server.run, args=([self._socket],))

    def __enter__(self) -> Hub:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._server.should_exit = True
        self._thread.join()

    def _app(self) -> FastAPI:
        app = FastAPI()

        @app.middleware("http")
        async def guard(request: Request, call_next: Any) -> Response:
            if request.headers.get("authorization") != f"Bearer {TOKEN}" and "/blobs/" not in request.url.path:
                return JSONResponse({"error": "Invalid username or password."}, 401)
            answer: Response = await call_next(request)
            return answer

        @app.post("/api/repos/create")
        async def create(request: Request) -> Response:
            body = await request.json()
            name = f"{body['organization'] or 'me'}/{body['name']}"
            url = {"url": f"{self.address}/{name}"}
            if name in self.repositories:
                return JSONResponse({**url, "error": "You already created this model repo"}, 409)
            private = body.get("private") or body.get("visibility") == "private"  # older and newer clients
            self.repositories[name] = {"private": private, "files": {}, "commits": []}
            return JSONResponse(url)

        @app.post("/api/validate-yaml")
        async def validate() -> dict[str, Any]:
            return {"errors": [], "warnings": []}

        @app.post("/api/models/{owner}/{name}/preupload/main")
        async def preupload(request: Request) -> dict[str, Any]:
            large = (".safetensors", ".gguf")
            return {
                "files": [
                    {
                        "path": file["path"],
                        "uploadMode": "lfs" if file["path"].endswith(large) else "regular",
                        "shouldIgnore": False,
                    }
                    for file in (await request.json())["files"]
                ]
            }

        @app.post("/{owner}/{name}.git/info/lfs/objects/batch")
        async def batch(request: Request) -> dict[str, Any]:
            objects = (await request.json())["objects"]
            for each in objects:
                if each["oid"] not in self.blobs:
                    each["actions"] = {"upload": {"href": f"{self.address}/blobs/{each['oid']}"}}
            return {"transfer": "basic", "objects": objects}

        @app.put("/blobs/{oid}")
        async def put(oid: str, request: Request) -> Response:
            if self.broken:
                return Response(status_code=400)
            self.blobs[oid] = await request.body()
            return Response()

        @app.post("/api/models/{owner}/{name}/commit/main")
        async def commit(owner: str, name: str, request: Request) -> dict[str, Any]:
            repository = self.repositories[f"{owner}/{name}"]
            for line in (await request.body()).splitlines():
                row = json.loads(line)
                value = row["value"]
                if row["key"] == "header":
                    repository["commits"].append(value["summary"])
                elif row["key"] == "file":
                    repository["files"][value["path"]] = base64.b64decode(value["content"])
                else:
                    repository["files"][value["path"]] = self.blobs[value["oid"]]
            oid = "0" * 40
            return {"commitUrl": f"{self.address}/{owner}/{name}/commit/{oid}", "commitOid": oid}

        return app
