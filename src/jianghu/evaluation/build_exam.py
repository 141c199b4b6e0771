"""The exam of a shelf, made from its records: taught wordings and new ones, facts never asked about, facts asked from
the other end, and questions that the book does not answer. Records go in; `Item`s come out.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from ..recipe import EvalSettings
from ..records import Record
from ..stats import spread
from ..text import is_chinese
from .entities import People
from .questions import SILENT, Item, item_of_record

MAIN_GROUP = "paraphrase"
"""The group that decides: taught facts in a wording that was not trained on."""
GROUPS = ("trained", "paraphrase", "unseen", "reversed", "unanswerable", "wrong_book")

Records = Mapping[str, Sequence[Record]]
"""Records by file of data/records: train, paraphrase, val, test."""


def shelf_exam(
    records: Records, people: People, settings: EvalSettings, evidence: Callable[[Record], str] = lambda record: ""
) -> list[Item]:
    """Questions of all groups, in the order of `GROUPS`; the same records give the same exam.

    Where some records were written and not cut from the text, the groups about facts of the book are made from those
    alone: questions cut from the text by rule are good to train on, and poorer to measure with. Manners are of no
    group.

    Args:
        settings: how many questions of a group at most, evenly spread.
        evidence: what the book says about a record's question.
    """
    records = {split: [record for record in rows if record.source != "manners"] for split, rows in records.items()}
    told = {split: [record for record in rows if record.kind not in SILENT] for split, rows in records.items()}
    if any(record.source == "bundled" for record in told["train"]):
        told = {split: [record for record in rows if record.source == "bundled"] for split, rows in told.items()}
    unseen = [*records["val"], *records["test"]]
    held = {record.fact for record in told["paraphrase"]}
    # The same facts in taught words and in new ones, so that the two groups differ in nothing but the wording.
    trained = _one_a_fact(record for record in told["train"] if record.fact in held or not held)
    chosen: dict[str, list[Record]] = {
        "trained": trained,
        "paraphrase": list(told["paraphrase"]),
        "unseen": [*told["val"], *told["test"]],
        "reversed": [made for record in _one_a_fact(told["train"]) for made in _reversed(record, people)],
        "unanswerable": [record for record in unseen if record.kind == "unanswerable"],
        "wrong_book": [
            *(record for record in unseen if record.kind in SILENT - {"unanswerable"}),
            *(made for record in _one_a_fact([*told["val"], *told["test"]]) for made in retitled(record, people)),
        ],
    }
    return [
        item_of_record(rows[n], group, evidence(rows[n]))
        for group, rows in chosen.items()
        for n in spread(len(rows), _most(group, settings) or len(rows))
    ]


def _most(group: str, settings: EvalSettings) -> int:
    return settings.paraphrase_questions if group == MAIN_GROUP else settings.group_questions


def _one_a_fact(records: Iterable[Record]) -> list[Record]:
    """One wording of each fact, the one whose hash comes first."""
    chosen: dict[str, Record] = {}
    for record in sorted(records, key=lambda record: _order(record.id)):
        chosen.setdefault(record.fact, record)
    return list(chosen.values())


def _order(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


def _reversed(record: Record, people: People) -> Iterator[Record]:
    """A taught question with its one person blanked out and its answer given; the person is wanted."""
    lexicon = people.lexicons.get(record.book)
    mentions = lexicon.mentions(record.question) if lexicon else []
    names = {name for _, _, name in mentions}
    if lexicon is None or len(names) != 1 or "____" in record.question:
        return
    name = people.wanted(names, record.book)
    if name is None or any(form in record.answer for form in (name.name, *name.aliases)):
        return  # no person, or the answer that is given away would name them
    masked = record.question
    for start, end, _ in reversed(mentions):
        masked = f"{masked[:start]}____{masked[end:]}"
    if is_chinese(record.question):
        asked = f"问“{masked}”，答案是“{record.short_answer}”。空白处是《{record.book}》里的谁？"
    else:
        asked = f"The answer to “{masked}” is “{record.short_answer}”. Whose name in “{record.book}” is left out?"
    answer = {
        "answer": f"{name.name}{'。' if is_chinese(asked) else '.'}",
        "short_answer": name.name,
        "aliases": name.aliases,
    }
    yield record.model_copy(update={"id": f"{record.id}-reversed", "kind": "reversed", "question": asked, **answer})


def retitled(record: Record, people: People) -> Iterator[Record]:
    """A question about another book than the one whose story it tells; right is to say that it is not told there."""
    chinese = f"《{record.book}》" in record.question
    own = f"《{record.book}》" if chinese else f"“{record.book}”"
    others = [title for title in people.titles if title != record.book and (chinese or not is_chinese(title))]
    if own not in record.question or not others:
        return
    other = others[int.from_bytes(_order(record.id)[:4], "big") % len(others)]
    if chinese:
        asked = record.question.replace(own, f"《{other}》")
        answer = {"answer": "书中没有写到这件事。", "short_answer": "书中没有", "aliases": ()}
    else:
        asked = record.question.replace(own, f"“{other}”")
        answer = {"answer": "That is not told in this book.", "short_answer": "not told", "aliases": ()}
    yield record.model_copy(update={"id": f"{record.id}-retitled", "kind": "wrong_book", "question": asked, **answer})
