"""What a book calls itself: in its metadata, in 《》 or after 书名： in its first lines, else in its file's name."""

from __future__ import annotations

import re
from pathlib import Path

_LINES = 12
"""Lines of a text in which its own title stands."""
_MOST = 40
"""Characters above which a title is a sentence."""
_MOST_BYTES = 180
"""Bytes of a file's name, less than file systems allow."""
_QUOTED = re.compile(r"《([^《》\n]{1,40})》")
_LABELLED = re.compile(
    r"(?:[书書]\s{0,2}名|[标標]\s{0,2}[题題]|Title|小[说說]名)\s{0,2}[:：]\s{0,3}《?([^《》\n]{1,60})》?", re.IGNORECASE
)
_ADDED = re.compile(
    r"[\[【（(〔](?:[^\]】）)〕]{0,12})(?:精校|校[对對]|全本|全集|完[结結整]|完本|TXT|txt|[电電]子|下[载載]|作者|版)[^\]】）)〕]{0,12}[\]】）)〕]"
    r"|[\s_-]*作者\s*[:：_]?.{1,20}$|[\s_-]+(?:by|BY)[\s:：_-]+.{1,20}$|[\s_-]*(?:TXT|txt)?(?:全本|全集|完[结結]版?|精校版?|全文)?(?:TXT|txt)?(?:下[载載])?$|^\d{1,3}[\s.、_-]+(?=[^\d\s])"
)
_BESIDE = re.compile(
    r"\s*(?:[(（【\[].{1,20}[)）】\]])?\s*(?:[/／|·—-]?\s*(?:作\s*者|[编編譯译]者|by\b).{0,20}|.{1,12}著)?\s*",
    re.IGNORECASE,
)
"""What may stand beside a title on its line: its edition, its author."""
_DEVICE = re.compile(r"(?i:con|prn|aux|nul|(?:com|lpt)[0-9])")
"""What no file of Windows can be called, whatever its suffix."""
_FORBIDDEN = re.compile(r"[/\\:*?\"<>|\x00-\x1f\x7f]+")


def title_in(text: str, metadata: str = "") -> str:
    """The title that a text gives itself; "" if it gives none.

    Args:
        text: the book's text, as decoded.
        metadata: the title in the file's own metadata, which comes first.
    """
    if (own := _tidy(metadata)) and not re.fullmatch(r"[\W\d_]*|(?:unknown|untitled|未知|无标题)", own, re.IGNORECASE):
        return own
    lines = [line for raw in text[:4000].split("\n") if (line := raw.strip(" \t\r\u3000\x02"))][:_LINES]
    for line in lines:
        if (match := _LABELLED.match(line)) is not None:
            return _tidy(match[1])
    for line in lines[:6]:
        match = _QUOTED.match(line)
        if match is not None and _BESIDE.fullmatch(line[match.end() :]) is not None:
            return _tidy(match[1])
    return ""


def title_of_name(stem: str) -> str:
    """The title in a file's name: 《雪山录》（精校版）作者：某某 gives 雪山录."""
    quoted = _QUOTED.search(stem)
    return (_tidy(quoted[1]) if quoted is not None else _tidy(stem)) or stem


def _tidy(title: str) -> str:
    plain = " ".join(title.split()).strip("《》")
    for _ in range(3):
        plain = _ADDED.sub("", plain).strip(" -_·")
    return plain if len(plain) <= _MOST * 2 else ""


def file_name(title: str, suffix: str) -> str:
    """A file name for a title, such as every system allows."""
    plain = _FORBIDDEN.sub(" ", title).strip(" .")
    if _DEVICE.fullmatch(plain.partition(".")[0].strip()):
        plain = f"_{plain}"
    while len(plain.encode("utf-8", "replace")) > _MOST_BYTES:
        plain = plain[:-1]
    return (plain.strip(" .") or "book") + suffix


def is_same_name(path: Path, title: str) -> bool:
    """Whether a file bears its book's title as its name."""
    return path.stem == Path(file_name(title, ".txt")).stem
