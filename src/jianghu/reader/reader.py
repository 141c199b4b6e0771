"""A question → what the book says: the span of a passage that answers it, with a probability; or that there is none."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from .. import files
from ..errors import InputError
from ..messages import tr
from ..retrieval import OpenBook, Passage
from .asking import read_question
from .candidates import NAME, lay_out
from .features import NAMES, WHOLE, Sheet, empty_sheet, sheet
from .fixed import fixed_features
from .match import Page
from .network import Network, Scorer

VERSION = 2
"""Of the features and the network; a reader of another one is made anew."""
WIDE = 40
"""Passages over which names are counted."""
KEPT_PAGES = 4096
"""Passages whose candidates are kept in memory, some 20 KB each, before all are forgotten."""


@dataclass(frozen=True)
class Reading:
    """What the book says to a question.

    Attributes:
        answer: as it is to be said; a person by the main name. Empty: nothing was found.
        text: the answer as the passage writes it: `passage[start - passage_start : end - passage_start]`.
        probability: that the answer is right, calibrated on validation questions; of an empty answer, that the books
            do not tell.
        guess: the likeliest answer, also where it is too unlikely to be given.
        book, chapter, title: where; the chapter counts from 1.
        start, end: the answer is `text[start:end]` of the chapter's text.
        passage_start, passage_end: likewise the passage around it.
    """

    answer: str
    probability: float
    guess: str = ""
    text: str = ""
    book: str = ""
    chapter: int = 0
    title: str = ""
    start: int = 0
    end: int = 0
    passage: str = ""
    passage_start: int = 0
    passage_end: int = 0

    @property
    def found(self) -> bool:
        """Whether the book answers."""
        return bool(self.answer)

    def to_dict(self) -> dict[str, Any]:
        """As a JSON object."""
        return asdict(self)


@dataclass(frozen=True)
class Calibration:
    """How the network's probabilities become those of being right, and below which of them nothing is said.

    Attributes:
        weights: of log(p / (1 - p)) of the answer, of log(p) of no answer, and the constant.
        least: probability of being right below which the answer is that the books do not tell.
    """

    weights: tuple[float, float, float] = (1.0, 0.0, 0.0)
    least: float = 0.2

    def probability(self, answer: float, none: float) -> float:
        """That the likeliest answer is right."""
        one, other, constant = self.weights
        z = one * logit(answer) + other * math.log(max(none, 1e-6)) + constant
        return 1 / (1 + math.exp(-max(-30.0, min(30.0, z))))


def logit(p: float) -> float:
    """log(p / (1 - p)), bounded."""
    p = min(max(p, 1e-6), 1 - 1e-6)
    return math.log(p / (1 - p))


class Pages:
    """Makes the sheets of questions over a shelf, and keeps the passages that were laid out last."""

    def __init__(self, book: OpenBook, passages: int) -> None:
        self.book, self.count = book, passages
        self._kinds = {title: {name.name: name.kind for name in own.names} for title, own in book.lexicons.items()}
        self._passages: dict[int, Passage] = {}
        self._pages: dict[int, Page] = {}
        self._rarity: dict[str, float] = {}
        self._lock = Lock()

    def look_up(self, question: str, without: Callable[[Passage], bool] | None = None) -> tuple[Sheet, list[Passage]]:
        """The sheet of a question over the passages that match it best; no candidates where none matches.

        Args:
            without: passages that are passed over.
        """
        with self._lock:  # a server asks from several threads
            ranked = self.book.ranked(question, WIDE)
            found = {passage.id: passage for passage in self._read([number for number, _ in ranked])}
            rows = [(found[number], score) for number, score in ranked]
            rows = [row for row in rows if without is None or not without(row[0])]
            asked = read_question(question, {b: self.book.lexicons[b] for b in self.book.asked_books(question)})
            wide = [(score, frozenset(mention.name for mention in passage.mentions)) for passage, score in rows]
            rows = rows[: self.count]
            rarity = self._rarities(asked.terms)
            pages = [self._page(passage) for passage, _ in rows]
            if not pages:
                return empty_sheet(), []
            made = sheet(asked, pages, [score for _, score in rows], wide, rarity.__getitem__)
            return made, [passage for passage, _ in rows]

    def _rarities(self, terms: Iterable[str]) -> dict[str, float]:
        wanted = {part for term in terms for part in (term, term[:1], term[:2], term[1:])}
        if missing := [term for term in wanted if term not in self._rarity]:
            if len(self._rarity) > 200_000:
                self._rarity.clear()
                missing = list(wanted)
            self._rarity |= self.book.rarity(missing)
        return {term: self._rarity[term] for term in wanted}

    def _read(self, ids: Sequence[int]) -> list[Passage]:
        missing = [number for number in ids if number not in self._passages]
        self._passages |= {passage.id: passage for passage in self.book.passages(missing)} if missing else {}
        found = [self._passages[number] for number in ids]
        if len(self._passages) > KEPT_PAGES:
            self._passages.clear()
        return found

    def _page(self, passage: Passage) -> Page:
        if passage.id not in self._pages:
            if len(self._pages) > KEPT_PAGES:
                self._pages.clear()
            self._pages[passage.id] = self._lay_out(passage)
        return self._pages[passage.id]

    def _lay_out(self, passage: Passage) -> Page:
        text = passage.text
        rarity = self._rarities([text[at : at + 2] for at in range(len(text) - 1)])
        bonds = np.array([rarity[a] + rarity[b] - rarity[a + b] for a, b in pairwise(text)] or [0.0])
        layout = lay_out(passage, self._kinds[passage.book])
        times = [
            math.log1p(self.book.times.get((passage.book, answer), 0)) if kind <= NAME else 0.0
            for answer, kind in zip(layout.answer, layout.kind, strict=True)
        ]
        fixed = fixed_features(passage, layout, bonds, np.array(times))
        return Page(passage, layout, fixed)


class Reader:
    """Reads answers from the passages of a shelf.

    Args:
        book: the index of the shelf.
        network, calibration: as they were trained.
        passages: how many passages are read.
    """

    def __init__(self, book: OpenBook, network: Network, calibration: Calibration, passages: int) -> None:
        self.network, self.calibration = network, calibration
        self.pages = Pages(book, passages)

    def read(self, question: str) -> Reading:
        """The answer of the book."""
        made, passages = self.pages.look_up(question)
        if not len(made.answers):
            return Reading("", 1.0)
        probabilities = self.network.probabilities([made])[0]
        return self.decide(made, probabilities, passages)

    def decide(self, made: Sheet, probabilities: np.ndarray, passages: Sequence[Passage]) -> Reading:
        """The answer by the probabilities of the candidates; those that answer the same are added up."""
        answer, share = best_answer(made, probabilities)
        none = float(probabilities[-1])
        likely = self.calibration.probability(share, none)
        if likely < self.calibration.least:
            return Reading("", max(none, 1 - likely), guess=answer)
        own = [n for n, other in enumerate(made.answers) if other == answer]
        n = max(own, key=lambda n: (probabilities[n], -n))
        passage, start, end = passages[made.page[n]], int(made.start[n]), int(made.end[n])
        return Reading(
            answer=answer,
            probability=likely,
            guess=answer,
            text=passage.text[start:end],
            book=passage.book,
            chapter=passage.chapter,
            title=passage.title,
            start=passage.start + start,
            end=passage.start + end,
            passage=passage.text,
            passage_start=passage.start,
            passage_end=passage.end,
        )


def best_answer(made: Sheet, probabilities: np.ndarray) -> tuple[str, float]:
    """The likeliest answer with its probability, summed over the candidates that give it."""
    shares: dict[str, float] = {}
    for answer, probability in zip(made.answers, probabilities[:-1], strict=True):
        shares[answer] = shares.get(answer, 0.0) + float(probability)
    return max(shares.items(), key=lambda item: item[1])


def save_reader(folder: Path, network: Network, calibration: Calibration, about: dict[str, Any]) -> None:
    """Write model.safetensors and config.json into a folder."""
    weights = {name: tensor.detach().cpu().contiguous() for name, tensor in network.state_dict().items()}
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    config = {
        "architecture": "JianghuReader",
        "version": VERSION,
        "scorers": len(network.scorers),
        "features": NAMES,
        "whole": WHOLE,
        "calibration": asdict(calibration),
        **about,
    }
    files.write_json(folder / "config.json", config)


def load_reader(folder: Path, book: OpenBook) -> Reader:
    """Read a reader back.

    Raises:
        InputError: a file is missing, damaged, or of another version.
    """
    config = files.read_json(folder / "config.json")
    path = folder / "model.safetensors"
    try:
        if config["version"] != VERSION or [tuple(name) for name in config["features"]] != NAMES:
            raise KeyError
        network = Network([Scorer() for _ in range(config["scorers"])])
        network.load_state_dict(load_file(path))
        own = config["calibration"]
        calibration = Calibration((*map(float, own["weights"]),), float(own["least"]))  # type: ignore[arg-type]
        return Reader(book, network, calibration, int(config["passages"]))
    except (KeyError, TypeError, ValueError, RuntimeError, SafetensorError, OSError):
        raise InputError(
            tr("{path}: not a reader of this version, or damaged. `{jianghu} reader` makes it anew.", path=folder)
        ) from None
