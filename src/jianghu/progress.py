"""One display for everything that takes time: a bar with rate, time left and facts on a terminal, plain lines
elsewhere. Numbers go in as the work goes on.
"""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from .messages import phrase, tr


def clock(seconds: float) -> str:
    """Seconds as 0:07, 12:05 or 3:02:11."""
    whole = max(0, round(seconds))
    hours, rest = divmod(whole, 3600)
    minutes, left = divmod(rest, 60)
    return f"{hours}:{minutes:02d}:{left:02d}" if hours else f"{minutes}:{left:02d}"


def short(number: float) -> str:
    """A count in at most five letters: 950, 12.3k, 4.56M."""
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(number) >= size:
            return f"{number / size:.3g}{letter}"
    return f"{number:.3g}"


def size_words(count: int) -> str:
    """Bytes as 12 kB or 1.4 MB."""
    return f"{count / 1e6:,.1f} MB" if count >= 1e6 else f"{count / 1e3:,.0f} kB"


class Progress:
    """A running display. Use it as a context manager. A terminal that is gone, or a log on a full disk, ends the
    display and never the work.

    Args:
        title: what is being done.
        total: how many units of work there are in all.
        start: how many were done before (after a resume); they do not count in the rate.
        console: where to draw; a terminal gets a live bar, anything else a line every few seconds.
    """

    def __init__(self, title: str, total: int, start: int = 0, console: Console | None = None) -> None:
        self.title, self.total, self.start, self.done = title, total, start, start
        self.console = console or Console(stderr=True, markup=False, emoji=False)
        self.facts: dict[str, str] = {}
        self.panel = ""
        self._began = self._line_at = time.monotonic()
        self._live = (
            Live(get_renderable=self._draw, console=self.console, refresh_per_second=4, transient=True)
            if self.console.is_terminal
            else None
        )

    def __enter__(self) -> Progress:
        if self._live:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live:
            with contextlib.suppress(OSError):
                self._live.stop()
        if kind is None or self.done > self.start:
            self._line()

    def update(self, done: int, **facts: str) -> None:
        """Report how many units are done, and facts to show beside the bar (their names become labels)."""
        self.done = done
        self.facts.update(facts)
        if not self._live and time.monotonic() - self._line_at > 5:
            self._line()

    def note(self, text: str) -> None:
        """Print a line that stays."""
        with contextlib.suppress(OSError):
            self.console.print(Text(text))

    def show(self, text: str) -> None:
        """Show a text below the bar until the next one, such as the newest sample."""
        self.panel = text

    @property
    def seconds_left(self) -> float | None:
        """Estimate from the rate so far."""
        done = self.done - self.start
        passed = time.monotonic() - self._began
        return (self.total - self.done) * passed / done if done > 0 else None

    def _words(self) -> str:
        left = self.seconds_left
        words = [
            f"{self.done}/{self.total}",
            *(f"{phrase(name.replace('_', ' '))} {value}" for name, value in self.facts.items()),
        ]
        if left is not None and self.done < self.total:
            words.append(tr("ETA {time}", time=clock(left)))
        return "  ".join([*words, clock(time.monotonic() - self._began)])

    def _draw(self) -> Group:
        row = Table.grid(padding=(0, 1))
        row.add_row(Text(self.title, style="bold"), ProgressBar(self.total, self.done, width=24), Text(self._words()))
        lines = [Text(line, style="dim", overflow="ellipsis", no_wrap=True) for line in self.panel.splitlines()]
        return Group(row, *lines)

    def _line(self) -> None:
        self._line_at = time.monotonic()
        with contextlib.suppress(OSError):
            print(f"{self.title}  {self._words()}", file=self.console.file, flush=True)


@contextmanager
def spinner(title: str, console: Console | None = None) -> Iterator[None]:
    """Show that something of unknown length is going on; silent where there is no terminal."""
    screen = console or Console(file=sys.stderr, markup=False, emoji=False)
    if screen.is_terminal:
        with screen.status(title):
            yield
    else:
        yield


_told: set[str] = set()


def remark(text: str) -> None:
    """Say a line beside what a command prints, once however often it comes up."""
    if text not in _told:
        _told.add(text)
        with contextlib.suppress(OSError):
            print(f"jianghu: {text}", file=sys.stderr, flush=True)
