"""What authors say to their readers at a chapter's end (作者有话要说, PS：…), and the licence of Project Gutenberg.

Lines go in; the numbers of those that are no part of the novel come out, with the rule that found them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from .adverts import find_adverts

_OPENS = re.compile(
    r"[（(【\[*☆★\s—-]*(?:作者有[话話]要?[说說]|作者的[话話]|作者[说說][:：]|作者[闲閒][话話]|[题題]外[话話]|作者感言|[写寫]在后面|[写寫]在後面)[:：】\])）*☆★—\s-]{0,4}"
)
_PS = re.compile(r"[（(【\[]?\s*(?:PS|P\.S\.?|ps|Ps|ＰＳ|ｐｓ)\s*\d?\s*[:：.。，,、]")
_SPEAKS = re.compile(
    "月票|推[荐薦]票|收藏|打[赏賞]|[订訂][阅閱]|[书書]友|[读讀]者|小天使|[营營][养養]液|地雷|手榴[弹彈]|火箭[炮砲]|霸王票|[灌浇澆]溉|更新|加更|双更|雙更|[断斷]更|三更完|[两兩]更|更[毕畢]|第[一二三四五]更"
    "|[请請]假|上架|[评評][论論]|留言|[书書][评評]|新[书書]|本[书書]|[这這]章|本章|下章|下一章|上一章|存稿|[码碼]字|完[结結]|[谢謝][谢謝]|感[谢謝]|拜[谢謝]|[抱歉]{2}|么么[哒噠]|大家|[亲親][们們爱愛]|[投求][个個张張]?票|首[订訂]|均[订訂]|作者|[写寫]得|[剧劇]情|字[数數]|今[天日]|明天|晚上[还還]有|卡文"
)
_FOND = re.compile("[~～^]|么么|[爱愛]你|撒花|鞠躬|晚安|[谢謝]{2}")
"""A few words that end a note."""
_STORY = re.compile(r"[“”「」『』\"]|[，。！？…][^，。！？…]*[。！？…]")
_START = re.compile(r"\*{3}\s*START OF (?:THE|THIS) PROJECT GUTENBERG E-?BOOK.*", re.IGNORECASE)
_SMALL_PRINT = re.compile(r"\*END[* ]*THE SMALL PRINT.*", re.IGNORECASE)
_END = re.compile(
    r"\*{3}\s*END OF (?:THE|THIS) PROJECT GUTENBERG E-?BOOK.*|End of (?:The |the )?Project Gutenberg(?:'s|’s)? .*"
)
_PRODUCED = re.compile(
    r"(?:Produced by|E-?text prepared by|This e-?text was (?:produced|prepared)|Transcribed from) .*", re.I
)

_FOOTNOTE = re.compile("[译譯][者文注註]|[编編]者|[原作][者书書]?[注註]|[注註][:：）)】\\]]|^[（(【\\[][注註]")
"""What marks a note to the text, of a translator or an editor: it belongs to the book."""
_CREDITS = 8
"""Lines of the longest paragraph of credits."""

AUTHOR = "author's note"
LICENCE = "Project Gutenberg's licence"


def find_notes(lines: Sequence[str]) -> Iterator[int]:
    """Numbers of the lines in which an author speaks to readers.

    A note begins with its own title, or with PS, and goes on for as long as its lines speak of votes, updates and
    readers, or are a few fond words; any other line (the next heading, the story) ends it.
    """
    at = 0
    while at < len(lines):
        line = lines[at].strip()
        opening = _OPENS.match(line)
        if opening is not None and (
            opening.end() == len(line) or line[opening.end() - 1] in ":：】])）" or len(line) < 60
        ):
            yield at
            at += 1
            while at < len(lines) and (not lines[at].strip() or _goes_on(lines[at].strip())):
                if lines[at].strip():
                    yield at
                at += 1
        else:
            if line and (line[0] in "（(【[" or _PS.match(line) is not None) and _is_note(line):
                yield at
            at += 1


def _is_note(line: str) -> bool:
    """A line that begins with PS, or stands in brackets, and asks for votes or speaks of the writing."""
    if _PS.match(line) is not None:
        return len(line) <= 600 and _SPEAKS.search(line) is not None
    if _FOOTNOTE.search(line) is not None:
        return False
    closed = line[-1] in "）)】]"
    return closed and len(line) <= 200 and len(set(_SPEAKS.findall(line))) >= 2 and "“" not in line


def _goes_on(line: str) -> bool:
    """Whether a line below a note's title belongs to it; adverts in it say nothing."""
    for start, end, _ in reversed(find_adverts(line)):
        line = line[:start] + line[end:]
    if not any(map(str.isalnum, line)):
        return True
    spoken = len(_SPEAKS.findall(line))
    if any(mark in line for mark in "“「『") and spoken < 2:
        return False
    if spoken:
        return len(line) <= 120 * spoken
    return len(line) < 15 and _FOND.search(line) is not None and _STORY.search(line) is None


def find_licence(lines: Sequence[str]) -> tuple[int, int]:
    """The first line of a book of Project Gutenberg after its header, and the first of the licence that follows it.

    Of another text: 0 and the number of lines.
    """
    first, last = 0, len(lines)
    for at, line in enumerate(lines):
        bare = line.strip()
        if bare[:1] == "*" and (_START.match(bare) or _SMALL_PRINT.match(bare)):
            first = at + 1
        elif bare[:1] in "*E" and _END.match(bare) and at > first:
            last = at
            break
    if first:
        return _after_credits(lines, first, last), last
    return (0, last) if last < len(lines) and len(lines) - last > 50 else (0, len(lines))


def _after_credits(lines: Sequence[str], first: int, last: int) -> int:
    """The place after "Produced by …", a paragraph of its own at the book's beginning."""
    at = first
    while at < min(last, first + 10) and not lines[at].strip():
        at += 1
    if at < last and _PRODUCED.match(lines[at].strip()) is not None:
        end = at
        while end < min(last, at + _CREDITS + 1) and lines[end].strip():
            end += 1
        return end if end - at <= _CREDITS else at + 1  # in an EPUB no blank line ends the paragraph
    return first
