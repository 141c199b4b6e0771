"""Question and passages → a row of numbers for each candidate, and one for the answer that there is none.

The features compare: how near a candidate stands to the question's words, how much of the question its sentence covers,
whether it is of the sort that is asked for. None of them names a word, a person or a book, so that what is learned
on some questions holds for others. After Yih and others 2013, "Question Answering Using Enhanced Lexical Semantic
Models", which ranks by features of matching.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from .asking import SORTS, Question
from .candidates import GIVEN, KINDS, NUMBER
from .fixed import FIXED_NAMES
from .match import FAR, LANES, LEAST, Page, Terms, distances, find_terms, held, offsets_of

REACHES = (5.0, 16.0, 50.0)
"""Scales of nearness, in characters."""
MOST = 256
"""Candidates that are kept of a question, the nearest to its words."""
_LABEL = re.compile(r"第[零〇一二三四五六七八九十百0-9]+[回章节]")


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
    cover = _Cover(pages, offsets, terms)
    doc = _Candidates(question, pages, offsets, terms, cover)
    columns = [*_near(doc), *_order(question, doc), *cover.columns(doc)]
    columns += _rank(question, pages, np.array(scores, float), terms, doc)
    columns += [*_self(question, doc), *_type(question, doc), *_count(wide, doc)]
    columns += [*_speech(pages, offsets, doc), *_focus(doc)]
    columns.append(cover.sentence_share[doc.sentence] >= cover.sentence_share.max(initial=0) - 1e-9)
    fixed = np.concatenate([page.fixed for page in pages])[doc.kept]
    rows = np.concatenate([np.stack([np.asarray(column, np.float32) for column in columns], axis=1), fixed], axis=1)
    return Sheet(
        rows.astype(np.float16),
        _whole(question, np.array(scores, float), terms, cover),
        [doc.forms[n] for n in doc.answer],
        doc.page,
        doc.start,
        doc.end,
    )


def empty_sheet() -> Sheet:
    """A sheet without candidates: no passage matches."""
    none = np.zeros(0, np.int32)
    return Sheet(np.zeros((0, FEATURES), np.float16), np.zeros(WHOLE, np.float32), [], none, none, none)


class _Cover:
    """How much of the question each clause, sentence and passage holds."""

    def __init__(self, pages: Sequence[Page], offsets: np.ndarray, terms: Terms) -> None:
        self.terms = terms
        lengths = [len(page.passage.text) for page in pages]
        sentences = [int(page.layout.sentence.max(initial=0)) + 1 for page in pages]
        clauses = [int(page.layout.clause.max(initial=0)) + 1 for page in pages]
        self.first_sentence = np.concatenate([[0], np.cumsum(sentences)])
        self.first_clause = np.concatenate([[0], np.cumsum(clauses)])
        numbers = [
            np.concatenate([getattr(page.layout, what) + first[n] for n, page in enumerate(pages)])
            for what, first in (("sentence", self.first_sentence), ("clause", self.first_clause))
        ]
        of_page = np.repeat(np.arange(len(pages)), lengths)
        self.in_sentence = held(terms, offsets, lengths, numbers[0], self.first_sentence[-1])
        self.in_clause = held(terms, offsets, lengths, numbers[1], self.first_clause[-1])
        self.in_page = held(terms, offsets, lengths, of_page, len(pages))
        page_of = np.repeat(np.arange(len(pages)), sentences)
        same = page_of[1:] == page_of[:-1]
        around = self.in_sentence.copy()
        around[:, 1:] |= self.in_sentence[:, :-1] & same
        around[:, :-1] |= self.in_sentence[:, 1:] & same
        w = terms.weight / terms.all_weight
        self.sentence_share, self.clause_share = w @ self.in_sentence, w @ self.in_clause
        self.around_share, self.page_share = w @ around, w @ self.in_page

    def share(self, lane: int, units: np.ndarray) -> np.ndarray:
        """The share of one kind of terms that each unit holds."""
        return self.terms.of_lane(lane) @ units / max(float(self.terms.total[lane]), LEAST)

    def columns(self, doc: _Candidates) -> list[np.ndarray]:
        best = self.sentence_share.max(initial=0)
        sentence, clause = self.sentence_share[doc.sentence], self.clause_share[doc.clause]
        return [
            clause,
            sentence,
            self.around_share[doc.sentence],
            self.page_share[doc.page],
            self.share(3, self.in_sentence)[doc.sentence],
            self.share(3, self.in_page)[doc.page],
            *(self.share(lane, self.in_sentence)[doc.sentence] for lane in (1, 0, 2)),
            best - sentence,
            np.full(len(sentence), best),
            self.clause_share.max(initial=0) - clause,
        ]


class _Candidates:
    """The candidates that are kept, with their distances to the question's words."""

    def __init__(
        self, question: Question, pages: Sequence[Page], offsets: np.ndarray, terms: Terms, cover: _Cover
    ) -> None:
        self.terms, self.pages = terms, pages
        sizes = [len(page.layout.start) for page in pages]
        self.first = np.concatenate([[0], np.cumsum(sizes)])
        page = np.repeat(np.arange(len(pages)), sizes)
        start, end, kind = (
            np.concatenate([getattr(one.layout, what) for one in pages]) for what in ("start", "end", "kind")
        )
        sentence = np.concatenate([one.layout.sentence[one.layout.start] for one in pages])
        clause = np.concatenate([one.layout.clause[one.layout.start] for one in pages])
        sentence, clause = sentence + cover.first_sentence[page], clause + cover.first_clause[page]
        left, right, inside = distances(terms, start + offsets[page], end + offsets[page])
        # What a candidate holds itself tells nothing of its company.
        nearest = np.where(inside, FAR, np.minimum(left, right))
        who = SORTS[question.sort] == "who"
        near = (terms.weight / terms.all_weight) @ np.exp(-nearest / REACHES[1]) + cover.sentence_share[sentence]
        near += 0.3 * (who & (kind <= GIVEN)) + 0.1 * (kind <= NUMBER)
        self.kept = np.sort(np.argsort(-near, kind="stable")[:MOST])
        unique: dict[str, int] = {}
        answers = [answer for one in pages for answer in one.layout.answer]
        self.all_answers = np.array([unique.setdefault(answer, len(unique)) for answer in answers], int)
        self.all_pages = page
        self.forms = list(unique)
        self.answer, self.page, self.kind = self.all_answers[self.kept], page[self.kept], kind[self.kept]
        self.start, self.end = start[self.kept], end[self.kept]
        self.sentence, self.clause = sentence[self.kept], clause[self.kept]
        self.left, self.right, self.inside = left[:, self.kept], right[:, self.kept], inside[:, self.kept]
        self.nearest = nearest[:, self.kept]
        self.left_edge = self.start + offsets[self.page]
        self.right_edge = self.end + offsets[self.page]
        self.person = self.kind <= GIVEN
        self.persons = max(int((kind <= GIVEN).sum()), 1)
        asked = {name for _, name in question.names}
        self.asked_name = np.array([form in asked for form in self.forms], float)[self.answer]


def _near(doc: _Candidates) -> list[np.ndarray]:
    terms, whole = doc.terms, doc.terms.all_weight
    columns = []
    for reach in REACHES:
        kernel = np.exp(-doc.nearest / reach)
        columns += [terms.of_lane(lane) @ kernel / whole for lane in range(len(LANES))]
    columns += [terms.weight @ np.exp(-side / 14) / whole for side in (doc.left, doc.right)]
    return columns + [np.exp(-side.min(axis=0, initial=FAR) / 10) for side in (doc.left, doc.right)]


def _order(question: Question, doc: _Candidates) -> list[np.ndarray]:
    """Do the words on either side of the word that asks stand on the same side of the candidate?"""
    terms = doc.terms
    before, behind = terms.asked < question.asks[0], terms.asked >= question.asks[1]
    near = (before & (terms.asked >= question.asks[0] - 4), behind & (terms.asked < question.asks[1] + 5))
    scale = max(float(terms.weight.max(initial=0)), LEAST) * 3
    sides = (doc.left, doc.right)
    columns = [
        terms.weight * part @ np.exp(-side / 14) / terms.all_weight for part in (before, behind) for side in sides
    ]
    return columns + [terms.weight * part @ np.exp(-side / 4) / scale for part in near for side in sides]


def _rank(
    question: Question, pages: Sequence[Page], scores: np.ndarray, terms: Terms, doc: _Candidates
) -> list[np.ndarray]:
    top = max(float(scores.max()), LEAST)
    labels = [_LABEL.match(page.passage.title) for page in pages]
    asked = np.array([label is not None and label[0] in question.text for label in labels], float)
    ranks = np.arange(len(pages))
    return [
        1 / (1 + doc.page),
        (scores / top)[doc.page],
        (ranks == 0)[doc.page],
        (scores / (4 * terms.all_weight))[doc.page],
        asked[doc.page],
    ]


def _self(question: Question, doc: _Candidates) -> list[np.ndarray]:
    letters = set(question.text)
    share = np.array([sum(c in letters for c in form) / len(form) for form in doc.forms])
    asked = np.array([form in question.text for form in doc.forms], float)
    inside = doc.terms.weight @ doc.inside / doc.terms.all_weight
    return [doc.asked_name, share[doc.answer], asked[doc.answer], inside]


def _type(question: Question, doc: _Candidates) -> list[np.ndarray]:
    count = len(doc.answer)
    kinds = [doc.kind == number for number in range(len(KINDS))]
    sorts = [np.full(count, float(number == question.sort)) for number in range(len(SORTS))]
    head = set(question.head)
    ends = np.array([form[-1] in head for form in doc.forms], float)
    holds = np.array([sum(c in head for c in form) / len(head or "-") for form in doc.forms])
    follows = [
        doc.pages[page].passage.text[end : end + 1] in (head or "-")
        for page, end in zip(doc.page, doc.end, strict=True)
    ]
    who = SORTS[question.sort] == "who"
    many = SORTS[question.sort] in ("number", "when")
    wanted = [doc.person * float(who), (doc.kind == NUMBER) * float(many), doc.person * float(not who)]
    return [*kinds, *sorts, ends[doc.answer], holds[doc.answer], np.array(follows, float), *wanted]


def _count(wide: Sequence[tuple[float, frozenset[str]]], doc: _Candidates) -> list[np.ndarray]:
    """How often an answer is named; and in how many of many passages a name stands, each counted by how well it
    matches. After Balog and others 2006, "Formal Models for Expert Finding in Enterprise Corpora"."""
    times = np.bincount(doc.all_answers, minlength=len(doc.forms))
    by_page = np.zeros((len(doc.forms), len(doc.pages)))
    np.add.at(by_page, (doc.all_answers, doc.all_pages), 1)
    top = max((score for score, _ in wide), default=1.0)
    weights = [(score / top) ** 4 for score, _ in wide]
    said: dict[str, float] = {}
    for weight, (_, names) in zip(weights, wide, strict=True):
        for name in names:
            said[name] = said.get(name, 0.0) + weight
    share = np.array([said.get(form, 0.0) for form in doc.forms])[doc.answer] * doc.person
    return [
        np.log1p(times[doc.answer]),
        np.log1p(by_page[doc.answer, doc.page]),
        (by_page > 0).sum(axis=1)[doc.answer] / len(doc.pages),
        times[doc.answer] * doc.person / doc.persons,
        share / max(sum(weights), LEAST),
        share / max(said.values(), default=1.0),
    ]


def _speech(pages: Sequence[Page], offsets: np.ndarray, doc: _Candidates) -> list[np.ndarray]:
    """In quoted words; who speaks somewhere; how much of the question stands in what that person says."""
    speaks = np.zeros(len(doc.all_answers))
    covered = np.zeros((len(doc.terms.places), len(doc.forms)), bool)
    for n, page in enumerate(pages):
        speaker = page.layout.speaker
        if not (speaker >= 0).any():
            continue
        speaks[doc.first[n] + np.unique(speaker[speaker >= 0])] = 1
        for t, spots in enumerate(doc.terms.places):
            local = spots - offsets[n]
            by = speaker[local[(local >= 0) & (local < len(speaker))]]
            covered[t, doc.all_answers[doc.first[n] + by[by >= 0]]] = True
    quoted = np.concatenate([page.layout.quoted[page.layout.start] for page in pages])
    cover = doc.terms.weight @ covered / doc.terms.all_weight
    return [quoted[doc.kept], speaks[doc.kept], cover[doc.answer]]


def _focus(doc: _Candidates) -> list[np.ndarray]:
    """How far from the point where most of the question stands together; who of those not asked about is named last
    before it, and first behind it."""
    places, count = doc.terms.places, len(doc.answer)
    if not places:
        return [np.zeros(count)] * 5
    spots = np.concatenate(places)
    density = np.zeros(len(spots))
    for own, weight in zip(places, doc.terms.weight, strict=True):  # the nearest occurrence of each term counts
        n = np.clip(np.searchsorted(own, spots), 0, len(own) - 1)
        gap = np.minimum(np.abs(spots - own[n]), np.abs(spots - own[np.maximum(n - 1, 0)]))
        density += weight * np.exp(-gap / 12)
    focus = spots[int(np.argmax(density))]
    left, right = doc.left_edge, doc.right_edge
    others = doc.person & (doc.asked_name == 0)
    earlier = np.flatnonzero(others & (right <= focus) & (focus - right < 200))
    earlier = earlier[np.argsort(-right[earlier], kind="stable")]
    named = list(dict.fromkeys(doc.answer[earlier].tolist()))
    later = np.flatnonzero(others & (left >= focus) & (left - focus < 120))
    later = later[np.argsort(left[later], kind="stable")]
    return [
        np.exp(-np.maximum(focus - right, 0) / 25) * (right <= focus),
        np.exp(-np.maximum(left - focus, 0) / 25) * (left > focus),
        np.isin(doc.answer, named[:1]),
        np.isin(doc.answer, named[1:2]),
        np.isin(doc.answer, doc.answer[later[:1]]),
    ]


def _whole(question: Question, scores: np.ndarray, terms: Terms, cover: _Cover) -> np.ndarray:
    top = max(float(scores.max()), LEAST)
    sort = np.zeros(len(SORTS))
    sort[question.sort] = 1
    best = [share.max(initial=0) for share in (cover.sentence_share, cover.clause_share)]
    best += [share.max(initial=0) for share in (cover.around_share, cover.page_share)]
    lanes = [cover.share(lane, units).max(initial=0) for lane in (3, 1) for units in (cover.in_sentence, cover.in_page)]
    rest = [
        terms.missing / terms.all_weight,
        top / (4 * terms.all_weight),
        scores[1] / top if len(scores) > 1 else 0.0,
        scores.mean() / top,
        len(question.names) / 3,
        len(question.text) / 40,
    ]
    return np.array([*best, *lanes, *rest, *sort], np.float32)
