"""What `eval` and `compare` print of an exam's result: the table by groups, the lines below it, and verdicts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.table import Table

from .output import console


def table(result: dict[str, Any]) -> None:
    """The table of an exam, and below it what is not counted by group."""
    title = f"{result['exam']} · {result['checkpoint']}"
    rows = Table(title=title, title_justify="left", box=None, padding=(0, 1, 0, 0))
    rows.add_column("", no_wrap=True)
    columns = ("asked", "right", "95 %", "nearest", "silent", "anywhere", "F1", "strangers", "loops", "ended")
    for name in columns:
        rows.add_column(name, justify="right", no_wrap=True)
    groups = result["groups"] if len(result["groups"]) > 1 else {}
    for name, row in [*groups.items(), ("all", result["scores"])]:
        rows.add_row(
            name or "-",
            str(row["questions"]),
            f"{row['accuracy']:.1%}",
            f"{row['low']:.0%}–{row['high']:.0%}",
            _percent(row["baseline"]),
            f"{row['abstained']:.0%}",
            f"{row['contains']:.1%}",
            f"{row['character_f1']:.2f}",
            _percent(row["wrong_book"]),
            f"{row['loops']:.0%}",
            f"{row['finished']:.0%}",
        )
    console.print(rows)
    for line in notes(result):
        console.print(line, style="dim", highlight=False, markup=False)


def notes(result: dict[str, Any]) -> list[str]:
    """The lines below the table."""
    scores, found = result["scores"], []
    if choices := result["choices"]:
        measures = ", ".join(
            f"{name.replace('_', ' ')} {_interval(choices[name])}"
            for name in ("raw", "per_character", "against_prior", "blind", "control")
        )
        found.append(f"multiple choice, {choices['questions']} questions, chance {choices['chance']:.0%}: {measures}")
    if names := result["names"]:
        found.append(
            f"rank of the right name among {names['candidates']}: first {names['first']:.0%}, in the first ten "
            f"{names['in_ten']:.0%}, mean reciprocal {names['reciprocal']:.2f} (chance {names['control']:.2f}), "
            f"median {names['median']:g}"
        )
    for book, row in result["heldout"].items():
        found.append(
            f"held-out text of {book}: {row['bits_per_character']:.3f} bits a character, perplexity "
            f"{row['perplexity']:.1f} a token, over {row['characters']:,} characters"
        )
    found.append(
        f"answers: {scores['length']:.0f} characters, {scores['copied']:.0%} of them copied from the book, "
        f"{scores['empty']:.0%} empty, {scores['garbage']:.0%} garbage, distinct-2 {scores['distinct_2']:.2f}"
    )
    control = result["shuffled"]
    found.append(f"control, against other questions' references: {_interval(control)}, chance {control['chance']:.1%}")
    leaks = result["leaks"]
    if leaks["exact"] or leaks["near"]:
        found.append(f"left out because they stand in training: {leaks['exact']} word for word, {leaks['near']} nearly")
    return found


def verdicts(names: Sequence[str], compared: Sequence[dict[str, Any]]) -> None:
    """Whether each further checkpoint is better than the first, by group.

    Args:
        names: of the checkpoints.
        compared: for each but the first, {group: a `Versus` as a JSON object}.
    """
    for name, groups in zip(names[1:], compared, strict=True):
        for group, row in groups.items():
            console.print(
                f"{name} beside {names[0]}, {group or 'all'}: {row['second']:.1%} and {row['first']:.1%} of "
                f"{row['questions']}, difference {row['difference']:+.1%} (95 % {row['low']:+.1%} to "
                f"{row['high']:+.1%}), McNemar p = {row['p']:.2g}: {row['verdict']}",
                highlight=False,
                markup=False,
            )


def _interval(row: dict[str, Any]) -> str:
    return f"{row['accuracy']:.0%} ({row['low']:.0%}–{row['high']:.0%})"


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{value:.0%}"
