"""The open book: what is found, where it stands, and when the index is made anew."""

import json
import shutil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jianghu.corpus import Chapter, read_chapters
from jianghu.errors import InputError
from jianghu.names import Lexicon, Name
from jianghu.retrieval import OpenBook, build, find_mentions, open_book
from jianghu.workspace import Workspace

from .conftest import jianghu

CHAPTERS = [
    Chapter("甲书", 1, "第一回 张三打虎", "张三在景阳冈上遇见一只大虫。\n他喝了十八碗酒，把大虫打死了。\n" * 3),
    Chapter("甲书", 2, "第二回 李四卖刀", "李四在天汉州桥卖一口宝刀。\n牛二来夺刀，被李四杀了。\n" * 3),
    Chapter("乙书", 1, "第一回 王五赴宴", "王五去张三家赴宴，席上操曰：善。\nThe Queen of England 写信来。\n" * 3),
]


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    path = tmp_path_factory.mktemp("书 架%#?") / "index.sqlite"  # characters that a URI must escape
    build(path, CHAPTERS, {})
    return OpenBook(path)


@pytest.fixture
def copy(shelf, tmp_path):
    root = tmp_path / "shelf"
    shutil.copytree(shelf, root, ignore=shutil.ignore_patterns("runs", "evals"))
    return Workspace(root)


@pytest.mark.parametrize(
    ("question", "book_name", "chapter"),
    [
        ("谁打死了大虫？", "甲书", 1),
        ("李四在哪里卖宝刀？", "甲书", 2),
        ("王五到谁家赴宴？", "乙书", 1),
        ("who is the QUEEN?", "乙书", 1),
        ("《乙书》里的张三", "乙书", 1),
        ("操", "乙书", 1),
    ],
)
def test_the_best_passage_is_the_one_that_answers(book, question, book_name, chapter):
    best = book.search(question)[0]
    assert (best.book, best.chapter) == (book_name, chapter)


def test_a_passage_is_a_span_of_its_chapter_and_its_marks_are_words_of_the_question(book):
    texts = {(chapter.book, chapter.chapter): chapter for chapter in CHAPTERS}
    for found in book.search("李四卖的宝刀被牛二夺", limit=10):
        chapter = texts[found.book, found.chapter]
        assert chapter.text[found.start : found.end] == found.text
        assert found.title == chapter.title
        for start, end in found.marks:
            assert found.text[start:end] in "李四卖 宝刀 牛二 夺刀"
    best = book.search("李四卖的宝刀被牛二夺")[0]
    assert {best.text[start:end] for start, end in best.marks} == {"李四", "宝刀", "牛二"}


@pytest.mark.parametrize("question", ["", "谁？", "的了在", "！！！", "鑫鑫鑫", '"', "NEAR(", "* OR NOT", "a AND b"])
def test_a_question_without_a_word_of_the_books_finds_nothing(book, question):
    assert book.search(question) == []


@given(st.text(max_size=60))
def test_no_question_is_an_error(book, question):
    scores = [found.score for found in book.search(question, limit=5)]
    assert scores == sorted(scores, reverse=True)


def test_the_index_is_made_once_and_again_when_the_chapters_change(copy):
    first = open_book(copy)
    made = first.path.stat().st_mtime_ns
    assert first.search("沈青峰")[0].book == "青峰录"
    assert open_book(copy).path.stat().st_mtime_ns == made
    rows = copy.chapters.read_text(encoding="utf-8").splitlines()
    row = json.loads(rows[0])
    row["text"] += "\n紫衣侯骑鲸而来。"
    copy.chapters.write_text("\n".join([json.dumps(row, ensure_ascii=False), *rows[1:]]), encoding="utf-8")
    assert first.search("紫衣侯骑鲸") == []
    found = open_book(copy).search("紫衣侯骑鲸")[0]
    assert "紫衣侯" in found.text
    assert read_chapters(copy.chapters)[0].text[found.start : found.end] == found.text


def test_half_an_index_is_made_anew(copy):
    path = open_book(copy).path
    path.unlink()
    assert open_book(copy).search("沈青峰")
    assert not list(copy.data.glob(".*.tmp-*"))


def test_without_chapters_the_message_says_what_to_do(copy):
    copy.chapters.unlink()
    with pytest.raises(InputError, match="jianghu prepare"):
        open_book(copy)


def test_ask_shows_the_passages_beside_the_closed_book_answer(shelf):
    ask = ("ask", "chat", "谁去了落雁坡？", "--greedy", "--max-new-tokens", 12)
    closed = jianghu(*ask, cwd=shelf).stdout
    opened = jianghu(*ask, "--open-book", cwd=shelf).stdout
    assert opened.startswith(closed)
    assert "落雁坡" in opened[len(closed) :]
    assert "青峰录, chapter" in opened[len(closed) :]


def test_ask_open_book_needs_a_workspace(shelf, tmp_path):
    checkpoint = shelf / "runs/chat/checkpoints/last"
    ended = jianghu("ask", checkpoint, "沈青峰？", "--open-book", cwd=tmp_path, check=False)
    assert ended.returncode == 2
    assert "not a workspace" in ended.stderr


def test_a_name_finds_the_passages_that_write_it_otherwise(tmp_path):
    parts = ["武松在家中饮酒，次日便行。", "行者大闹飞云浦，杀了四人。", "松曰：且慢动手。", "山上松柏成林，风声不绝。"]
    chapters = [Chapter("甲书", 1, "第一回", "\n".join(part * 20 for part in parts))]
    lexicon = Lexicon([Name("武松", ("行者",)), Name("张青")])
    build(tmp_path / "index.sqlite", chapters, {"甲书": lexicon})
    book = OpenBook(tmp_path / "index.sqlite")
    found = {passage.text[:2] for passage in book.search("武松杀了几人？", limit=10)}
    assert {"武松", "行者", "松曰"} <= found
    assert book.search("行者在家中饮了什么？")[0].text.startswith("武松")
    assert book.times["甲书", "武松"] > 0


def test_a_single_character_names_the_person_of_that_given_name_who_was_named_before():
    lexicon = Lexicon([Name("李宝"), Name("周宝"), Name("司马青")])
    text = "宝刀在此。李宝出马，宝曰：来将何人？周宝应声，宝笑而不答。司马青至，青曰：住手。"
    found = [(text[m.start : m.end + 1], m.name) for m in find_mentions(text, lexicon) if m.short]
    assert found == [("宝曰", "李宝"), ("宝笑", "周宝"), ("青曰", "司马青")]


def test_a_lexicon_that_changed_makes_the_index_anew(copy):
    made = open_book(copy).path.stat().st_mtime_ns
    path = next(copy.books.glob("*.lexicon.json"), copy.books / "青峰录.lexicon.json")
    path.write_text('{"沈青峰": ["紫衣侯"]}', encoding="utf-8")
    book = open_book(copy)
    assert book.path.stat().st_mtime_ns != made
    assert "沈青峰" in book.search("紫衣侯")[0].text
