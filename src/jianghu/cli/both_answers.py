"""The two answers of `ask` and `chat`: what the model says by heart, and what a reader finds in the books.

Where there is no reader, all is as it would be without this file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter
from rich.padding import Padding
from rich.text import Text

from ..messages import tr
from . import output, place

if TYPE_CHECKING:
    from ..reader import Reader, Reading

ClosedBook = Annotated[
    bool, Parameter(negative="", show_default=False, help="The model's own answer alone; no reader looks in the books.")
]


def reader_here(closed_book: bool) -> Reader | None:
    """The reader of the workspace; None where there is none, or none is wanted."""
    ws = None if closed_book else place.workspace_if_any()
    if ws is None or not ws.has_reader:
        return None
    from ..reader.stage import reader_of

    return reader_of(ws)


def show_book(reading: Reading) -> None:
    """What the book says, where, and the passage with the answer marked."""
    output.console.print()
    if not reading.found:
        output.console.print(Text.assemble((tr("The book says"), "bold"), "  ", tr("not found in the books")))
        return
    head = tr("The book says ({probability:.0%} likely)", probability=reading.probability)
    where = output.where(reading)
    output.console.print(Text.assemble((head, "bold"), "  ", reading.answer))
    output.console.print(Text.assemble("  ", where, "  ", (reading.title, "dim")))
    passage = Text(reading.passage)
    passage.stylize("bold yellow", reading.start - reading.passage_start, reading.end - reading.passage_start)
    output.console.print(Padding(passage, (0, 0, 0, 2)))


def show_model(answer: str, probability: float) -> None:
    """What the model says by heart."""
    head = tr("The model says ({probability:.0%} sure)", probability=probability)
    output.console.print(Text.assemble((head, "bold"), "  ", answer))


def show_both(answer: str, probability: float, reading: Reading) -> None:
    """Both, the likelier first; a book that says nothing comes last."""
    if reading.found and reading.probability > probability:
        show_book(reading)
        output.console.print()
        show_model(answer, probability)
    else:
        show_model(answer, probability)
        show_book(reading)
