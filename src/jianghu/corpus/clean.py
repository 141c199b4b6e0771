"""Text of a book file → lines without what web sites and e-book makers put between them. No sentence goes.

Everything that is taken away is written into a `Ledger` by rule. A line goes whole only if nothing in it is prose;
an advert is cut out of its paragraph.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections import Counter
from collections.abc import Sequence

from .advert_words import WORD
from .adverts import each_advert, find_adverts
from .headings import MARK, parse_heading
from .ledger import Ledger, visible
from .notes import AUTHOR, LICENCE, find_licence, find_notes
from .wraps import broken_lines

_LINE_ENDS = re.compile(r"\r\n?|[\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
_BLANKS = re.compile(r"\n(?:[ \t\u3000\xa0]*\n){3,}+")
_INVISIBLE = re.compile(
    r"[\x00\x01\x03-\x08\x0e-\x1b\x1f\x7f-\x84\x86-\x9f\xad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f"
    r"\ufeff\ue000-\uf8ff\ufdd0-\ufdef\ufffe\uffff\U000e0000-\U000e0fff\U000f0000-\U0010ffff]+"
)
_MARKUP = re.compile(
    r"<!--[^\n]{0,300}?-->|<(script|style)\b[^\n]{0,300}?</\1>"
    r"|</?(?:p|br|div|span|a|font|b|i|u|em|strong|img|script|center|table|tr|td|h\d|hr|li|ul)(?:\s[^<>\n]{0,200})?/?>",
    re.IGNORECASE,
)
_ENTITY = re.compile(r"&(?:nbsp|amp|lt|gt|quot|apos|ldquo|rdquo|lsquo|rsquo|hellip|mdash|middot|#\d{2,6});")
_SEPARATOR = re.compile(r"[-=_*~#+·.—─━＝－＊※☆★◆◇■□●○\s]{3,200}")
_FACT = (
    r"(?:更新|[发發]布|上[传傳]|首[发發])?[时時日][间間期]\s*[:：]\s*[\d\-/:：. 年月日]+"
    r"|(?:本章|[总總全文]*)字[数數]\s*[:：]?\s*\d+(?:字)?"
    r"|[点點][击擊][数數]?\s*[:：]\s*\d+|[来來]源\s*[:：]\s*\S{1,20}"
)
_MOVE = (
    r"上一[章页頁节節回]|下一[章页頁节節回]|返回(?:目[录錄]|[书書][页頁]|首[页頁])|加入[书書][签籤架]|回?目\s{0,4}[录錄]|末[页頁]|推[荐薦][阅閱][读讀]"
    r"|contents|投[推][荐薦]票"
)
_SITE = re.compile(
    rf"(?:{_FACT})(?:[\s|｜·/]{{0,4}}(?:{_FACT})){{0,4}}"
    rf"|(?:{_MOVE})(?:[\s|｜·/←→()（）-]{{0,4}}(?:{_MOVE})){{0,6}}"
    r"|[-=*—~\s]{2,}\s*(?:章[节節]|正文)?[内內]容[开開]始\s*[-=*—~\s]{0,40}",
    re.IGNORECASE,
)
_AUTHOR = re.compile(
    r"[\[【《]?[^，。！？“”：:]{0,20}[\]】》]?\s{0,4}[/／|]?\s{0,4}作\s{0,4}者\s{0,4}[:：].{1,20}|[\[【(（].{1,20}[/／|]\s?.{1,15}著\s{0,4}[\]】)）]"
    r"|(?:[书書]名|作者|[译譯]者|出版社|ISBN)\s{0,4}[:：].{1,30}",
    re.IGNORECASE,
)
_PROSE_END = re.compile(r"[。！？…：，；”’』」》）):!?,;.\"'—]$")
_SPACE = re.compile(r"\s")
_PARTS = 100_000
"""Parts of a line that are held before they are put together."""
_PIECE = 100_000
"""Characters of a line that are looked at together."""
_PRAISE = 4
"""Different words of adverts in a line that comes again and again, from which on a site has put it there."""
_QUOTES = frozenset('“”"「」『』‘’«»')


def normalise(text: str, clean: bool, max_repeat: int, ledger: Ledger) -> str:
    """NFC, "\\n" line ends, no endless runs; with `clean` also no invisible characters and no HTML remains."""
    text = _LINE_ENDS.sub("\n", unicodedata.normalize("NFC", text))
    text = _BLANKS.sub("\n\n\n", text)
    if clean:
        text = _without(_MARKUP, "HTML remains", text, ledger)
        text = _ENTITY.sub(lambda match: _unescape(match[0], ledger), text)
        text = _without(_INVISIBLE, "invisible character", text, ledger)
    return cap_runs(text, max_repeat, ledger)


def _without(pattern: re.Pattern[str], rule: str, text: str, ledger: Ledger) -> str:
    first = pattern.search(text)
    if first is None:
        return text
    example = first[0] if first[0].isprintable() else f"U+{ord(first[0][0]):04X}"
    bare, count = pattern.subn("", text)
    ledger.count(rule, count, visible(text) - visible(bare), example)
    return bare


def _unescape(entity: str, ledger: Ledger) -> str:
    plain = html.unescape(entity)
    ledger.count("HTML remains", 1, visible(entity) - visible(plain), entity)
    return plain


def cap_runs(text: str, limit: int, ledger: Ledger) -> str:
    """Cut runs of one character, or of a group of up to four marks, to `limit` repeats (white space aside)."""

    def cut(match: re.Match[str]) -> str:
        unit = match[1]
        ledger.count("endless run", 1, len(match[0]) - len(unit) * limit, f"{unit} × {len(match[0]) // len(unit)}")
        return unit * limit

    # Possessive ("+" at the end): what could be tried again takes 80 bytes for each repeat.
    text = re.sub(rf"(\S)\1{{{limit},}}+", cut, text)
    return re.sub(rf"([^\w\s]{{2,4}}?)\1{{{limit},}}+", cut, text)


def clean_lines(lines: list[str], notes: bool, ledger: Ledger) -> tuple[list[str], bool]:
    """Lines of normalised text, with their indentation and the blank lines between, without adverts, site headers and
    (unless `notes`) the author's notes; and whether a line wrap may have cut adverts in two (they stay as they are)."""
    first, last = find_licence(lines)
    for line in (*lines[:first], *lines[last:]):
        if line.strip():
            ledger.cut(LICENCE, line.strip())
    lines = lines[first:last]
    if not notes:
        for at in list(find_notes(lines)):
            ledger.cut(AUTHOR, lines[at].strip())
            lines[at] = ""
    kept: list[str] = []
    seen = 0
    broken = broken_lines(lines)
    for at, line in enumerate(lines):
        bare = line.strip()
        seen += bool(bare)
        if bare and not bare.startswith(MARK) and (rule := _furniture(bare, seen)) is not None:
            ledger.cut(rule, bare)
        elif not bare or (at in broken and not _is_heading(bare)):
            kept.append(line if bare else "")
        else:
            kept.append(_without_adverts(line, ledger))
    return kept, bool(broken)


def _is_heading(line: str) -> bool:
    """Whether a line without its adverts is a heading, which no wrap has cut."""
    if len(line) > 120:
        return False
    for start, end, _ in reversed(find_adverts(line)):
        line = line[:start] + line[end:]
    return parse_heading(line.strip()) is not None


def without_adverts(lines: Sequence[str], ledger: Ledger) -> list[str]:
    """Mended lines without the adverts in them."""
    return [line if line.startswith(MARK) else _without_adverts(line, ledger) for line in lines]


def plain_spaces(line: str) -> str:
    """Strip a line, and make every white space in it one plain space.

    A line longer than any paragraph is taken in pieces, each up to a white space: its words take four times its memory.
    """
    if len(line) <= _PIECE:
        return " ".join(line.split())
    pieces, start = [], 0
    while start < len(line):
        space = _SPACE.search(line, min(start + _PIECE, len(line)))
        end = space.end() if space else len(line)
        pieces.append(" ".join(line[start:end].split()))
        start = end
    return " ".join(filter(None, pieces))


def _furniture(line: str, seen: int) -> str | None:
    """The rule that takes the whole line away, or None. `seen`: how many lines with text came so far."""
    if len(line) > 200:
        return None
    if _SITE.fullmatch(line):
        return "site header"
    if _SEPARATOR.fullmatch(line):
        return "separator line"
    if seen <= 20 and len(line) <= 60 and _AUTHOR.fullmatch(line):
        return "title and author"
    return None


def _without_adverts(line: str, ledger: Ledger) -> str:
    """The line without the adverts in it; "" if only marks are left."""
    parts, at = [], 0
    for start, end, rule in each_advert(line):
        ledger.cut(rule, line, start, end)
        parts.append(line[at:start])
        at = end
        if len(parts) > _PARTS:
            parts = ["".join(parts)]
    if at == 0 and not parts:
        return line
    rest = "".join([*parts, line[at:]])
    if any(character.isalnum() for character in rest):
        return rest
    kept_end = rest.strip()[:1] if rest.lstrip()[:1] == line.lstrip()[:1] else ""  # of the sentence in the line above
    if kept_end and kept_end in "。！？…”’」』!?":
        return rest
    if rest.strip():
        ledger.cut("advert", rest.strip())
    return ""


def without_repeated(lines: Sequence[str], book: str, ledger: Ledger) -> list[str]:
    """Take out lines that stand in every second chapter or oftener and are not prose: page headers, names of sites."""
    counts = Counter(lines)
    chapters = sum(line.startswith(MARK) for line in lines) or sum(map(len, lines)) // 5000
    often = max(5, chapters // 2)

    def junk(line: str) -> bool:
        if line.startswith(MARK) or _QUOTES & set(line):
            return False
        shown = not _PROSE_END.search(line) and not _is_verse(line)
        return (len(line) >= 3 and shown) or line.strip("《》") == book

    def praise(line: str) -> bool:
        """A whole sentence in which a site speaks of itself: of many words of adverts, and in every second chapter."""
        return not line.startswith(MARK) and not _QUOTES & set(line) and len(set(WORD.findall(line))) >= _PRAISE

    gone = {line for line, count in counts.items() if count >= often and (junk(line) or praise(line))}
    for line in lines:
        if line in gone:
            ledger.cut("repeated line", line)
    return [line for line in lines if line not in gone]


def _is_verse(line: str) -> bool:
    """A bare label before verse, such as 诗曰 or 词云, that a novel repeats."""
    return len(line) <= 5 and line[-1] in "曰云道詞词诗詩赞贊證证"
