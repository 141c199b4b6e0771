"""The gates behind the parser: an item and its passage → an accepted record's fields, or the reason against it. Pure.

The evidence must stand in the passage; what is kept of it is the book's words, never the teacher's.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Any

from rapidfuzz import fuzz

from .parse import Parsed
from .store import Verdict

MOST = {"question": 120, "answer": 240, "evidence": 400}  # characters
SIMILAR = 90.0  # least rapidfuzz score of a quote that is not verbatim
SHORTEST_LOOSE = 8  # characters; a shorter quote must stand verbatim, else anything resembles anything
_LEANS = re.compile(
    r"文中|本文|该文|原文|上文|下文|课文|短文|本段|该段|此段|这段(?!时间|日子|路|缘|情|往|经)|那段文|段落|片段|选段|语段|节选|"
    r"本章|本回|本节|上述|以上内容|以上文|材料(?:中|里)|(?:根据|依据|按照)(?:文|以上|上面|材料|所给|给出)|"
    r"(?i:the (?:passage|text|excerpt|paragraph)|according to the (?:passage|text))"
)
_SAME = str.maketrans("「」『』“”‘’＂＇〝〞—－–‐", '""""""\'\'"\'""----')


def locate(quote: str, passage: str) -> tuple[int, int] | None:
    """Where a quote stands: `passage[start:end]`, or None.

    First exactly, white space, width and the shape of quote marks aside; then by the best alignment, if at least
    90 of 100 alike (rapidfuzz partial ratio).
    """
    if quote.strip() and (verbatim := passage.find(quote.strip())) >= 0:
        return verbatim, verbatim + len(quote.strip())
    text, places = _normalised(passage)
    # Teachers put quotes round a quote, and dots at its ends; but the marks may be the book's own.
    forms = [quote.strip(), quote.strip("…. \n"), quote.strip("…. \n“”「」\"'")]
    wanted, start = "", -1
    for form in forms:
        wanted, _ = _normalised(form)
        start = text.find(wanted) if wanted else -1
        if start >= 0:
            break
    if not wanted or len(wanted) > len(text):
        return None
    end = start + len(wanted)
    if start < 0:
        if len(wanted) < SHORTEST_LOOSE:
            return None
        found = fuzz.partial_ratio_alignment(wanted, text, score_cutoff=SIMILAR)
        if found is None or found.dest_end <= found.dest_start:
            return None
        start, end = found.dest_start, found.dest_end
    return places[start], places[end - 1] + 1


def gate(parsed: Parsed, passage: str) -> list[Verdict]:
    """A verdict for each item of a reply and each loss that the parser reports; at least one.

    An accepted item has question, answer, short_answer, aliases, kind, evidence, start and end, the last two in
    the passage.
    """
    verdicts: list[Verdict] = []
    asked: set[str] = set()
    for item in parsed.items:
        reason, fields = _examine(item, passage)
        same = _normalised(fields.get("question", ""))[0].rstrip("?？。")
        if reason is None and same in asked:
            reason = "duplicate question"
        if reason is None:
            asked.add(same)
        verdicts.append(Verdict(reason or "accepted", fields if reason is None else item))
    verdicts += [Verdict(problem, {}) for problem in parsed.problems if problem != "repaired"]
    return verdicts or [Verdict("no records", {})]


def _examine(item: dict[str, Any], passage: str) -> tuple[str | None, dict[str, Any]]:
    texts = {name: item.get(name) for name in ("question", "answer", "evidence")}
    if not all(isinstance(text, str) for text in texts.values()):
        return "wrong fields", {}
    fields: dict[str, Any] = {name: " ".join(str(text).split()) for name, text in texts.items()}
    if not all(fields.values()):
        return "empty", fields
    if any(len(fields[name]) > most for name, most in MOST.items()):
        return "too long", fields
    if garbage(fields["question"]) or garbage(fields["answer"]):
        return "garbage", fields
    if _LEANS.search(fields["question"]) or _LEANS.search(fields["answer"]):
        return "leans on the passage", fields
    span = locate(fields["evidence"], passage)
    if span is None:
        return "evidence not found", fields
    fields |= {"start": span[0], "end": span[1], "evidence": passage[slice(*span)]}
    short, kind, aliases = item.get("short_answer"), item.get("kind"), item.get("aliases")
    short = short.strip() if isinstance(short, str) else ""
    # A short answer that the answer does not hold would mark right answers wrong.
    fields["short_answer"] = short if short and short in fields["answer"] and not garbage(short) else fields["answer"]
    fields["kind"] = kind.strip()[:20] if isinstance(kind, str) and kind.strip() else "other"
    given = aliases if isinstance(aliases, list) else []
    fields["aliases"] = sorted({a.strip() for a in given if isinstance(a, str) and a.strip() and a.strip() != short})
    return None, fields


def garbage(text: str) -> bool:
    """Whether a text holds broken characters, an endless run of one character, or hardly any letters."""
    if any(unicodedata.category(c) in ("Cc", "Cs", "Co", "Cn") or c == "\ufffd" for c in text):
        return True
    if re.search(r"(.)\1{7}|(.{2,8}?)\2{4}", text):
        return True
    return sum(c.isalnum() for c in text) < 0.3 * len(text)


def _normalised(text: str) -> tuple[str, list[int]]:
    """The text in one width and case without white space, and for each of its characters the place in `text`."""
    characters: list[str] = []
    places: list[int] = []
    for place, character in enumerate(text):
        plain = unicodedata.normalize("NFKC", character.translate(_SAME)).casefold()
        # One for one: half of a character that unfolds, such as ¼, is no place in the text.
        plain = plain if len(plain) == 1 else character
        if not plain.isspace():
            characters.append(plain)
            places.append(place)
    return "".join(characters), places
