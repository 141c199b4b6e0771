"""A book file of any supported format → its text as lines, headings of the markup marked with `MARK`.

.txt and .md are decoded; .html is parsed; .epub is left to its own module.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path

from .decode import decode
from .headings import MARK
from .markup import html_lines

MAX_LINES = 1_200_000
"""Lines above which a file is no novel."""


@dataclass(frozen=True)
class Source:
    """The text of a book file, before cleaning."""

    text: str
    encoding: str
    damaged: int
    remarks: tuple[str, ...] = ()
    title: str = ""
    """The book's name by the file's own metadata, if it has any."""


def read_txt(path: Path) -> Source:
    """Plain text in any encoding; raises InputError if it fits none."""
    decoded = decode(path.read_bytes(), path)
    return Source(decoded.text.replace(MARK, ""), decoded.encoding, decoded.damaged, decoded.remarks)


def read_md(path: Path) -> Source:
    """Markdown, with its markup taken off; `# …` lines become marked headings."""
    source = read_txt(path)
    return replace(source, text=strip_markdown(source.text))


def read_html(path: Path) -> Source:
    """One HTML page; <h1> to <h4> become marked headings."""
    source = read_txt(path)
    return replace(source, text="\n".join(html_lines(source.text, most=MAX_LINES)))


def strip_markdown(text: str) -> str:
    """Markdown → lines of plain text. A line end inside a paragraph is a blank there, so paragraphs become lines.

    Regular expressions, since a parser of the whole language takes two minutes for 50 MB; every repeat is bounded, so
    that time stays linear. Numbers of lists stay: in a novel they are those of its chapters.
    """
    text = re.sub(r"\r\n?", "\n", text)
    text = re.sub(r"\A---\n(?:[^\n]{0,300}\n){0,60}?---\n", "", text)  # front matter
    text = re.sub(r"<!--.{0,2000}?-->", "", text, flags=re.DOTALL)
    text = re.sub(r"^(.{1,80})\n=+[ \t]*$|^(.{1,80})\n-{3,}[ \t]*$", lambda m: f"# {m[1] or m[2]}\n", text, flags=re.M)
    text = re.sub(r"^[ \t]{0,40}(?:```.*|~~~.*|(?:[-*_][ \t]{0,9}){3,100})$", "", text, flags=re.M)
    text = re.sub(r"^[ ]{0,3}#{1,6}[ \t]+(.{0,200})$", lambda m: f"\n{MARK}{m[1].rstrip(' #')}\n", text, flags=re.M)
    text = re.sub(r"^[ \t]{0,40}(?:>[ \t]?){1,100}", "", text, flags=re.M)
    text = re.sub(r"^[ \t]{0,40}[-*+][ \t]{1,40}", "", text, flags=re.M)
    text = re.sub(r"!\[[^\]\n]{0,300}\]\([^)\n]{0,600}\)", "", text)
    text = re.sub(r"\[([^\]\n]{1,300})\]\([^)\n]{0,600}\)", r"\1", text)
    text = re.sub(r"(\*\*|__)(?=\S)(.{1,500}?)(?<=\S)\1", r"\2", text)
    text = re.sub(r"(?<![\w*])([*_])(?=[^\s*_])([^*_\n]{1,500}?)\1(?![\w*])", r"\2", text)
    text = re.sub(r"`([^`\n]{1,500})`", r"\1", text)
    return re.sub(r"\\([\\`*_{}\[\]()#+.!>-])", r"\1", text)
