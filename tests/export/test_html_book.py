"""The books in the page: the same passages are found as by `retrieval`, and the same answers read in them."""

import random
import re

import pytest
import torch

from jianghu.corpus import Chapter
from jianghu.export.html.book import book_data, javascript
from jianghu.names import Lexicon, Name
from jianghu.reader import Calibration, Reader
from jianghu.reader.network import Network, Scorer
from jianghu.retrieval import OpenBook, build
from jianghu.retrieval.terms import SILENT

from ..conftest import PEOPLE, PLACES, novel_text
from .page import NODE, found_in_node, read_in_node

pytestmark = pytest.mark.skipif(NODE is None, reason="Node.js is not installed here")

ODD = "The Boat of 青峰 was here. 𠀀𠀁之人，WHO is Bob？ 12３ ④ ﬁn naïve"


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    """Two books; in one of them names have other forms, some of them shared, and given names stand alone."""
    names = [
        *(Name(name, (name[1:],), "person") for name in PEOPLE),
        Name("白少侠", ("白无双", "少侠"), "person"),
        *(Name(place, (), "place") for place in PLACES),
    ]
    chapters = [
        Chapter("青峰录", n, f"第{n}回 {PEOPLE[n % 8]}夜探", novel_text(3, 60, n) + ODD * (n == 2)) for n in range(1, 6)
    ]
    chapters += [Chapter("別的書", n, "", novel_text(2, 50, n + 50).replace("青峰", "青山")) for n in range(1, 4)]
    path = tmp_path_factory.mktemp("book") / "book.sqlite"
    build(path, chapters, {"青峰录": Lexicon(names), "別的書": Lexicon(names[-3:])})
    return OpenBook(path)


def questions():
    chance = random.Random(2)
    text = novel_text(4, 60, 3) + ODD
    asked = [f"{name}{what}？" for name in PEOPLE for what in ("在哪里", "何时取了那柄旧剑", "对谁说起断云岭")]
    asked += ["《別的書》里谁走进白鹿山庄？", "who WAS Bob of the boat", "无双说了什么", "", "？？", "龘", "𠀀𠀁是谁"]
    return asked + [text[at : at + chance.randint(2, 30)] for at in (chance.randrange(len(text)) for _ in range(200))]


def test_the_same_passages_are_found_with_the_same_marks(book):
    asked = questions()
    theirs = found_in_node(book_data(book), asked, 5)
    different = []
    for question, found in zip(asked, theirs, strict=True):
        ours = book.search(question, 5)
        places = [(one.book, one.chapter, one.title, one.start, one.end) for one in ours]
        marked = [[one.text[start:end] for start, end in one.marks] for one in ours]
        same = [(one["book"], one["chapter"], one["title"], one["start"], one["end"]) for one in found] == places
        texts = ["".join(piece["text"] for piece in one["pieces"]) for one in found]
        marks = [[piece["text"] for piece in one["pieces"] if piece["marked"]] for one in found]
        if not same or marks != marked or texts != [one.text for one in ours]:
            different.append(question)
    assert different == []
    assert sum(map(bool, theirs)) > 200


@pytest.fixture(scope="module")
def reader(book):
    """Networks of large random weights, which answer whatever is asked: every feature counts."""
    torch.manual_seed(4)
    scorers = [Scorer() for _ in range(2)]
    with torch.no_grad():
        for scorer in scorers:
            scorer.mean.uniform_(-0.2, 0.4)
            scorer.score.weight.mul_(12)
            scorer.direct.weight.mul_(6)
            scorer.scale.uniform_(0.5, 2)
    return Reader(book, Network(scorers), Calibration((0.9, -0.1, 0.3), 0.02), 8)


def test_the_page_reads_what_the_reader_reads(book, reader):
    asked = questions()[::5]
    theirs = read_in_node(book_data(book, reader), asked)
    different = []
    for question, said in zip(asked, theirs, strict=True):
        ours, place = reader.read(question), said["place"]
        spot = [place[key] for key in ("book", "chapter", "title", "start", "end")] if place else ["", 0, "", 0, 0]
        same = (said["answer"], *spot) == (ours.answer, ours.book, ours.chapter, ours.title, ours.start, ours.end)
        if not same or said["probability"] != pytest.approx(ours.probability, abs=1e-3):
            different.append((question, said, ours.answer, ours.start, ours.probability))
    assert different == []
    assert len({said["answer"] for said in theirs}) > 8


def test_words_that_say_nothing_are_the_same_in_both_languages():
    text = "who whom 谁who is, THE Boat of_ the 了吗《甲》how's was"
    pattern = javascript(SILENT.pattern).replace(r"\p{L}\p{N}", r"[^\W_]").replace("[[^\\W_]_]", "\\w")
    assert re.sub(pattern, "-", text) == SILENT.sub("-", text)
