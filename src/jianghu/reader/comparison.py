"""What the features are computed from: how much of a question stands where, and where the candidates stand to it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .asking import SORTS, Question
from .candidates import GIVEN, NUMBER
from .match import EPSILON, FAR, Page, Terms, distances, held

REACHES = (5.0, 16.0, 50.0)
"""Scales of nearness, in characters."""
MAX_CANDIDATES = 256
"""Candidates that are kept of a question, the nearest to its words."""
DIGITS = 9
"""Of sums by which the first or the nearest are chosen: equal ones stay in order, whichever machine adds them up."""


class Cover:
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
        return self.terms.of_lane(lane) @ units / max(float(self.terms.total[lane]), EPSILON)

    def columns(self, candidates: Candidates) -> list[np.ndarray]:
        best = self.sentence_share.max(initial=0)
        sentence, clause = self.sentence_share[candidates.sentence], self.clause_share[candidates.clause]
        return [
            clause,
            sentence,
            self.around_share[candidates.sentence],
            self.page_share[candidates.page],
            self.share(3, self.in_sentence)[candidates.sentence],
            self.share(3, self.in_page)[candidates.page],
            *(self.share(lane, self.in_sentence)[candidates.sentence] for lane in (1, 0, 2)),
            best - sentence,
            np.full(len(sentence), best),
            self.clause_share.max(initial=0) - clause,
        ]


class Candidates:
    """The candidates that are kept, with their distances to the question's words."""

    def __init__(
        self, question: Question, pages: Sequence[Page], offsets: np.ndarray, terms: Terms, cover: Cover
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
        self.kept = np.sort(np.argsort(-np.round(near, DIGITS), kind="stable")[:MAX_CANDIDATES])
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
