"""The same novel under two names is found, and nothing that one book holds out is trained on in another."""

import random
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opencc import OpenCC

from jianghu.corpus import Chapter, split_chapters
from jianghu.corpus.copies import find_copies, plain
from jianghu.recipe import SplitSettings

from .test_split import noise

TRADITIONAL = OpenCC("s2t")


def as_is(text):
    return text


def traditional(text):
    return str(TRADITIONAL.convert(text))


def other_marks(text):
    return re.sub("。", "．", text).replace("，", ",")


def rewrapped(text):
    bare = text.replace("\n", "")
    return "\n".join(bare[at : at + 37] for at in range(0, len(bare), 37))


def misspelled(text):
    draw = random.Random(4)
    return "".join("雪" if draw.random() < 0.004 else character for character in text)


EDITIONS = [as_is, traditional, other_marks, rewrapped, misspelled]


@pytest.mark.parametrize("edition", EDITIONS)
def test_another_edition_is_found(edition):
    one, other = noise(20_000, 1), noise(20_000, 2)
    found = find_copies({"甲": one, "乙": other, "丙": edition(one)})
    assert [{copy.book, copy.other} for copy in found] == [{"甲", "丙"}]
    assert found[0].share > 0.9


def test_an_omnibus_holds_its_books():
    parts = [noise(12_000, seed) for seed in range(3)]
    found = find_copies({"一": parts[0], "二": parts[1], "全集": "\n".join(parts), "别": noise(30_000, 9)})
    assert {(copy.book, copy.other) for copy in found} == {("一", "全集"), ("二", "全集")}
    assert all(copy.share > 0.98 for copy in found)


def chapters_of(book, text, size=3000):
    return [
        Chapter(book, at // size + 1, f"第{at // size + 1}章", text[at : at + size].strip("\n"))
        for at in range(0, len(text), size)
    ]


def grams(text):
    letters = plain(text)
    return {letters[at : at + 13] for at in range(len(letters) - 12)}


@settings(max_examples=15)
@given(
    editions=st.lists(st.sampled_from(EDITIONS), min_size=1, max_size=2),
    overlap=st.floats(0.1, 1.0),
    seed=st.integers(0, 50),
)
def test_held_out_text_is_in_no_other_books_training_text(editions, overlap, seed):
    first = noise(24_000, seed)
    shelf = chapters_of("甲", first) + chapters_of("乙", noise(15_000, seed + 100))
    for number, edition in enumerate(editions):
        shared = edition(first[: int(len(first) * overlap)])
        shelf += chapters_of(f"丙{number}", shared + "\n" + noise(9_000, seed + 200 + number))
    split = split_chapters(shelf, SplitSettings(seed=seed, stretch_chars=1500, gap_chars=64))
    for held in split.val:
        wanted = grams(held.text(shelf))
        for stretch in split.train:
            if stretch.book != held.book:
                assert not wanted & grams(stretch.text(shelf))
    total = sum(len(chapter.full) for chapter in shelf)
    assert sum(len(s.text(shelf)) for s in (*split.train, *split.val)) == total - split.gap_characters
    for book in {chapter.book for chapter in shelf}:
        assert any(stretch.book == book for stretch in split.train)


def test_books_that_share_nothing_lose_nothing():
    shelf = chapters_of("甲", noise(20_000, 1)) + chapters_of("乙", noise(20_000, 2))
    alone = [split_chapters([c for c in shelf if c.book == book], SplitSettings()) for book in ("甲", "乙")]
    together = split_chapters(shelf, SplitSettings())
    assert together.gap_characters == sum(split.gap_characters for split in alone)
