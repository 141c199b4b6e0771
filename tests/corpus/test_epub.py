"""An EPUB with small flaws is read; one that is built to harm is refused at once."""

import re
import time
import tracemalloc
import unicodedata
import zipfile

import pytest

from jianghu.corpus import load_book
from jianghu.errors import InputError
from jianghu.recipe import BooksSettings

from ..conftest import novel_text
from .test_load import page, parts

SETTINGS = BooksSettings()
CONTAINER = (
    '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
    '<rootfile full-path="OEBPS/content.opf"/></rootfiles></container>'
)
NCX = '<ncx xmlns="http://www.daisy.org/z3986/2005/ncx/"><navMap>{points}</navMap></ncx>'
POINT = '<navPoint><navLabel><text>{title}</text></navLabel><content src="{href}"/></navPoint>'
PART = list(parts(novel_text(6)))


def files(chapters=PART, tag="h2"):
    """The files of a whole EPUB, by name; a test spoils one of them."""
    names = [f"text/c{n}.xhtml" for n in range(len(chapters))]
    items = "".join(
        f'<item id="p{n}" href="{name}" media-type="application/xhtml+xml"/>' for n, name in enumerate(names)
    )
    spine = "".join(f'<itemref idref="p{n}"/>' for n in range(len(names)))
    points = "".join(POINT.format(title=part[0], href=name) for part, name in zip(chapters, names, strict=True))
    return {
        "META-INF/container.xml": CONTAINER,
        "OEBPS/content.opf": '<package xmlns="http://www.idpf.org/2007/opf"><metadata xmlns:dc="http://purl.org/dc/'
        f'elements/1.1/"><dc:title>雪山录</dc:title></metadata><manifest>{items}'
        '<item id="ncx" href="toc.ncx" media-type="application/x-dtbncx+xml"/></manifest>'
        f"<spine>{spine}</spine></package>",
        "OEBPS/toc.ncx": NCX.format(points=points),
        **{f"OEBPS/{name}": page(*part, tag=tag) for part, name in zip(chapters, names, strict=True)},
    }


def write(path, contents):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in contents.items():
            archive.writestr(name, text)
    return path


def change(name, old, new):
    def spoil(contents):
        assert old in contents[name]
        contents[name] = contents[name].replace(old, new)

    return spoil


def rename(spell):
    def spoil(contents):
        for name in [name for name in contents if "text/" in name]:
            contents[spell(name)] = contents.pop(name)

    return spoil


FLAWS = {
    "unbound prefix": change("OEBPS/content.opf", "<dc:title>", '<dc:title xsi:type="dcterms:x">'),
    "entity in the package": change("OEBPS/content.opf", "雪山录", "雪山&nbsp;录"),
    "unclosed tag in the package": change("OEBPS/content.opf", "</metadata>", "<meta></metadata>"),
    "entity in the contents": change("OEBPS/toc.ncx", "第二回", "第二回&hellip;&nbsp;"),
    "contents cut off": lambda contents: contents.update({"OEBPS/toc.ncx": contents["OEBPS/toc.ncx"][:-40]}),
    "contents empty": lambda contents: contents.update({"OEBPS/toc.ncx": ""}),
    "unknown encoding": change("OEBPS/content.opf", "<package", '<?xml version="1.0" encoding="x-none"?><package'),
    "unknown encoding of a page": change(
        "OEBPS/text/c1.xhtml", "<html>", '<?xml version="1.0" encoding="klingon"?><html>'
    ),
    "encoding that is not true": change("OEBPS/toc.ncx", "<ncx", '<?xml version="1.0" encoding="utf-16"?><ncx'),
    "names in another case": rename(lambda name: name.replace("/c", "/C")),
    "slashes turned": rename(lambda name: name.replace("/", "\\")),
    "no container": lambda contents: contents.pop("META-INF/container.xml"),
    "container names nothing": change("META-INF/container.xml", "content.opf", "other.opf"),
    "br in headings": lambda contents: contents.update(
        {name: re.sub(r"(第.回) ", r"\1<br/>", text, count=1) for name, text in contents.items() if "text/" in name}
    ),
    "a page twice in the spine": change("OEBPS/content.opf", "</spine>", '<itemref idref="p2"/></spine>'),
    "a contents page in the text": change(
        "OEBPS/content.opf",
        "<spine>",
        '<spine><itemref idref="toc"/>',
    ),
}


@pytest.mark.parametrize("flaw", FLAWS)
def test_a_small_flaw_costs_nothing(tmp_path, flaw):
    contents = files()
    if flaw.startswith("a contents page"):
        links = "".join(f'<p><a href="text/c{n}.xhtml">{part[0]}</a></p>' for n, part in enumerate(PART))
        contents["OEBPS/toc.xhtml"] = f"<html><body><h1>目录</h1>{links}</body></html>"
        item = '<item id="toc" href="toc.xhtml" media-type="application/xhtml+xml"/><item id="ncx"'
        change("OEBPS/content.opf", '<item id="ncx"', item)(contents)
    FLAWS[flaw](contents)
    book = load_book(write(tmp_path / "书.epub", contents), SETTINGS)
    assert [(chapter.title, chapter.text) for chapter in book.chapters] == [
        (title, "\n".join(text)) for title, text in PART
    ]


def test_names_in_another_unicode_form(tmp_path):
    contents = files()
    for name in [name for name in contents if "text/" in name]:
        text = contents.pop(name)
        contents[unicodedata.normalize("NFD", name.replace("/c", "/é"))] = text
    change("OEBPS/content.opf", "text/c", "text/%C3%A9")(contents)
    assert len(load_book(write(tmp_path / "书.epub", contents), SETTINGS).chapters) == 6


@pytest.mark.parametrize("lost", [0, 3, 5])
def test_a_missing_page_costs_itself_and_is_told(tmp_path, lost):
    contents = files()
    del contents[f"OEBPS/text/c{lost}.xhtml"]
    book = load_book(write(tmp_path / "书.epub", contents), SETTINGS)
    assert [c.title for c in book.chapters] == [title for number, (title, _) in enumerate(PART) if number != lost]
    assert f"c{lost}.xhtml" in book.remarks[0]


@pytest.mark.parametrize("start_is_linked", [True, False])
def test_chapters_at_anchors_of_one_page(tmp_path, start_is_linked):
    body = "".join(f'<div id="a{n}"></div><p>{"</p><p>".join(text)}</p>' for n, (_, text) in enumerate(PART))
    contents = files(PART[:1], tag=None)
    contents["OEBPS/text/c0.xhtml"] = f"<html><body>{body}</body></html>"
    hrefs = ["text/c0.xhtml" + ("" if start_is_linked and n == 0 else f"#a{n}") for n in range(len(PART))]
    points = "".join(POINT.format(title=f"雪{n}", href=href) for n, href in enumerate(hrefs))
    contents["OEBPS/toc.ncx"] = NCX.format(points=points)
    book = load_book(write(tmp_path / "书.epub", contents), SETTINGS)
    assert [(c.title, c.text) for c in book.chapters] == [
        (f"雪{n}", "\n".join(text)) for n, (_, text) in enumerate(PART)
    ]


def test_the_books_own_title_is_known(tmp_path):
    assert load_book(write(tmp_path / "书.epub", files()), SETTINGS).title == "雪山录"


def test_bombs_are_refused_in_bounds(tmp_path):
    contents = files()
    contents["OEBPS/text/c1.xhtml"] = "<p>" + "雪" * 60_000_000
    write(tmp_path / "炸.epub", contents)
    assert (tmp_path / "炸.epub").stat().st_size < 1_000_000
    started = time.perf_counter()
    with pytest.raises(InputError, match=r"炸\.epub: unpacks to more than"):
        load_book(tmp_path / "炸.epub", SETTINGS)
    assert time.perf_counter() - started < 5


@pytest.mark.parametrize(
    ("name", "old", "piece"),
    [
        ("OEBPS/content.opf", "</manifest>", '<item id="x" href="y"/>'),
        ("OEBPS/content.opf", "</spine>", "<itemref/>"),
        ("OEBPS/toc.ncx", "</navMap>", "&x;"),
        ("META-INF/container.xml", "</rootfiles>", "<r/>"),
    ],
)
def test_side_files_that_would_fill_the_memory_are_refused(tmp_path, name, old, piece):
    contents = files()
    change(name, old, piece * 600_000 + old)(contents)
    with pytest.raises(InputError, match=r"树\.epub: .* in it has too many tags for a book"):
        load_book(write(tmp_path / "树.epub", contents), SETTINGS)


def test_a_page_of_one_letter_takes_little_memory(tmp_path):
    contents = files()
    contents["OEBPS/text/c1.xhtml"] = "<p>" + "a" * 3_000_000 + "!-" * 1_500_000
    path = write(tmp_path / "长.epub", contents)
    tracemalloc.start()
    try:
        load_book(path, SETTINGS)
        assert tracemalloc.get_traced_memory()[1] < 100_000_000
    finally:
        tracemalloc.stop()


def test_an_endless_spine_reads_each_page_once(tmp_path):
    contents = files()
    change("OEBPS/content.opf", "</spine>", '<itemref idref="p0"/>' * 100_000 + "</spine>")(contents)
    started = time.perf_counter()
    assert len(load_book(write(tmp_path / "环.epub", contents), SETTINGS).chapters) == 6
    assert time.perf_counter() - started < 5


def test_entities_that_grow_are_not_followed(tmp_path):
    contents = files()
    laughs = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 12))
    contents["OEBPS/content.opf"] = f'<!DOCTYPE x [<!ENTITY a0 "哈哈哈">{laughs}]>' + contents[
        "OEBPS/content.opf"
    ].replace("雪山录", "&a11;")
    started = time.perf_counter()
    assert len(load_book(write(tmp_path / "笑.epub", contents), SETTINGS).chapters) == 6
    assert time.perf_counter() - started < 5
