"""Word documents, PDF and zips are read with an extra; what must be converted first is told in one line."""

import sys
import zipfile
import zlib

import pytest

from jianghu.corpus import load_book
from jianghu.errors import InputError
from jianghu.recipe import BooksSettings

from ..conftest import novel_text
from .test_load import loaded, parts

SETTINGS = BooksSettings()
PARTS = [(title, "\n".join(lines)) for title, lines in parts(novel_text(4))]


def test_word_document(tmp_path):
    docx = pytest.importorskip("docx")
    document = docx.Document()
    document.core_properties.title = "雪山录"
    for title, lines in parts(novel_text(4)):
        document.add_heading(title, 2)
        for line in lines:
            document.add_paragraph(line)
    document.save(str(tmp_path / "书.docx"))
    assert loaded(tmp_path / "书.docx") == PARTS
    assert load_book(tmp_path / "书.docx", SETTINGS).title == "雪山录"


def test_a_word_document_that_would_fill_the_memory_is_refused(tmp_path):
    docx = pytest.importorskip("docx")
    docx.Document().save(str(tmp_path / "空.docx"))
    with zipfile.ZipFile(tmp_path / "空.docx") as old, zipfile.ZipFile(tmp_path / "书.docx", "w", 8) as new:
        for name in old.namelist():
            part = old.read(name)
            new.writestr(name, part + b"<a/>" * 1_600_000 if name == "word/document.xml" else part)
    with pytest.raises(InputError, match=r"书\.docx: word/document\.xml in it has too many tags"):
        load_book(tmp_path / "书.docx", SETTINGS)


def pdf(pages):
    """A PDF with one line of text after another, in the standard font."""
    objects = [b"<< /Type /Catalog /Pages 2 0 R >>", b"", b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"]
    kids = []
    for lines in pages:
        text = "BT /F1 10 Tf 40 800 Td 14 TL " + " ".join(f"({line}) Tj T*" for line in lines) + " ET"
        objects.append(b"<< /Length %d >>\nstream\n%s\nendstream" % (len(text), text.encode()))
        objects.append(
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 840] /Contents %d 0 R "
            b"/Resources << /Font << /F1 3 0 R >> >> >>" % len(objects)
        )
        kids.append(b"%d 0 R" % len(objects))
    objects[1] = b"<< /Type /Pages /Kids [%s] /Count %d >>" % (b" ".join(kids), len(kids))
    data, places = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, 1):
        places.append(len(data))
        data += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    start = len(data)
    data += b"xref\n0 %d\n0000000000 65535 f \n%s" % (len(objects) + 1, table)
    return data + b"trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF" % (len(objects) + 1, start)


@pytest.mark.parametrize("name", ["书.pdf", "书.txt"])
def test_text_of_a_pdf_without_its_page_numbers(tmp_path, name):
    pytest.importorskip("pypdfium2")
    pages = [
        [f"CHAPTER {n}", *(f"The snow fell on hill {n} and on valley {k}, and nobody came." for k in range(9)), str(n)]
        for n in range(1, 6)
    ]
    (tmp_path / name).write_bytes(pdf(pages))
    book = load_book(tmp_path / name, SETTINGS)
    assert [chapter.title for chapter in book.chapters] == [f"CHAPTER {n}" for n in range(1, 6)]
    for chapter, page in zip(book.chapters, pages, strict=True):
        assert chapter.text.split() == " ".join(page[1:-1]).split()


def test_a_pdf_that_would_fill_the_memory_ends_a_process_of_its_own(tmp_path):
    pytest.importorskip("pypdfium2")
    packed = zlib.compress(b"BT /F1 9 Tf 9 TL 10 800 Td\n" + b"(sixteen letters!) '\n" * 400_000 + b"ET")
    plain = pdf([["xx"]])
    start, end = plain.index(b"<< /Length"), plain.index(b"endobj", plain.index(b"<< /Length"))
    stream = b"<< /Length %d /Filter /FlateDecode >>\nstream\n%s\nendstream\n" % (len(packed), packed)
    (tmp_path / "书.pdf").write_bytes(plain[:start] + stream + plain[end:])
    with pytest.raises(InputError, match=r"书\.pdf: not a readable PDF \(it is damaged, or takes too much memory\)"):
        load_book(tmp_path / "书.pdf", SETTINGS)


def test_a_scanned_pdf_names_a_recogniser(tmp_path):
    pytest.importorskip("pypdfium2")
    (tmp_path / "扫.pdf").write_bytes(pdf([[], [], []]))
    with pytest.raises(InputError, match=r"扫\.pdf: a scanned PDF.*ocrmypdf"):
        load_book(tmp_path / "扫.pdf", SETTINGS)


@pytest.mark.parametrize(("module", "name", "data"), [("docx", "书.docx", None), ("pypdfium2", "书.pdf", pdf([["x"]]))])
def test_without_the_extra_the_line_names_it(tmp_path, monkeypatch, module, name, data):
    if data is None:
        with zipfile.ZipFile(tmp_path / name, "w") as archive:
            archive.writestr("word/document.xml", "<x/>")
    else:
        (tmp_path / name).write_bytes(data)
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(InputError, match=r"jianghu\[formats\]"):
        load_book(tmp_path / name, SETTINGS)


def test_a_zip_of_chapters_is_one_book(tmp_path):
    with zipfile.ZipFile(tmp_path / "书.zip", "w") as archive:
        for number, (title, text) in reversed(list(enumerate(PARTS, 1))):
            archive.writestr(f"雪山录/{number}.txt", f"{title}\n{text}".encode("gb18030"))
        archive.writestr("雪山录/说明.url", "x")
    assert loaded(tmp_path / "书.zip") == PARTS


def test_a_zip_of_one_book_and_of_several(tmp_path):
    with zipfile.ZipFile(tmp_path / "一.zip", "w") as archive:
        archive.writestr("雪山录.txt", novel_text(4))
    assert loaded(tmp_path / "一.zip") == PARTS
    with zipfile.ZipFile(tmp_path / "多.zip", "w") as archive:
        for number in range(3):
            archive.writestr(f"{number}.txt", novel_text(20, seed=number) * 2)
    with pytest.raises(InputError, match="3 books in one zip"):
        load_book(tmp_path / "多.zip", SETTINGS)
    with zipfile.ZipFile(tmp_path / "空.zip", "w") as archive:
        archive.writestr("a.png", b"x")
    with pytest.raises(InputError, match=r"no \.txt in this zip"):
        load_book(tmp_path / "空.zip", SETTINGS)


@pytest.mark.parametrize(
    ("name", "data", "converter"),
    [
        ("书.mobi", b"\0" * 60 + b"BOOKMOBI" + b"\0" * 500, "ebook-convert"),
        ("书.txt", b"x" * 60 + b"BOOKMOBI" + b"\0" * 500, "ebook-convert"),
        ("书.azw3", b"anything", "ebook-convert"),
        ("书.rar", b"Rar!\x1a\x07", "7z x"),
        ("书.7z", b"7z\xbc\xaf\x27\x1c", "7z x"),
        ("书.txt.gz", b"\x1f\x8b\x08", "gunzip"),
        ("书.doc", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "soffice"),
        ("书.rtf", b"{\\rtf1", "soffice"),
        ("书.txt", b"{\\rtf1 abc}", "soffice"),
        ("书.txt", b"\xff\xd8\xff\xe0" + b"x" * 900, "binary"),
    ],
)
def test_other_kinds_name_their_converter_in_one_line(tmp_path, name, data, converter):
    (tmp_path / name).write_bytes(data)
    with pytest.raises(InputError, match=converter) as caught:
        load_book(tmp_path / name, SETTINGS)
    assert name in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_epub_or_zip_under_another_name_is_seen(tmp_path):
    with zipfile.ZipFile(tmp_path / "书.txt", "w") as archive:
        archive.writestr("雪.txt", novel_text(4))
    assert loaded(tmp_path / "书.txt") == PARTS
