"""Books of every kind made at random, for `fuzz_books`: whole ones, spoiled ones, bytes without sense."""

from __future__ import annotations

import random
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass

WHO = ["沈青峰", "柳如烟", "老僧", "那少年", "掌柜", "差役", "白衣人", "赵五", "林二姑娘", "船家"]
WHEN = ["清晨", "半夜", "次日", "忽然", "不多时", "雪后", "黄昏时分", "过了三日", "那年冬天", "一盏茶后"]
WHERE = ["山门外", "渡口", "破庙里", "长街上", "灯下", "屋顶", "竹林深处", "后院", "城南", "桥边"]
DID = [
    "推开了门",
    "拔出刀来",
    "冷笑一声",
    "听见有人说话",
    "把信烧了",
    "一言不发",
    "望着远处",
    "跪了下去",
    "转身便走",
    "点了点头",
]
MORE = [
    "雪还在下",
    "谁也没有动",
    "灯火一点一点地灭了",
    "风从窗缝里进来",
    "他的手在发抖",
    "远处传来一声钟响",
    "地上只有血",
    "没有人应声",
]
ADVERTS = (
    "本书由青竹小说网首发，请勿转载！",
    "（欢迎光临青竹小说网阅读）",
    "更多精彩小说，请访问www.example.com",
    "一秒记住【青竹小说网】，精彩小说无弹窗免费阅读！",
    "手机用户请到m.example.com阅读。",
    "（未完待续）",
    "本章未完，请点击下一页继续阅读！",
    "【青竹小说网 www.example.com】",
    "书友QQ群：123456789。",
    "ＷＷＷ．ｅｘａｍｐｌｅ．ｃｏｍ",
)
HEADINGS = (
    "第{n}章 {t}",
    "第{h}回 {t}　{t}",
    "{n}、{t}",
    "{n}.{t}",
    "{n:03d} {t}",
    "{n}",
    "{h}、{t}",
    "【第{n}章】{t}",
    "☆、{t}",
    "第{n}话 {t}",
    "卷{h} {t}",
    "Chapter {n}. {t}",
    "({n}){t}",
    "===第{n}章===",
    "第一集第{n}章{t}",
    "{t}（{n}）",
    "正文 第{n}章 {t}",
    "第{n}章 {t}　　他推开门，雪落了一地。",
)
TITLES = ["雪夜", "刀光", "故人来", "一封信，三条命", "谁是凶手？", "渡口", "风起", "不归人", "灯下", "旧事"]
ODD = (
    "\x00",
    "\u200b",
    "\ufeff",
    "\u3000",
    "\t",
    "\r",
    "\x0b",
    "&nbsp;",
    "<br/>",
    "<p>",
    "“",
    "”",
    "『",
    "\u2028",
    "é",
)
FILL = ("------", "☆☆☆", "上一章 目录 下一章", "更新时间:2007-11-16 本章字数:4804", "", "", "　", "  ", "诗曰：")
CODECS = ("utf-8", "utf-8-sig", "gb18030", "gbk", "utf-16", "utf-16-le", "utf-16-be", "big5", "hz", "latin-1")
NUMERALS = "零一二三四五六七八九十"


def sentence(draw: random.Random) -> str:
    """A sentence that hardly comes twice."""
    words = (draw.choice(WHEN), draw.choice(WHO), "在", draw.choice(WHERE), draw.choice(DID))
    told = f"{''.join(words)}，{draw.choice(MORE)}，{draw.choice(WHO)}{draw.choice(DID)}"
    said = f"{draw.choice(WHO)}道：“{draw.choice(MORE)}，{draw.choice(WHO)}{draw.choice(DID)}，{draw.choice(MORE)}。”"
    plain = f"{told}，这是第{draw.randrange(1, 9999)}个夜晚。"
    return draw.choice((plain, plain, said, plain.replace("。", "！"), plain.replace("这是", "“不错，”他想，这是")))


@dataclass
class Case:
    """A book to be read: the name and bytes of its file, and the sentences that must come out, if any must."""

    name: str
    data: bytes
    sentences: list[str]
    text: str | None = None
    """The whole text, where what is taken away can be counted against it."""


def han(number: int) -> str:
    """A number below 100 in Chinese."""
    tens, ones = divmod(number, 10)
    if number <= 10:
        return NUMERALS[number]
    return (NUMERALS[tens] if tens > 1 else "") + "十" + (NUMERALS[ones] if ones else "")


def document(draw: random.Random) -> tuple[str, list[str]]:
    """A novel with all that sites do to one, and its sentences."""
    form, wrap = draw.choice(HEADINGS), draw.choice((0, 0, 0, 24, 38))
    indent, gap = draw.choice(("", "　　", "    ")), draw.choice(("\n", "\n\n", "\r\n", "\n \n"))
    dirt = draw.choice((0.0, 0.1, 0.4))
    lines, kept = [], []
    for number in range(1, draw.randrange(1, 14)):
        if draw.random() > 0.1:
            shown = draw.choice((number, number, number, number, draw.randrange(1, 90)))
            lines.append(form.format(n=shown, h=han(shown), t=draw.choice(TITLES)))
            lines[-1] += draw.choice(("", "", "", " www.example.com")) if dirt else ""
        for _ in range(draw.randrange(0, 12)):
            parts = []
            for _ in range(draw.randrange(1, 6)):
                kept.append(sentence(draw))
                parts.append(kept[-1])
                if draw.random() < dirt:
                    parts.append(draw.choice(ADVERTS))
            line = indent + "".join(parts)
            if wrap:
                line = "\n".join(line[at : at + wrap] for at in range(0, len(line), wrap))
            lines.append(line)
            if draw.random() < dirt:
                lines.append(draw.choice((*ADVERTS, *FILL)))
        if draw.random() < 0.05:
            lines.append(draw.choice(("尾声", "番外", "后记", "作者有话要说：", "第三部", "目录")))
    return gap.join(lines), kept


def spoiled(draw: random.Random, text: str) -> str:
    """The text with odd characters in it, or parts doubled, or cut."""
    for _ in range(draw.randrange(0, 12)):
        at = draw.randrange(len(text) + 1)
        size = int(10 ** draw.uniform(0, 4))
        piece = draw.choice(
            (draw.choice(ODD) * draw.choice((1, 3, size)), text[at : at + size], "a" * size, " " * size, "=" * size)
        )
        text = text[:at] + piece + text[at + draw.choice((0, 0, size)) :]
    return text


def spoiled_bytes(draw: random.Random, data: bytes) -> bytes:
    """The bytes with some of them wrong, missing or doubled."""
    raw = bytearray(data)
    for _ in range(draw.randrange(1, 20)):
        at = draw.randrange(len(raw) + 1)
        size = int(10 ** draw.uniform(0, 3))
        raw[at : at + draw.choice((0, 1, size))] = draw.choice((b"", b"\0" * size, draw.randbytes(size), raw[:size]))
    return bytes(raw)


def a_text(draw: random.Random) -> Case:
    """A novel in some encoding, whole."""
    text, kept = document(draw)
    codec = draw.choice(("utf-8", "utf-8-sig", "gb18030", "utf-16", "utf-16-le"))
    return Case("书.txt", text.encode(codec), kept, text)


def a_spoiled_text(draw: random.Random) -> Case:
    """A novel with odd things in its text, or with wrong bytes, of any format that is text."""
    text = spoiled(draw, document(draw)[0])
    data = text.encode(draw.choice(CODECS), errors="ignore")
    suffix = draw.choice((".txt", ".txt", ".md", ".html"))
    return Case("书" + suffix, spoiled_bytes(draw, data) if draw.random() < 0.5 else data, [])


def some_bytes(draw: random.Random) -> Case:
    """Bytes without sense."""
    size = int(10 ** draw.uniform(0, 5))
    alphabet = bytes(draw.randrange(256) for _ in range(draw.choice((2, 16, 256))))
    data = bytes(draw.choice(alphabet) for _ in range(size))
    return Case("书" + draw.choice((".txt", ".md", ".html", ".epub", ".zip", ".docx", ".pdf")), data, [])


def an_epub(draw: random.Random) -> Case:
    """An EPUB with the flaws that people's have."""
    pages, kept = [], []
    tag = draw.choice(("h1", "h2", "p", "div"))
    for number in range(1, draw.randrange(2, 9)):
        lines = [f'<{tag} id="c{number}">第{number}章<br/>{draw.choice(TITLES)}</{tag}>']
        for _ in range(draw.randrange(1, 10)):
            own = [sentence(draw) for _ in range(draw.randrange(1, 4))]
            kept += own
            inner = "".join(draw.choice(("{}", "{}", "<b>{}</b>", "<span>{}</span>")).format(part) for part in own)
            lines.append(draw.choice(("<p>{}</p>", "<div>{}</div>", "<p>{}<br/></p>", "{}<br/>")).format(inner))
        pages.append("".join(lines))
    if draw.random() < 0.3:
        pages = ["".join(pages)]
    head = draw.choice(('<?xml version="1.0" encoding="utf-8"?>', "<!DOCTYPE html>", ""))
    names = [draw.choice((f"p{n}.xhtml", f"文{n}.html", f"a b{n}.htm")) for n in range(len(pages))]
    items = "".join(
        f'<item id="i{n}" href="{name}" media-type="application/xhtml+xml"/>' for n, name in enumerate(names)
    )
    items += draw.choice(("", '<item id="ncx" href="toc.ncx" media-type="application/x-dtbncx+xml"/>'))
    items += draw.choice(("", '<item id="x" href="missing.xhtml" media-type="application/xhtml+xml"/>'))
    spine = "".join(f'<itemref idref="i{n}"/>' for n in range(len(pages))) + draw.choice(("", '<itemref idref="x"/>'))
    title = draw.choice(("雪山录", "&nbsp;书", "", "<b>"))
    opf = f"<metadata><dc:title>{title}</dc:title></metadata><manifest>{items}</manifest><spine>{spine}</spine>"
    opf = f"<package>{opf}</package>"
    points = "".join(
        f"<navPoint><navLabel><text>第{n + 1}章&nbsp;</text></navLabel>"
        f'<content src="{draw.choice(names)}#c{n + 1}"/></navPoint>'
        for n in range(draw.randrange(0, 9))
    )
    files = {
        "META-INF/container.xml": '<container><rootfiles><rootfile full-path="OEBPS/b.opf"/></rootfiles></container>',
        "OEBPS/b.opf": draw.choice(('<?xml version="1.0"?>', "")) + opf,
        "OEBPS/toc.ncx": f"<ncx><navMap>{points}</navMap></ncx>",
    }
    files |= {
        f"OEBPS/{name}": f"{head}<html><head><title>页</title></head><body>{page}</body></html>"
        for name, page in zip(names, pages, strict=True)
    }
    side = draw.choice(("", "", "META-INF/container.xml", "OEBPS/b.opf", "OEBPS/toc.ncx"))
    with tempfile.TemporaryFile() as target:
        with zipfile.ZipFile(target, "w") as archive:
            for name, text in files.items():
                data = text.encode()
                archive.writestr(name, spoiled_bytes(draw, data) if name == side else data)
        target.seek(0)
        data = target.read()
    whole = not side or side == "OEBPS/toc.ncx"
    return Case("书.epub", spoiled_bytes(draw, data) if draw.random() < 0.2 else data, kept if whole else [])


MAKERS: tuple[Callable[[random.Random], Case], ...] = (
    a_text,
    a_text,
    a_spoiled_text,
    a_spoiled_text,
    some_bytes,
    an_epub,
)
