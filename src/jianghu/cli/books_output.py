"""What `books check` prints of a book: its facts, what cleaning takes away as a diff, what to do about its headings."""

from __future__ import annotations

from typing import Any

from rich.table import Table
from rich.text import Text

from ..messages import tr
from ..report.names import rule_name
from . import output


def book(row: dict[str, Any], removed: bool) -> None:
    """Print one row of `check_report`; with `removed` every cut."""
    table = Table(title=row["name"], title_justify="left", show_header=False, box=None, padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for key in ("format", "encoding", "damaged", "characters_before", "characters_after", "chapters", "pieces"):
        if row.get(key):
            value = row[key]
            table.add_row(_label(key), f"{value:,}" if isinstance(value, int) else value)
    if row["first_title"]:
        table.add_row(tr("first and last"), f"{row['first_title']} … {row['last_title']}")
    faults = row["numbering"]
    if faults:
        more = tr(" and {count} more", count=len(faults) - 6) if len(faults) > 6 else ""
        table.add_row(tr("numbering"), "; ".join(faults[:6]) + more)
    for remark in row["remarks"]:
        table.add_row(tr("remark"), remark)
    for copy in row["copies"]:
        table.add_row(
            tr("copy"),
            tr("{share:.0%} of it is in {other} too. Keep one of them.", share=copy["share"], other=copy["book"]),
        )
    for removal in row["removals"]:
        words = f"{rule_name(removal['rule'])} × {removal['count']:,}"
        if removal["characters"]:
            words += tr(" ({count:,} characters)", count=removal["characters"])
        examples = "" if removed else "  " + " ⏐ ".join(" ".join(text.split()) for text in removal["examples"])
        table.add_row(tr("removed"), words + examples)
    output.console.print(table)
    if removed:
        for removal in row["removals"]:
            cuts(removal)
    structure(row, f"{row['name']}.{row['format']}")


def cuts(removal: dict[str, Any]) -> None:
    """Print what one rule took away, each place with the words around it: left[-gone-]right."""
    if removal["cuts"]:
        output.console.print(Text(f"\n{rule_name(removal['rule'])}", style="bold"))
    for cut in removal["cuts"]:
        gone = cut["text"].replace("\n", "⏎")
        left, right = (" ".join(cut[side].split()) for side in ("left", "right"))
        output.console.print(
            Text.assemble((left, "dim"), ("[-", "red"), (gone, "red"), ("-]", "red"), (right, "dim")), soft_wrap=True
        )


def structure(row: dict[str, Any], file: str) -> None:
    """Say in one line what is wrong with a book's structure, and show lines that could be headings."""
    if not row["structure"]:
        return
    output.console.print(Text(row["structure"], style="yellow"), soft_wrap=True)
    output.say(tr("{jianghu} books add {file} --heading '^…$'", file=file))
    for line in row["candidates"]:
        output.console.print(Text(f"  {line}", style="dim"), soft_wrap=True)


def _label(key: str) -> str:
    return {
        "format": tr("format"),
        "encoding": tr("encoding"),
        "damaged": tr("damaged characters"),
        "characters_before": tr("characters before"),
        "characters_after": tr("characters after"),
        "chapters": tr("chapters"),
        "pieces": tr("even pieces"),
    }[key]
