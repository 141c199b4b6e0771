"""Commands of this program that run by themselves: started here, watched from anywhere, stopped and gone on with.

A job is a process of its own, so that nothing that ends its starter ends it. Beside it a keeper, as small as a process
can be, waits for its end and writes it down. What is known of a job lies in the workspace, `jobs/ID/`:

    job.json       what was typed, when, and what it holds
    process.json   the process and its keeper, once they run
    end.json       how it ended, if the keeper lived to see it
    stop           somebody asked it to stop
    log.txt        what it printed

Where a keeper was killed too, the process itself is asked: by its number and by when it began, since numbers are used
again.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from . import files
from .errors import InputError
from .messages import language, tr
from .signals import apart

State = Literal["running", "done", "failed", "stopped", "killed"]
STOPPED = 130
"""The exit code of a command that was stopped in order."""
KEPT = 300
"""Ended jobs whose journal is kept; older ones are removed."""
LOG_BYTES = 64 * 1024
"""Of a log that are shown: its end."""
STARTING_SECONDS = 20.0
"""Time that a keeper has to write down what it started."""
_ID = re.compile(r"\d{8}-\d{6}-[0-9a-f]{6}")


@dataclass(frozen=True)
class Job:
    """What is known of a job.

    Attributes:
        words: the command after `jianghu -C DIR`.
        holds: what it writes; two jobs that hold the same do not run at once.
        state: killed means that it ended without a word: by a signal, with the machine, for want of memory.
        code: exit code; negative: the signal that ended it.
        last: the last line that it printed, if it ended.
        resumed: the job that goes on with this one.
    """

    id: str
    words: list[str]
    holds: str
    started: str
    state: State
    ended: str | None = None
    code: int | None = None
    last: str = ""
    resumed: str | None = None

    def to_dict(self) -> dict[str, object]:
        """As JSON."""
        return asdict(self)


class Jobs:
    """The jobs of a workspace.

    Args:
        root: its folder.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.folder = root / "jobs"
        self._ended: dict[str, Job] = {}

    def all(self) -> list[Job]:
        """Every job, the newest first."""
        if not self.folder.is_dir():
            return []
        names = sorted((path.name for path in self.folder.iterdir() if _ID.fullmatch(path.name)), reverse=True)
        return [job for name in names if (job := self._look(name)) is not None]

    def news(self) -> list[Job]:
        """Jobs that run, and of what each wrote the last one if it failed or was killed, the newest first."""
        told, held = [], set()
        for job in self.all():
            if job.state == "running" or (job.holds not in held and job.state in ("failed", "killed")):
                told.append(job)
            held.add(job.holds)
        return told

    def get(self, id: str) -> Job:
        """One job.

        Raises:
            InputError: there is none of this number.
        """
        job = self._look(id) if _ID.fullmatch(id) else None
        if job is None:
            raise InputError(tr("{id}: there is no such job.", id=id[:60]))
        return job

    def start(self, words: Sequence[str], holds: str = "", goes_on_with: str | None = None) -> Job:
        """Start a command of this program in a process of its own.

        Args:
            words: the command after `jianghu -C DIR`.
            holds: what it writes; empty: nothing that another could disturb.
            goes_on_with: the job that it resumes.

        Raises:
            InputError: a job that is running holds the same, or the one to resume is running or was resumed.
        """
        with files.lock(self.folder, tr("the list of jobs"), wait=10):
            self._refuse(holds, goes_on_with)
            self._forget_old()
            id = f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(3)}"
            folder = self.folder / id
            folder.mkdir(parents=True)
            about = {"words": list(words), "holds": holds, "started": _now(), "language": language()}
            files.write_json(folder / "job.json", about)
            if goes_on_with is not None:
                files.write_json(self.folder / goes_on_with / "resumed.json", {"by": id})
                self._ended.pop(goes_on_with, None)
            keeper = subprocess.Popen(
                [sys.executable, "-m", "jianghu.jobs", str(folder), str(self.root.absolute())],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                **apart(),
            )
        threading.Thread(target=keeper.wait, daemon=True).start()  # no zombie stays
        return self.get(id)

    def stop(self, id: str, force: bool = False) -> Job:
        """Ask a job to end in order, as Ctrl-C does; asked twice, it ends at once. Returns what is known of it then.

        Args:
            force: end it without asking: it may lose what it did since it last saved.

        Raises:
            InputError: there is no such job.
        """
        if (job := self.get(id)).state != "running":
            return job
        (self.folder / id / "stop").touch()
        process = _read(self.folder / id / "process.json")  # read after that: a keeper that just starts it reads `stop`
        if process is not None and _same(process):
            _ask_to_end(process["pid"], force)
        return self.get(id)

    def log(self, id: str) -> str:
        """The end of what a job printed.

        Raises:
            InputError: there is no such job.
        """
        self.get(id)
        return self._log(id, LOG_BYTES)

    def _refuse(self, holds: str, goes_on_with: str | None) -> None:
        running = [job for job in self.all() if job.state == "running"]
        if goes_on_with is not None:
            before = self.get(goes_on_with)
            if before.state == "running" or before.resumed:
                raise InputError(tr("this job is running or has been gone on with already."))
        for job in running:
            if holds and job.holds == holds:
                raise InputError(
                    tr("{what} is being written by `{words}`. Stop that first.", what=holds, words=" ".join(job.words))
                )

    def _look(self, id: str) -> Job | None:
        folder = self.folder / id
        if id in self._ended and (self._ended[id].resumed or not (folder / "resumed.json").exists()):
            return self._ended[id]
        about = _read(folder / "job.json")
        if about is None:
            return None
        process, end = _read(folder / "process.json"), _read(folder / "end.json")
        resumed = (_read(folder / "resumed.json") or {}).get("by")
        job = Job(id, about["words"], about["holds"], about["started"], "running", resumed=resumed)
        if end is None:
            if process is not None and (_same(process) or _same(process["keeper"])):
                return job  # or its keeper is about to tell how it ended
            if process is None and time.time() - (folder / "job.json").stat().st_mtime < STARTING_SECONDS:
                return job
            end = _read(folder / "end.json") or {"code": None, "at": None}  # its keeper may have told just now
        code = end["code"]
        last = (self._log(id, 2000).strip().splitlines() or [""])[-1]
        job = Job(id, job.words, job.holds, job.started, self._state(folder, code), end["at"], code, last, resumed)
        self._ended[id] = job
        return job

    def _state(self, folder: Path, code: int | None) -> State:
        if code == 0:
            return "done"
        if (folder / "stop").exists() or code == STOPPED:
            return "stopped"
        return "killed" if code is None or code < 0 else "failed"

    def _log(self, id: str, most: int) -> str:
        path = self.folder / id / "log.txt"
        if not path.exists():
            return ""
        with path.open("rb") as source:
            size = source.seek(0, os.SEEK_END)
            source.seek(max(0, size - most))
            text = source.read(most).decode("utf-8", "replace")
        return text if size <= most else text.partition("\n")[2]

    def _forget_old(self) -> None:
        for job in [job for job in self.all() if job.state != "running"][KEPT:]:
            shutil.rmtree(self.folder / job.id, ignore_errors=True)
            self._ended.pop(job.id, None)


def keep(folder: Path, root: str) -> int:
    """Run the command of a job, and write down what becomes of it; returns its exit code."""
    if sys.platform != "win32":
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # a server under nohup hands on that it is ignored
    about = files.read_json(folder / "job.json")
    environment = os.environ | {"PYTHONUNBUFFERED": "1", "COLUMNS": "100", "JIANGHU_LANG": about["language"]}
    try:
        with (folder / "log.txt").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "jianghu", "-C", root, *about["words"]],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=environment,
                **apart(),
            )
        own = {"pid": os.getpid(), "began": began(os.getpid())}
        files.write_json(folder / "process.json", {"pid": process.pid, "began": began(process.pid), "keeper": own})
        if (folder / "stop").exists():
            _ask_to_end(process.pid)
        code = process.wait()
    except OSError as error:
        with (folder / "log.txt").open("a", encoding="utf-8") as log_text:
            log_text.write(f"{error}\n")
        code = 1
    files.write_json(folder / "end.json", {"code": code, "at": _now()})
    return code


def began(pid: int) -> str | None:
    """When a process of this machine began, in the system's own terms; None if there is none, or only its remains."""
    if sys.platform == "win32":
        return _began_on_windows(pid)
    stat = Path(f"/proc/{pid}/stat")
    if Path("/proc/self/stat").exists():
        try:
            fields = stat.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        except OSError:
            return None
        boot = Path("/proc/sys/kernel/random/boot_id")
        return None if fields[0] in "ZX" else f"{boot.read_text().strip() if boot.exists() else ''} {fields[19]}"
    asked = subprocess.run(["ps", "-o", "stat=,lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)
    state, _, start = asked.stdout.strip().partition(" ")
    return start.strip() if start and "Z" not in state else None


def _began_on_windows(pid: int) -> str | None:
    import ctypes

    kernel: Any = ctypes.windll.kernel32  # type: ignore[attr-defined,unused-ignore]
    handle = kernel.OpenProcess(0x1000, False, pid)
    if not handle:
        return None
    times, code = [ctypes.c_uint64() for _ in range(4)], ctypes.c_ulong()
    kernel.GetProcessTimes(handle, *(ctypes.byref(one) for one in times))
    kernel.GetExitCodeProcess(handle, ctypes.byref(code))
    kernel.CloseHandle(handle)
    return str(times[0].value) if code.value == 259 else None  # STILL_ACTIVE


def _ask_to_end(pid: int, force: bool = False) -> None:
    """Ask a process and those that it started, as Ctrl-C does on a terminal; or end them."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if sys.platform == "win32":
            os.kill(pid, signal.SIGTERM)
        else:
            os.killpg(pid, signal.SIGKILL if force else signal.SIGINT)


def _same(process: dict[str, Any]) -> bool:
    return process["began"] is not None and began(process["pid"]) == process["began"]


def _read(path: Path) -> dict[str, Any] | None:
    try:
        value = files.read_json(path)
    except InputError:
        return None
    return value if isinstance(value, dict) else None


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


if __name__ == "__main__":
    sys.exit(keep(Path(sys.argv[1]), sys.argv[2]))
