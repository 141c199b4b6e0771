"""The gates behind the parser: an item and what it is about → an accepted item, or the reason against it. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...llm.json_replies import Parsed
from ...llm.store import Item, Kind
from .names import KnownBook, named
from .numerals import numbers_in, numerals_in
from .quote import letters, locate
from .wording import copied, garbage, half, leans, points_at_nothing

MAX_CHARACTERS = {"question": 120, "answer": 240, "evidence": 400}  # characters
MAX_KIND = 20  # characters of a kind's name
FREE = frozenset({"contrast", "unanswerable"})
"""Kinds whose answer says what is not in the book, and so stands in no evidence."""
YES_NO = frozenset({"是", "不是", "是的", "对", "不对", "否", "没有", "有", "会", "不会", "能", "不能"})
TOLD = frozenset({"reason", "plot", "relation", "other"})
"""Kinds whose short answer may be told in other words than the book's."""
_PARTICLES = "的之了地得着"
_WHO = ("谁", "何人", "哪位", "哪个人", "什么人", "叫什么", "何名", "名叫", "姓名", "名字")


@dataclass(frozen=True)
class Ground:
    """What a record is held against.

    Attributes:
        passage: the text that the teacher saw.
        book: what is known of its book; None: names are not checked.
        quote: a span of the passage that was found before; None: the item brings its own evidence.
        free: the item may be of a kind whose answer stands nowhere, because something else checks that.
    """

    passage: str
    book: KnownBook | None = None
    quote: tuple[int, int] | None = None
    free: bool = False


def gate(parsed: Parsed, ground: Ground | str) -> list[Item]:
    """An item for each object of a reply, and for each loss that the parser reports; at least one.

    An accepted one has question, answer, short_answer, aliases, kind, evidence, start and end, the last two in
    the passage.
    """
    ground = Ground(ground) if isinstance(ground, str) else ground
    items: list[Item] = []
    asked: set[str] = set()
    for item in parsed.items:
        reason, fields = check_record(item, ground)
        same = letters(fields.get("question", ""))
        if reason is None and same in asked:
            reason = "duplicate question"
        if reason is None:
            asked.add(same)
        items.append(Item(reason or "accepted", fields if reason is None else item))
    return with_problems(items, parsed)


def with_problems(items: Sequence[Item], parsed: Parsed, kind: Kind = "record") -> list[Item]:
    """The items of a reply, and one for each of the parser's problems; at least one."""
    lost = [Item(problem, {}, kind) for problem in parsed.problems if problem != "repaired"]
    return [*items, *lost] or [Item("no items", {}, kind)]


def check_record(item: Mapping[str, Any], ground: Ground) -> tuple[str | None, dict[str, Any]]:
    """The reason against a record, or None, and its fields, cleaned."""
    names = ("question", "answer", "evidence") if ground.quote is None else ("question", "answer")
    texts = {name: item.get(name) for name in names}
    if not all(isinstance(text, str) for text in texts.values()):
        return "wrong fields", {}
    fields: dict[str, Any] = {name: " ".join(str(text).split()) for name, text in texts.items()}
    if not all(fields.values()):
        return "empty", fields
    if any(len(fields[name]) > MAX_CHARACTERS[name] for name in names):
        return "too long", fields
    if any(garbage(fields[name]) for name in ("question", "answer")):
        return "garbage", fields
    if leans(fields["question"]) or leans(fields["answer"]):
        return "leans on the passage", fields
    span = locate(fields["evidence"], ground.passage) if ground.quote is None else ground.quote
    if span is None:
        return "evidence not found", fields
    fields |= {"start": span[0], "end": span[1], "evidence": ground.passage[slice(*span)]}
    fields |= _short(item, fields["answer"])
    return _reason(fields, ground), fields


def _short(item: Mapping[str, Any], answer: str) -> dict[str, Any]:
    """Short answer, aliases and kind as far as they can be believed."""
    short, kind, aliases = item.get("short_answer"), item.get("kind"), item.get("aliases")
    short = short.strip() if isinstance(short, str) else ""
    given = aliases if isinstance(aliases, list) else []
    return {
        # A short answer that the answer does not hold would mark right answers wrong.
        "short_answer": short if short and short in answer and not garbage(short) else answer,
        "kind": kind.strip()[:MAX_KIND] if isinstance(kind, str) and kind.strip() else "other",
        "aliases": sorted({a.strip() for a in given if isinstance(a, str) and a.strip() and a.strip() != short}),
    }


def _reason(fields: Mapping[str, Any], ground: Ground) -> str | None:
    """What question, answer and evidence show against a record when they are held together."""
    question, answer, book = fields["question"], fields["answer"], ground.book
    people = book.people(question) if book else []
    if points_at_nothing(question, [written for written, _ in people]):
        return "question names nobody"
    if half(answer):
        return "half an answer"
    if copied(question, ground.passage) or copied(answer, ground.passage):
        return "copied sentence"
    if fields["kind"] in FREE and ground.free:
        return None
    forms = [form for form in (fields["short_answer"], *fields["aliases"]) if form != answer]
    if any(len(form) > 1 and form in question for form in forms) and not YES_NO & set(forms) and "还是" not in question:
        return "question holds its answer"
    if book and (reason := _names(fields, ground, book)):
        return reason
    if _numbers(fields, ground):
        return "number not in the evidence"
    return None if _supported(fields, forms, book) else "answer not in the evidence"


def _names(fields: Mapping[str, Any], ground: Ground, book: KnownBook) -> str | None:
    """What the names of a record show against it."""
    question, answer, short = fields["question"], fields["answer"], fields["short_answer"]
    if book.foreign(f"{question}\n{answer}"):
        return "name of another book"
    short = "" if short == answer else short
    asks_who = any(word in question for word in _WHO)
    if book.invented(answer, short if asks_who else "", f"{ground.passage}\n{question}"):
        return "name not in the book"
    there = f"{fields['evidence']}\n{question}"
    for written, name in book.people(short):
        if not any(named(form, there, ground.passage) for form in (written, *book.forms(name))):
            return "name not in the evidence"
    return None


def _numbers(fields: Mapping[str, Any], ground: Ground) -> set[float]:
    """Numbers that nothing bears out: those of the short answer must stand in the evidence, those of what is told
    beside it at least in the passage.
    """
    asked = numerals_in(fields["question"])
    short = numbers_in(fields["short_answer"]) - numerals_in(fields["evidence"]) - asked
    return short | (numbers_in(fields["answer"]) - numerals_in(ground.passage) - asked)


def _supported(fields: Mapping[str, Any], forms: Sequence[str], book: KnownBook | None) -> bool:
    """Whether the evidence has anything of the answer.

    The short answer in some form, or its number, or half its letters; where it may be told in other words, any two
    letters of the answer that the question does not hold.
    """
    evidence = letters(fields["evidence"])
    if YES_NO & set(forms):
        return _shares(fields["question"], evidence, "")
    known = [*forms, *(form for form in forms if book for form in book.forms(form))]
    if any(letters(form) and named(form, fields["evidence"]) for form in known):
        return True
    if forms and fields["kind"] not in TOLD:
        told = [letter for letter in letters(forms[0]) if letter not in _PARTICLES]
        near = 2 * sum(letter in evidence for letter in told) >= len(told) > 0
        return near or bool(numbers_in(forms[0]) & numerals_in(fields["evidence"]))
    return _shares(fields["answer"], evidence, letters(fields["question"]))


def _shares(text: str, evidence: str, besides: str) -> bool:
    """Whether two letters in a row of a text stand in the evidence, and not in `besides`."""
    told = letters(text)
    pairs = (told[at : at + 2] for at in range(len(told) - 1))
    return any(pair in evidence and pair not in besides for pair in pairs)
