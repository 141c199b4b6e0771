"""Held-out stretches are spread along every book, and nothing of them is trained on."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jianghu.corpus import Chapter, cut_passages, split_chapters
from jianghu.errors import InputError
from jianghu.recipe import SplitSettings


def noise(size, seed, breaks=0.02):
    """Random text in which 13 characters hardly ever come twice, with sentence and paragraph ends."""
    draw = random.Random(seed)
    letters = [chr(draw.randrange(0x4E00, 0x9000)) for _ in range(size)]
    for at in range(1, size - 1):
        if draw.random() < breaks:
            letters[at] = draw.choice("。？\n")
    text = "".join(letters)
    while "\n\n" in text:
        text = text.replace("\n\n", "\n雪")
    return text.strip("\n")


def shelf(*sizes, chapter=3000, breaks=0.02):
    result = []
    for number, size in enumerate(sizes):
        text = noise(size, number, breaks)
        for part in range(0, size, chapter):
            body = text[part : part + chapter].strip("\n")
            result.append(Chapter(f"书{number}", part // chapter + 1, f"第{part // chapter + 1}章", body))
    return result


def ranges(stretches):
    return [(piece.chapter_index, at) for s in stretches for piece in s.pieces for at in range(piece.start, piece.end)]


@settings(max_examples=40)
@given(
    sizes=st.lists(st.integers(6_000, 60_000), min_size=1, max_size=3),
    fraction=st.floats(0.03, 0.45),
    stretch=st.integers(300, 6000),
    gap=st.integers(0, 400),
    seed=st.integers(0, 99),
    breaks=st.sampled_from([0.0, 0.001, 0.05]),
)
def test_every_character_is_in_one_part_and_every_book_gives_its_share(sizes, fraction, stretch, gap, seed, breaks):
    chapters = shelf(*sizes, breaks=breaks)
    wanted = SplitSettings(val_fraction=fraction, stretch_chars=stretch, gap_chars=gap, seed=seed)
    split = split_chapters(chapters, wanted)
    train, val = ranges(split.train), ranges(split.val)
    total = sum(len(chapter.full) for chapter in chapters)
    assert len(set(train) | set(val)) == len(train) + len(val) == total - split.gap_characters
    for book in {chapter.book for chapter in chapters}:
        size = sum(len(chapter.full) for chapter in chapters if chapter.book == book)
        held = sum(len(s.text(chapters)) for s in split.val if s.book == book)
        kept = sum(len(s.text(chapters)) for s in split.train if s.book == book)
        assert 0.8 * fraction <= held / size <= 1.2 * fraction
        assert kept >= min(0.6, 0.88 - fraction) * size - 100  # stretches end where sentences do
    assert split_chapters(chapters, wanted) == split


@settings(max_examples=30)
@given(gap=st.integers(13, 600), seed=st.integers(0, 99))
def test_no_13_characters_of_validation_are_trained_on(gap, seed):
    chapters = shelf(30_000, 12_000)
    split = split_chapters(chapters, SplitSettings(gap_chars=gap, seed=seed, stretch_chars=1000))

    def grams(stretches):
        texts = [stretch.text(chapters) for stretch in stretches]
        return {text[at : at + 13] for text in texts for at in range(len(text) - 12)}

    assert not grams(split.train) & grams(split.val)


def places(stretches, chapters):
    """Where each stretch lies, in characters of its book (the only one)."""
    starts = [0]
    for chapter in chapters:
        starts.append(starts[-1] + len(chapter.full))
    ends = [(stretch.pieces[0], stretch.pieces[-1]) for stretch in stretches]
    return [(starts[a.chapter_index] + a.start, starts[b.chapter_index] + b.end) for a, b in ends]


def test_the_gap_is_kept_on_both_sides():
    chapters = shelf(40_000)
    split = split_chapters(chapters, SplitSettings(gap_chars=200, stretch_chars=1000))
    trained = places(split.train, chapters)
    for low, high in places(split.val, chapters):
        before = max(end for _, end in trained if end <= low)
        after = min(start for start, _ in trained if start >= high)
        assert (low - before, after - high) == (200, 200)


def test_stretches_are_spread_along_the_book_and_follow_the_seed():
    chapters = shelf(100_000)
    size = sum(len(chapter.full) for chapter in chapters)
    split = split_chapters(chapters, SplitSettings(stretch_chars=1000, gap_chars=100))
    assert [low * 10 // size for low, _ in places(split.val, chapters)] == list(range(10))
    other = split_chapters(chapters, SplitSettings(stretch_chars=1000, gap_chars=100, seed=2))
    assert other.val != split.val


def test_stretches_are_whole_paragraphs_and_keep_titles_with_their_text():
    chapters = shelf(60_000, chapter=700)
    split = split_chapters(chapters, SplitSettings(stretch_chars=2000, gap_chars=50))
    assert any(len(stretch.pieces) > 1 for stretch in split.val)
    titles = {chapter.title for chapter in chapters}
    for stretch in split.val:
        text = stretch.text(chapters)
        assert text.endswith("\n")
        assert text.rstrip("\n").split("\n")[-1] not in titles


def test_a_small_book_gives_one_short_stretch():
    chapters = shelf(4000)
    split = split_chapters(chapters, SplitSettings())
    assert len(split.val) == 1
    assert sum(len(stretch.text(chapters)) for stretch in split.train) >= 0.6 * sum(len(c.full) for c in chapters)


def test_a_book_too_short_is_refused_with_the_length_it_needs():
    with pytest.raises(InputError, match=r"书0: .*characters are too few") as caught:
        split_chapters(shelf(900), SplitSettings())
    needed = int(str(caught.value).split("needs ")[1].split(".")[0].replace(",", ""))
    assert split_chapters(shelf(needed), SplitSettings()).val
    with pytest.raises(InputError):
        split_chapters(shelf(needed - 60), SplitSettings())
    with pytest.raises(InputError, match="no text"):
        split_chapters([], SplitSettings())


@given(size=st.integers(20, 900), length=st.integers(1, 8000), breaks=st.sampled_from([0.0, 0.01, 0.1]))
def test_passages_are_exact_and_cover_the_text(size, length, breaks):
    chapters = [*shelf(length, breaks=breaks), Chapter("别", 1, "", "雪。\n月。")]
    passages = cut_passages(chapters, size)
    by_place = {(chapter.book, chapter.chapter): chapter.text for chapter in chapters}
    for passage in passages:
        text = by_place[passage.book, passage.chapter]
        assert text[passage.start : passage.end] == passage.text
        assert passage.text == passage.text.strip("\n") != ""
        assert len(passage.text) <= 2 * size
    for (book, chapter), text in by_place.items():
        own = [passage for passage in passages if (passage.book, passage.chapter) == (book, chapter)]
        assert "".join(passage.text for passage in own).replace("\n", "") == text.replace("\n", "")


def test_passages_end_where_sentences_end():
    chapters = [Chapter("书", 1, "第一章", "他推门出去，雪还在下。没有人跟来。\n" * 200)]
    passages = cut_passages(chapters, 300)
    assert len(passages) > 8
    assert all(passage.text.endswith("。") and 200 <= len(passage.text) <= 400 for passage in passages)
