"""Question and passages → a row of numbers for each candidate, and one for the answer that there is none.

The features compare: how near a candidate stands to the question's words, how much of the question its sentence covers,
whether it is of the sort that is asked for. None of them names a word, a person or a book, so that what is learned
on some questions holds for others. After Yih and others 2013, "Question Answering Using Enhanced Lexical Semantic
Models", which ranks by features of matching.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from .asking import SORTS, Question
from .candidates import KINDS
from .comparison import REACHES, Candidates, Cover
from .feature_groups import counts, focus, kind, nearness, overlap, rank, speech, whole, word_order
from .fixed import FIXED_NAMES
from .match import LANES, Page, find_terms, offsets_of


@dataclass(frozen=True)
class Sheet:
    """What the network reads.

    Attributes:
        rows: (candidates, FEATURES) float16.
        whole: (WHOLE,) features of question and passages together, for the answer that there is none.
        answers: what each candidate answers.
        page, start, end: where each stands: `passages[page].text[start:end]`.
    """

    rows: np.ndarray
    whole: np.ndarray
    answers: list[str]
    page: np.ndarray
    start: np.ndarray
    end: np.ndarray


_COVER = (
    *("clause", "sentence", "sentence around", "passage", "names of sentence", "names of passage"),
    *("pairs of sentence", "characters of sentence", "triples of sentence"),
    *("sentence below best", "best sentence", "clause below best"),
)
_TYPE = ("ends in head", "holds head", "head follows", "person wanted", "number wanted", "person unwanted")
_FOCUS = ("before", "behind", "first person before", "second person before", "first person behind", "at best sentence")
NAMES: list[tuple[str, str]] = [
    *(("near", f"{lane} {reach:g}") for reach in REACHES for lane in LANES),
    *(("near", what) for what in ("left", "right", "nearest left", "nearest right")),
    *(("order", f"question {asked} passage {side}") for asked in ("left", "right") for side in ("left", "right")),
    *(("order", f"verb {asked} passage {side}") for asked in ("left", "right") for side in ("left", "right")),
    *(("cover", what) for what in _COVER),
    *(("rank", what) for what in ("rank", "score to best", "first", "score to question", "chapter asked")),
    *(("self", what) for what in ("asked name", "share of characters asked", "asked", "weight inside")),
    *(("type", f"kind {kind}") for kind in KINDS),
    *(("type", f"sort {sort}") for sort in SORTS),
    *(("type", what) for what in _TYPE),
    *(("count", what) for what in ("in all", "in passage", "passages", "share of persons", "wide", "wide best")),
    *(("speech", what) for what in ("quoted", "speaker", "cover of speech")),
    *(("focus", what) for what in _FOCUS),
    *FIXED_NAMES,
]
"""(group, name) of every feature, in order."""
GROUPS = tuple(dict.fromkeys(group for group, _ in NAMES))
FEATURES = len(NAMES)
WHOLE = 14 + len(SORTS)


def sheet(
    question: Question,
    pages: Sequence[Page],
    scores: Sequence[float],
    wide: Sequence[tuple[float, frozenset[str]]],
    rarity: Callable[[str], float],
) -> Sheet:
    """The features of a question over some passages.

    Args:
        pages: the passages in the order in which they were found; at least one.
        scores: theirs in the search.
        wide: score and names of more passages, over which names are counted.
        rarity: how rare a term is on the shelf: log(passages / passages that hold it).
    """
    offsets = offsets_of(pages)
    terms = find_terms(question, pages, offsets, rarity)
    cover = Cover(pages, offsets, terms)
    candidates = Candidates(question, pages, offsets, terms, cover)
    columns = [*nearness(candidates), *word_order(question, candidates), *cover.columns(candidates)]
    columns += rank(question, pages, np.array(scores, float), terms, candidates)
    columns += [*overlap(question, candidates), *kind(question, candidates), *counts(wide, candidates)]
    columns += [*speech(pages, offsets, candidates), *focus(candidates)]
    columns.append(cover.sentence_share[candidates.sentence] >= cover.sentence_share.max(initial=0) - 1e-9)
    fixed = np.concatenate([page.fixed for page in pages])[candidates.kept]
    rows = np.concatenate([np.stack([np.asarray(column, np.float32) for column in columns], axis=1), fixed], axis=1)
    return Sheet(
        rows.astype(np.float16),
        whole(question, np.array(scores, float), terms, cover),
        [candidates.forms[n] for n in candidates.answer],
        candidates.page,
        candidates.start,
        candidates.end,
    )


def empty_sheet() -> Sheet:
    """A sheet without candidates: no passage matches."""
    none = np.zeros(0, np.int32)
    return Sheet(np.zeros((0, FEATURES), np.float16), np.zeros(WHOLE, np.float32), [], none, none, none)
