"""Word documents, PDF and zip files of texts → their text. The libraries for the first two come with an extra."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path, PurePosixPath

from ..errors import InputError
from ..messages import tr
from .archive import Archive
from .decode import decode
from .formats import Source
from .headings import MARK, parse_heading
from .numbers import natural

_LEAST_PER_PAGE = 20
"""Characters a page below which a PDF is a scan."""
_PDF_SECONDS = 300
"""Time in which a PDF is read; a novel takes ten."""
_MOST_NODES = 1_000_000
"""Tags and attributes of a Word document; a novel of a million characters has some 500,000."""
_NOVEL = 60_000
"""Bytes from which on a text in a zip is a book of its own, not a chapter."""


def _missing(path: Path, kind: str) -> InputError:
    return InputError(
        tr('{path}: {kind} needs an extra: pip install "jianghu[formats]", or give a .txt.', path=path, kind=kind)
    )


def read_docx(path: Path) -> Source:
    """A Word document: its paragraphs and those in its tables; styles named Heading and Title become headings.

    Raises:
        InputError: the extra is not installed, or the file cannot be read.
    """
    try:
        import docx
    except ImportError:
        raise _missing(path, ".docx") from None
    with Archive(path) as archive:
        for name in archive.names:
            if name.lower().endswith((".xml", ".rels")):
                archive.read_for_tree(name, _MOST_NODES)
    try:
        document = docx.Document(str(path))
        headings = {style.style_id for style in document.styles if (style.name or "").startswith(("Heading", "标题"))}
        lines = []
        for paragraph in document.iter_inner_content():
            if isinstance(paragraph, docx.table.Table):
                lines += [cell.text for row in paragraph.rows for cell in row.cells]
                continue
            heading = paragraph._p.style in headings  # `paragraph.style` takes 4 ms where none is named
            text = paragraph.text.replace(MARK, "")
            lines += [MARK + " ".join(text.split())] if heading and text.strip() else text.split("\n")
        title = document.core_properties.title or ""
    except Exception as error:  # the library raises whatever a damaged file makes it stumble over
        raise InputError(tr("{path}: not a readable Word document ({error}).", path=path, error=error)) from None
    return Source("\n".join(lines), "docx", 0, (), title)


def read_pdf(path: Path) -> Source:
    """The text of a PDF, page numbers at the top and bottom of its pages left out.

    Raises:
        InputError: the extra is not installed, the file is locked or damaged, or is a scan without text.
    """
    try:
        import pypdfium2  # noqa: F401  # the process below needs it
    except ImportError:
        raise _missing(path, ".pdf") from None
    pages = _pdf_pages(path)
    if sum(len(page.strip()) for page in pages) < _LEAST_PER_PAGE * len(pages):
        raise InputError(
            tr(
                "{path}: a scanned PDF without text. Recognise its text with OCRmyPDF: `ocrmypdf -l chi_sim {name} "
                "out.pdf`, and give out.pdf.",
                path=path,
                name=path.name,
            )
        )
    lines = [line for page in pages for line in _without_page_number(page.replace(MARK, "").splitlines())]
    return Source("\n".join(lines), "pdf", 0)


def _pdf_pages(path: Path) -> list[str]:
    command = [sys.executable, "-P", str(Path(__file__).with_name("pdf_text.py")), str(path)]
    try:
        run = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=_PDF_SECONDS)
        found = json.loads(run.stdout)
    except subprocess.TimeoutExpired:
        found = {"error": tr("it is not read after {seconds} seconds", seconds=_PDF_SECONDS)}
    except ValueError:  # it was ended, by its bound of memory or by a fault of the library
        found = {"error": tr("it is damaged, or takes too much memory")}
    if "error" in found:
        raise InputError(tr("{path}: not a readable PDF ({error}).", path=path, error=found["error"]))
    pages: list[str] = found["pages"]
    return pages


def _without_page_number(lines: list[str]) -> list[str]:
    kept = [line for line in lines if line.strip()]
    number = re.compile(r"[\s—–-]*\d{1,4}[\s—–-]*")
    if kept and number.fullmatch(kept[-1]):
        kept.pop()
    if kept and number.fullmatch(kept[0]):
        kept.pop(0)
    return kept


def read_zip(path: Path) -> Source:
    """The texts of a zip as one book, in natural order of their names; a text without a heading gets its name as one.

    Raises:
        InputError: it holds no text, or several whole novels.
    """
    with Archive(path) as archive:
        names = sorted((name for name in archive.names if name.lower().endswith((".txt", ".md"))), key=natural)
        names = [name for name in names if not PurePosixPath(name).name.startswith(".") and "__MACOSX" not in name]
        texts = [(name, data) for name in names if (data := archive.read(name)) and data.strip()]
    if not texts:
        raise InputError(tr("{path}: no .txt in this zip. Unpack it, and give the book that is in it.", path=path))
    if sum(len(data) > _NOVEL for _, data in texts) > 1:
        raise InputError(
            tr(
                "{path}: {count} books in one zip. Unpack it, and add each: `{jianghu} books add *.txt`.",
                path=path,
                count=len(texts),
            )
        )
    lines: list[str] = []
    remarks: list[str] = []
    damaged, encoding = 0, "zip"
    for name, data in texts:
        text = decode(data, path / name)
        damaged, encoding = damaged + text.damaged, f"zip, {text.encoding}"
        remarks += text.remarks
        first = next((bare for line in text.text[:2000].split("\n") if (bare := line.strip())), "")
        if len(texts) > 1 and parse_heading(first) is None:
            lines.append(MARK + PurePosixPath(_spelled(name)).stem)
        lines.append(text.text.replace(MARK, ""))
    return Source("\n".join(lines), encoding, damaged, tuple(dict.fromkeys(remarks)))


def _spelled(name: str) -> str:
    """A name as it was meant: zips of Chinese systems hold GBK, which is read as code page 437."""
    try:
        return name.encode("cp437").decode("gb18030")
    except UnicodeError:
        return name
