"""The worker processes of a study: started with a share of the processor, watched, and stopped in order.

A worker in a process of its own gives its memory back, and one that the system kills takes no other with it.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

from ..errors import RunError
from ..messages import tr
from ..signals import apart


def cores() -> int:
    """Processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Workers:
    """Workers of one study.

    Args:
        command: starts a worker.
        count: how many.
        root: the folder they work in.
        logs: the folder for what they print, as worker-1.log and so on.
    """

    def __init__(self, command: list[str], count: int, root: Path, logs: Path) -> None:
        self.command, self.root, self.logs = command, root, logs
        self._threads = str(max(1, cores() // count))
        self._workers = {number: self._start(number) for number in range(1, count + 1)}

    def works(self) -> bool:
        """Whether any worker lives."""
        return any(worker.poll() is None for worker in self._workers.values())

    def killed(self) -> list[tuple[int, int, str]]:
        """Workers that a signal ended: their number, process id, and the signal's name."""
        return [
            (number, worker.pid, signal.Signals(-worker.returncode).name)
            for number, worker in self._workers.items()
            if worker.poll() is not None and worker.returncode < 0
        ]

    def replace(self, number: int) -> None:
        """Start another worker in the place of one that has ended."""
        self._workers[number] = self._start(number)

    def stop(self) -> None:
        """Let the workers save and end, and wait for them; those that have ended are not disturbed.

        Raises:
            RunError: one of them had ended with an error of its own; the message has its last words.
        """
        broken = [number for number, worker in self._workers.items() if worker.poll()]
        for worker in self._workers.values():
            assert worker.stdin is not None
            worker.stdin.close()
        for worker in self._workers.values():
            worker.wait()
        if broken:
            log = self.logs / f"worker-{broken[0]}.log"
            lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
            raise RunError(
                tr("a worker ended early: {value} ({log})", value=lines[-1] if lines else "without a word", log=log)
            )

    def _start(self, number: int) -> subprocess.Popen[bytes]:
        """In a group of its own, so that Ctrl-C reaches us alone; closing its stdin is how it is told to end."""
        env = {**os.environ, "OMP_NUM_THREADS": self._threads, "PYTHONUNBUFFERED": "1"}
        with (self.logs / f"worker-{number}.log").open("ab") as out:
            return subprocess.Popen(
                self.command, cwd=self.root, stdin=subprocess.PIPE, stdout=out, stderr=out, env=env, **apart()
            )  # fmt: skip


def end_with_parent() -> None:
    """In a worker: stop in order, as by Ctrl-C, when stdin closes, because the parent wants that or is gone."""

    def watch() -> None:
        while os.read(sys.stdin.fileno(), 1):  # not through sys.stdin, whose lock would be held when Python ends
            pass
        signal.raise_signal(signal.SIGINT)

    threading.Thread(target=watch, daemon=True).start()
