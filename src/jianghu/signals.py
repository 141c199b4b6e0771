"""What lets work end in order: Ctrl-C, SIGTERM, a closed terminal. The first asks, the second insists.

A closed terminal shows itself twice, in either order: by SIGHUP, and by the first write to it that fails.
"""

from __future__ import annotations

import errno
import io
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

_HANG_UP: int | None = None if sys.platform == "win32" else signal.SIGHUP
_BREAK: int | None = getattr(signal, "SIGBREAK", None)
"""Windows' own: Ctrl-Break, a console window that is closed, logging off."""
_open: list[threading.Event] = []
"""Events of the work that is under way, the innermost last."""
_gone = False
"""A write has shown that the terminal is gone, and the work was told."""


@contextmanager
def stoppable(event: threading.Event | None = None) -> Iterator[threading.Event]:
    """While open, a first Ctrl-C, SIGTERM or SIGHUP only sets the event that is yielded; a second one interrupts at
    once, but not a second SIGHUP: shells and the system each send one. A signal that was ignored before, as SIGHUP is
    under nohup, stays ignored.

    Outside the main thread, where Python takes no signals, only the event itself can stop the work.

    Args:
        event: to be set; a new one if there is none.
    """
    stop = event or threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return

    def on_signal(number: int, frame: FrameType | None) -> None:
        if stop.is_set() and number != _HANG_UP:
            raise KeyboardInterrupt
        stop.set()

    numbers: list[int] = [signal.SIGINT, signal.SIGTERM]
    numbers += [number for number in (_HANG_UP, _BREAK) if number is not None]
    asking = [number for number in numbers if signal.getsignal(number) is not signal.SIG_IGN]
    old = {number: signal.signal(number, on_signal) for number in asking}
    _open.append(stop)
    try:
        yield stop
    finally:
        _open.remove(stop)
        for number, handler in old.items():
            signal.signal(number, handler)


def apart() -> dict[str, Any]:
    """Arguments of `subprocess.Popen` by which no signal to this process's terminal reaches the new one."""
    if sys.platform == "win32":
        return {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW}
    return {"start_new_session": True}


class _Terminal(io.FileIO):
    """A terminal to write to. When it is gone, the work is told once, as SIGHUP would tell it; what is written after
    that is lost, and ends nothing."""

    def write(self, data: ReadableBuffer, /) -> int:
        try:
            return super().write(data) or 0
        except OSError as error:
            if error.errno not in (errno.EIO, errno.ENXIO):
                raise
            _hang_up()
            return memoryview(data).nbytes

    def isatty(self) -> bool:
        """Whether it is still there. A live display asks before it writes, and then writes no more."""
        there = super().isatty()
        if not there:
            _hang_up()
        return there


def watched(stream: TextIO) -> TextIO:
    """The stream itself, unless it is a terminal: then one in its place that takes a write which fails, since the
    terminal was closed, as SIGHUP, which may come later."""
    if _HANG_UP is None or not stream.isatty():
        return stream
    stream.flush()
    raw = _Terminal(stream.fileno(), "w", closefd=False)
    return io.TextIOWrapper(io.BufferedWriter(raw), stream.encoding, stream.errors, line_buffering=True)


def _hang_up() -> None:
    """Ask the innermost work to end.

    Raises:
        KeyboardInterrupt: there is none that could be asked.
    """
    global _gone
    if _gone or (_HANG_UP is not None and signal.getsignal(_HANG_UP) is signal.SIG_IGN):
        return
    if _open:
        _gone = True
        _open[-1].set()
    elif threading.current_thread() is threading.main_thread():
        _gone = True
        raise KeyboardInterrupt
