"""No sentence of a novel goes with an advert, and no advert stays, wherever it is put."""

import random
import re
import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jianghu.corpus import load_book
from jianghu.corpus.adverts import find_adverts
from jianghu.recipe import BooksSettings

from ..conftest import novel_text

SENTENCES = [
    sentence
    for sentence in re.findall(r"[^。\n]+。(?:”)?", novel_text(4, seed=7))
    if not sentence.startswith("第") and sentence.count("“") == sentence.count("”")
]
MODERN = [  # sentences of novels in which people read, publish and go online
    "他下载了一本电子书，看了一夜。",
    "她说只支持正版，从不看盗版小说。",
    "欢迎光临寒舍，请到书房一叙。",
    "他求了一张票，回家去了。",
    "请先生到岳麓书院讲学，众人都说好。",
    "我登录了论坛，看见许多人在骂他。",
    "网站的首页上写着最新章节四个字，他点了进去。",
    "这部小说在网上更新了三年，读者越来越多。",
    "他在论坛上读小说，忘了吃饭。",
    "出版社说版权归作者所有，他不信。",
    "手机用户越来越多，公司发了财。",
    "他搜索网站上的资料，一无所获。",
    "本书由三部分组成，第一部分讲少年时代。",
    "本书由他的儿子整理出版。",
    "群里有一百二十三个人，谁也不说话。",
    "他把小说（一部讲江湖的小说）丢进火里。",
    "客官请上座，更多精彩的还在后头。",
    "她最喜欢的书城关了门。",
]
SITES = ["青竹小说网", "飞雪中文网", "听雨书屋", "寒江书院", "墨香文学网"]
HOSTS = [
    "www.example.com",
    "http://m.example.net/read",
    "ＷＷＷ．ｅｘａｍｐｌｅ．ｃｏｍ",
    "www。example。com",
    "example.org",
]
ADVERTS = [
    "本书由{site}首发，请勿转载！",
    "（欢迎光临{site}阅读）",
    "【本书由{site}提供下载】",
    "[最新章节免费阅读百度一下{site}]",
    "更多精彩小说，请访问{host}",
    "一秒记住【{site}】，精彩小说无弹窗免费阅读！",
    "手机用户请到{host}阅读。",
    "看小说请到{host}",
    "（未完待续）",
    "本章未完，请点击下一页继续阅读！",
    "【{site} {host}】",
    "({host})",
    "［{site}·电子书下载乐园］",
    "[TXT小说下载：]",
    "书友QQ群：123456789。",
    "请在下载后24小时内删除，不得用作商业用途。",
    "最新最快更新，尽在{site}！",
]
HOST = re.compile(r"example|ｅｘａｍｐｌｅ", re.IGNORECASE)


def adverts() -> st.SearchStrategy[str]:
    return st.builds(
        lambda form, site, host: form.format(site=site, host=host),
        st.sampled_from(ADVERTS),
        st.sampled_from(SITES),
        st.sampled_from(HOSTS),
    )


def bare(text: str) -> str:
    return re.sub(r"\s", "", text)


def cleaned(line: str) -> str:
    for start, end, _ in reversed(find_adverts(line)):
        line = line[:start] + line[end:]
    return line


@given(
    st.lists(st.one_of(st.sampled_from(SENTENCES), st.sampled_from(MODERN), adverts()), min_size=1, max_size=8),
    st.data(),
)
def test_sentences_stay_and_adverts_go_wherever_they_are_put(parts, data):
    novel = [part for part in parts if part in SENTENCES or part in MODERN]
    rest = bare(cleaned("".join(parts)))
    assert rest == bare("".join(novel))


@pytest.mark.parametrize("sentence", MODERN)
def test_people_in_novels_may_read_and_go_online(sentence):
    assert cleaned(sentence) == sentence
    assert cleaned(f"他道：“{sentence}”") == f"他道：“{sentence}”"


@given(adverts(), st.sampled_from(SENTENCES), st.integers(0, 200))
def test_an_address_or_bracket_in_mid_sentence_goes_alone(advert, sentence, place):
    """Where an advert breaks a sentence in two, both halves stay (the advert too, if nothing marks its ends)."""
    place = place % len(sentence)
    rest = bare(cleaned(sentence[:place] + advert + sentence[place:]))
    at = 0
    for character in filter(str.isalnum, sentence):
        at = rest.index(character, at) + 1
    assert not HOST.search(rest) or "example.org" in advert  # a bare domain amid letters may be a word of the sentence


@given(st.lists(st.one_of(st.sampled_from(SENTENCES), adverts()), min_size=12, max_size=30), st.randoms())
def test_what_goes_is_counted_to_the_character(tmp_path_factory, parts, draw):
    lines = [
        "第一章 雪",
        *(part if draw.random() < 0.5 else part + "\n" for part in parts),
        "第二章 月",
        *SENTENCES[:12],
    ]
    text = "\n".join(lines)
    path = tmp_path_factory.mktemp("any") / "书.txt"
    path.write_text(text, encoding="utf-8")
    book = load_book(path, BooksSettings())
    kept = sum(len(bare(chapter.full)) for chapter in book.chapters)
    assert len(bare(text)) - kept == sum(removal.characters for removal in book.removals)
    for removal in book.removals:
        assert removal.characters == sum(len(bare(cut.text)) for cut in removal.cuts)


PIECES = [
    "求",
    "请到",
    "小说",
    "最新",
    "[小说",
    "(a)",
    "本书由",
    "，",
    "w.w.w.",
    "t小",
    "“小说",
    ".com",
    "www.a ",
    "（小说）",
    "ab.com,",
]
PIECES += [
    "deadbeef",
    " ",
    "　",
    "http:",
    "www-",
    "更多精彩",
    "看最新",
    "（",
    "“",
    "a.b.",
    "TXT",
    "下载",
    "未完待续",
    "。",
    "\t ",
    "百度",
]


@pytest.mark.parametrize("piece", PIECES)
def test_time_is_linear(piece):
    """A line of 40,000 characters takes a moment; what grows with the square of the length takes minutes."""
    line = (piece * 40_000)[:40_000]
    started = time.perf_counter()
    find_adverts(line)
    assert time.perf_counter() - started < 2


@pytest.mark.parametrize(
    "mark",
    [
        "t-x-t＿小＿说天/堂www.example.net",
        "＼t＝xt＊＊小／说天＾堂％www.ｅｘａｍＰＬＥ.Ｎｅt",
        "www.example.nett，xt，小，说，天，堂",
        "www。example。nett/xt.小/说.天+堂",
        "ｗ-ｗ-ｗ.example.com",
    ],
)
def test_addresses_in_disguise_go_from_a_paragraphs_end(mark):
    for sentence in (*SENTENCES[:5], "“爸爸！我骂您了，我狠心啊！……”"):
        assert cleaned(sentence + mark) == sentence
    assert cleaned(mark) == ""


def test_any_line_gives_spans_in_order():
    draw = random.Random(5)
    for _ in range(400):
        line = "".join(draw.choice([*PIECES, *HOSTS, "他走了。"]) for _ in range(draw.randrange(12)))
        spans = find_adverts(line)
        assert all(0 <= start < end <= len(line) for start, end, _ in spans)
        assert all(before[1] <= after[0] for before, after in pairwise(spans))
