"""Text of a book file → clean lines. Everything that is taken away is counted by rule in a `Ledger`.

The rules for lines look for what web sites and e-book makers put between the text; a rule that could also
fit prose asks for two signs at once.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections import Counter

from .book import Ledger
from .headings import MARK, parse_heading
from .wraps import mend_wraps

_LINE_ENDS = re.compile(r"\r\n?|[\x0b\x0c\x85\u2028\u2029]")
_INVISIBLE = re.compile(
    r"[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\xad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff"
    r"\ue000-\uf8ff\ufdd0-\ufdef\ufffe\uffff\U000e0000-\U000e0fff\U000f0000-\U0010ffff]"
)
_MARKUP = re.compile(
    r"<!--[^\n]{0,300}?-->|<(script|style)\b[^\n]{0,300}?</\1>"
    r"|</?(?:p|br|div|span|a|font|b|i|u|em|strong|img|script|center|table|tr|td|h\d|hr|li|ul)(?:\s[^<>\n]{0,200})?/?>",
    re.IGNORECASE,
)
_ENTITY = re.compile(r"&(?:nbsp|amp|lt|gt|quot|apos|ldquo|rdquo|lsquo|rsquo|hellip|mdash|middot|#\d{2,6});")

_LETTER = "[A-Za-z0-9Ａ-Ｚａ-ｚ０-９_-]"
_URL = re.compile(
    rf"[ \t\u3000]*(?:https?[:：]/*\s?)?(?:(?:www|ｗｗｗ|wap|bbs|ＷＷＷ)[.．])?{_LETTER}+(?:[.．]{_LETTER}+)*"
    rf"[.．](?:com|net|org|cn|cc|info|tw|hk|tv|ｃｏｍ|ｎｅｔ|ｃｎ|ＣＯＭ)(?![A-Za-z0-9])(?:/[!-~]*)?[ \t\u3000]*",
    re.IGNORECASE,
)
_SEPARATOR = re.compile(r"[-=_*~#+·.—─━＝－＊※☆★◆◇■□●○\s]{3,}")
_SITE = re.compile(
    r"更新[时時][间間]\s*[:：]\s*\d|本章字[数數]\s*[:：]|字[数數]\s*[:：]\s*\d+$|[-=*]{2,}\s*(?:章[节節]|正文)?[内內]容[开開]始|"
    r"^(?:上一[章页頁节節回]|下一[章页頁节節回]|返回(?:目[录錄]|[书書][页頁]|首[页頁])|加入[书書][签籤]|回目[录錄]|目\s*[录錄]|contents)"
    r"(?:[\s|｜·/←→-]+(?:上一.|下一.|返回..|加入..|回?目[录錄]|末[页頁]|首[页頁]))*$",
    re.IGNORECASE,
)
_ADVERT = re.compile(
    r"24\s?小[时時][内內之]?[内內]?[删刪]除|不得用[作于於](?:任何)?商[业業]|[仅僅]供(?:[读讀]者)?(?:[预預][览覽]|[试試][读讀阅閱]|[学學][习習]交流|交流[学學][习習])|"
    r"(?:支持|[购購][买買])正版|版[权權][归歸].{1,12}所有|(?:收集|[扫掃]描|[制製]作)整理|(?:TXT|电子书|電子書).{0,8}(?:下[载載]|[制製]作)|"
    r"(?:更多|海量|最新|全本|免[费費]).{0,10}(?:小[说說]|电子书|電子書|章[节節]|作品|[书書]籍).{0,20}(?:尽在|盡在|就在|[访訪][问問]|登[录錄陆陸]|下[载載]|[阅閱][读讀])|"
    r"(?:[请請]|[欢歡]迎|手机|手機).{0,8}(?:[访訪][问問]|登[录錄陆陸]|光[临臨]|[关關]注).{0,20}(?:网|網|书城|书屋|公众号|书库|[论論][坛壇]|本站|wap)|"
    r"(?:[记記]住|收藏)(?:本站|本[书書]|[网網]址)|一秒[记記]住|求(?:推[荐薦]票|月票|收藏)|^[（(【\[]?\s*(?:本章(?:完|未完.*)|未完待[续續])\s*[)）】\]]?[。…]?$|"
    r"本[书書]由.{1,20}(?:[网網]|提供|上[传傳]|整理|[制製]作|首[发發])",
    re.IGNORECASE,
)
_AUTHOR = re.compile(
    r"[\[【《]?[^，。！？“”：:]{0,20}[\]】》]?\s*[/／|]?\s*作\s*者\s*[:：].{1,20}|[\[【(（].{1,20}[/／|]\s?.{1,15}著\s*[\]】)）]"
    r"|(?:[书書]名|作者|[译譯]者|出版社|ISBN)\s*[:：].{1,30}",
    re.IGNORECASE,
)
_PROSE_END = re.compile(r"[。！？…：，；”’』」:!?,;]$")


def normalise(text: str, clean: bool, max_repeat: int, ledger: Ledger) -> str:
    """NFC, "\\n" line ends, no endless runs; with `clean` also no invisible characters and no HTML remains."""
    text = _LINE_ENDS.sub("\n", unicodedata.normalize("NFC", text))
    if clean:
        text = _MARKUP.sub(lambda m: _gone(m[0], "HTML remains", ledger), text)
        text = _ENTITY.sub(lambda m: _unescape(m[0], ledger), text)
        text = _INVISIBLE.sub(lambda m: m[0] if m[0] == MARK else _invisible(m[0], ledger), text)
    return cap_runs(text, max_repeat, ledger)


def cap_runs(text: str, limit: int, ledger: Ledger) -> str:
    """Cut runs of one character, or of a group of up to four marks, to `limit` repeats (white space aside)."""

    def cut(match: re.Match[str]) -> str:
        unit = match[1]
        kept = unit * limit
        ledger.note("endless run", match[0], len(match[0]) - len(kept), f"{unit} × {len(match[0]) // len(unit)}")
        return kept

    text = re.sub(rf"(\S)\1{{{limit},}}", cut, text)
    return re.sub(rf"([^\w\s]{{2,4}}?)\1{{{limit},}}", cut, text)


def _gone(removed: str, rule: str, ledger: Ledger) -> str:
    ledger.note(rule, removed)
    return ""


def _unescape(entity: str, ledger: Ledger) -> str:
    plain = html.unescape(entity)
    ledger.note("HTML remains", entity, len(entity) - len(plain))
    return plain


def _invisible(character: str, ledger: Ledger) -> str:
    ledger.note("invisible character", character, 1, f"U+{ord(character):04X}")
    return ""


def clean_lines(text: str, book: str, ledger: Ledger) -> list[str]:
    """Lines of normalised text without adverts and site headers, wraps mended; stripped, none empty."""
    kept: list[str] = []
    seen = 0
    for line in text.split("\n"):
        bare = line.strip()
        seen += bool(bare)
        if not bare or bare.startswith(MARK):
            kept.append(line)
        elif (rule := _junk(bare, seen)) is not None:
            ledger.note(rule, bare)
        else:
            kept.append(_URL.sub(lambda m: _gone(m[0], "web address", ledger), line))
    return _drop_repeated([plain_spaces(line) for line in mend_wraps(kept, ledger)], book, ledger)


def plain_spaces(line: str) -> str:
    """Strip a line, and make every white space in it one plain space."""
    return re.sub(r"\s+", " ", line).strip()


def _junk(line: str, seen: int) -> str | None:
    """The rule that takes the whole line away, or None. `seen`: how many lines with text came so far."""
    if len(line) > 200:
        return None
    if _SITE.search(line):
        return "site header"
    if _SEPARATOR.fullmatch(line):
        return "separator line"
    if "“" not in line and _ADVERT.search(line) and parse_heading(line) is None:
        return "advert or disclaimer"
    if (url := _URL.search(line)) is not None:
        rest = line[: url.start()] + line[url.end() :]
        if len(rest) < 20 or not re.search(r"[。！？；，]", rest):
            return "web address"
    if seen <= 20 and len(line) <= 60 and _AUTHOR.fullmatch(line):
        return "title and author"
    return None


def _drop_repeated(lines: list[str], book: str, ledger: Ledger) -> list[str]:
    """Take out lines that stand in every second chapter or oftener and are not prose: page headers, adverts."""
    counts = Counter(lines)
    chapters = sum(parse_heading(line) is not None for line in lines) or sum(map(len, lines)) // 5000
    often = max(5, chapters // 2)

    def junk(line: str) -> bool:
        if counts[line] < often or line.startswith(MARK) or "“" in line:
            return False
        short = 3 <= len(line) <= 40 and not _PROSE_END.search(line) and not _is_verse(line)
        return short or len(line) >= 20 or line.strip("《》") == book

    for line in lines:
        if junk(line):
            ledger.note("repeated line", line)
    return [line for line in lines if not junk(line)]


def _is_verse(line: str) -> bool:
    """A bare label before verse, such as 诗曰 or 词云, that a novel repeats."""
    return len(line) <= 5 and line[-1] in "曰云道詞词诗詩赞贊证證"
