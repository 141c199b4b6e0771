"""What a file really is, by its first bytes; for what cannot be read here, the line that says how to convert it."""

from __future__ import annotations

import zipfile
from pathlib import Path

from ..errors import InputError
from ..messages import tr

_OFFICE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_PICTURES = (b"\x89PNG\r\n", b"\x89PNG\0", b"\xff\xd8\xff", b"GIF8", b"RIFF", b"II*\0", b"MM\0*", b"AT&TFORM")
_PROGRAMS = (b"\x7fELF", b"MZ\x90", b"SQLite format 3", b"\xca\xfe\xba\xbe")


def kind_of(path: Path) -> str:
    """The suffix that a file should have: its own, unless its first bytes say otherwise.

    Raises:
        InputError: it is of a kind that must be converted first; the line names a converter.
    """
    with path.open("rb") as source:
        head = source.read(100)
    suffix = path.suffix.lower()
    if head.startswith(b"%PDF-"):
        return ".pdf"
    if head.startswith(b"PK\x03\x04"):
        return _zip_kind(path, suffix)
    if head[60:68] in (b"BOOKMOBI", b"TEXtREAd") or suffix in (".mobi", ".azw", ".azw3", ".prc"):
        raise InputError(
            tr(
                "{path}: a Kindle book. Convert it with calibre: `ebook-convert {name} {stem}.epub`, and give that.",
                path=path,
                name=path.name,
                stem=path.stem,
            )
        )
    if head.startswith((b"Rar!", b"7z\xbc\xaf")) or suffix in (".rar", ".7z"):
        raise InputError(
            tr(
                "{path}: a packed file. Unpack it with 7-Zip: `7z x {name}`, and give what was in it.",
                path=path,
                name=path.name,
            )
        )
    if head.startswith(b"\x1f\x8b") or suffix == ".gz":
        raise InputError(
            tr("{path}: a packed file. Unpack it: `gunzip {name}`, and give what was in it.", path=path, name=path.name)
        )
    if head.startswith((_OFFICE, b"{\\rtf")) or suffix in (".doc", ".rtf", ".wps", ".odt"):
        raise InputError(
            tr(
                "{path}: a word processor's file. Convert it with LibreOffice: `soffice --convert-to docx {name}`, and "
                "give the .docx.",
                path=path,
                name=path.name,
            )
        )
    if head.startswith((*_PICTURES, *_PROGRAMS)):
        raise InputError(tr("{path}: a binary file, not a text. Give a book's text.", path=path))
    return suffix


def _zip_kind(path: Path, suffix: str) -> str:
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()[:20_000]
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return suffix if suffix in (".epub", ".docx", ".zip") else ".zip"
    if any(name.lower().endswith(".opf") or name == "META-INF/container.xml" for name in names):
        return ".epub"
    return ".docx" if "word/document.xml" in names else ".epub" if suffix == ".epub" else ".zip"
