"""Free questions about the books of a shelf, of four kinds: 人物介绍, 情节, 人物关系, 其他. They have no reference
answer: people read them side by side. `free.jsonl` and the names of a shelf go in; `Item`s come out.
"""

from __future__ import annotations

import re
from importlib import resources
from pathlib import Path

from ..files import read_jsonl
from .entities import People
from .questions import Item

_BLANK = re.compile(r"\{(\w+)\}")


def free_questions(people: People) -> list[Item]:
    """The questions of each book that can be filled in: {first}, {second} and {third} are the persons it names most,
    {stranger} belongs to another book. What fits no book's names is asked once."""
    with resources.as_file(resources.files(__package__).joinpath("free.jsonl")) as path:
        rows = list(read_jsonl(Path(path)))
    items: dict[str, Item] = {}
    for book in people.lexicons:
        names = dict(zip(("first", "second", "third"), people.ranked(book), strict=False))
        if stranger := people.a_stranger(book):
            names["stranger"] = stranger
        words = {"book": book, **names}
        for number, row in enumerate(rows, 1):
            if set(_BLANK.findall(row["question"])) <= words.keys():
                asked = row["question"].format(**words)
                about = {"book": book, "kind": row["kind"], "group": row["kind"]}
                items.setdefault(asked, Item(f"free-{number}-{book}", asked, "", (), **about))
    return list(items.values())
