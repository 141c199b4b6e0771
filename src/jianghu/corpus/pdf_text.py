"""A PDF → the text of its pages: run as a program of its own, `python -P pdf_text.py FILE`, which prints JSON.

A small PDF can unpack to gigabytes, and PDFium, which reads it, is C++ that a damaged file may crash. So it has its own
process, with bounded memory, and imports nothing of ours.
"""

import contextlib
import json
import sys

MEMORY = 450_000_000
"""Bytes of addresses that the process may take, where the system can bound them; some 100 million are the program's."""


def main() -> None:
    """Print {"pages": [text, …]}, or {"error": …}."""
    with contextlib.suppress(ImportError, OSError, ValueError):  # not on Windows; not above an administrator's bound
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    import pypdfium2

    found: dict[str, object]
    try:
        document = pypdfium2.PdfDocument(sys.argv[1])
        found = {"pages": [_text(document, number) for number in range(len(document))]}
    except (pypdfium2.PdfiumError, OSError) as error:
        found = {"error": str(error)}
    json.dump(found, sys.stdout)


def _text(document, number: int) -> str:  # type: ignore[no-untyped-def]  # the library comes with an extra
    page = document[number]
    text: str = page.get_textpage().get_text_bounded()
    page.close()  # with its text; kept, they take some 100 bytes a character
    return text


if __name__ == "__main__":
    main()
