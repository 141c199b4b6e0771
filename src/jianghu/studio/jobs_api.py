"""Jobs for the page: what runs, what ended how; start, stop, go on."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from ..jobs import Jobs
from .commands import resume_words, words_of
from .context import Studio
from .events import Event

LOG_LINES = 200
"""Lines of a log that are told at once."""


class Start(BaseModel):
    """A command with its options."""

    model_config = ConfigDict(extra="forbid")

    command: Annotated[str, Field(max_length=40)]
    options: Annotated[dict[Annotated[str, Field(max_length=80)], Any], Field(max_length=40)] = {}


class Stop(BaseModel):
    """How a job is stopped."""

    model_config = ConfigDict(extra="forbid")

    force: bool = False


def router(studio: Studio) -> APIRouter:
    """`/studio/jobs`."""
    router, ws, jobs = APIRouter(prefix="/studio/jobs"), studio.workspace, studio.jobs
    studio.events.watchers.append(JobWatcher(jobs))

    @router.get("")
    def every() -> dict[str, object]:
        """All jobs, the newest first."""
        return {"jobs": [job.to_dict() for job in jobs.all()]}

    @router.post("")
    def start(body: Start) -> dict[str, object]:
        """Start a command; it is a process of its own."""
        words, holds = words_of(ws, body.command, body.options)
        return jobs.start(words, holds).to_dict()

    @router.post("/{id}/stop")
    def stop(id: str, body: Stop | None = None) -> dict[str, object]:
        """Ask a job to end in order; asked twice it ends at once."""
        return jobs.stop(id, body.force if body else False).to_dict()

    @router.post("/{id}/resume")
    def resume(id: str) -> dict[str, object]:
        """Go on with what a job left: a new job."""
        job = jobs.get(id)
        return jobs.start(resume_words(ws, job.words), job.holds, goes_on_with=id).to_dict()

    @router.get("/{id}/log")
    def log(id: str) -> dict[str, object]:
        """The end of what a job printed."""
        return {"lines": jobs.log(id).splitlines()}

    return router


class JobWatcher:
    """Tells of jobs whose state changed, and what those that run have printed since the last look."""

    def __init__(self, jobs: Jobs) -> None:
        self.jobs = jobs
        self._known: dict[str, str] | None = None
        self._read: dict[str, int] = {}

    def __call__(self) -> Iterable[Event]:
        """What is new."""
        now = self.jobs.all()
        known, self._known = self._known, {job.id: f"{job.state} {job.resumed}" for job in now}
        for job in reversed(now):
            changed = known is not None and known.get(job.id) != self._known[job.id]
            if job.state == "running" or changed:
                yield from self._log(job.id, first=known is None)
            if changed:
                yield "job", job.to_dict()

    def _log(self, id: str, first: bool) -> Iterable[Event]:
        path = self.jobs.folder / id / "log.txt"
        size = path.stat().st_size if path.exists() else 0
        lines, self._read[id] = new_lines(path, self._read.get(id, size if first else 0), size)
        if lines:
            yield "log", {"job": id, "lines": lines[-LOG_LINES:]}


def new_lines(path: Path, start: int, size: int, most: int = 1 << 20) -> tuple[list[str], int]:
    """Whole lines of a file that grows, from this byte on; and where the next look begins.

    Args:
        size: of the file now. most: bytes that are read; of more, the last ones.
    """
    if size <= start:
        return [], min(start, size)  # a file that shrank is another one
    with path.open("rb") as source:
        source.seek(max(start, size - most))
        data = source.read(most)
    whole = data.rfind(b"\n") + 1
    return data[:whole].decode("utf-8", "replace").splitlines(), max(start, size - most) + whole
