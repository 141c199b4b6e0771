"""What an author says to readers, and a library's licence, go; the story beside them stays."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jianghu.corpus import load_book
from jianghu.corpus.notes import find_licence, find_notes
from jianghu.recipe import BooksSettings

from ..conftest import novel_text

NOTES = [
    ["作者有话要说：", "今天双更，谢谢小天使们的营养液，明天要考试，请个假。"],
    ["作者有话要说：求收藏求评论，么么哒~"],
    ["【作者有话说】", "PS：感谢书友听雨的打赏，拜谢大家了。", "爱你们"],
    ["PS：新书上架，求月票！"],
    ["（感谢书友山中客的打赏，第三更送到，求推荐票。）"],
    ["ps.明天还有加更，请大家多多收藏。"],
]
STORY = [
    "他没有说话，只把灯吹灭了。",
    "“你来了。”",
    "PS机上亮着灯，他按了一下，没有反应。",
    "（那年他十七岁，父亲还在。）",
    "雪。",
]
PARAGRAPH = [line.strip() for line in novel_text(2, seed=3).split("\n") if len(line) > 40]


@given(st.lists(st.one_of(st.sampled_from(STORY), st.sampled_from(PARAGRAPH), st.sampled_from(NOTES)), max_size=12))
def test_notes_go_and_the_story_after_them_stays(parts):
    lines = [line for part in parts for line in (part if isinstance(part, list) else [part])]
    novel = [part for part in parts if isinstance(part, str)]
    gone = set(find_notes(lines))
    assert [line for number, line in enumerate(lines) if number not in gone] == novel


@pytest.mark.parametrize("keep", [False, True])
def test_a_setting_keeps_them(tmp_path, keep):
    text = novel_text(3).strip().replace("\n\n", "\n作者有话要说：\n谢谢小天使们的营养液，明天加更。\n\n")
    path = tmp_path / "书.txt"
    path.write_text(text, encoding="utf-8")
    book = load_book(path, BooksSettings(notes=keep))
    assert ("营养液" in book.chapters[0].text) is keep
    assert [r.count for r in book.removals if r.rule == "author's note"] == (
        [] if keep else [2 * text.count("作者有话")]
    )


GUTENBERG = """The Project Gutenberg eBook of Snow

This eBook is for the use of anyone anywhere. You may copy it.

Title: Snow

*** START OF THE PROJECT GUTENBERG EBOOK SNOW ***

Produced by two volunteers at
a machine.

{text}
*** END OF THE PROJECT GUTENBERG EBOOK SNOW ***

Updated editions will replace the previous one. The licence follows.
"""


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (None, None),
        ("***START OF THE PROJECT GUTENBERG EBOOK SNOW***", "End of Project Gutenberg's Snow, by Nobody"),
        (
            "*END*THE SMALL PRINT! FOR PUBLIC DOMAIN ETEXTS*Ver.04.29.93*END*",
            "End of The Project Gutenberg Etext of Snow",
        ),
    ],
)
def test_the_licence_of_project_gutenberg_goes(tmp_path, start, end):
    story = "\n".join(
        f"CHAPTER {n}\n\nThe snow fell on the {n} hills. Nobody spoke of it again.\n" * 1 for n in range(1, 9)
    )
    text = GUTENBERG.format(text=story)
    if start:
        text = re.sub(r"\*\*\* START.*", start, text)
        text = re.sub(r"\*\*\* END.*", end, text)
    path = tmp_path / "snow.txt"
    path.write_text(text, encoding="utf-8")
    book = load_book(path, BooksSettings())
    whole = "".join(chapter.full for chapter in book.chapters)
    assert whole.split() == story.split()
    (licence,) = [r for r in book.removals if r.rule == "Project Gutenberg's licence"]
    assert licence.characters == len("".join(text.split())) - len("".join(story.split()))


@given(st.lists(st.sampled_from(["", "The end of the road.", "*** END", "End of it all.", "start"]), max_size=30))
def test_other_texts_have_no_licence(lines):
    assert find_licence(lines) == (0, len(lines))


def test_credits_of_gutenberg_without_a_blank_line_behind_them_take_one_line():
    """As in its EPUBs, where a paragraph is a line and no line is blank."""
    body = [f"The river ran slowly below the old gate, and on day {n} nobody spoke." for n in range(60)]
    lines = ["*** START OF THIS PROJECT GUTENBERG EBOOK THE GATE ***", "Produced by A. Nobody", *body]
    lines += ["*** END OF THIS PROJECT GUTENBERG EBOOK THE GATE ***", "THE FULL LICENSE"]
    assert find_licence(lines) == (2, 62)
    assert find_licence([*lines[:2], "and B. Nobody", "", *lines[2:]]) == (3, 64)


@pytest.mark.parametrize(
    "line",
    [
        "（本书中大量使用了不规范的英语，译文如果照此办理，读者可能会不知所云。——译者注）",
        "【注：本书作者在这里用的是旧历，读者可参看下章。】",
        "（编者按：这一章的字数较原稿为少，读者谅之。）",
    ],
)
def test_footnotes_of_translators_and_editors_stay(line):
    assert list(find_notes(["他走了。", line, "雪还在下。"])) == []
    assert list(find_notes(["他走了。", "（这章字数少，大家投个推荐票吧，明天更新！）", "雪还在下。"])) == [1]
