"""Files of every format become the same chapters; unusable ones are refused in one sentence."""

import re
import zipfile

import pytest

from jianghu.corpus import check_report, load_book, load_shelf, read_chapters, write_chapters
from jianghu.errors import InputError
from jianghu.recipe import BooksSettings

from ..conftest import novel_text

SETTINGS = BooksSettings()


def parts(text):
    """(heading, paragraphs) of each chapter of a made-up novel."""
    for part in re.split(r"(?m)(?=^第)", text)[1:]:
        heading, *lines = [line.strip() for line in part.split("\n") if line.strip()]
        yield heading, lines


def page(heading, lines, tag="h2"):
    body = "".join(f"<p>{line}</p>\n" for line in lines)
    title = f"<{tag}>{heading}</{tag}>" if tag else ""
    return f"<html><head><title>x</title><style>p {{}}</style></head><body><nav>菜单</nav>{title}\n{body}</body></html>"


def write_epub(path, pages, titles=None, encryption=None):
    manifest = "".join(
        f'<item id="p{n}" href="text/{n}.xhtml" media-type="application/xhtml+xml"/>' for n in range(len(pages))
    )
    spine = "".join(f'<itemref idref="p{n}"/>' for n in range(len(pages)))
    points = "".join(
        f'<navPoint><navLabel><text>{title}</text></navLabel><content src="text/{n}.xhtml"/></navPoint>'
        for n, title in enumerate(titles or [])
    )
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(
            "META-INF/container.xml",
            '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
            '<rootfile full-path="OEBPS/content.opf"/></rootfiles></container>',
        )
        archive.writestr(
            "OEBPS/content.opf",
            f'<package xmlns="http://www.idpf.org/2007/opf"><manifest>{manifest}'
            '<item id="ncx" href="toc.ncx" media-type="application/x-dtbncx+xml"/></manifest>'
            f"<spine>{spine}</spine></package>",
        )
        archive.writestr(
            "OEBPS/toc.ncx", f'<ncx xmlns="http://www.daisy.org/z3986/2005/ncx/"><navMap>{points}</navMap></ncx>'
        )
        for number, text in reversed(list(enumerate(pages))):  # the spine orders them, not the archive
            archive.writestr(f"OEBPS/text/{number}.xhtml", text)
        if encryption:
            archive.writestr("META-INF/encryption.xml", encryption)


@pytest.fixture
def expected(tmp_path):
    path = tmp_path / "plain" / "书.txt"
    path.parent.mkdir()
    path.write_text(novel_text(4), encoding="utf-8")
    return [(chapter.title, chapter.text) for chapter in load_book(path, SETTINGS).chapters]


def loaded(path):
    return [(chapter.title, chapter.text) for chapter in load_book(path, SETTINGS).chapters]


def test_markdown(tmp_path, expected):
    text = "---\ntitle: x\n---\n# 书\n\n"
    for heading, lines in parts(novel_text(4)):
        text += (
            f"## {heading}\n\n" + "\n\n".join(line.replace("沈青峰", "**沈青峰**", 1) for line in lines) + "\n\n***\n\n"
        )
    path = tmp_path / "书.md"
    path.write_text(text, encoding="utf-8")
    assert loaded(path) == expected


def test_markdown_headings_without_numbers_are_chapters(tmp_path):
    bodies = [lines for _, lines in parts(novel_text(3))]
    path = tmp_path / "书.md"
    path.write_text(
        "".join(f"# 雪{n}\n\n" + "\n\n".join(lines) + "\n\n" for n, lines in enumerate(bodies)), encoding="utf-8"
    )
    assert [title for title, _ in loaded(path)] == ["雪0", "雪1", "雪2"]


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_html(tmp_path, expected, encoding):
    path = tmp_path / "书.html"
    path.write_bytes("".join(page(*part) for part in parts(novel_text(4))).encode(encoding))
    assert loaded(path) == expected


def test_epub_in_spine_order(tmp_path, expected):
    path = tmp_path / "书.epub"
    write_epub(path, [page(*part) for part in parts(novel_text(4))])
    assert loaded(path) == expected
    assert load_book(path, SETTINGS).encoding == "epub, utf-8"


def test_epub_titles_from_its_table_of_contents(tmp_path):
    whole = list(parts(novel_text(3)))
    path = tmp_path / "书.epub"
    write_epub(path, [page(heading, lines, tag=None) for heading, lines in whole], ["雪", "月", "风"])
    assert [title for title, _ in loaded(path)] == ["雪", "月", "风"]


def test_locked_and_broken_epubs_are_refused(tmp_path):
    path = tmp_path / "书.epub"
    pages = [page(*part) for part in parts(novel_text(2))]
    locked = (
        '<encryption xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><EncryptedData xmlns="http://www.w3.org/2001/04/xmlenc#">'
        '<EncryptionMethod Algorithm="http://www.w3.org/2001/04/xmlenc#aes128-cbc"/></EncryptedData></encryption>'
    )
    write_epub(path, pages, encryption=locked)
    with pytest.raises(InputError, match=r"书\.epub.*DRM"):
        load_book(path, SETTINGS)
    write_epub(path, pages)
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(InputError, match=r"书\.epub: not a readable EPUB"):
        load_book(path, SETTINGS)
    path.write_text("第一章\n不是压缩文件", encoding="utf-8")
    with pytest.raises(InputError, match="not a readable EPUB"):
        load_book(path, SETTINGS)


def test_a_table_of_contents_makes_no_chapters(tmp_path, expected):
    contents = "目录\n" + "\n".join(f"{heading} …… {n}" for n, (heading, _) in enumerate(expected, 1))
    path = tmp_path / "书.txt"
    path.write_text(contents + "\n\n" + novel_text(4), encoding="utf-8")
    assert loaded(path) == expected
    preface = "本书写一座山上的旧事，凡三十年。读者不必当真。" * 6
    path.write_text(contents + "\n\n" + preface + "\n\n" + novel_text(4), encoding="utf-8")
    assert loaded(path) == [("", preface), *expected]


def test_front_matter_stays_only_if_it_is_prose(tmp_path, expected):
    path = tmp_path / "书.txt"
    path.write_text("雪山录\n精校版\n\n" + novel_text(4), encoding="utf-8")
    assert loaded(path) == expected
    preface = "我少年时听过这个故事，如今记下来。" * 10
    path.write_text("自序\n" + preface + "\n" + novel_text(4), encoding="utf-8")
    assert loaded(path) == [("自序", preface), *expected]


def test_without_headings_a_book_is_cut_evenly_at_paragraph_ends(tmp_path):
    lines = [line for _, part in parts(novel_text(6)) for line in part]
    path = tmp_path / "书.txt"
    path.write_text("\n".join(lines), encoding="utf-8")
    book = load_book(path, BooksSettings(chapter_chars=1000))
    assert book.pieces
    assert "\n".join(chapter.text for chapter in book.chapters) == "\n".join(lines)
    assert all(600 < len(chapter.text) < 1400 for chapter in book.chapters)
    assert check_report([book])[0]["pieces"] == len(book.chapters)


def test_simplify(tmp_path):
    path = tmp_path / "书.txt"
    path.write_text(
        "第一章 聽雪\n" + "門外有人說話，卻沒有燈。\n第二章 後來\n" * 1 + "他們從這裡來，過了很久。\n" * 30,
        encoding="utf-8",
    )
    book = load_book(path, BooksSettings(simplify=True))
    assert book.chapters[0].full == "第一章 听雪\n门外有人说话，却没有灯。\n"


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("空.txt", b"", "empty"),
        ("短.txt", "雪落。".encode(), "only 3 characters"),
        ("图.txt", b"\x89PNG\0\0\0" * 99, "binary"),
        ("书.pdf", b"%PDF-1.4 cut", "not a readable PDF"),
        ("书.xyz", b"abc", r"cannot read \.xyz"),
    ],
)
def test_unusable_files_are_refused_by_name(tmp_path, name, data, message):
    path = tmp_path / name
    path.write_bytes(data)
    with pytest.raises(InputError, match=message) as caught:
        load_book(path, SETTINGS)
    assert name in str(caught.value)


def test_missing_files_and_folders_are_refused(tmp_path):
    for name in ("无.txt", "无.epub"):
        with pytest.raises(InputError, match="no such file"):
            load_book(tmp_path / name, SETTINGS)
    with pytest.raises(InputError, match="no such folder"):
        load_shelf(tmp_path / "无", SETTINGS)
    with pytest.raises(InputError, match="no books"):
        load_shelf(tmp_path, SETTINGS)


def test_a_shelf_is_in_natural_order_and_names_are_unique(tmp_path):
    for number in (10, 2, 1):
        (tmp_path / f"第{number}部.txt").write_text(novel_text(2, seed=number), encoding="utf-8")
    (tmp_path / "第2部.lexicon.json").write_text("{}", encoding="utf-8")
    assert [book.name for book in load_shelf(tmp_path, SETTINGS)] == ["第1部", "第2部", "第10部"]
    (tmp_path / "第2部.md").write_text(novel_text(2), encoding="utf-8")
    with pytest.raises(InputError, match=r"both the book 第2部"):
        load_shelf(tmp_path, SETTINGS)


def test_chapters_survive_the_disk(tmp_path):
    path = tmp_path / "书.txt"
    path.write_text(novel_text(3), encoding="utf-8")
    chapters = load_book(path, SETTINGS).chapters
    write_chapters(tmp_path / "chapters.jsonl", chapters)
    assert read_chapters(tmp_path / "chapters.jsonl") == chapters
    (tmp_path / "chapters.jsonl").write_text('{"book": "x"}\n')
    with pytest.raises(InputError, match=r"chapters\.jsonl, chapter 1"):
        read_chapters(tmp_path / "chapters.jsonl")


def test_the_report_says_what_was_found(tmp_path):
    text = novel_text(5).replace("第三回", "第四回", 1)
    path = tmp_path / "书.txt"
    path.write_bytes(text.encode("gb18030"))
    row = check_report([load_book(path, SETTINGS)])[0]
    assert (row["name"], row["format"], row["encoding"], row["damaged"]) == ("书", "txt", "gb18030", 0)
    assert (row["chapters"], row["characters_before"]) == (5, len(text))
    assert row["first_title"].startswith("第一回")
    assert row["last_title"].startswith("第五回")
    assert row["numbering"] == ["第3回 missing", "第4回 doubled"]
