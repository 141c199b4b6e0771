"""With what: what somebody holds, rides, wears or takes. From clauses that end with a counted thing (提着一口朴刀)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from .asking import THING, asked, clear, is_verse
from .fact import Fact, from_sentence
from .sentences import BookText
from .who import LEADS

_THING = re.compile(
    r"(?P<verb>(?:[使用拿取提持挺抡轮舞挥执绰拈掣拔仗带骑乘穿披戴抱捧背擎横掏](?:着|了|起|出|过)?|拿出|取出|掏出|拔出|摸出|掣出|提起|拿起|举起|抱起|捧出|捧着|骑着|跨着|手持|手执|手提|身穿|头戴|腰悬))"
    r"(?P<thing>[一两二三四五六七八九十半](?:[条口把柄杆双根支枝对面匹骑领件顶张副包枚块锭封壶盏卷轴幅件部串双])[\u4e00-\u9fff]{1,7})(?=[，。；！])"
)
_NOT_IN_THING = frozenset("的了着来去就便与和在是将把被给他她我你这那")


def things(book: BookText) -> Iterator[Fact]:
    """With what: narration of one person, a clause of which ends with a counted thing."""
    for sentence in book.sentences:
        if not 10 <= len(sentence.text) <= 60 or not sentence.plain or not sentence.mentions:
            continue
        who = sentence.mentions[0]
        match = _THING.search(sentence.text, who.end)
        before = sentence.text[: who.start]
        if match is None or book.kinds.get(who.name) != "person" or (before and before not in LEADS):
            continue
        thing, told = match["thing"], sentence.text[len(before) : match.start("thing")]
        others = any(m.start > who.start and m.start < match.end() for m in sentence.mentions)
        if others or _NOT_IN_THING & set(thing) or len(told) < 6 or not clear(told) or is_verse(sentence.text):
            continue
        if not book.once(sentence) or book.text.count(told) > 1 or len(told) > 40:
            continue
        title, place = book.book, book.place(sentence.chapter.chapter)
        forms = [
            (f"《{title}》里，{told}{{?}}？", f"{thing}，见{place}。"),
            (f"{told}{{?}}？请按《{title}》回答。", f"{thing}。这一句出自{place}。"),
            (f"在{place}里，{told}{{?}}？", f"{thing}。原文写的是“{thing}”。"),
            (f"请问《{title}》中，{told}{{?}}？", f"{thing}，这写在{place}。"),
            (f"《{title}》写道：“{told}____”空白处是{{?}}？", f"{thing}，见{place}。"),
        ]
        yield from_sentence("thing", "thing", sentence, thing, (), asked(forms, THING))
