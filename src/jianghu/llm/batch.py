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

from ..errors import RunError
from ..messages import tr
from ..recipe import TeacherSettings
from .client import CallFailed, Client
from .completions import Answer, Reader
from .endpoint import Endpoint
from .keys import Key
from .store import Batch, LeasedRequest, Reply, Store

MAX_REQUESTS = 10_000  # requests of one batch; providers allow 50,000
POLL = 30.0  # seconds between looks
HALF = 0.5  # of the price
ENDED = {"completed", "expired", "cancelled", "failed"}
NAME = re.compile(r"[\w.:/-]{1,200}", re.ASCII)  # of a file or a batch
PIECE = 200  # replies that are committed at once
PASSING = {"server_error", "rate_limited", "timeout", "unreachable"}
"""Outcomes of a call after which it is made again."""
MISSES = 5  # failed calls in a row that are put up with


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
        received: Callable[[Sequence[tuple[LeasedRequest, Reply]], Sequence[Reply]], None],
        stop: threading.Event,
    ) -> None:
        self.client, self.endpoint, self.key, self.store, self.number = client, endpoint, key, store, number
        self.settings = settings.model_copy(
            update={
                "price_in": settings.price_in * HALF,
                "price_out": settings.price_out * HALF,
                "price_cached": None if settings.price_cached is None else settings.price_cached * HALF,
            }
        )
        self.received, self.stop = received, stop
        self.reader = Reader(self.settings, endpoint, key.hash, client.reader(endpoint, key).scrub)

    async def run(self) -> str | None:
        """Finish the batches that are under way, then send what is open, until nothing is; returns why it ended early.

        Raises:
            RunError: the provider refuses the file or the batch, or a batch fails as a whole.
        """
        while True:
            batches = self.store.batches()
            if not batches:
                packed = self.store.pack(self.number, MAX_REQUESTS, self.endpoint.address, self.key.hash)
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
            if body.get("status") in ENDED:
                break
            if await self._stopped():
                return "stopped"
        files = [self._name(body, name) for name in ("output_file_id", "error_file_id") if body.get(name)]
        lines = sum([await self._fetch(batch, file) for file in files])
        self.store.close_batch(batch, "fetched" if lines else "lost")
        if not lines:
            errors = self.reader.line(json.dumps(body.get("errors"), ensure_ascii=False))
            raise RunError(
                tr(
                    "the batch {remote} ended as {status} without any reply: {errors}",
                    remote=batch.remote,
                    status=body["status"],
                    errors=errors,
                )
            )
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
        return self._name(answer, "id")

    def _name(self, body: dict[str, object], field: str) -> str:
        """What the provider calls a file or a batch; it is kept and becomes a part of addresses."""
        name = body.get(field)
        if isinstance(name, str) and NAME.fullmatch(name) and self.reader.scrub(name) == name:
            return name
        told = self.reader.line(json.dumps(body, ensure_ascii=False))
        raise RunError(
            tr(
                "{address}: not a batch API; it gave no {field} that can be used: {text}",
                address=self.endpoint.address,
                field=field,
                text=told,
            )
        )

    def _lines(self, batch: Batch) -> Iterator[dict[str, object]]:
        for taken in self.store.packed(batch):
            body = self.endpoint.dialect.body(taken.request.body, self.endpoint.model, self.settings.extra)
            yield {"custom_id": taken.request.key, "method": "POST", "url": self._path(), "body": body}

    def _path(self) -> str:
        """The address inside the file: from the version on, such as /v1/chat/completions."""
        found = re.search(r"/v\d+/chat/completions$", self.endpoint.url.path)
        return found[0] if found else "/v1/chat/completions"

    async def _find(self, batch: Batch) -> str | None:
        """The batch that was made from our file, if a crash came before its number was written down."""
        listed = await self._call("GET", "batches", params={"limit": 100})
        rows = listed.get("data")
        rows = [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
        return next((self._name(row, "id") for row in rows if row.get("input_file_id") == batch.file), None)

    async def _create(self, batch: Batch) -> str:
        body = {"input_file_id": batch.file, "endpoint": self._path(), "completion_window": "24h"}
        return self._name(await self._call("POST", "batches", json=body), "id")

    async def _look(self, batch: Batch) -> dict[str, object]:
        return await self._call("GET", f"batches/{batch.remote}")

    async def _fetch(self, batch: Batch, file: str) -> int:
        """Commit the replies of a file, piece by piece; those that are there stay. Returns how many lines it had."""
        path, count = f"files/{file}/content", 0
        for miss in range(MISSES):
            waiting = {taken.request.key: taken for taken in self.store.packed(batch)}
            piece: list[tuple[LeasedRequest, Reply]] = []
            count = 0
            try:
                async for line in self.client.lines(self.endpoint.beside(path), self.key):
                    count += 1
                    if (found := self._read(line, waiting)) is not None:
                        piece.append(found)
                    if len(piece) >= PIECE:
                        self._keep(piece)
                        piece = []
            except CallFailed as failure:
                self._keep(piece)
                if failure.outcome not in PASSING or miss == MISSES - 1:
                    raise self._broken(path, self.reader.line(str(failure))) from None
                await asyncio.sleep(min(POLL, 2.0**miss))
            else:
                self._keep(piece)
                break
        return count

    def _read(self, line: str, waiting: dict[str, LeasedRequest]) -> tuple[LeasedRequest, Reply] | None:
        """The request and the reply of a line; None where it is of no request that waits."""
        try:
            row = json.loads(line)
            taken = waiting.pop(row["custom_id"], None)
            answer = row.get("response") or {"status_code": 500, "body": {"error": row.get("error")}}
            status, told = int(answer.get("status_code", 500)), json.dumps(answer.get("body"), ensure_ascii=False)
        except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError):
            return None  # half a line; its request is open again when the batch closes
        return (taken, self.reader.read(Answer(status, told), taken.request.body["messages"])) if taken else None

    def _keep(self, replies: list[tuple[LeasedRequest, Reply]]) -> None:
        bad = [taken.id for taken, reply in replies if not reply.accepted]
        self.store.add_replies([(taken.id, reply) for taken, reply in replies], failed=bad)
        self.received([pair for pair in replies if pair[1].accepted], [reply for _, reply in replies])

    async def _call(self, method: str, path: str, **more: Any) -> dict[str, object]:
        text = await self._text(method, path, **more)
        try:
            body = json.loads(text)
        except ValueError:
            body = None
        if not isinstance(body, dict):
            told = self.reader.line(text)
            raise RunError(
                tr(
                    "{address}/{path}: not a batch API; it answered {told}",
                    address=self.endpoint.address,
                    path=path,
                    told=told[:200],
                )
            )
        return body

    async def _text(self, method: str, path: str, **more: Any) -> str:
        """One call, tried again where the trouble is not ours."""
        detail = ""
        for miss in range(MISSES):
            try:
                answer = await self.client.call(method, self.endpoint.beside(path), self.key, **more)
            except CallFailed as failure:
                outcome, detail = failure.outcome, self.reader.line(str(failure))
            else:
                if answer.status < 300:
                    return answer.text
                reply = self.reader.read(answer, ())
                outcome, detail = reply.outcome, reply.detail
            if outcome not in PASSING:
                break
            await asyncio.sleep(min(POLL, 2.0**miss))
        raise self._broken(path, detail)

    def _broken(self, path: str, detail: str) -> RunError:
        return RunError(
            tr(
                "{address}/{path}: {detail}. What was received is kept; the same command goes on.",
                address=self.endpoint.address,
                path=path,
                detail=detail,
            )
        )
