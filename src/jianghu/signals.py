"""Ctrl-C that lets work end in order: the first one asks, the second one insists."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def stoppable(event: threading.Event | None = None) -> Iterator[threading.Event]:
    """While open, a first Ctrl-C or SIGTERM only sets the event that is yielded; a second one interrupts at once.

    Outside the main thread, where Python takes no signals, only the event itself can stop the work.

    Args:
        event: to be set; a new one if there is none.
    """
    stop = event or threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return

    def on_signal(number: int, frame: FrameType | None) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()

    old = {number: signal.signal(number, on_signal) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in old.items():
            signal.signal(number, handler)
