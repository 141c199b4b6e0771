"""Every style of headings is found by how it rises through a book, and one slip in the numbers costs one heading."""

import re

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from jianghu.corpus import check_report, load_book
from jianghu.recipe import BooksSettings

from ..conftest import novel_text
from .test_load import parts

NUMERALS = ["", *"一二三四五六七八九", *("十" + ones for ones in ("", *"一二三四五六七八九")), "二十"]
ROMAN = [
    "",
    "I",
    "II",
    "III",
    "IV",
    "V",
    "VI",
    "VII",
    "VIII",
    "IX",
    "X",
    "XI",
    "XII",
    "XIII",
    "XIV",
    "XV",
    "XVI",
    "XVII",
    "XVIII",
]
TITLES = [
    "风起",
    "夜行",
    "旧约",
    "渡口",
    "断剑",
    "归人",
    "空城",
    "听雪",
    "问路",
    "登楼",
    "饮马",
    "折柳",
    "故园",
    "灯火",
    "潮声",
    "远山",
]
BODIES = [body for seed in (1, 2, 3, 4) for _, body in parts(novel_text(4, 24, seed=seed))]
"""Paragraphs of sixteen chapters."""

STYLES = {
    "第N章 X": lambda n, t: f"第{NUMERALS[n]}章 {t}",
    "第N章X": lambda n, t: f"第{NUMERALS[n]}章{t}",
    "第 N 章": lambda n, t: f"第 {n} 章",
    "第N回": lambda n, t: f"第{NUMERALS[n]}回 {t}夜{t}",
    "N、X": lambda n, t: f"{n}、{t}",
    "N.X": lambda n, t: f"{n}.{t}",
    "N. X": lambda n, t: f"{n}. {t}",
    "N X": lambda n, t: f"{n} {t}",
    "001 X": lambda n, t: f"{n:03d} {t}",
    "001": lambda n, t: f"{n:03d}",
    "N": lambda n, t: f"{n}",
    "全角 N": lambda n, t: str(n).translate({48 + k: 0xFF10 + k for k in range(10)}),
    "一": lambda n, t: NUMERALS[n],
    "一、X": lambda n, t: f"{NUMERALS[n]}、{t}",
    "一 X": lambda n, t: f"{NUMERALS[n]}　{t}",
    "（一）": lambda n, t: f"（{NUMERALS[n]}）",
    "(1)X": lambda n, t: f"({n}){t}",
    "【一】X": lambda n, t: f"【{NUMERALS[n]}】{t}",
    "【第N章】X": lambda n, t: f"【第{NUMERALS[n]}章】{t}",
    "【第N章 X】": lambda n, t: f"【第{n}章 {t}】",
    "〖第N章〗": lambda n, t: f"〖第{n}章〗 {t}",
    "☆、第N章": lambda n, t: f"☆、第{NUMERALS[n]}章 {t}",
    "☆、N": lambda n, t: f"☆、{n}",
    "☆、X": lambda n, t: f"☆、{t}",
    "★ X": lambda n, t: f"★ {t}",
    "第N话": lambda n, t: f"第{n}话 {t}",
    "第N幕": lambda n, t: f"第{NUMERALS[n]}幕：{t}",
    "第N部分": lambda n, t: f"第{NUMERALS[n]}部分 {t}",
    "卷一": lambda n, t: f"卷{NUMERALS[n]} {t}",
    "章一": lambda n, t: f"章{NUMERALS[n]}",
    "chapter.001": lambda n, t: f"chapter.{n:03d}",
    "Chapter1": lambda n, t: f"Chapter{n}",
    "Chapter N X": lambda n, t: f"Chapter {n} {t}",
    "CHAPTER N. Loomings.": lambda n, t: f"CHAPTER {n}. Loomings.",
    "CHAPTER IV": lambda n, t: f"CHAPTER {ROMAN[n]}",
    "IV.": lambda n, t: f"{ROMAN[n]}.",
    "IV": lambda n, t: ROMAN[n],
    "===第N章===": lambda n, t: f"==={f'第{n}章'}===",
    "===第N章 X===": lambda n, t: f"===第{n}章 {t}===",
    "X（一）": lambda n, t: f"{t}（{NUMERALS[n]}）",
    "X(1)": lambda n, t: f"{t}({n})",
    "书名12": lambda n, t: f"雪山旧事{n}",
    "书名 第N章": lambda n, t: f"雪山旧事 第{NUMERALS[n]}章 {t}",
    "书名(12)": lambda n, t: f"雪山旧事({n})",
    "正文 第N章": lambda n, t: f"正文 第{NUMERALS[n]}章 {t}",
    "第N集第M章": lambda n, t: f"第{NUMERALS[1 + n // 6]}集第{NUMERALS[n]}章 {t}",
    "第N卷 X 第M章 Y": lambda n, t: f"第{NUMERALS[1 + n // 6]}卷 雪山 第{NUMERALS[n]}章 {t}",
    "标题，有逗号": lambda n, t: f"第{NUMERALS[n]}章 好一个{t}，好一场大雪",
    "标题！": lambda n, t: f"第{NUMERALS[n]}章 {t}！",
    "标题“？”": lambda n, t: f"第{NUMERALS[n]}章 “{t}？”",
    "标题。": lambda n, t: f"第{NUMERALS[n]}章 他到了{t}。",
    "第N章\u3000X": lambda n, t: f"　　第{NUMERALS[n]}章　{t}",
    "第N节": lambda n, t: f"第{n}节：{t}",
    "第N讲": lambda n, t: f"第{NUMERALS[n]}讲 {t}",
    "N-X": lambda n, t: f"{n}-{t}",
    "N：X": lambda n, t: f"{n}：{t}",
}


def book_of(heads, tmp_path, bodies=BODIES, indent="　　", blank="\n"):
    text = "".join(
        f"{head}\n{blank}" + "".join(f"{indent}{line}\n" for line in body) + blank
        for head, body in zip(heads, bodies, strict=False)
    )
    path = tmp_path / "书.txt"
    path.write_text(text, encoding="utf-8")
    return load_book(path, BooksSettings())


def whole(book):
    return re.sub(r"\s", "", "".join(chapter.text for chapter in book.chapters))


@pytest.mark.parametrize(("indent", "blank"), [("", ""), ("　　", "\n")], ids=["close", "apart"])
@pytest.mark.parametrize("style", STYLES)
def test_the_style_is_found(tmp_path, style, indent, blank):
    heads = [STYLES[style](n, title) for n, title in enumerate(TITLES, 1)]
    book = book_of(heads, tmp_path, indent=indent, blank=blank)
    assert [chapter.text for chapter in book.chapters] == ["\n".join(body) for body in BODIES]
    for head, chapter in zip(heads, book.chapters, strict=True):
        core = re.sub(r"^正文|^雪山旧事(?= 第)|[\W_]", "", head.strip())
        assert re.sub(r"[\W_]", "", chapter.title) == core


SLIPS = {
    "wrong": lambda numbers, at: [*numbers[:at], 99, *numbers[at + 1 :]],
    "missing": lambda numbers, at: [n + (k >= at) for k, n in enumerate(numbers)],
    "repeated": lambda numbers, at: [n - (k >= at) for k, n in enumerate(numbers)],
    "restarted": lambda numbers, at: [n - (at if k >= at else 0) for k, n in enumerate(numbers)],
}


@pytest.mark.parametrize(
    "style", ["第N章 X", "第N章X", "N、X", "001 X", "一", "(1)X", "Chapter N X", "X(1)", "书名12", "☆、N"]
)
@pytest.mark.parametrize("slip", SLIPS)
def test_one_slip_costs_one_heading_at_most(tmp_path, style, slip):
    for at in (4, 8, 11):
        numbers = SLIPS[slip](list(range(1, 17)), at)
        make = STYLES[style]
        heads = [
            make(n, t) if n < 20 else re.sub("1?一?7|十七", "九十九", make(17, t))
            for n, t in zip(numbers, TITLES, strict=True)
        ]
        book = book_of(heads, tmp_path)
        assert len(book.chapters) >= 15
        assert whole(book).startswith(re.sub(r"\s", "", "".join(BODIES[0])))


@pytest.mark.parametrize("odd", ["尾声", "后记", "番外", "番外二 雪", "楔子", "大结局"])
def test_an_odd_heading_never_swallows_the_rest(tmp_path, odd):
    for style in ("N、X", "第N章X", "一", "X（一）"):
        heads = [STYLES[style](n, t) for n, t in enumerate(TITLES, 1)]
        heads[7] = odd
        book = book_of(heads, tmp_path)
        assert [chapter.text for chapter in book.chapters] == ["\n".join(body) for body in BODIES]


def test_parts_of_two_styles_are_each_found(tmp_path):
    heads = [STYLES["第N章 X"](n, t) for n, t in enumerate(TITLES[:8], 1)] + [str(n) for n in range(1, 9)]
    long = [body * 4 for body in BODIES]
    for number, body in enumerate(long):
        long[number] = [line.replace("。", f"{number}{k}。") for k, line in enumerate(body)]
    book = book_of(heads, tmp_path, bodies=long)
    assert len(book.chapters) == 16


def test_heading_and_prose_on_one_line(tmp_path):
    text = "".join(
        f"第{NUMERALS[n]}章 {title}　　{''.join(body)}\n"
        for n, (title, body) in enumerate(zip(TITLES, BODIES, strict=True), 1)
    )
    path = tmp_path / "书.txt"
    path.write_text(text, encoding="utf-8")
    book = load_book(path, BooksSettings())
    assert [c.title for c in book.chapters] == [f"第{NUMERALS[n]}章 {title}" for n, title in enumerate(TITLES, 1)]
    assert whole(book) == re.sub(r"\s", "", "".join(line for body in BODIES for line in body))


def test_a_pattern_decides_alone(tmp_path):
    path = tmp_path / "书.txt"
    path.write_text(
        "".join(f"~{t}~\n" + "\n".join(body) + "\n" for t, body in zip(TITLES, BODIES, strict=True)), encoding="utf-8"
    )
    book = load_book(path, BooksSettings(heading="^~.*~$"))
    assert [chapter.title for chapter in book.chapters] == [f"~{title}~" for title in TITLES]


def test_titles_that_only_the_contents_name(tmp_path):
    heads = [f"{title}记" for title in TITLES]
    text = (
        "目录\n"
        + "\n".join(heads)
        + "\n\n"
        + "".join(f"{h}\n" + "\n".join(b) + "\n" for h, b in zip(heads, BODIES, strict=True))
    )
    path = tmp_path / "书.txt"
    path.write_text(text, encoding="utf-8")
    book = load_book(path, BooksSettings())
    assert [chapter.title for chapter in book.chapters] == heads
    assert [chapter.text for chapter in book.chapters] == ["\n".join(body) for body in BODIES]


LISTS = [
    ["1、先到渡口。", "2、再过断云岭。", "3、最后入城。"],
    ["一、不许饮酒", "二、不许出城", "三、不许点灯"],
    ["（一）旧剑", "（二）密信", "（三）玉佩", "（四）黑马"],
    ["1998年，他走了。", "1999年，他回来了。", "2000年，他老了。"],
    ["三", "二", "一"],
]


@pytest.mark.parametrize("rows", LISTS)
def test_lists_in_the_story_are_no_chapters(tmp_path, rows):
    bodies = [body[:2] + rows + body[2:] if number in (3, 9) else body for number, body in enumerate(BODIES)]
    book = book_of([STYLES["第N章 X"](n, t) for n, t in enumerate(TITLES, 1)], tmp_path, bodies=bodies)
    assert [chapter.text for chapter in book.chapters] == ["\n".join(body) for body in bodies]
    plain = "\n".join(line for body in bodies for line in body)
    path = tmp_path / "无.txt"
    path.write_text(plain, encoding="utf-8")
    assert load_book(path, BooksSettings()).pieces


def test_page_numbers_in_mid_sentence_are_no_chapters(tmp_path):
    text = "".join(line for body in BODIES for line in body)
    pages = [text[at : at + 700] for at in range(0, len(text), 700)]
    path = tmp_path / "书.txt"
    path.write_text("".join(f"{page}\n{number}\n" for number, page in enumerate(pages, 1)), encoding="utf-8")
    assert load_book(path, BooksSettings()).pieces


@hypothesis_settings(max_examples=30)
@given(st.sampled_from(sorted(STYLES)), st.data())
def test_no_sentence_is_lost_whatever_the_headings_are(tmp_path_factory, style, data):
    numbers = data.draw(st.lists(st.integers(1, 18), min_size=4, max_size=10))
    bodies = BODIES[: len(numbers)]
    heads = [STYLES[style](n, TITLES[n % 16]) for n in numbers]
    book = book_of(heads, tmp_path_factory.mktemp("any"), bodies=bodies)
    everything = re.sub(r"\s", "", "".join(chapter.full for chapter in book.chapters))
    for body in bodies:
        for line in body:
            assert re.sub(r"\s", "", line) in everything
    assert check_report([book])[0]["characters_after"] > 0


def cut_into_pages(text, name, size):
    """A text as a site shows it: a numbered page every so many characters, in the middle of a sentence."""
    pages = [text[at : at + size] for at in range(0, len(text), size)]
    return "\n".join(f"{name}{number}\n{page}" for number, page in enumerate(pages, 1))


LONG = "\n".join(line for _, body in parts(novel_text(40, 60, seed=9)) for line in body)


def test_where_nothing_else_divides_a_book_the_pages_of_its_site_do(tmp_path):
    path = tmp_path / "书.txt"
    path.write_text("序幕\n" + cut_into_pages(LONG, "翻页阅读 ", 4001), encoding="utf-8")
    book = load_book(path, BooksSettings())
    assert len(book.chapters) > len(LONG) // 4001 - 2
    assert max(len(chapter.text) for chapter in book.chapters) < 9_000
    assert re.sub(r"\s", "", LONG) in re.sub(r"\s|翻页阅读 *\d+", "", whole(book))


def test_one_heading_before_the_whole_book_is_no_structure(tmp_path):
    path = tmp_path / "书.txt"
    path.write_text("附录\n" + LONG, encoding="utf-8")
    book = load_book(path, BooksSettings())
    assert book.pieces
    assert len(book.chapters) > 10
    assert re.sub(r"\s", "", LONG) in re.sub(r"\s", "", whole(book))
