"""Mends hard line wraps. Lines as they stand in the file go in; paragraphs, one a line, come out.

Two kinds: line ends at a fixed width in mid-sentence, and (from files that were unwrapped badly) a space
in mid-sentence every 40 characters or so. A width is believed only if many lines agree on it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from .headings import MARK
from .ledger import Ledger

_ENDS = frozenset("。！？…”’』」）》】!?.;；:：—")
_NARROW, _WIDE = 18, 100
"""Widths between which a wrap is believed; narrower lines are verse."""
_RULE = "hard line wrap"
_SPACES, _PART = re.compile(r"\s+"), re.compile(r"\S+")


@dataclass(frozen=True, slots=True)
class _Line:
    indent: int
    text: str
    heading: bool

    @property
    def width(self) -> int:
        return self.indent + len(self.text)

    @property
    def open(self) -> bool:
        """Ends in mid-sentence."""
        return bool(self.text) and self.text[-1] not in _ENDS


def mend_wraps(lines: list[str], ledger: Ledger) -> list[str]:
    """Join what a wrap broke. Returns stripped, non-empty lines."""
    return _mend_spaces(_mend_line_ends([_look(line) for line in lines], ledger), ledger)


def broken_lines(lines: Sequence[str]) -> set[int]:
    """Of a file that is wrapped at one width, the numbers of the lines that a wrap may have cut at either end."""
    looked = [_look(line) for line in lines]
    width = _width([line for block in _blocks(looked) for line in block[:-1]])
    if width is None:
        return set()
    full = [line.width >= width - _slack(looked) and not line.heading for line in looked]
    return {at for at in range(len(lines)) if lines[at].strip() and (full[at] or (at and full[at - 1]))}


def _look(line: str) -> _Line:
    bare = line.strip()
    if line[:1] == bare[:1]:
        return _Line(0, bare, bare.startswith(MARK))
    space = line[: len(line) - len(line.lstrip())].replace("\u3000", "  ").expandtabs(4)
    return _Line(len(space) // 2, bare, bare.startswith(MARK))


def _mend_line_ends(lines: list[_Line], ledger: Ledger) -> list[str]:
    blocks = _blocks(lines)
    followed = [line for block in blocks for line in block[:-1]]
    loose = [line for block in blocks if len(block) == 1 for line in block]
    if len(loose) > 4 * len(followed) and _width(loose) is not None:  # a blank line after every line of the file
        blocks = _blocks([line for line in lines if line.text])
        followed = [line for block in blocks for line in block[:-1]]
    width, base = _width(followed), _base(followed)
    result: list[str] = []
    for block in blocks:
        local = width if width is not None else _local_width(block)
        if local is None:
            result += [line.text for line in block]
        else:
            result += _joined(block, local, base if width is not None else _base(block), ledger)
    return result


def _blocks(lines: list[_Line]) -> list[list[_Line]]:
    """Runs of lines without a blank line or a heading between; a heading is a block of its own."""
    blocks: list[list[_Line]] = []
    fresh = True
    for line in lines:
        if not line.text:
            fresh = True
        elif fresh or line.heading:
            blocks.append([line])
            fresh = line.heading
        else:
            blocks[-1].append(line)
    return blocks


def _slack(lines: list[_Line]) -> int:
    """How much shorter than the width a full line may be: words do not break, Chinese characters do."""
    latin = sum(line.text.isascii() for line in lines)
    return 14 if 2 * latin > len(lines) else 3


def _width(lines: list[_Line]) -> int | None:
    """The width at which a whole file is wrapped, or None."""
    fitting = [line for line in lines if _NARROW <= line.width <= _WIDE]
    if len(fitting) < 10:
        return None
    width = Counter(line.width for line in fitting).most_common(1)[0][0]
    slack = _slack(lines)
    if slack > 3:
        width = sorted(line.width for line in fitting)[len(fitting) * 9 // 10]
    full = [line for line in fitting if width - slack <= line.width <= width + 2]
    agree = 2 * len(full) >= len(lines) and 3 * sum(line.open for line in full) >= len(full)
    return width if agree else None


def _local_width(block: list[_Line]) -> int | None:
    """The width of one wrapped stretch (a letter, an inscription) in a file that is not wrapped otherwise."""
    fitting = [line for line in block if _NARROW <= line.width <= 60]
    if len(fitting) < 6 or 5 * len(fitting) < 4 * len(block):
        return None
    width = sorted(line.width for line in fitting)[len(fitting) // 2]
    full = [line for line in fitting if abs(line.width - width) <= 2]
    agree = 5 * len(full) >= 3 * len(fitting) and 5 * sum(line.open for line in fitting) >= 2 * len(fitting)
    return width if agree else None


def _base(lines: list[_Line]) -> int:
    """The indentation of lines that go on: the smallest that a tenth of the lines have. More begins a paragraph."""
    counts = Counter(line.indent for line in lines)
    return min((indent for indent, count in counts.items() if 10 * count >= len(lines)), default=0)


def _joined(block: list[_Line], width: int, base: int, ledger: Ledger) -> list[str]:
    slack = _slack(block)
    result = [block[0].text]
    for before, line in pairwise(block):
        full = before.width >= width - slack
        goes_on = (full or (before.open and 2 * before.width >= width)) and before.width <= width + 16
        if line.indent > base or not goes_on or before.heading:
            result.append(line.text)
        else:
            ledger.count(_RULE, 1, 0, before.text[-8:] + "⏎" + line.text[:8])
            cut = slack <= 3 and before.width == width  # Chinese files are cut anywhere, in words too
            result[-1] += ("" if cut else _glue(before.text[-1], line.text[0])) + line.text
    return result


def _glue(left: str, right: str) -> str:
    """Between two joined parts: a space between Latin words, nothing between Chinese characters."""
    return " " if left.isascii() and right.isascii() else ""


def _sizes(line: str) -> Iterator[int]:
    """Lengths of the parts between white space, but for the last."""
    before = None
    for part in _PART.finditer(line):
        if before is not None:
            yield before
        before = part.end() - part.start()


def _mend_spaces(lines: list[str], ledger: Ledger) -> list[str]:
    """Take out spaces that stand in mid-sentence at an even distance."""
    lengths = Counter(size for line in lines for size in _sizes(line) if size >= _NARROW)
    if sum(lengths.values()) < 20:
        return lines
    width = max(lengths, key=lambda n: (sum(lengths[m] for m in range(n - 5, n + 1)), n))
    band = range(width - 5, width + 3)
    if 10 * sum(lengths[n] for n in band) < 8 * sum(lengths.values()):
        return lines
    result = []
    for line in lines:
        parts = _SPACES.split(line)
        whole = parts[0]
        for before, part in pairwise(parts):
            chinese = before and part and not before[-1].isascii() and not part[0].isascii()
            if chinese and len(before) in band:
                ledger.count("space in mid-sentence", 1, 0, before[-8:] + "␣" + part[:8])
                whole += part
            else:
                whole += " " + part
        result.append(whole if len(parts) > 1 else line)
    return result
