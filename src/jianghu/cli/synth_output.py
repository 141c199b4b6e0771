"""How the teacher's work is shown: costs before a run, a first look, what came of a run or an import."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from ..llm.failures import outcome_words
from ..messages import phrase, tr
from ..report.names import reason_name
from . import output
from .output import console
from .synth_status import brief_words

if TYPE_CHECKING:
    from ..synth.check import TeacherCheck
    from ..synth.cost import Forecast
    from ..synth.exchange.workflow import ImportFacts, WrittenFacts
    from ..synth.preview import Preview
    from ..synth.prompt_files import PromptFile
    from ..synth.stage import SynthFacts

SHOWN = 400  # characters of a reply in a preview


def forecast(rows: Sequence[Forecast], as_json: bool, sent: bool = False) -> None:
    """Print what a run would ask and cost.

    Args:
        sent: it is asked right after.
    """
    total: Forecast = {
        "strategy": tr("all"),
        "stage": "",
        "requests": sum(row["requests"] for row in rows),
        "answered": sum(row["answered"] for row in rows),
        "to_ask": sum(row["to_ask"] for row in rows),
        "tokens_in": sum(row["tokens_in"] for row in rows),
        "tokens_out": sum(row["tokens_out"] for row in rows),
        "cost": sum(row["cost"] for row in rows),
        "basis": "",
    }
    if as_json:
        words = ("strategy", "stage", "basis")
        output.as_json({"stages": rows, "total": {name: sum_ for name, sum_ in total.items() if name not in words}})
        return
    table = Table(tr("stage"), box=None, padding=(0, 2, 0, 0))
    for name in (tr("requests"), tr("answered"), tr("to ask"), tr("tokens in"), tr("tokens out"), tr("cost")):
        table.add_column(name, justify="right")
    table.add_column(tr("by"))
    for row in [*rows, total]:
        table.add_row(
            f"{row['strategy']} {row['stage']}".strip(),
            *(f"{n:,}" for n in (row["requests"], row["answered"], row["to_ask"], row["tokens_in"], row["tokens_out"])),
            f"{row['cost']:.2f}",
            phrase(row["basis"]),
        )
    console.print(table)
    if sent:
        console.print(tr("Costs are estimates; Ctrl-C stops at any time, and what was answered is kept."))
    else:
        console.print(tr("Nothing was sent. Costs are estimates; they get better with every reply."))


def checked(facts: TeacherCheck, as_json: bool) -> None:
    """Print what one request showed of the teacher."""
    if as_json:
        output.as_json(facts)
        return
    output.say(
        tr(
            "{model} at {endpoint} answers, after {count} sendings",
            model=facts["model"],
            endpoint=facts["endpoint"],
            count=facts["sendings"],
        )
    )
    output.say(
        tr(
            "{seconds:.1f} s, {speed} tokens a second; tokens: {asked:,} in ({cached:,} cached), {written:,} out",
            seconds=facts["seconds"],
            speed=facts["tokens_a_second"],
            asked=facts["tokens_in"] or 0,
            cached=facts["tokens_cached"],
            written=facts["tokens_out"],
        )
    )
    if facts["tokens_estimated"]:
        output.say(tr("the server does not count its tokens; these are estimated"))
    output.say(tr("cost {cost:.6f} {currency}", cost=facts["cost"], currency=facts["currency"]).rstrip())
    if facts["thought"]:
        output.say(tr("it thinks before it answers, and cannot be told not to; its thoughts cost as much as answers"))
    elif facts["told_not_to_think_by"]:
        output.say(tr("it does not think; it is told not to by {parameters}", parameters=facts["told_not_to_think_by"]))
    else:
        output.say(tr("it does not think"))
    output.say(
        tr(
            "JSON by {format}: {records} records, {accepted} of them stand; {problems}",
            format=facts["format"],
            records=facts["records"],
            accepted=facts["accepted"],
            problems=", ".join(facts["problems"]) or tr("nothing is wrong with it"),
        )
    )


def done(facts: SynthFacts, as_json: bool) -> None:
    """Print what a run brought: what the teacher did, then what data/records holds."""
    if as_json:
        output.as_json(facts)
        return
    facts = facts.copy()
    if teacher := facts.pop("teacher", None):
        output.say(
            tr(
                "teacher: {done:,} of {total:,} requests answered, {asked:,} sent now; {records:,} records accepted, "
                "rejected: {rejected}",
                done=teacher.done,
                total=teacher.total,
                asked=teacher.asked,
                records=teacher.records,
                rejected=_counts(teacher.rejected),
            )
        )
        output.say(tr("tokens {tokens:,}, cost {cost:.4f}", tokens=teacher.tokens, cost=teacher.cost))
        if not teacher.records and teacher.rejected:
            output.say(
                tr("Nothing that it said could be used; `{jianghu} synth preview 3` shows replies with what is wrong.")
            )
        if teacher.failed:
            output.say(tr("given up, and asked again next time: {counts}", counts=_failed(teacher.failed)))
        if teacher.aside:
            output.say(
                tr(
                    "{count} replies could not be read by a fault of this program ({fault}); they are kept and read "
                    "again next time.",
                    count=teacher.aside,
                    fault=teacher.fault,
                )
            )
        if teacher.ended:
            output.say(tr("ended early: {why}", why=teacher.ended))
    for book, brief in facts.pop("coverage", {}).items():
        output.say(f"{book}: {brief_words(brief)}")
    _records(facts)


def imported(facts: ImportFacts, as_json: bool) -> None:
    """Print what became of an import, then what data/records holds."""
    if as_json:
        output.as_json(facts)
        return
    facts = facts.copy()
    if again := facts.pop("imported_before", None):
        output.say(tr("imported before, nothing has changed: {names}", names=", ".join(again)))
    rows, accepted, rejected = facts.pop("rows"), facts.pop("accepted"), facts.pop("rejected")
    output.say(
        tr(
            "{rows:,} rows, {accepted:,} accepted; not accepted: {rejected}",
            rows=rows,
            accepted=accepted,
            rejected=_counts(rejected),
        )
    )
    if "with_evidence" in facts:
        repaired, found = facts.pop("of_them_repaired"), facts.pop("with_evidence")
        output.say(
            tr(
                "of the accepted {found:,} have their evidence in the book, {repaired:,} were repaired",
                found=found,
                repaired=repaired,
            )
        )
    _records(facts)


def written(facts: WrittenFacts, as_json: bool) -> None:
    """Print what data/records holds after it was written anew."""
    if as_json:
        output.as_json(facts)
    else:
        _records(facts)


def _records(values: Mapping[str, object]) -> None:
    """What data/records holds now, a line each."""
    facts = dict(values)
    left_out, damaged = facts.pop("left_out", None), facts.pop("set_aside", None)
    output.facts(facts)
    if isinstance(left_out, dict) and left_out:
        output.say(tr("left out: {counts}", counts=_counts(left_out)))
    if damaged:
        output.say(tr("set aside, since the store's rows cannot be read: {count}", count=damaged))


def previews(rows: Sequence[Preview], as_json: bool) -> None:
    """Print a few replies with what became of them."""
    if as_json:
        output.as_json(rows)
        return
    for row in rows:
        console.print(Text(f"{row['where']} · {row['strategy']} {row['stage']}", style="bold"))
        for item in row["items"]:
            mark = "✓" if item["verdict"] == "accepted" else f"✗ {reason_name(item['verdict'])}:"
            told = item.get("question") or item.get("statement") or item.get("name") or item.get("text") or ""
            console.print(Text(f"  {mark} {told}  {item.get('answer') or ''}"))
            if item.get("evidence") or item.get("quote"):
                console.print(Text(f"      {item.get('evidence') or item.get('quote')}", style="dim"))
        if not any(item["verdict"] == "accepted" for item in row["items"]):
            console.print(Text(f"  {tr('said')}: {row['said'][:SHOWN]}", style="dim"))


def prompts(rows: Sequence[PromptFile], as_json: bool) -> None:
    """Print where prompts come from."""
    if as_json:
        output.as_json(rows)
        return
    table = Table(tr("prompt"), tr("used by"), tr("from"), "", box=None, padding=(0, 2, 0, 0))
    for row in rows:
        state = tr("copied") if row["copied"] else tr("edited") if row["edited"] else ""
        table.add_row(row["name"], row["used_by"], row["from"] if row["from"] != "package" else tr("package"), state)
    console.print(table)


def _failed(counts: dict[str, int]) -> str:
    return ", ".join(f"{outcome_words(name)} {count:,}" for name, count in counts.items())


def _counts(counts: dict[str, int]) -> str:
    """Reasons and how often each held."""
    return ", ".join(f"{reason_name(name)} {count:,}" for name, count in counts.items()) or tr("none")
