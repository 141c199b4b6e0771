"""Web addresses in a line of text, also those in disguise: full-width letters, marks between the letters, www without
an end. A line goes in; spans come out. Time is linear in the length of the line.
"""

from __future__ import annotations

import re

_FOLD = {0xFF01 + n: chr(0x21 + n) for n in range(94)} | {ord("。"): ".", ord("．"): ".", ord("·"): ".", 0x3000: " "}
"""Full-width forms as ASCII, one character for one, so that places stay."""
_MAY_HOLD = re.compile(
    r"[wWｗＷ][\W_]{0,2}[wWｗＷ][\W_]{0,2}[wWｗＷ]|[.．。·,，]\s?(?:[a-zA-Zａ-ｚＡ-Ｚ])|[tTｔＴ][pP]"
)
_ENDS = "com|net|org|cn|cc|info|tw|hk|tv"
_SCHEME = re.compile(r"https?:/{0,2}\s?[!-~]{3,200}|ftp://[!-~]{3,200}", re.IGNORECASE)
_WWW = re.compile(
    rf"(?<![a-z])(?:www|wap|w[\W_]{{1,2}}w[\W_]{{1,2}}w)(?:[.,\s]{{1,3}}|[\W_]{{0,2}}\.[\W_]{{0,2}})"
    rf"(?:(?:{_ENDS})(?![a-z])|(?=[a-z0-9])[a-z0-9\-]{{0,40}}[\W_]{{0,2}}"
    rf"(?:[.,/\-_][a-z0-9\-_/]{{1,40}}){{1,4}}|[a-z0-9]{{1,40}})",
    re.IGNORECASE,
)
_DOMAIN_END = re.compile(rf"[.,](?:{_ENDS})(?![a-z0-9])(?:[:/][!-~]{{0,200}})?", re.IGNORECASE)
_LABEL = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.")
_LONGEST = 80
"""Characters before .com that may belong to an address; more are something else."""


def addresses(line: str) -> list[tuple[int, int]]:
    """Where web addresses stand in a line: spans from left to right that do not overlap."""
    if _MAY_HOLD.search(line) is None:
        return []
    folded = line.translate(_FOLD)
    found = [match.span() for pattern in (_SCHEME, _WWW) for match in pattern.finditer(folded)]
    before = 0
    for match in _DOMAIN_END.finditer(folded):
        start, last = match.start(), max(before, match.start() - _LONGEST)
        before = match.end()
        while start > last and folded[start - 1] in _LABEL:
            start -= 1
        name = folded[start : match.start()].lstrip("._-")
        if match.start() - start < _LONGEST and len(name) >= 2:  # an endless word before it is damage, no address
            found.append((match.start() - len(name), match.end()))
    merged: list[tuple[int, int]] = []
    for start, end in sorted(found):
        while folded[end - 1] in ".,;:!?)'\"" and end > start + 1:  # marks of the sentence around it
            end -= 1
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def is_word(line: str, start: int, end: int) -> bool:
    """Whether a name such as mp3.com is a word of the sentence it stands in: plainly spelled, letters on both sides."""
    if "www" in line[start:end] or "://" in line[start:end]:
        return False
    beside = line[start - 1 : start].isalnum() and line[end : end + 1].isalnum()
    return beside and line[start:end].isascii() and line[start:end].islower()
