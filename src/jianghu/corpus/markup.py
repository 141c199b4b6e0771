"""An HTML page → its visible text as lines, one a block; headings marked with `MARK`.

The parser (libxml2) streams, so that a page of any size and any depth of tags takes linear time and no tree.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress

from lxml import etree

from .headings import MARK

_DROPPED = {
    "script",
    "style",
    "nav",
    "head",
    "noscript",
    "template",
    "iframe",
    "form",
    "svg",
    "rt",
    "rp",
    "math",
    "title",
}
_HEADINGS = {"h1", "h2", "h3", "h4"}
_BLOCKS = {
    *("p", "div", "br", "hr", "li", "ul", "ol", "dl", "dt", "dd", "table", "tr", "blockquote", "pre", "section"),
    *("article", "header", "footer", "main", "aside", "figure", "figcaption", "h5", "h6", "center", "body", "html"),
}
_NEVER = {ord(MARK): None, 0x1E: None, 0: None}
_FED = 500_000
"""Characters that the parser is given at once."""
_WRAP = re.compile(r"(?<=[\u2e80-\u9fff\uff00-\uffef])[ \t]*[\r\n][ \t\r\n]*(?=[\u2e80-\u9fff\uff00-\uffef])")
_SPACES = re.compile(r"[ \t\r\n\f]+")
_DECLARATION = re.compile(r"\A\s*<\?xml[^>]{0,300}\?>")


class _Lines:
    """Collects the lines of a page while the parser walks it."""

    def __init__(self, anchors: Mapping[str, str]) -> None:
        self.anchors = anchors
        self.lines: list[str] = []
        self._block: list[str] = []
        self._dropped: list[str] = []
        self._heading: list[str] | None = None
        self._link = 0
        self.letters = self.linked = self.links = 0

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        tag = _name(tag)
        if self._dropped:
            if tag == self._dropped[-1]:
                self._dropped.append(tag)
            return
        place = attributes.get("id") or attributes.get("name") or ""
        if place and place in self.anchors:
            self._break()
            self._add(MARK + self.anchors[place])
        if tag in _DROPPED:
            self._dropped.append(tag)
        elif tag in _HEADINGS:
            self._break()
            self._heading = []
        elif tag == "a" and attributes.get("href"):
            self._link += 1
            self.links += 1
        elif self._heading is not None:
            if tag in _BLOCKS:
                self._heading.append(" ")
        elif tag in _BLOCKS:
            self._end_block()

    def end(self, tag: str) -> None:
        tag = _name(tag)
        if self._dropped:
            if tag == self._dropped[-1]:
                self._dropped.pop()
            return
        if tag in _HEADINGS:
            self._break()
        elif tag == "a":
            self._link = max(0, self._link - 1)
        elif tag in _BLOCKS and self._heading is None:
            self._end_block()

    def data(self, text: str) -> None:
        if self._dropped:
            return
        size = len(text.strip())
        self.letters += size
        self.linked += size if self._link else 0
        (self._block if self._heading is None else self._heading).append(text)

    def comment(self, text: str) -> None:
        """Comments are no text."""

    def pi(self, target: str, data: str | None = None) -> None:
        """Processing instructions are none either."""

    def _break(self) -> None:
        """End what is open: a block, and a heading, if any."""
        self._end_block()
        if self._heading is not None:
            self._add(MARK + "".join(self._heading))
            self._heading = None

    def _end_block(self) -> None:
        if self._block:
            text = "".join(self._block)
            self._block.clear()
            self._add(text)

    def _add(self, text: str) -> None:
        """A line of text, unless it is empty; a line end of the source is only white space."""
        line = _SPACES.sub(" ", _WRAP.sub("", text)).strip(" ")
        if line.strip(MARK + " "):
            self.lines.append(line)

    def close(self) -> None:
        self._break()


def html_lines(page: str, anchors: Mapping[str, str] | None = None, most: int | None = None) -> list[str]:
    """Visible text of an HTML document as lines, one a block; headings marked.

    Args:
        page: the document.
        anchors: id of an element → the title to put there as a heading.
        most: lines after which the rest of the document is not read.
    """
    return _walked(page, anchors or {}, most).lines


def is_contents(page: str) -> bool:
    """Whether a page is a table of contents: at least five links, and hardly any text outside them."""
    if page.count("<a") + page.count("<A") < 5:  # most pages; to walk them takes time
        return False
    walked = _walked(page, {})
    return walked.links >= 5 and walked.linked >= 0.7 * walked.letters


def _walked(page: str, anchors: Mapping[str, str], most: int | None = None) -> _Lines:
    target = _Lines(anchors)
    parser = etree.HTMLParser(target=target, recover=True, huge_tree=True, encoding="utf-8")
    for at in range(0, len(page), _FED):
        text = page[at : at + _FED].translate(_NEVER)
        parser.feed((text if at else _DECLARATION.sub("", text)).encode("utf-8", "ignore"))
        if most is not None and len(target.lines) > most:
            break
    with suppress(etree.XMLSyntaxError):  # a page of marks only
        parser.close()
    return target


def _name(tag: object) -> str:
    return str(tag).rpartition(":")[2].lower()
