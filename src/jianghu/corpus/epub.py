"""An EPUB file → its text, in reading order.

Container → package (OPF) → spine → XHTML; titles from the table of contents where chapters have no heading.
"""

from __future__ import annotations

import posixpath
import re
import zipfile
import zlib
from pathlib import Path
from urllib.parse import unquote
from xml.etree import ElementTree

from ..errors import InputError
from .decode import decode
from .formats import Source, html_lines
from .headings import MARK, parse_heading

_FONT_OBFUSCATION = ("http://www.idpf.org/2008/embedding", "http://ns.adobe.com/pdf/enc#RC")
_PAGES = {"application/xhtml+xml", "text/html", "application/xml", "text/xml"}


def read_epub(path: Path) -> Source:
    """The text of an EPUB, headings marked.

    Raises:
        InputError: not an EPUB, damaged, or locked by DRM.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            _refuse_drm(archive, path)
            return _read(archive, path)
    except (FileNotFoundError, PermissionError):
        raise
    except (
        zipfile.BadZipFile,
        zlib.error,
        KeyError,
        ElementTree.ParseError,
        EOFError,
        ValueError,
        OSError,
        RuntimeError,
    ) as error:
        raise InputError(f"{path}: not a readable EPUB ({error}). Get a whole copy, or convert it to .txt.") from None


def _refuse_drm(archive: zipfile.ZipFile, path: Path) -> None:
    if "META-INF/encryption.xml" not in archive.namelist():
        return
    root = ElementTree.fromstring(archive.read("META-INF/encryption.xml"))
    methods = [node.get("Algorithm", "") for node in root.iterfind(".//{*}EncryptedData/{*}EncryptionMethod")]
    if any(method not in _FONT_OBFUSCATION for method in methods):
        raise InputError(f"{path}: this EPUB is locked (DRM) and cannot be read. Use a copy without DRM.")


def _read(archive: zipfile.ZipFile, path: Path) -> Source:
    container = ElementTree.fromstring(archive.read("META-INF/container.xml"))
    rootfile = container.find(".//{*}rootfile")
    if rootfile is None:
        raise ValueError("no package in META-INF/container.xml")
    package = rootfile.get("full-path", "")
    opf = ElementTree.fromstring(archive.read(package))
    base = posixpath.dirname(package)
    items = {node.get("id", ""): node for node in opf.iterfind("{*}manifest/{*}item")}
    titles = _contents(archive, items, base)
    lines: list[str] = []
    damaged = 0
    encoding = "utf-8"
    for reference in opf.iterfind("{*}spine/{*}itemref"):
        item = items.get(reference.get("idref", ""))
        if item is None or item.get("media-type") not in _PAGES or "nav" in (item.get("properties") or "").split():
            continue
        name = _inside(base, item.get("href", ""))
        data = archive.read(name)
        if data.strip():
            page = decode(data, path / name)
            damaged, encoding = damaged + page.damaged, page.encoding
            lines += _titled(html_lines(page.text), titles.get(name))
    return Source("\n".join(lines), f"epub, {encoding}", damaged)


def _inside(base: str, href: str) -> str:
    return posixpath.normpath(posixpath.join(base, unquote(href.split("#")[0])))


def _contents(archive: zipfile.ZipFile, items: dict[str, ElementTree.Element], base: str) -> dict[str, str]:
    """Title of each page by the table of contents: EPUB 2's NCX, or EPUB 3's navigation page."""
    titles: dict[str, str] = {}
    for item in items.values():
        name = _inside(base, item.get("href", ""))
        folder = posixpath.dirname(name)
        pairs: list[tuple[str | None, str]] = []
        if item.get("media-type") == "application/x-dtbncx+xml" and name in archive.namelist():
            for point in ElementTree.fromstring(archive.read(name)).iterfind(".//{*}navPoint"):
                target, label = point.find("{*}content"), point.find("{*}navLabel/{*}text")
                if target is not None and label is not None:
                    pairs.append((target.get("src"), "".join(label.itertext())))
        elif "nav" in (item.get("properties") or "").split() and name in archive.namelist():
            page = archive.read(name).decode("utf-8", errors="replace")
            pairs += [
                (m[1], re.sub(r"<[^>]*>", "", m[2]))
                for m in re.finditer(r'<a [^>]*href="([^"]+)"[^>]*>(.*?)</a>', page, re.S)
            ]
        for href, label_text in pairs:
            title = " ".join(label_text.split())
            if href and title and "#" not in href:
                titles.setdefault(_inside(folder, href), title)
    return titles


def _titled(lines: list[str], title: str | None) -> list[str]:
    """The page's lines, with its title from the contents as a heading if it has no heading of its own."""
    if not title or not lines or any(line.startswith(MARK) or parse_heading(line) for line in lines[:3]):
        return lines
    return [MARK + title, *(lines[1:] if lines[0].replace(" ", "") == title.replace(" ", "") else lines)]
