"""Signals that let work end in order: Ctrl-C, SIGTERM, a closed terminal. The first asks, the second insists."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def stoppable(event: threading.Event | None = None) -> Iterator[threading.Event]:
    """While open, a first Ctrl-C, SIGTERM or SIGHUP only sets the event that is yielded; a second one interrupts at
    once. A signal that was ignored before, as SIGHUP is under nohup, stays ignored.

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

    numbers = [signal.SIGINT, signal.SIGTERM]
    if sys.platform != "win32":
        numbers.append(signal.SIGHUP)
    asking = [number for number in numbers if signal.getsignal(number) is not signal.SIG_IGN]
    old = {number: signal.signal(number, on_signal) for number in asking}
    try:
        yield stop
    finally:
        for number, handler in old.items():
            signal.signal(number, handler)
