"""What web sites and e-book makers put into a book goes, is counted, and nothing else goes."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jianghu.corpus import check_report, load_book
from jianghu.corpus.clean import plain_spaces
from jianghu.recipe import BooksSettings

from ..conftest import novel_text

SETTINGS = BooksSettings()


@pytest.fixture
def load(tmp_path):
    def load_text(text, name="雪山录.txt", **settings):
        path = tmp_path / name
        path.write_bytes(text.encode())
        book = load_book(path, BooksSettings(**settings))
        assert path.read_bytes() == text.encode()
        return book

    return load_text


def removed(book):
    return {removal.rule: removal for removal in book.removals}


def bare(text):
    return re.sub(r"\s", "", text)


def whole(book):
    return "".join(chapter.full for chapter in book.chapters)


def test_a_clean_book_loses_nothing(load):
    text = novel_text(6)
    book = load(text)
    assert bare(whole(book)) == bare(text)
    assert book.removals == []
    assert [chapter.chapter for chapter in book.chapters] == [1, 2, 3, 4, 5, 6]


def test_a_web_sites_traces_go(load):
    text = novel_text(6)
    chapters = re.split(r"(?m)(?=^第)", text)[1:]
    dirty = "    [雪山录 / 无名氏 著 ]\n    作品仅供读者预览,请在下载24小时内删除，不得用作商业用途\n\n"
    dirty += " ------章节内容开始-------\n\n"
    for chapter in chapters:
        heading, body = chapter.split("\n", 1)
        dirty += f"    正文 {heading}\n    更新时间:2007-11-16 7:55:51 本章字数:4804\n\n{body}\n"
        dirty += "【好书阅读 www.example-books.com】收集整理\n"
        dirty += "好书阅读 打造最全的书库。搜索 好书阅读 即可访问吧！亲\n上一章 目录 下一章\n"
    book = load(dirty)
    assert bare(whole(book)) == bare(text)
    rules = removed(book)
    assert rules["words before a heading"].count == 6
    assert rules["site header"].count == 13
    assert rules["title and author"].count == 1
    assert rules["repeated line"].count == 6
    assert rules["advert"].count == 7
    assert all(0 < len(removal.examples) <= 3 for removal in book.removals)


def test_a_sentence_with_which_a_site_praises_itself_in_every_chapter_goes(load):
    text = novel_text(6)
    praise = "青竹阅读 打造最全的作品书库。搜索 青竹阅读 即可免费阅读海量精品文学作品！亲，赶快访问吧！"
    refrain = "要知后事如何，请大家继续往下看。"
    kept = "".join(
        part.rstrip("\n") + f"\n{refrain}\n" if part.startswith("第") else part
        for part in re.split(r"(?m)(?=^第)", text)
    )
    book = load(kept.replace(refrain, f"{refrain}\n{praise}"))
    assert bare(whole(book)) == bare(kept)
    assert removed(book)["repeated line"].count == 6


def test_an_address_inside_prose_goes_alone(load):
    text = novel_text(3)
    place = text.index("，", len(text) // 2)
    book = load(text[:place] + "www.example.com " + text[place:])
    assert bare(whole(book)) == bare(text)
    assert removed(book)["web address"].characters == len("www.example.com")


def test_a_domain_that_is_a_word_of_its_sentence_stays(load):
    text = novel_text(3).replace("。", "。他在mp3.com公司做事。", 1)
    assert bare(whole(load(text))) == bare(text)


def test_refrains_and_dialogue_stay(load):
    text = ""
    for part in re.split(r"(?m)(?=^第)", novel_text(8))[1:]:
        heading, body = part.split("\n", 1)
        text += f"{heading}\n诗曰：\n{body}沈青峰道：“这本书由我整理，不得用作商业用途。”\n施评\n"
        text += "要知后事如何，且听下回分解。\n\n"
    text = text.replace("施评\n", "", 5)  # a label in less than every second chapter
    book = load(text)
    assert bare(whole(book)) == bare(text)


@pytest.mark.parametrize("width", [24, 38])
def test_line_ends_in_mid_sentence_are_mended(load, width):
    text = novel_text(4)
    wrapped = ""
    for line in text.split("\n"):
        heading = line.startswith("第")
        wrapped += line if heading else "\n".join(line[i : i + width] for i in range(0, len(line), width))
        wrapped += "\n"
    assert whole(load(wrapped)) == whole(load(text, name="另.txt"))


def test_indented_one_line_paragraphs_stay_apart(load):
    words = "雪夜里有人敲门，他没有应声，只把灯吹灭了；过了许久，脚步声才慢慢远去，山里重新静下来。"
    lines = ["第一章 雪"]
    for number in range(40):
        paragraph = "　　" + f"第{number}夜，{words}" * (1 + 3 * (number % 4 == 0))
        lines += [paragraph[at : at + 50] for at in range(0, len(paragraph), 50)]
    book = load("\n".join(lines))
    assert len(book.chapters[0].text.split("\n")) == 40


def test_spaces_in_mid_sentence_are_mended(load):
    text = novel_text(4)
    spaced = "\n".join(
        line if line.startswith("第") else " ".join(line[i : i + 40] for i in range(0, len(line), 40))
        for line in text.split("\n")
    )
    book = load(spaced)
    assert whole(book) == whole(load(text, name="另.txt"))
    assert removed(book)["space in mid-sentence"].count > 100


def test_wrapped_english_keeps_its_words_apart(load):
    words = ("the river ran slowly below the old gate while nobody spoke " * 40).split()
    lines, line = ["Chapter 1"], ""
    for word in words:
        if len(line) + len(word) > 68:
            lines.append(line.strip())
            line = ""
        line += " " + word
    book = load("\n".join([*lines, line.strip()]))
    assert book.chapters[0].text == " ".join(words)


def test_verse_is_not_joined(load):
    verse = "雪落寒江上，\n孤舟一盏灯。\n故人千里外，\n何处听钟声。\n"
    book = load(novel_text(2) + verse * 4)
    assert verse.strip() in book.chapters[-1].text


def test_endless_runs_are_cut_even_without_cleaning(load):
    text = novel_text(2) + "=" * 300_000 + "\n" + "=-" * 200_000 + "\n" + "哈" * 30
    for clean in (True, False):
        book = load(text, clean=clean, max_repeat=10)
        assert not re.search(r"(.)\1{10}|(=-){11}", whole(book))
        assert removed(book)["endless run"].count == 3


def test_without_cleaning_lines_stay(load):
    text = "本站首发 www.example.com\n" + novel_text(2)
    assert "www.example.com" in whole(load(text, clean=False))
    assert "www.example.com" not in whole(load(text))


def test_invisible_characters_and_html_remains_go(load):
    text = novel_text(2)
    dirty = text.replace("，", "\u200b，", 3).replace("。", "。&nbsp;<br/>", 2).replace("道：", "\x07道：", 1)
    book = load("\ufeff" + dirty.replace("\n", "\r\n"))
    assert bare(whole(book)) == bare(text)
    assert removed(book)["invisible character"].count == 4
    assert removed(book)["HTML remains"].count == 4


def test_repeated_chapters_go(load):
    parts = re.split(r"(?m)(?=^第)", novel_text(5))[1:]
    nearly = parts[1].replace("沈青峰", "沈青锋", 1)
    book = load("".join([*parts[:3], nearly, *parts[3:]]))
    assert len(book.chapters) == 5
    assert removed(book)["repeated chapter"].count == 1
    assert check_report([book])[0]["numbering"] == []


def test_text_is_composed_and_free_of_indentation_and_blank_lines(load):
    book = load("第一章 雪\n\n\n　　" + "Cafe\u0301 的灯亮着。\t他说：好。\n\n" * 30 + "　　　　\n")
    text = book.chapters[0].text
    assert "Café" in text
    assert not re.search(r"\n\s|\s\n|^\s|\s$|[\t\u3000]", text)


@given(
    st.lists(
        st.sampled_from(["雪。", "\n", "　", "第一回 ", "第二章", "www.a.com", "=", "“", "”", "a ", "\r"]), max_size=80
    )
)
def test_offsets_and_shape_hold_for_any_text(tmp_path_factory, parts):
    path = tmp_path_factory.mktemp("any") / "书.txt"
    path.write_text("他在山上住了十年，每天读书，从不下山。\n" * 15 + "".join(parts), encoding="utf-8", newline="")
    book = load_book(path, SETTINGS)
    for number, chapter in enumerate(book.chapters, 1):
        assert chapter.chapter == number
        assert chapter.text == "\n".join(line.strip() for line in chapter.text.split("\n") if line.strip())


def test_white_space_of_long_lines_is_as_that_of_short_ones():
    for unit in ("\u3000他 ", "雪", "ab  c\t", "  "):
        line = unit * (250_000 // len(unit))
        assert plain_spaces(line) == " ".join(line.split())
