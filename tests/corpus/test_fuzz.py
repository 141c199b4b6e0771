"""Books of every kind, made at random, are read without a crash, a hang, a lost sentence or an uncounted character."""

import re

import pytest

from benchmarks.fuzz_books import check
from benchmarks.random_books import ADVERTS
from jianghu.corpus import load_book
from jianghu.recipe import BooksSettings

from ..conftest import novel_text


def fuzz(first, count, folder):
    for seed in range(first, first + count):
        assert check(seed, folder) == [], f"python -m benchmarks.fuzz_books --cases 1 --seed {seed}"


def test_some_books(tmp_path):
    fuzz(0, 60, tmp_path)


@pytest.mark.slow
def test_many_books(tmp_path):
    fuzz(1000, 4000, tmp_path)


@pytest.mark.parametrize("width", [24, 38])
@pytest.mark.parametrize("advert", ADVERTS)
def test_an_advert_that_a_line_wrap_cut_in_two_goes(tmp_path, advert, width):
    text = novel_text(4)
    dirty = re.sub("。(?!”)", "。" + advert, text)
    lines = [
        line if line.startswith("第") else "\n".join(line[at : at + width] for at in range(0, len(line), width))
        for line in dirty.split("\n")
    ]
    path = tmp_path / "书.txt"
    path.write_text("\n".join(lines), encoding="utf-8")
    book = load_book(path, BooksSettings())
    whole = "".join(chapter.full for chapter in book.chapters)
    assert re.sub(r"\s", "", whole) == re.sub(r"\s", "", text)
