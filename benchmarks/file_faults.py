"""What `books check` does with files built to harm: how it ends, how long it takes, what memory it needs.

    python -m benchmarks.file_faults [--only NAME]

Each file is read by a process of its own; the table for docs/reliability.md is printed.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from tests.conftest import novel_text

CONTAINER = '<container><rootfiles><rootfile full-path="a.opf"/></rootfiles></container>'
LIMIT = 19_000_000
"""Bytes just within what any archive may unpack to, however small it is."""


MEASURE = (
    "import os, subprocess, sys; run = subprocess.Popen(sys.argv[1:]); _, status, usage = os.wait4(run.pid, 0); "
    "open('memory', 'w').write(str(usage.ru_maxrss)); sys.exit(os.waitstatus_to_exitcode(status))"
)
"""A small process that starts another: the system counts what the starting one held to the memory of the started."""


def prose(size: int) -> Iterator[bytes]:
    """So many bytes of a novel, chapter after chapter, no two alike."""
    made = seed = 0
    while made < size:
        seed += 1
        piece = novel_text(12, 90, seed).encode()
        made += len(piece)
        yield piece


def _repeated(piece: str, size: int) -> Iterator[bytes]:
    block = (piece * (1 + 1_000_000 // len(piece.encode()))).encode()
    for _ in range(max(1, size // len(block))):
        yield block


def _packed(path: Path, files: dict[str, Iterable[bytes]]) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, pieces in files.items():
            with archive.open(name, "w", force_zip64=True) as entry:
                for piece in pieces:
                    entry.write(piece)


def _opf(spine: Iterable[bytes] = (b'<itemref idref="p"/>',), manifest: Iterable[bytes] = ()) -> Iterator[bytes]:
    yield b'<package><manifest><item id="p" href="p.html" media-type="text/html"/>'
    yield from manifest
    yield b"</manifest><spine>"
    yield from spine
    yield b"</spine></package>"


def _epub(page: Iterable[bytes], **files: Iterable[bytes]) -> Callable[[Path], None]:
    """An EPUB of one page; `opf`, `ncx` and `encryption` stand for side files."""
    names = {"opf": "a.opf", "ncx": "a.ncx", "encryption": "META-INF/encryption.xml"}

    def make(path: Path) -> None:
        own = {"META-INF/container.xml": [CONTAINER.encode()], "a.opf": _opf()}
        own |= {names[name]: pieces for name, pieces in files.items()}
        _packed(path, own | {"p.html": page})

    return make


def _written(pieces: Iterable[bytes]) -> Callable[[Path], None]:
    def make(path: Path) -> None:
        with path.open("wb") as file:
            for piece in pieces:
                file.write(piece)

    return make


def _docx(size: int) -> Callable[[Path], None]:
    """A Word document whose text unpacks to so many bytes."""

    def make(path: Path) -> None:
        import docx

        small = path.with_name("small.docx")
        docx.Document().save(str(small))
        with zipfile.ZipFile(small) as archive:
            files: dict[str, Iterable[bytes]] = {name: [archive.read(name)] for name in archive.namelist()}
        small.unlink()
        head = b'<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>'
        body = _repeated("<w:p><w:r><w:t>x</w:t></w:r></w:p>", size)
        files["word/document.xml"] = [head, *body, b"</w:body></w:document>"]
        _packed(path, files)

    return make


def _pdf(size: int) -> Callable[[Path], None]:
    """A PDF of one page whose text unpacks to so many bytes."""

    def make(path: Path) -> None:
        packer = zlib.compressobj(9)
        head = b"BT /F1 9 Tf 9 TL 10 800 Td\n"
        packed = packer.compress(head) + b"".join(packer.compress(p) for p in _repeated("(sixteen letters!) '\n", size))
        packed += packer.compress(b"ET") + packer.flush()
        objects = [
            b"<< /Type /Catalog /Pages 2 0 R >>",
            b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 820] /Contents 4 0 R"
            b" /Resources << /Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >> >>",
            b"<< /Length %d /Filter /FlateDecode >>\nstream\n%s\nendstream" % (len(packed), packed),
        ]
        data, places = b"%PDF-1.4\n", []
        for number, body in enumerate(objects, 1):
            places.append(len(data))
            data += b"%d 0 obj\n%s\nendobj\n" % (number, body)
        table = b"".join(b"%010d 00000 n \n" % place for place in places)
        tail = b"xref\n0 5\n0000000000 65535 f \n%strailer\n<< /Size 5 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF"
        path.write_bytes(data + tail % (table, len(data)))

    return make


def _many_entries(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(300_000):
            archive.writestr(f"{number}.txt", b"")


FILES: dict[str, tuple[str, Callable[[Path], None]]] = {
    "a novel of 1 MB": (".txt", _written(prose(1_000_000))),
    "a novel of 20 MB": (".txt", _written(prose(20_000_000))),
    "EPUB, a page of 4.2 GB": (".epub", _epub(_repeated("a", 4_200_000_000))),
    "EPUB, 19 MB of one letter": (".epub", _epub(_repeated("a", LIMIT))),
    "EPUB, 95 MB of prose": (".epub", _epub(prose(95_000_000))),
    "EPUB, 19 MB of paragraphs of one letter": (".epub", _epub(_repeated("<p>a</p>", LIMIT))),
    "EPUB, 19 MB of open tags": (".epub", _epub(_repeated("<b>", LIMIT))),
    "EPUB, 19 MB of links": (".epub", _epub(_repeated('<a href="x">', LIMIT))),
    "EPUB, a manifest of 19 MB": (
        ".epub",
        _epub(prose(1000), opf=_opf(manifest=_repeated('<item id="x" href="y"/>', LIMIT))),
    ),
    "EPUB, a spine of 19 MB": (".epub", _epub(prose(1000), opf=_opf(_repeated('<itemref idref="p"/>', LIMIT)))),
    "EPUB, contents of 19 MB": (
        ".epub",
        _epub(
            prose(1000),
            opf=_opf(manifest=[b'<item id="n" href="a.ncx" media-type="application/x-dtbncx+xml"/>']),
            ncx=_repeated('<navPoint><navLabel><text>x</text></navLabel><content src="p.html#1"/></navPoint>', LIMIT),
        ),
    ),
    "EPUB, a list of locks of 19 MB": (
        ".epub",
        _epub(prose(1000), encryption=_repeated("<EncryptedData/>", LIMIT)),
    ),
    "zip, 300,000 entries": (".zip", _many_entries),
    "zip, 95 MB of prose": (".zip", lambda path: _packed(path, {"a.txt": prose(95_000_000)})),
    "Word, 900,000 tags": (".docx", _docx(5_000_000)),
    "Word, 1 GB": (".docx", _docx(1_000_000_000)),
    "PDF, a page of 19 MB": (".pdf", _pdf(LIMIT)),
    "HTML, 60 MB of open tags": (".html", _written(_repeated("<b>", 60_000_000))),
    "HTML, 60 MB of paragraphs of one letter": (".html", _written(_repeated("<p>a", 60_000_000))),
    "text, 60 MB of short lines": (".txt", _written(_repeated("他说好。\n", 60_000_000))),
    "text, 60 MB in one line": (".txt", _written(_repeated("他说好。", 60_000_000))),
    "text, 60 MB of headings": (".txt", _written(f"第{n}章\n".encode() for n in range(5_000_000))),
    "text, 60 MB of noise": (".txt", _written(os.urandom(1_000_000) for _ in range(60))),
    "Markdown, 20 MB of marks": (".md", _written(_repeated("**[*`__>", 20_000_000))),
}


def one(name: str) -> str:
    """A row of the table."""
    suffix, make = FILES[name]
    with tempfile.TemporaryDirectory() as folder:
        desk = Path(folder)
        make(desk / f"harm{suffix}")
        size = (desk / f"harm{suffix}").stat().st_size
        with (desk / "out").open("w") as out, (desk / "err").open("w") as err:
            command = [sys.executable, "-m", "jianghu", "books", "check", f"harm{suffix}"]
            began = time.monotonic()
            measured = subprocess.run(
                [sys.executable, "-c", MEASURE, *command],
                cwd=desk, env=os.environ | {"JIANGHU_LANG": "en"}, stdout=out, stderr=err,
            )  # fmt: skip
            seconds, code = time.monotonic() - began, measured.returncode
            memory = int((desk / "memory").read_text()) >> 10
        said = (desk / "err").read_text(encoding="utf-8").strip()
        told = (said or (desk / "out").read_text(encoding="utf-8")).splitlines()
    bad = " **a traceback**" * ("Traceback" in said)
    first = f"exit {code}: {told[0] if told else ''}"[:150]
    return f"| {name} | {size / 1e6:.1f} | {first}{bad} | {seconds:.1f} | {memory} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", help="files whose name holds this")
    given = parser.parse_args()
    print("| file | MB | what happened | seconds | memory, MB |\n|---|---|---|---|---|", flush=True)
    for name in FILES:
        if not given.only or given.only in name:
            print(one(name), flush=True)


if __name__ == "__main__":
    main()
