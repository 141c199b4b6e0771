"""What commands print: facts as a table for people or as JSON for programs."""

from __future__ import annotations

import json
from typing import Any

from rich.console import Console
from rich.table import Table

console = Console()


def facts(values: dict[str, Any], as_json: bool = False, title: str = "") -> None:
    """Print names and values."""
    if as_json:
        print(json.dumps(values, ensure_ascii=False, indent=2))
        return
    table = Table(title=title or None, title_justify="left", show_header=False, box=None, padding=(0, 2, 0, 0))
    for name, value in values.items():
        table.add_row(name.replace("_", " "), _word(value))
    console.print(table)


def _word(value: Any) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    if isinstance(value, dict):
        return ", ".join(f"{name} {_word(item)}" for name, item in value.items()) or "none"
    if isinstance(value, list):
        return ", ".join(map(_word, value))
    return str(value)


def rows(found: list[dict[str, Any]]) -> None:
    """A table with a column for each of the things compared, and a row for each of their figures."""
    table = Table(box=None, padding=(0, 2, 0, 0))
    for head in ("", *(row["name"] for row in found)):
        table.add_column(head)
    for name in found[0] if found else ():
        if name != "name":
            table.add_row(name.replace("_", " "), *(_word(row.get(name, "")) for row in found))
    console.print(table)


def scores(result: dict[str, Any]) -> None:
    """The table of an exam: `right` if the answer holds an accepted form, `at once` if its first clause does."""
    title = f"{result['exam']} · {result['checkpoint']}"
    table = Table(title=title, title_justify="left", box=None, padding=(0, 1, 0, 0))
    table.add_column("", no_wrap=True)
    for name in ("asked", "right", "95 %", "at once", "F1", "ROUGE-L", "loops", "ended", "empty", "chars"):
        table.add_column(name, justify="right", no_wrap=True)
    groups = result["groups"] if len(result["groups"]) > 1 else {}
    for name, row in [*groups.items(), ("all", result["scores"])]:
        table.add_row(
            name or "-",
            str(row["questions"]),
            f"{row['accuracy']:.1%}",
            f"{row['low']:.0%}–{row['high']:.0%}",
            f"{row['first']:.1%}",
            f"{row['character_f1']:.2f}",
            f"{row['rouge_l']:.2f}",
            f"{row['loops']:.0%}",
            f"{row['finished']:.0%}",
            f"{row['empty']:.0%}",
            f"{row['length']:.0f}",
        )
    console.print(table)
