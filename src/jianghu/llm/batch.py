"""The batch transport: many requests in one file, for half the price, answered within a day.

Upload, create, poll, fetch by custom_id, in the shape of OpenAI's Batch API, which Zhipu, DashScope and vLLM share.
Each step is in the store before the next begins, so a crash between any two of them is harmless: a file that nobody
uses costs nothing, and a batch whose number was not written down is found again by its file.
"""

from __future__ import annotations

import asyncio
import json
import re
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import httpx

from ..errors import RunError
from ..recipe import TeacherSettings
from .client import MOST_DETAIL, Client, read_answer
from .endpoint import Endpoint
from .keys import Key
from .store import Batch, Reply, Store, Taken

MOST = 10_000  # requests of one batch; providers allow 50,000
POLL = 30.0  # seconds between looks
HALF = 0.5  # of the price
ENDED = {"completed", "expired", "cancelled", "failed"}
MISSES = 5  # failed looks in a row that are put up with


class BatchSender:
    """Sends the open requests of a plan as batches, with one key.

    Args:
        received: called with good replies and all replies after they were committed, as by `Sender`.
    """

    def __init__(
        self,
        client: Client,
        endpoint: Endpoint,
        key: Key,
        store: Store,
        number: int,
        settings: TeacherSettings,
        received: Callable[[Sequence[tuple[Taken, Reply]], Sequence[Reply]], None],
        stop: threading.Event,
    ) -> None:
        self.client, self.endpoint, self.key, self.store, self.number = client, endpoint, key, store, number
        self.settings = settings.model_copy(
            update={"price_in": settings.price_in * HALF, "price_out": settings.price_out * HALF}
        )
        self.received, self.stop = received, stop

    async def run(self) -> str | None:
        """Finish the batches that are under way, then send what is open, until nothing is; returns why it ended early.

        Raises:
            RunError: the provider refuses the file or the batch, or a batch fails as a whole.
        """
        while True:
            batches = self.store.batches()
            if not batches:
                packed = self.store.pack(self.number, MOST, self.endpoint.address, self.key.hash)
                if packed is None:
                    return None
                batches = [packed]
            for batch in batches:
                if why := await self._finish(batch):
                    return why

    async def _finish(self, batch: Batch) -> str | None:
        """Take a batch from wherever it stands to its end."""
        if batch.file is None:
            batch = self.store.update_batch(batch, state="uploaded", file=await self._upload(batch))
        if batch.remote is None:
            found = await self._find(batch) or await self._create(batch)
            batch = self.store.update_batch(batch, state="running", remote=found)
        while True:
            body = await self._look(batch)
            if body["status"] in ENDED:
                break
            if await self._stopped():
                return "stopped"
        files = [body[name] for name in ("output_file_id", "error_file_id") if body.get(name)]
        lines = sum([await self._fetch(batch, file) for file in files])
        self.store.close_batch(batch, "fetched" if lines else "lost")
        if not lines:
            errors = json.dumps(body.get("errors"), ensure_ascii=False)[:MOST_DETAIL]
            raise RunError(f"the batch {batch.remote} ended as {body['status']} without any reply: {errors}")
        return None

    async def _stopped(self) -> bool:
        """Wait for the next look; whether the run is to end."""
        for _ in range(max(1, int(POLL / 0.2))):
            if self.stop.is_set():
                return True
            await asyncio.sleep(min(0.2, POLL))
        return self.stop.is_set()

    async def _upload(self, batch: Batch) -> str:
        lines = (json.dumps(line, ensure_ascii=False) for line in self._lines(batch))
        data = ("\n".join(lines) + "\n").encode()
        files = {"file": (f"jianghu-{batch.id}.jsonl", data, "application/jsonl")}
        answer = await self._call("POST", "files", data={"purpose": "batch"}, files=files)
        return str(answer["id"])

    def _lines(self, batch: Batch) -> Iterator[dict[str, Any]]:
        for taken in self.store.packed(batch):
            body = self.endpoint.dialect.body(taken.request.body, self.endpoint.model)
            yield {"custom_id": taken.request.key, "method": "POST", "url": self._path(), "body": body}

    def _path(self) -> str:
        """The address inside the file: from the version on, such as /v1/chat/completions."""
        found = re.search(r"/v\d+/chat/completions$", self.endpoint.url.path)
        return found[0] if found else "/v1/chat/completions"

    async def _find(self, batch: Batch) -> str | None:
        """The batch that was made from our file, if a crash came before its number was written down."""
        listed = await self._call("GET", "batches", params={"limit": 100})
        return next((str(row["id"]) for row in listed.get("data", []) if row.get("input_file_id") == batch.file), None)

    async def _create(self, batch: Batch) -> str:
        body = {"input_file_id": batch.file, "endpoint": self._path(), "completion_window": "24h"}
        return str((await self._call("POST", "batches", json=body))["id"])

    async def _look(self, batch: Batch) -> dict[str, Any]:
        return await self._call("GET", f"batches/{batch.remote}")

    async def _fetch(self, batch: Batch, file: str) -> int:
        """Commit the replies of a file; those that are there already stay. Returns how many lines it had."""
        text = await self._text("GET", f"files/{file}/content")
        waiting = {taken.request.key: taken for taken in self.store.packed(batch)}
        replies: list[tuple[Taken, Reply]] = []
        lines = text.splitlines()
        for line in lines:
            try:
                row = json.loads(line)
                taken = waiting.pop(row["custom_id"], None)
                answer = row.get("response") or {"status_code": 500, "body": {"error": row.get("error")}}
            except (ValueError, KeyError, TypeError):
                continue  # half a line; its request is open again when the batch closes
            if taken is not None:
                told = json.dumps(answer.get("body"), ensure_ascii=False)
                reply = read_answer(answer.get("status_code", 500), told, self.settings, self.endpoint, self.key)
                replies.append((taken, reply))
        bad = [taken.id for taken, reply in replies if not reply.accepted]
        self.store.add_replies([(taken.id, reply) for taken, reply in replies], failed=bad)
        self.received([pair for pair in replies if pair[1].accepted], [reply for _, reply in replies])
        return len(lines)

    async def _call(self, method: str, path: str, **more: Any) -> dict[str, Any]:
        text = await self._text(method, path, **more)
        try:
            body = json.loads(text)
        except ValueError:
            body = None
        if not isinstance(body, dict):
            raise RunError(f"{self.endpoint.address}/{path}: not a batch API; it answered {text[:200]}")
        return body

    async def _text(self, method: str, path: str, **more: Any) -> str:
        """One call, tried again where the trouble is not ours."""
        detail = ""
        for miss in range(MISSES):
            try:
                answer = await self.client.request(method, self.endpoint.beside(path), self.key, **more)
            except httpx.HTTPError as error:
                detail = f"{error or type(error).__name__}"
            else:
                if answer.status_code < 300:
                    return answer.text
                reply = read_answer(answer.status_code, answer.text, self.settings, self.endpoint, self.key)
                detail = reply.detail
                if reply.outcome not in ("busy", "slow_down"):
                    break
            await asyncio.sleep(min(POLL, 2.0**miss))
        raise RunError(
            f"{self.endpoint.address}/{path}: {detail}. What was received is kept; the same command goes on."
        )
