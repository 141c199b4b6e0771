"""What sites put into a line of a novel. A line goes in; spans come out that hold an advert and nothing of the novel.

A clause is an advert if it holds one of the phrases of `advert_words`, or an address, and most of its letters belong to
such phrases and to words of adverts. Where they do not, only the phrase or the address itself goes. What stands in
quotation marks is speech.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from itertools import accumulate

from .addresses import addresses, is_word
from .advert_words import NOVEL, SMALL, STRONG, TRIGGER, WEAK, WORD

Span = tuple[int, int]

_PART = r"(?:[tTxXｔｘＴＸ]{1,3}|小|[说說]|天|堂|下|[载載]|[电電]|子|[书書]|[网網]|免|[费費]|[阅閱]|[读讀])"
_DISGUISED = rf"[^\w\s“”‘’「」『』。！？…）)】\]］\"]{{0,3}}{_PART}(?:[\W_]{{0,3}}{_PART}){{2,20}}"
_DISGUISE_AFTER = re.compile(rf"{_DISGUISED}[^\w\s“”‘’「」。！？…]{{0,3}}(?=$|[\s。！？“”])")
_DISGUISE_BEFORE = re.compile(rf"(?:^|(?<=[。！？…”’」）)】\]］\s])){_DISGUISED}[\W_]{{0,3}}$")
_HINT = re.compile(r"[说說天堂载載书書网網读讀][\W_]{0,3}$")
_BRACKET = re.compile(r"[（(【\[［〔｛{][^（(【\[［〔｛{）)】\]］〕｝}\n]{1,80}[）)】\]］〕｝}]")
_CLAUSE = re.compile(
    r"[^，,。！？!?；;：:…“”‘’「」『』（）()【】\[\]［］〔〕｛｝{}]+[，,。！？!?；;：:…”’」』]*|[（）()【】\[\]［］〔〕｛｝{}]+[，,。！？]*"
)
_SENTENCE_END = re.compile(r"[。！？!?…”’」』]\s*$")
_QUOTED = re.compile(r"[“「『][^“”「」『』]*[”」』]?|(?<![\w\"])\"[^\"]*\"")
_SHARE = 0.6
"""Least share of a clause's letters that must be an advert's."""
_ALONE = 0.8
"""The same for a clause without a strong phrase or an address."""
_ODD = frozenset("._|+=＿\\/^*`~$#@<>{}[]＃＄＠＾｛｝［］＜＞％%＝＋｜～-")
"""Marks that stand between an address and what surrounds it and belong to neither."""
_NAME = 10
"""Letters beside an address in brackets that are the name of its site."""
_MARKS = re.compile("[，。！？：；“]")
_PIECE = 8_000
"""Characters of a line that are looked at together."""
_MANY = 100
"""Addresses in them above which they are no text any more, and only the addresses go."""
_EMPTY = ("()", "（）", "【】", "[]", "［］", "〔〕", "<>", "《》")


def find_adverts(line: str) -> list[tuple[int, int, str]]:
    """Spans of a line to take out, from left to right, with the rule: `advert` or `web address`.

    A line longer than any paragraph is looked at in pieces, which end where sentences do.
    """
    return list(each_advert(line))


def each_advert(line: str) -> Iterator[tuple[int, int, str]]:
    """As `find_adverts`, one after another: of a line of megabytes they take more memory than the line."""
    for start, end in _pieces(line) if len(line) > _PIECE else ((0, len(line)),):
        for low, high, rule in _in_piece(line[start:end]):
            yield start + low, start + high, rule


def _pieces(line: str) -> Iterator[Span]:
    """Parts of a line of at most `_PIECE` characters, which end at sentence ends, else at blanks, else anywhere."""
    start = 0
    while len(line) - start > _PIECE:
        window = line[start + _PIECE // 2 : start + _PIECE]
        place = max(window.rfind(mark) for mark in "。！？!?")
        if place < 0:
            place = max(window.rfind(" "), window.rfind("\u3000"))
        end = start + _PIECE // 2 + place + 1 if place >= 0 else start + _PIECE
        yield start, end
        start = end
    yield start, len(line)


def _in_piece(line: str) -> list[tuple[int, int, str]]:
    links = addresses(line)
    if not links and TRIGGER.search(line) is None:
        return []
    if len(links) > _MANY:
        return [(start, end, "web address") for start, end in links]
    links = _merged([_widened(line, start, end) for start, end in links])
    looked = _Looked(line, links)
    if not looked.cores and not looked.phrases:
        return []
    found = _merged([*looked.brackets(), *looked.clauses()])
    result = [(start, end, "advert") for start, end in found]
    for start, end in looked.glued():
        if not _touches((start, end), found):
            result.append((start, end, "advert"))
    taken = _merged([(start, end) for start, end, _ in result])
    for span in links:
        led = looked.led(*span)
        if not _touches(span, taken) and (led != span or not is_word(line, *span)):
            result.append((*_with_brackets(line, *led), "web address"))
    apart, at = [], 0
    for start, end, rule in sorted(result):
        if end > at:
            apart.append((max(start, at), end, rule))
            at = end
    return apart


class _Looked:
    """A line with its phrases found: which letters are an advert's, and where its phrases are."""

    def __init__(self, line: str, links: list[Span]) -> None:
        self.links = links
        quotes = [match.span() for match in _QUOTED.finditer(line)]
        apart = _masked(line, links, "\n")  # no phrase goes on behind an address
        self.phrases = [match.span() for match in STRONG.finditer(apart)]
        self.strong = [span for span in self.phrases if not _inside(span, quotes)]
        weak = [match.span() for match in WEAK.finditer(apart) if not _inside(match.span(), quotes)]
        self.quotes = quotes
        self.cores = sorted({*self.strong, *weak, *links})
        self.sure = sorted([*self.strong, *links])
        self.line = _masked(line, links, "w")  # and the marks in an address end no clause
        marks = bytearray(len(line))
        spans = [*self.cores]
        if self.cores or self.phrases:
            spans += [match.span() for pattern in (WORD, SMALL) for match in pattern.finditer(line)]
        for start, end in spans:
            marks[start:end] = b"\1" * (end - start)
        letters = [character.isalnum() for character in line]
        for start, end in links:  # an address is long, and says nothing about the words beside it
            letters[start:end] = [False] * (end - start)
        self._letters = [0, *accumulate(letters)]
        self._covered = [0, *accumulate(mark and letter for mark, letter in zip(marks, letters, strict=True))]

    def share(self, start: int, end: int) -> float:
        """Share of the letters of [start, end) that are an advert's; 0 where somebody of a novel is spoken of."""
        letters = self._letters[end] - self._letters[start]
        if letters == 0:
            return 1.0
        if any(not _touches(match.span(), self.cores) for match in NOVEL.finditer(self.line, start, end)):
            return 0.0
        return (self._covered[end] - self._covered[start]) / letters

    def holds(self, start: int, end: int, cores: list[Span]) -> bool:
        """Whether one of these spans lies in [start, end)."""
        at = bisect_left(cores, (start, start))
        return any(high <= end for _, high in cores[at : at + 3] if high <= end)

    def brackets(self) -> list[Span]:
        """Bracketed adverts, brackets and all."""
        found = []
        for match in _BRACKET.finditer(self.line):
            start, end = match.span()
            at = bisect_right(self.phrases, (start + 1, 1 << 60)) - 1
            whole = at >= 0 and self.phrases[at][0] <= start + 1 and end - 3 <= self.phrases[at][1]
            if _inside((start, end), self.quotes) and not whole:
                continue
            named = self.holds(start, end, self.links) and self._letters[end] - self._letters[start] <= _NAME
            sure = self.holds(start, end, self.sure)
            if whole or (named and _MARKS.search(match[0]) is None) or (sure and self.share(start, end) >= _SHARE):
                found.append((start, end))
        return found

    def clauses(self) -> list[Span]:
        """Runs of clauses that are all adverts; a run of weak phrases only must be a whole sentence."""
        runs: list[Span] = []
        run: list[int] = []

        def close() -> None:
            if run and self.holds(run[0], run[1], self.cores):
                before, text = self.line[: run[0]], self.line[run[0] : run[1]]
                alone = not before.strip() or _SENTENCE_END.search(before[-4:]) is not None
                ended = not self.line[run[1] :].strip() or _SENTENCE_END.search(text) is not None
                if self.holds(run[0], run[1], self.sure) or (alone and ended):
                    runs.append(self._trimmed(run[0], run[1]))
            run.clear()

        for match in _CLAUSE.finditer(self.line):
            start, end = match.span()
            least = _SHARE if self.holds(start, end, self.sure) else _ALONE
            if self.share(start, end) < least or _inside((start, end), self.quotes):
                close()
            elif run and run[1] == start and _SENTENCE_END.search(self.line, max(run[0], start - 2), start) is None:
                run[1] = end
            else:
                close()
                run.extend((start, end))
        close()
        return runs

    def _trimmed(self, start: int, end: int) -> Span:
        """A run from its first phrase to its last, and on to its ends where the letters there are an advert's too.

        A run that is all of its line goes whole: what stands beside the phrases is the name of a site.
        """
        if not self.line[:start].strip() and not self.line[end:].strip():
            return start, end
        inside = [span for span in self.sure[bisect_left(self.sure, (start, 0)) :][:_MANY] if span[1] <= end]
        if not inside:
            return start, end
        first, last = inside[0][0], max(high for _, high in inside)
        before = self._letters[first] - self._letters[start] == self._covered[first] - self._covered[start]
        after = self._letters[end] - self._letters[last] == self._covered[end] - self._covered[last]
        return start if before else first, end if after else last

    def led(self, start: int, end: int) -> Span:
        """An address with the words of adverts that lead to it from the clause's beginning (看小说请到www…)."""
        begin = start
        for _ in range(3):
            low = begin
            while low > max(0, begin - 30) and self.line[low - 1].isalnum():
                low -= 1
            letters = self._letters[begin] - self._letters[low]
            if letters < 2 or letters > self._covered[begin] - self._covered[low]:
                break
            start = low
            if self.line[low - 1 : low] not in ("，", ","):
                break
            begin = low - 1
        return start, end

    def glued(self) -> list[Span]:
        """Strong phrases in clauses that are not adverts, where they begin or end the clause."""
        found = []
        for start, end in self.strong:
            before, after = self.line[:start].rstrip()[-1:], self.line[end:].lstrip()[:1]
            edge = not (before.isalnum() and after.isalnum())
            if edge and self._letters[end] - self._letters[start] >= 4 and NOVEL.search(self.line, start, end) is None:
                found.append((start, end))
        return found


def _masked(line: str, spans: list[Span], character: str) -> str:
    parts, at = [], 0
    for start, end in spans:
        parts += [line[at:start], character * (end - start)]
        at = end
    return "".join([*parts, line[at:]])


def _widened(line: str, start: int, end: int) -> Span:
    """An address with the disguised name of its site before or after it (t-x-t＿小＿说天/堂www…)."""
    if line[end + 1 : end + 4] and (after := _DISGUISE_AFTER.match(line, end)) is not None:
        end = after.end()
    low = max(0, start - 40)
    if _HINT.search(line, low, start) is not None and (before := _DISGUISE_BEFORE.search(line[low:start])) is not None:
        start = low + before.start()
    while start > 0 and line[start - 1] in _ODD:
        start -= 1
    while end < len(line) and line[end] in _ODD:
        end += 1
    return start, end


def _with_brackets(line: str, start: int, end: int) -> Span:
    """An address with white space around it, and the pair of brackets that would be left empty."""
    low, high = start, end
    while low > 0 and line[low - 1] in " \t\u3000":
        low -= 1
    while high < len(line) and line[high] in " \t\u3000":
        high += 1
    if low > 0 and high < len(line) and line[low - 1] + line[high] in _EMPTY:
        return low - 1, high + 1
    if high == len(line) and low > 0 and line[low - 1] in "(（【[［〔":
        return low - 1, high
    latin = 0 < low < high < len(line) and line[low - 1].isascii() and line[high].isascii()
    return (start, high) if latin else (low, high)


def _touches(span: Span, spans: list[Span]) -> bool:
    """Whether a span overlaps one of `spans`, which are sorted."""
    at = bisect_left(spans, (span[1], span[1])) - 1
    return any(low < span[1] and span[0] < high for low, high in spans[max(0, at - 2) : at + 1])


def _inside(span: Span, spans: list[Span]) -> bool:
    at = bisect_right(spans, (span[0], 1 << 60)) - 1
    return at >= 0 and spans[at][0] <= span[0] and span[1] <= spans[at][1]


def _merged(spans: list[Span]) -> list[Span]:
    result: list[Span] = []
    for start, end in sorted(spans):
        if result and start <= result[-1][1]:
            result[-1] = (result[-1][0], max(end, result[-1][1]))
        else:
            result.append((start, end))
    return result
