"""An EPUB file → its text, in reading order.

Container → package (OPF) → spine → XHTML; titles from the table of contents where chapters have no heading. Small flaws
(a slip in a side file, a missing page, a name spelled otherwise) cost what they concern, not the book.
"""

from __future__ import annotations

import posixpath
from pathlib import Path
from urllib.parse import unquote

from lxml import etree

from ..errors import InputError
from ..messages import tr
from .archive import Archive
from .decode import Decoded, decode
from .formats import MAX_LINES, Source
from .headings import MARK, parse_heading
from .markup import html_lines, is_contents

_FONT_OBFUSCATION = ("http://www.idpf.org/2008/embedding", "http://ns.adobe.com/pdf/enc#RC")
_PAGES = ("application/xhtml+xml", "text/html", "application/xml", "text/xml", "text/x-oeb1-document")
_PAGE_ENDS = (".xhtml", ".html", ".htm", ".xml")


def read_epub(path: Path) -> Source:
    """The text of an EPUB, headings marked.

    Raises:
        InputError: not an EPUB, damaged, or locked by DRM.
    """
    with Archive(path) as archive:
        _refuse_drm(archive)
        return _read(archive)


def _refuse_drm(archive: Archive) -> None:
    root = _xml(archive.read_for_tree("META-INF/encryption.xml"))
    if root is None:
        return
    methods = [node.get("Algorithm", "") for node in root.iterfind(".//{*}EncryptedData/{*}EncryptionMethod")]
    if any(method not in _FONT_OBFUSCATION for method in methods):
        raise InputError(
            tr("{path}: this EPUB is locked (DRM) and cannot be read. Use a copy without DRM.", path=archive.path)
        )


def _xml(data: bytes | None) -> etree._Element | None:
    """The root of an XML file, read as well as it goes; None if there is none. Nothing outside the file is loaded."""
    if not data or not data.strip():
        return None
    for encoding in (None, "utf-8"):  # a declared encoding that nobody knows, or that is not true
        parser = etree.XMLParser(recover=True, resolve_entities=False, no_network=True, encoding=encoding)
        try:
            root = etree.fromstring(data, parser)
        except (etree.XMLSyntaxError, LookupError, ValueError):
            continue
        if root is not None:
            return root
    return None


def _read(archive: Archive) -> Source:
    package = _package(archive)
    opf = _xml(archive.read_for_tree(package)) if package else None
    base = posixpath.dirname(package)
    items = {node.get("id", ""): node for node in opf.iterfind(".//{*}manifest/{*}item")} if opf is not None else {}
    spine = _spine(opf, items, base) if opf is not None else []
    remarks = []
    if not spine:
        spine = [name for name in archive.names if name.lower().endswith(_PAGE_ENDS) and "META-INF" not in name]
        remarks.append(
            tr("the EPUB does not say in what order its pages are read; they are taken as they stand in it.")
        )
    titles = _contents(archive, items, base)
    lines: list[str] = []
    missing, damaged, encoding = [], 0, "utf-8"
    for name in dict.fromkeys(spine):
        page = _page(archive, name)
        if page is None:
            missing.append(posixpath.basename(name))
        elif page.text:
            damaged, encoding = damaged + page.damaged, page.encoding
            lines += _page_lines(page.text, titles.get(archive.find(name) or name, {}))
            if len(lines) > MAX_LINES:  # the book is refused
                break
    if missing:
        remarks.append(
            tr("{count} pages are missing or damaged: {names}.", count=len(missing), names=", ".join(missing[:5]))
        )
    if not lines:
        raise InputError(tr("{path}: not a readable EPUB (it has no pages of text).", path=archive.path))
    return Source("\n".join(lines), f"epub, {encoding}", damaged, tuple(remarks), _title(opf))


def _page(archive: Archive, name: str) -> Decoded | None:
    """A page's text, which may be empty; None if the page is missing or damaged."""
    data = archive.read(name)
    if data is None:
        return None
    if not data.strip():
        return Decoded("", "utf-8", 0)
    try:
        return decode(data, archive.path / posixpath.basename(name))
    except InputError:
        return None


def _package(archive: Archive) -> str:
    """The name of the package file: as the container says, else whatever ends so."""
    container = _xml(archive.read_for_tree("META-INF/container.xml"))
    rootfile = container.find(".//{*}rootfile") if container is not None else None
    named = archive.find(rootfile.get("full-path", "")) if rootfile is not None else None
    return named or next((name for name in archive.names if name.lower().endswith(".opf")), "")


def _title(opf: etree._Element | None) -> str:
    node = opf.find(".//{http://purl.org/dc/elements/1.1/}title") if opf is not None else None
    return " ".join("".join(node.itertext()).replace("\ufffd", "").split()) if node is not None else ""


def _spine(opf: etree._Element, items: dict[str, etree._Element], base: str) -> list[str]:
    """Names of the pages in reading order, without the navigation page."""
    names = []
    for reference in opf.iterfind(".//{*}spine/{*}itemref"):
        item = items.get(reference.get("idref", ""))
        if item is None or "nav" in item.get("properties", "").split():
            continue
        name = _inside(base, item.get("href", ""))
        if item.get("media-type", "") in _PAGES or name.lower().endswith(_PAGE_ENDS):
            names.append(name)
    return names


def _inside(base: str, href: str) -> str:
    return posixpath.normpath(posixpath.join(base, unquote(href.split("#")[0])))


def _contents(archive: Archive, items: dict[str, etree._Element], base: str) -> dict[str, dict[str, str]]:
    """By page: anchor ("" for the page's beginning) → title, of EPUB 2's NCX or EPUB 3's navigation page."""
    titles: dict[str, dict[str, str]] = {}
    for item in items.values():
        name = _inside(base, item.get("href", ""))
        if item.get("media-type") == "application/x-dtbncx+xml" or name.lower().endswith(".ncx"):
            pairs = _ncx(_xml(archive.read_for_tree(name)))
        elif "nav" in item.get("properties", "").split():
            pairs = _nav(archive.read_for_tree(name))
        else:
            continue
        for href, label in pairs:
            title = " ".join(label.replace("\ufffd", "").split())
            if href and title:
                page = _inside(posixpath.dirname(name), href)
                own = titles.setdefault(archive.find(page) or page, {})
                own.setdefault(unquote(href.partition("#")[2]), title)
    return titles


def _ncx(root: etree._Element | None) -> list[tuple[str, str]]:
    pairs = []
    for point in root.iterfind(".//{*}navPoint") if root is not None else ():
        target, label = point.find("{*}content"), point.find("{*}navLabel/{*}text")
        if target is not None and label is not None:
            pairs.append((target.get("src", ""), "".join(label.itertext())))
    return pairs


def _nav(data: bytes | None) -> list[tuple[str, str]]:
    if not data or not data.strip():
        return []
    root = etree.fromstring(data, etree.HTMLParser(recover=True, encoding="utf-8", no_network=True))
    links = root.iterfind(".//a") if root is not None else ()
    return [(link.get("href", ""), "".join(link.itertext())) for link in links]


def _page_lines(page: str, titles: dict[str, str]) -> list[str]:
    """The page's lines, with its titles from the contents as headings where it has none of its own."""
    if is_contents(page):
        return []
    lines = html_lines(page)
    anchors = {anchor: title for anchor, title in titles.items() if anchor}
    own = [line.removeprefix(MARK) for line in lines if line.startswith(MARK)]
    if len(anchors) + ("" in titles) >= 2 and len(own) < len(anchors):
        return _at_anchors(page, anchors, titles.get("", ""))
    title = titles.get("") or next(iter(titles.values()), "")
    if not title or not lines or any(line.startswith(MARK) or parse_heading(line) for line in lines[:3]):
        return lines
    same = lines[0].replace(" ", "") == title.replace(" ", "")
    return [MARK + title, *(lines[1:] if same else lines)]


def _at_anchors(page: str, anchors: dict[str, str], first: str) -> list[str]:
    """The page's lines with a heading at each anchor; a line that only says the title once more goes."""
    lines = html_lines(page, anchors)
    if first and not (lines and lines[0].startswith(MARK)):
        lines = [MARK + first, *lines]
    result: list[str] = []
    for line in lines:
        before = result[-1] if result else ""
        if before.startswith(MARK) and line.removeprefix(MARK).replace(" ", "") == before[1:].replace(" ", ""):
            continue
        result.append(line)
    return result
