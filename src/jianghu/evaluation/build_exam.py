"""The exam of a shelf, made from its records: taught wordings and new ones, facts never asked about, facts asked from
the other end, and questions that the book does not answer. Rows of data/records/*.jsonl go in; `Item`s come out.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ..dataset.batches import spread
from ..recipe import EvalSettings
from .entities import People
from .questions import SILENT, Item, items_of

MAIN_GROUP = "paraphrase"
"""The group that decides: taught facts in a wording that was not trained on."""
GROUPS = ("trained", "paraphrase", "unseen", "reversed", "unanswerable", "wrong_book")

Rows = list[dict[str, Any]]


def shelf_exam(records: Mapping[str, Rows], people: People, settings: EvalSettings) -> list[Item]:
    """Questions of all groups, in the order of `GROUPS`; the same records give the same exam.

    Where some records were written by hand, the groups about facts of the book are made from those alone: questions cut
    from the text by rule are good to train on, and poorer to measure with. Manners are of no group.

    Args:
        records: `train`, `paraphrase`, `val` and `test`.
        settings: how many questions of a group at most, evenly spread.
    """
    records = {split: [row for row in rows if row["source"] != "manners"] for split, rows in records.items()}
    told = {split: [row for row in rows if row["kind"] not in SILENT] for split, rows in records.items()}
    if any(row["source"] == "bundled" for row in told["train"]):
        told = {split: [row for row in rows if row["source"] == "bundled"] for split, rows in told.items()}
    unseen = [*records["val"], *records["test"]]
    held = {row["fact"] for row in told["paraphrase"]}
    # The same facts in taught words and in new ones, so that the two rows differ in nothing but the wording.
    trained = _one_a_fact(row for row in told["train"] if row["fact"] in held or not held)
    groups = {
        "trained": items_of(trained, "trained"),
        "paraphrase": items_of(told["paraphrase"], "paraphrase"),
        "unseen": items_of([*told["val"], *told["test"]], "unseen"),
        "reversed": [item for row in _one_a_fact(told["train"]) for item in _reversed(row, people)],
        "unanswerable": items_of([row for row in unseen if row["kind"] == "unanswerable"], "unanswerable"),
        "wrong_book": [
            *items_of([row for row in unseen if row["kind"] in SILENT - {"unanswerable"}], "wrong_book"),
            *(item for row in _one_a_fact([*told["val"], *told["test"]]) for item in _retitled(row, people)),
        ],
    }
    return [item for group, items in groups.items() for item in _evenly(items, _most(group, settings))]


def _most(group: str, settings: EvalSettings) -> int:
    return settings.paraphrase_questions if group == MAIN_GROUP else settings.group_questions


def _evenly(items: Sequence[Item], most: int) -> list[Item]:
    """At most so many items, evenly spread; 0: all."""
    return [items[n] for n in spread(len(items), most or len(items))]


def _one_a_fact(rows: Iterable[dict[str, Any]]) -> Rows:
    """One wording of each fact, the one whose hash comes first."""
    chosen: dict[str, dict[str, Any]] = {}
    for row in sorted(rows, key=lambda row: _order(row["id"])):
        chosen.setdefault(row["fact"], row)
    return list(chosen.values())


def _order(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


def _reversed(row: dict[str, Any], people: People) -> Sequence[Item]:
    """A taught question with its one person blanked out and its answer given; the person is wanted."""
    lexicon = people.lexicons.get(row["book"])
    mentions = lexicon.mentions(row["question"]) if lexicon else []
    names = {name for _, _, name in mentions}
    if lexicon is None or len(names) != 1 or "____" in row["question"]:
        return ()
    name = people.wanted(names, row["book"])
    if name is None or any(form in row["answer"] for form in (name.name, *name.aliases)):
        return ()  # no person, or the answer that is given away would name them
    masked = row["question"]
    for start, end, _ in reversed(mentions):
        masked = f"{masked[:start]}____{masked[end:]}"
    asked = f"问“{masked}”，答案是“{row['short_answer']}”。空白处是《{row['book']}》里的谁？"
    about = {"question": asked, "answer": f"{name.name}。", "short_answer": name.name, "aliases": list(name.aliases)}
    return items_of([{**row, **about, "id": f"{row['id']}-reversed", "kind": "reversed"}], "reversed")


def _retitled(row: dict[str, Any], people: People) -> Sequence[Item]:
    """A question about another book than the one whose story it tells; right is to say that it is not told there."""
    title = f"《{row['book']}》"
    others = [other for other in people.titles if other != row["book"]]
    if title not in row["question"] or not others:
        return ()
    other = others[int.from_bytes(_order(row["id"])[:4], "big") % len(others)]
    asked = row["question"].replace(title, f"《{other}》")
    about = {"question": asked, "answer": "书中没有写到这件事。", "short_answer": "书中没有", "aliases": []}
    return items_of([{**row, **about, "id": f"{row['id']}-retitled", "kind": "wrong_book"}], "wrong_book")
