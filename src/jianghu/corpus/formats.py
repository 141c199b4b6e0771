"""A book file of any supported format → its text as lines, headings of the markup marked with `MARK`.

.txt and .md are decoded; .html is parsed; .epub is left to its own module.
"""

from __future__ import annotations

import re
import warnings
from dataclasses import dataclass
from pathlib import Path

from bs4 import BeautifulSoup, MarkupResemblesLocatorWarning, XMLParsedAsHTMLWarning
from bs4.element import NavigableString, PageElement, PreformattedString, Tag

from .decode import decode
from .headings import MARK

warnings.filterwarnings("ignore", category=XMLParsedAsHTMLWarning)  # EPUB chapters are XHTML; html.parser reads them
warnings.filterwarnings("ignore", category=MarkupResemblesLocatorWarning)

_DROPPED = {"script", "style", "nav", "head", "noscript", "template", "iframe", "form", "svg", "rt", "rp"}
_HEADINGS = {"h1", "h2", "h3", "h4"}
_BLOCKS = {
    *("p", "div", "br", "hr", "li", "ul", "ol", "dl", "dt", "dd", "table", "tr", "blockquote", "pre", "section"),
    *("article", "header", "footer", "main", "aside", "figure", "figcaption", "h5", "h6", "center", "body", "html"),
}


@dataclass(frozen=True)
class Source:
    """The text of a book file, before cleaning."""

    text: str
    encoding: str
    damaged: int


def read_txt(path: Path) -> Source:
    """Plain text in any encoding; raises InputError if it fits none."""
    decoded = decode(path.read_bytes(), path)
    return Source(decoded.text.replace(MARK, ""), decoded.encoding, decoded.damaged)


def read_md(path: Path) -> Source:
    """Markdown, with its markup taken off; `# …` lines become marked headings."""
    source = read_txt(path)
    return Source(strip_markdown(source.text), source.encoding, source.damaged)


def read_html(path: Path) -> Source:
    """One HTML page; <h1> to <h4> become marked headings."""
    source = read_txt(path)
    return Source("\n".join(html_lines(source.text)), source.encoding, source.damaged)


def strip_markdown(text: str) -> str:
    """Markdown → lines of plain text. A line end inside a paragraph is a blank there, so paragraphs become lines."""
    text = re.sub(r"\r\n?", "\n", text)
    text = re.sub(r"\A---\n.*?\n---\n", "", text, flags=re.DOTALL)  # front matter
    text = re.sub(r"<!--.*?-->", "", text, flags=re.DOTALL)
    text = re.sub(r"^(.{1,80})\n=+[ \t]*$|^(.{1,80})\n-{3,}[ \t]*$", lambda m: f"# {m[1] or m[2]}\n", text, flags=re.M)
    text = re.sub(r"^[ \t]*(?:```.*|~~~.*|(?:[-*_][ \t]*){3,})$", "", text, flags=re.M)
    text = re.sub(r"^[ ]{0,3}#{1,6}[ \t]+(.*?)[ \t]*#*[ \t]*$", lambda m: f"\n{MARK}{m[1]}\n", text, flags=re.M)
    text = re.sub(r"^[ \t]*(?:>[ \t]?)+", "", text, flags=re.M)
    text = re.sub(r"^[ \t]*(?:[-*+]|\d{1,3}\.)[ \t]+", "", text, flags=re.M)
    text = re.sub(r"!\[[^\]\n]*\]\([^)\n]*\)", "", text)
    text = re.sub(r"\[([^\]\n]+)\]\([^)\n]*\)", r"\1", text)
    text = re.sub(r"(\*\*|__)(?=\S)(.+?)(?<=\S)\1", r"\2", text)
    text = re.sub(r"(?<![\w*])([*_])(?=[^\s*_])([^*_\n]+?)\1(?![\w*])", r"\2", text)
    text = re.sub(r"`([^`\n]+)`", r"\1", text)
    return re.sub(r"\\([\\`*_{}\[\]()#+.!>-])", r"\1", text)


def html_lines(html: str) -> list[str]:
    """Visible text of an HTML document as lines, one a block; headings marked."""
    soup = BeautifulSoup(html, "html.parser")
    pieces: list[str] = []
    _walk(soup, pieces)
    lines = []
    for line in "".join(pieces).split("\n"):
        bare = line.strip(" ")
        if bare and bare != MARK:
            lines.append(bare)
    return lines


def _walk(root: Tag, pieces: list[str]) -> None:
    """Depth first, without recursion: bad HTML nests thousands deep."""
    stack: list[PageElement | str] = [root]
    while stack:
        node = stack.pop()
        if isinstance(node, str) and not isinstance(node, NavigableString):
            pieces.append(node)  # a line end put on the stack below
        elif isinstance(node, NavigableString):
            if not isinstance(node, PreformattedString):  # comments, declarations
                pieces.append(_flow(str(node)))
        elif isinstance(node, Tag) and node.name not in _DROPPED:
            children = list(node.children)
            if node.name in _HEADINGS:
                pieces.append("\n" + MARK + _flow(node.get_text(" ")).strip() + "\n")
                continue
            block = node.name in _BLOCKS
            if block:
                pieces.append("\n")
                stack.append("\n")
            stack.extend(reversed(children))


def _flow(text: str) -> str:
    """White space as a browser shows it; a line end between Chinese characters shows as nothing here."""
    text = re.sub(r"(?<=[\u2e80-\u9fff\uff00-\uffef])[ \t]*[\r\n]+[ \t]*(?=[\u2e80-\u9fff\uff00-\uffef])", "", text)
    return re.sub(r"[ \t\r\n\f]+", " ", text.replace(MARK, ""))
