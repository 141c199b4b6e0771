"""How the teacher's work is shown: costs before a run, a first look, where it stands, what it covers."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from ..progress import clock, short
from .output import console

SHOWN = 400  # characters of a reply in a preview
WIDE = 12  # characters of the longest bar


def forecast(rows: Sequence[dict[str, Any]], as_json: bool) -> None:
    """Print what a run would ask and cost."""
    total = {name: sum(row[name] for row in rows) for name in ("requests", "answered", "to_ask", "cost")}
    total |= {name: sum(row[name] for row in rows) for name in ("tokens_in", "tokens_out")}
    if as_json:
        print(json.dumps({"stages": rows, "total": total}, ensure_ascii=False, indent=2))
        return
    names = ("stage", "requests", "answered", "to ask", "tokens in", "tokens out", "cost", "by")
    table = Table(*names, box=None, padding=(0, 2, 0, 0))
    for row in [*rows, {"strategy": "all", "stage": "", "basis": "", **total}]:
        table.add_row(
            f"{row['strategy']} {row['stage']}".strip(),
            *(f"{row[name]:,}" for name in ("requests", "answered", "to_ask", "tokens_in", "tokens_out")),
            f"{row['cost']:.2f}",
            row["basis"],
        )
    console.print(table)
    console.print("Nothing was sent. Costs are estimates; they get better with every reply.")


def previews(rows: Sequence[dict[str, Any]], as_json: bool) -> None:
    """Print a few replies with what became of them."""
    if as_json:
        print(json.dumps(rows, ensure_ascii=False, indent=2))
        return
    for row in rows:
        console.print(Text(f"{row['where']} · {row['strategy']} {row['stage']}", style="bold"))
        for item in row["items"]:
            mark = "✓" if item["verdict"] == "accepted" else f"✗ {item['verdict']}:"
            told = item.get("question") or item.get("statement") or item.get("name") or item.get("text") or ""
            console.print(Text(f"  {mark} {told}  {item.get('answer') or ''}"))
            if item.get("evidence") or item.get("quote"):
                console.print(Text(f"      {item.get('evidence') or item.get('quote')}", style="dim"))
        if not any(item["verdict"] == "accepted" for item in row["items"]):
            console.print(Text(f"  said: {row['said'][:SHOWN]}", style="dim"))


def prompts(rows: Sequence[dict[str, Any]], as_json: bool) -> None:
    """Print where prompts come from."""
    if as_json:
        print(json.dumps(rows, ensure_ascii=False, indent=2))
        return
    table = Table("prompt", "used by", "from", "", box=None, padding=(0, 2, 0, 0))
    for row in rows:
        state = "copied" if row["copied"] else "edited" if row["edited"] else ""
        table.add_row(row["name"], row["used_by"], row["from"], state)
    console.print(table)


def synth_status(facts: dict[str, Any], as_json: bool) -> None:
    """Print where the teacher's work stands."""
    if as_json:
        print(json.dumps(facts, ensure_ascii=False, indent=2))
    else:
        console.print(_status(facts))


def watch(look: Callable[[], dict[str, Any]]) -> None:
    """Show it again every second, until Ctrl-C."""
    with Live(_status(look()), console=console, auto_refresh=False) as live:
        while True:
            time.sleep(1.0)
            live.update(_status(look()), refresh=True)


def _status(facts: dict[str, Any]) -> RenderableType:
    states = ("open", "waiting", "sent", "answered", "read", "failed")
    stages = Table("requests", *states, box=None, padding=(0, 2, 0, 0))
    for name, counts in facts["requests"].items():
        stages.add_row(name, *(f"{counts.get(state, 0):,}" for state in states))
    lines = [
        f"records {facts['records']:,}   rejected {_counts(facts['rejected'])}",
        f"sendings {_counts(facts['sendings'])}",
        f"tokens {short(facts['tokens'])}   cost {facts['cost']:.2f}"
        + (f" ({facts['cost_per_record']:.4f} a record)" if facts["cost_per_record"] else ""),
    ]
    if facts["running"]:
        left = f", about {clock(facts['minutes_left'] * 60)} left" if facts["minutes_left"] else ""
        lines.append(f"running: {facts['replies_per_minute']:.0f} replies a minute{left}")
    elif facts["ended"]:
        lines.append(f"ended: {facts['ended']}")
    accounts = Table("keys", "at once", "in flight", "rests", "", box=None, padding=(0, 2, 0, 0))
    for account in facts["accounts"]:
        name = " ".join(account["keys"]).strip() or account["endpoint"]
        rests = f"{account['rests']:.0f} s" if account["rests"] else ""
        accounts.add_row(name, str(account["at_once"]), str(account["in_flight"]), rests, Text(account["dead"]))
    covered = [Text(f"{book}: {_brief(brief)}") for book, brief in facts["coverage"].items()]
    return Group(stages, *map(Text, lines), accounts, *covered)


def _brief(brief: dict[str, int | None]) -> str:
    """The coverage of a book in one line."""
    silent, people = brief["people_without_questions"], brief["people"]
    asked = f"{silent:,} of {people:,} people without questions" if silent is not None else "people not counted yet"
    asked = asked if people else "no names of people are known"
    bare = " and ".join(f"{brief[f'chapters_without_{kind}']:,} without {kind}" for kind in ("facts", "records"))
    return f"{brief['chapters']:,} chapters, {bare}; {asked}"


def coverage(books: dict[str, dict[str, Any]], as_json: bool) -> None:
    """Print what is covered: a table of chapters for each book, and the people of whom no question speaks."""
    if as_json:
        print(json.dumps(books, ensure_ascii=False, indent=2))
        return
    for book, row in books.items():
        most = {kind: max(chapter[kind] for chapter in row["chapters"]) for kind in ("facts", "records")}
        table = Table("", "chapter", box=None, padding=(0, 2, 0, 0), title=book, title_justify="left")
        for head in ("characters", "facts", "records"):
            table.add_column(head, justify="right")
            if head in most:
                table.add_column("", no_wrap=True)
        for chapter in row["chapters"]:
            bars = (
                cell
                for kind in most
                for cell in (f"{chapter[kind]:,}", Text("█" * -(-WIDE * chapter[kind] // max(1, most[kind]))))
            )
            style = "" if chapter["facts"] or chapter["records"] else "red"
            table.add_row(
                str(chapter["chapter"]), Text(chapter["title"]), f"{chapter['characters']:,}", *bars, style=style
            )
        console.print(table)
        console.print(Text(_brief(row["brief"])))
        silent = "、".join(f"{name} {count:,}" for name, count in row["people"]["silent"].items())
        console.print(Text(f"no question speaks of (with how often the book names them): {silent or 'none'}\n"))


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in counts.items()) or "none"
