"""Records of manners, for any Chinese shelf: who the model is, what it has read, greetings, what lies outside its
books.

`synth/data/manners_zh.jsonl` (a line for each thing that people say to a model) and the shelf's titles go in; records
come out. They are trained on and never examined.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import resources
from pathlib import Path

from .. import text
from ..corpus import Chapter
from ..files import read_jsonl
from ..records import Record

KIND = "manners"


def manners_records(chapters: Sequence[Chapter]) -> list[Record]:
    """What people say to a model beside questions about books, with answers that name the shelf's own titles.

    A shelf without Chinese text gets none. A row with `shelf` is for shelves of just those titles: what is outside the
    books of one shelf stands in another.
    """
    if not is_chinese(chapters):
        return []
    titles = list(dict.fromkeys(chapter.book for chapter in chapters))
    shelf = "、".join(f"《{title}》" for title in titles)
    with resources.as_file(resources.files("jianghu.synth").joinpath("data/manners_zh.jsonl")) as path:
        rows = [row for row in read_jsonl(Path(path)) if row.get("shelf", titles) == titles]
    return [
        Record(
            id=f"{row['fact']}-{wording}",
            fact=row["fact"],
            wording=wording,
            kind=KIND,
            question=question,
            answer=row["answers"][(wording - 1) % len(row["answers"])].replace("{books}", shelf),
            short_answer=row["short_answer"].replace("{books}", shelf),
            aliases=(),
            book=titles[0],
            chapter=None,
            start=None,
            end=None,
            source="manners",
            split="train",
        )
        for row in rows
        for wording, question in enumerate(row["questions"], 1)
    ]


def is_chinese(chapters: Sequence[Chapter]) -> bool:
    """Whether a shelf begins with Chinese text."""
    return any(text.is_chinese(chapter.text[:2000]) for chapter in chapters[:3])
