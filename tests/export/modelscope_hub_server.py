"""A server with those of ModelScope's routes that an upload by its client calls, keeping what it is sent."""

from __future__ import annotations

import base64
import socket
import threading
from typing import Any

import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response

TOKEN = "ms-right"


class ModelScope:
    """Use it as a context manager; `address` is for MODELSCOPE_ENDPOINT.

    Attributes:
        repositories: name → {"about": what it was made with, "files": {path: bytes}, "commits": [message]}.
        blobs: large files by their SHA-256.
    """

    def __init__(self) -> None:
        self.repositories: dict[str, dict[str, Any]] = {}
        self.blobs: dict[str, bytes] = {}
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self._server = uvicorn.Server(uvicorn.Config(self._app(), log_level="error"))
        self._thread = threading.Thread(target=self._server.run, args=([self._socket],))

    def __enter__(self) -> ModelScope:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._server.should_exit = True
        self._thread.join()

    def _app(self) -> FastAPI:
        app = FastAPI()

        @app.middleware("http")
        async def guard(request: Request, call_next: Any) -> Response:
            if request.headers.get("authorization") != f"Bearer {TOKEN}":
                return JSONResponse({"Code": 10010205001, "Message": "please login first", "Success": False}, 401)
            answer: Response = await call_next(request)
            return answer

        @app.get("/api/v1/models/{owner}/{name}")
        async def about(owner: str, name: str) -> Response:
            if f"{owner}/{name}" not in self.repositories:
                return JSONResponse({"Code": 10010205001, "Message": "model not exists", "Success": False}, 404)
            return JSONResponse({"Code": 200, "Success": True, "Data": {"Path": owner, "Name": name}})

        @app.post("/api/v1/models")
        async def create(request: Request) -> Response:
            body = await request.json()
            name = f"{body['Path']}/{body['Name']}"
            if name in self.repositories:
                return JSONResponse({"Code": 10010101001, "Message": "model already exists", "Success": False}, 409)
            self.repositories[name] = {"about": body, "files": {}, "commits": []}
            return JSONResponse({"Code": 200, "Success": True, "Data": {"Path": body["Path"], "Name": body["Name"]}})

        @app.post("/api/v1/repos/models/{owner}/{name}/info/lfs/objects/batch")
        async def batch(request: Request) -> dict[str, Any]:
            objects = (await request.json())["objects"]
            for each in objects:
                if each["oid"] not in self.blobs:
                    each["actions"] = {"upload": {"href": f"{self.address}/blobs/{each['oid']}"}}
            return {"Code": 200, "Success": True, "Data": {"objects": objects}}

        @app.put("/blobs/{oid}")
        async def put(oid: str, request: Request) -> dict[str, Any]:
            self.blobs[oid] = await request.body()
            return {"Code": 200}

        @app.post("/api/v1/repos/models/{owner}/{name}/commit/{revision}")
        async def commit(owner: str, name: str, revision: str, request: Request) -> dict[str, Any]:
            repository, body = self.repositories[f"{owner}/{name}"], await request.json()
            repository["commits"].append(body["commit_message"])
            for each in body["actions"]:
                large = each["type"] == "lfs"
                data = self.blobs[each["sha256"]] if large else base64.b64decode(each["content"])
                repository["files"][each["path"]] = data
            return {"Code": 200, "Success": True, "Data": {"oid": "0" * 40}}

        return app
