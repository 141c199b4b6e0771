"""The columns of features, group by group: each function gives one array per feature, with a number per candidate."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from .asking import SORTS, Question
from .candidates import KINDS, NUMBER
from .comparison import DIGITS, REACHES, Candidates, Cover
from .match import EPSILON, FAR, LANES, Page, Terms

LABEL = re.compile(r"第[零〇一二三四五六七八九十百0-9]+[回章节]")


def nearness(candidates: Candidates) -> list[np.ndarray]:
    terms, whole = candidates.terms, candidates.terms.all_weight
    columns = []
    for reach in REACHES:
        kernel = np.exp(-candidates.nearest / reach)
        columns += [terms.of_lane(lane) @ kernel / whole for lane in range(len(LANES))]
    columns += [terms.weight @ np.exp(-side / 14) / whole for side in (candidates.left, candidates.right)]
    return columns + [np.exp(-side.min(axis=0, initial=FAR) / 10) for side in (candidates.left, candidates.right)]


def word_order(question: Question, candidates: Candidates) -> list[np.ndarray]:
    """Do the words on either side of the word that asks stand on the same side of the candidate?"""
    terms = candidates.terms
    before, behind = terms.asked < question.asks[0], terms.asked >= question.asks[1]
    near = (before & (terms.asked >= question.asks[0] - 4), behind & (terms.asked < question.asks[1] + 5))
    scale = max(float(terms.weight.max(initial=0)), EPSILON) * 3
    sides = (candidates.left, candidates.right)
    columns = [
        terms.weight * part @ np.exp(-side / 14) / terms.all_weight for part in (before, behind) for side in sides
    ]
    return columns + [terms.weight * part @ np.exp(-side / 4) / scale for part in near for side in sides]


def rank(
    question: Question, pages: Sequence[Page], scores: np.ndarray, terms: Terms, candidates: Candidates
) -> list[np.ndarray]:
    top = max(float(scores.max()), EPSILON)
    labels = [LABEL.match(page.passage.title) for page in pages]
    asked = np.array([label is not None and label[0] in question.text for label in labels], float)
    ranks = np.arange(len(pages))
    return [
        1 / (1 + candidates.page),
        (scores / top)[candidates.page],
        (ranks == 0)[candidates.page],
        (scores / (4 * terms.all_weight))[candidates.page],
        asked[candidates.page],
    ]


def overlap(question: Question, candidates: Candidates) -> list[np.ndarray]:
    letters = set(question.text)
    share = np.array([sum(c in letters for c in form) / len(form) for form in candidates.forms])
    asked = np.array([form in question.text for form in candidates.forms], float)
    inside = candidates.terms.weight @ candidates.inside / candidates.terms.all_weight
    return [candidates.asked_name, share[candidates.answer], asked[candidates.answer], inside]


def kind(question: Question, candidates: Candidates) -> list[np.ndarray]:
    count = len(candidates.answer)
    kinds = [candidates.kind == number for number in range(len(KINDS))]
    sorts = [np.full(count, float(number == question.sort)) for number in range(len(SORTS))]
    head = set(question.head)
    ends = np.array([form[-1] in head for form in candidates.forms], float)
    holds = np.array([sum(c in head for c in form) / len(head or "-") for form in candidates.forms])
    follows = [
        candidates.pages[page].passage.text[end : end + 1] in (head or "-")
        for page, end in zip(candidates.page, candidates.end, strict=True)
    ]
    who = SORTS[question.sort] == "who"
    many = SORTS[question.sort] in ("number", "when")
    wanted = [
        candidates.person * float(who),
        (candidates.kind == NUMBER) * float(many),
        candidates.person * float(not who),
    ]
    return [*kinds, *sorts, ends[candidates.answer], holds[candidates.answer], np.array(follows, float), *wanted]


def counts(wide: Sequence[tuple[float, frozenset[str]]], candidates: Candidates) -> list[np.ndarray]:
    """How often an answer is named; and in how many of many passages a name stands, each counted by how well it
    matches. After Balog and others 2006, "Formal Models for Expert Finding in Enterprise Corpora"."""
    times = np.bincount(candidates.all_answers, minlength=len(candidates.forms))
    by_page = np.zeros((len(candidates.forms), len(candidates.pages)))
    np.add.at(by_page, (candidates.all_answers, candidates.all_pages), 1)
    top = max((score for score, _ in wide), default=1.0)
    weights = [(score / top) ** 4 for score, _ in wide]
    said: dict[str, float] = {}
    for weight, (_, names) in zip(weights, wide, strict=True):
        for name in names:
            said[name] = said.get(name, 0.0) + weight
    share = np.array([said.get(form, 0.0) for form in candidates.forms])[candidates.answer] * candidates.person
    return [
        np.log1p(times[candidates.answer]),
        np.log1p(by_page[candidates.answer, candidates.page]),
        (by_page > 0).sum(axis=1)[candidates.answer] / len(candidates.pages),
        times[candidates.answer] * candidates.person / candidates.persons,
        share / max(sum(weights), EPSILON),
        share / max(said.values(), default=1.0),
    ]


def speech(pages: Sequence[Page], offsets: np.ndarray, candidates: Candidates) -> list[np.ndarray]:
    """In quoted words; who speaks somewhere; how much of the question stands in what that person says."""
    speaks = np.zeros(len(candidates.all_answers))
    covered = np.zeros((len(candidates.terms.places), len(candidates.forms)), bool)
    for n, page in enumerate(pages):
        speaker = page.layout.speaker
        if not (speaker >= 0).any():
            continue
        speaks[candidates.first[n] + np.unique(speaker[speaker >= 0])] = 1
        for t, spots in enumerate(candidates.terms.places):
            local = spots - offsets[n]
            by = speaker[local[(local >= 0) & (local < len(speaker))]]
            covered[t, candidates.all_answers[candidates.first[n] + by[by >= 0]]] = True
    quoted = np.concatenate([page.layout.quoted[page.layout.start] for page in pages])
    cover = candidates.terms.weight @ covered / candidates.terms.all_weight
    return [quoted[candidates.kept], speaks[candidates.kept], cover[candidates.answer]]


def focus(candidates: Candidates) -> list[np.ndarray]:
    """How far from the point where most of the question stands together; who of those not asked about is named last
    before it, and first behind it."""
    places, count = candidates.terms.places, len(candidates.answer)
    if not places:
        return [np.zeros(count)] * 5
    spots = np.concatenate(places)
    density = np.zeros(len(spots))
    for own, weight in zip(places, candidates.terms.weight, strict=True):  # the nearest occurrence of each term counts
        n = np.clip(np.searchsorted(own, spots), 0, len(own) - 1)
        gap = np.minimum(np.abs(spots - own[n]), np.abs(spots - own[np.maximum(n - 1, 0)]))
        density += weight * np.exp(-gap / 12)
    focus = spots[int(np.argmax(np.round(density, DIGITS)))]
    left, right = candidates.left_edge, candidates.right_edge
    others = candidates.person & (candidates.asked_name == 0)
    earlier = np.flatnonzero(others & (right <= focus) & (focus - right < 200))
    earlier = earlier[np.argsort(-right[earlier], kind="stable")]
    named = list(dict.fromkeys(candidates.answer[earlier].tolist()))
    later = np.flatnonzero(others & (left >= focus) & (left - focus < 120))
    later = later[np.argsort(left[later], kind="stable")]
    return [
        np.exp(-np.maximum(focus - right, 0) / 25) * (right <= focus),
        np.exp(-np.maximum(left - focus, 0) / 25) * (left > focus),
        np.isin(candidates.answer, named[:1]),
        np.isin(candidates.answer, named[1:2]),
        np.isin(candidates.answer, candidates.answer[later[:1]]),
    ]


def whole(question: Question, scores: np.ndarray, terms: Terms, cover: Cover) -> np.ndarray:
    top = max(float(scores.max()), EPSILON)
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
