"""Faults that a question or an answer shows by itself, whatever the book says. Text goes in, yes or no comes out."""

from __future__ import annotations

import re
import unicodedata

from ...llm.thoughts import has_thoughts
from .quote import letters

LONGEST_COPY = 20  # letters in a row that a question or an answer may share with the book; names and titles are shorter
_LEANS = re.compile(
    r"文中|本文|该文|原文|上文|下文|课文|短文|本段|该段|此段|这段(?!时间|日子|路|缘|情|往|经)|那段文|段落|片段|选段|语段|节选|"
    r"本章|本回|本节|这一回|上述|以上内容|以上文|材料(?:中|里)|(?:根据|依据|按照)(?:文|以上|上面|材料|所给|给出)|"
    r"(?i:the (?:passage|text|excerpt|paragraph)|according to the (?:passage|text))"
)
_BOOK = re.compile(r"^(?:在|据|请问)?(?:小说|长篇)?《[^》]*》(?:这部小说|一书)?(?:里|中|内|当中|里面)?[，,：:、 ]*")
_BEGINS = re.compile(r"^(?:这里|那里|此处|这件事|这句话|这番话)")
_BEGINS_NAMELESS = re.compile(r"^(?:这时|此时|那时|接着|随后|然后|于是|后来|这个?人|那个?人|这位|那位)")
_PRONOUN = re.compile(r"他们?(?!日|乡|方|山)|她们?|它们?|此人|该人|其(?![他它中实余次间后])")
_FIRST = 6  # letters of a question within which a pronoun can have nothing before it to stand for
_SHORTEST = 8  # letters of a question that names nobody; a shorter one could be about anything
_HANGING = re.compile(
    r"(?:[，,、：:；;—\-(（《“「…]|\.\.\.|(?:因为|由于|但是|而且|并且|所以|以及|为了|和|与|或|被|把|将|向|对|在|是|却|就|才|又|还|再|从|因|若|虽|但|而|使|让|及))$"
)
_HANGING_LATE = re.compile(r"(?:还有|以及|[着做作当为叫称有])$")  # after a comma; alone, 坐着 is a whole answer
_PAIRS = (("“", "”"), ("‘", "’"), ("「", "」"), ("『", "』"), ("（", "）"), ("《", "》"))


def garbage(text: str) -> bool:
    """Whether a text holds broken characters, thoughts, an endless run of one character, or hardly any letters."""
    if has_thoughts(text):
        return True
    if any(unicodedata.category(c) in ("Cc", "Cs", "Co", "Cn") or c == "\ufffd" for c in text):
        return True
    if re.search(r"(.)\1{7}|(.{2,8}?)\2{4}", text):
        return True
    return sum(c.isalnum() for c in text) < 0.3 * len(text)


def leans(text: str) -> bool:
    """Whether a text speaks of the passage it was made from, which its reader does not see."""
    return bool(_LEANS.search(text))


def points_at_nothing(question: str, people: list[str]) -> bool:
    """Whether a question begins with a word that stands for something said before, or is too short to name anything.

    Args:
        people: names, as they are written, that the question holds.
    """
    plain = _BOOK.sub("", question.strip())
    if _BEGINS.match(plain) or (not people and _BEGINS_NAMELESS.match(plain)):
        return True
    first = min((at for name in people if (at := plain.find(name)) >= 0), default=len(plain))
    if (pronoun := _PRONOUN.search(plain)) and pronoun.start() < min(first, _FIRST):
        return True
    return not people and len(letters(plain)) < _SHORTEST


def half(answer: str) -> bool:
    """Whether an answer breaks off: it ends in the middle of a clause, or a quote or bracket stays open."""
    text = answer.strip()
    if _HANGING.search(text) or ("，" in text and _HANGING_LATE.search(text)):
        return True
    return any(text.count(left) > text.count(right) for left, right in _PAIRS)


def copied(text: str, source: str, longest: int = LONGEST_COPY) -> bool:
    """Whether a text shares more than `longest` letters in a row with its source. Quoted speech does not count."""
    told, source = letters(re.sub(r"“[^”]*”|「[^」]*」|‘[^’]*’", "", text)), letters(source)
    return any(told[at : at + longest + 1] in source for at in range(len(told) - longest))
