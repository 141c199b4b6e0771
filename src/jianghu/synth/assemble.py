"""All records of a workspace, whatever made them, through the last gates to data/records."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, get_args

from .. import files
from ..corpus import Chapter, Lexicon
from ..errors import InputError
from ..llm.store import Store
from ..recipe import Recipe
from ..records import Record, Split
from ..workspace import Workspace
from .bundled import bundled_records
from .cloze import cloze_records
from .collect import grouped_records
from .paraphrase import hold_back
from .settle import settle, standing


class Gathered:
    """The records of all strategies of a recipe: first those made without a teacher, then those in the store.

    What was imported always counts.

    Attributes:
        facts: what is worth telling: how many records each strategy made, what was left out and why.

    Raises:
        InputError: a strategy lacks what it needs.
    """

    def __init__(self, recipe: Recipe, chapters: list[Chapter], lexicons: Mapping[str, Lexicon], store: Store) -> None:
        self.store, self.settings, self.lexicons = store, recipe.synth, lexicons
        self.facts: dict[str, Any] = {}
        self._made: list[Record] = []
        wanted = dict.fromkeys(recipe.synth.strategies)
        if "cloze" in wanted:
            self._add("cloze", cloze_records(chapters, dict(lexicons), recipe.synth))
        if "bundled" in wanted:
            try:
                self._add("bundled", bundled_records(chapters, recipe.synth))
            except InputError as reason:  # presets name it, and most shelves hold other books
                if len(wanted) == 1:
                    raise
                self._add("bundled", [])
                self.facts["bundled_left_out"] = str(reason)
        self._sources = {*wanted, "import"}

    def _add(self, name: str, made: list[Record]) -> None:
        self.facts[name] = len(made)
        self._made += made

    def records(self) -> Iterator[tuple[str, Record]]:
        """Every record with what must stay in one split with it."""
        for record in self._made:
            yield record.fact, record
        for group, record in grouped_records(self.store, self.settings):
            if record.source in self._sources:
                yield group, record

    def settle(self) -> None:
        """Decide which records stand, and in which split."""
        self.facts["left_out"] = dict(settle(self.records, self.store, self._names))

    def standing(self, judged: bool = True) -> Iterator[Record]:
        """The records that stand; see `jianghu.synth.standing`."""
        return standing(self.records, self.store, judged)

    def write(self, ws: Workspace) -> None:
        """Write data/records.

        Raises:
            InputError: there are none.
        """
        if next(self.standing(), None) is None:
            raise InputError("no records were made. Add books with chapters, or another strategy in [synth].")
        ws.forget(ws.records)
        parts: dict[str, Iterable[Record]] = {split: self._of(split) for split in get_args(Split)}
        parts["train"], parts["paraphrase"] = hold_back(
            self._of("train"), self.settings.paraphrase_fraction, self.settings.seed
        )
        for name, part in parts.items():
            self.facts[name] = files.write_jsonl(ws.records / f"{name}.jsonl", (record.to_dict() for record in part))

    def _of(self, split: str) -> Iterator[Record]:
        return (record for record in self.standing() if record.split == split)

    def _names(self, book: str, text: str) -> frozenset[str]:
        lexicon = self.lexicons.get(book)
        return frozenset(lexicon.names_in(text)) if lexicon else frozenset()
