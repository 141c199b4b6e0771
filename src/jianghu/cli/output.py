"""What commands print: facts as a table for people or as JSON for programs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, is_dataclass
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from ..messages import language, phrase, tr

if TYPE_CHECKING:
    from ..reader import Reading
    from ..retrieval import Match

console = Console(markup=False, emoji=False)
"""Says what it is given: square brackets in a user's text are text. Styles go in as `style=` or as `Text`."""


def say(text: str) -> None:
    """Print a line of words as it is: nothing in it is markup, and it may be copied whole."""
    console.print(Text(text), soft_wrap=True)


def paragraph(text: str, style: str = "") -> None:
    """Print a sentence or more. Chinese is broken by the terminal: it has no blanks at which to break."""
    console.print(Text(text), style=style, soft_wrap=language() == "zh")


def as_json(value: Any) -> None:
    """Print a value as JSON, for programs; dataclasses in it become objects."""
    print(json.dumps(value, ensure_ascii=False, indent=2, default=asdict))


def facts(values: Mapping[str, object], json: bool = False, title: str = "") -> None:
    """Print names and values."""
    if json:
        as_json(values)
        return
    table = Table(title=title or None, title_justify="left", show_header=False, box=None, padding=(0, 2, 0, 0))
    table.add_column()
    table.add_column(overflow="fold")
    for name, value in values.items():
        table.add_row(phrase(name.replace("_", " ")), _word(value))
    console.print(table)


def _word(value: Any) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    if is_dataclass(value) and not isinstance(value, type):
        return _word(asdict(value))
    if isinstance(value, dict):
        return ", ".join(f"{phrase(name)} {_word(item)}" for name, item in value.items()) or tr("none")
    if isinstance(value, list):
        return ", ".join(map(_word, value))
    return str(value)


def where(span: Match | Reading) -> str:
    """Where in the books a passage or an answer stands."""
    return tr(
        "{book}, chapter {chapter}, characters {start:,} to {end:,}",
        book=span.book,
        chapter=span.chapter,
        start=span.start,
        end=span.end,
    )


def passages(found: list[Match]) -> None:
    """Passages of the books with their place, the words of the question marked."""
    if found:
        console.print("\n" + tr("In the books"), style="bold")
    else:
        console.print("\n" + tr("Nothing in the books matches the question."))
    for passage in found:
        console.print(Text.assemble((where(passage), "bold"), "  ", (passage.title, "dim")))
        text = Text(passage.text)
        for start, end in passage.marks:
            text.stylize("bold yellow", start, end)
        console.print(Padding(text, (0, 0, 1, 2)))


def rows(found: Sequence[Mapping[str, object]]) -> None:
    """A table with a column for each of the things compared, and a row for each of their figures."""
    table = Table(box=None, padding=(0, 2, 0, 0))
    for head in ("", *(str(row["name"]) for row in found)):
        table.add_column(head)
    for name in found[0] if found else ():
        if name != "name":
            table.add_row(phrase(name.replace("_", " ")), *(_word(row.get(name, "")) for row in found))
    console.print(table)
