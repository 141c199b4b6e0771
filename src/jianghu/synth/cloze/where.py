"""Where it happened: from sentences with one place, which a word for being or going there leads in."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from ...names.evidence import is_role
from .asking import PLACE, asked, clear, is_verse
from .fact import Fact, from_sentence
from .sentences import BookText

_TO = "进在于到至往奔投屯守入离过抵赴驻"
_SUFFIX = "驿城山关县州郡江河湖岭谷庄镇村寺庙观渡津桥坡岗洞岛府宫楼亭"
_FOUND = re.compile(rf"[{_TO}]([\u4e00-\u9fff]{{1,3}}[{_SUFFIX}])(?!口)")
# A place name does not begin with these: they are verbs, pronouns, measures, or say which side.
_NOT_FIRST = set(
    f"{_TO}一二三四五六七八九十百千数这那此其某本各每何前后左右东西南北大小高深上下里外中近远荒空满"
    "他她它我你吾汝彼自己的得了着之是有无不为将来去出回归取攻打破见看望渡登爬翻进同和与及并两个座条间处府城山江河兵军人马吊浮"
)
_COUNTED = "一这那此个座间处所条片该某各数几两这"
"""What stands before words for kinds of place (一座酒楼, 这乡村), and not before their names."""
AT_LEAST = 3  # a place that the book leads in only once or twice may be a chance join of characters


def places(book: BookText) -> Iterator[Fact]:
    """Where: narration with one place, blanked, or asked for with 哪里."""
    known = {name for name, kind in book.kinds.items() if kind == "place" and len(name) > 1} | find_places(book.text)
    people = {form for name, kind in book.kinds.items() if kind == "person" for form in (name, *book.also(name, name))}
    known -= people
    if not known:
        return
    anywhere = re.compile("|".join(sorted(map(re.escape, known), key=lambda name: (-len(name), name))))
    for sentence in book.sentences:
        if not 12 <= len(sentence.text) <= 50 or not sentence.plain:
            continue
        found = list(anywhere.finditer(sentence.text))
        if len(found) != 1 or not book.once(sentence):
            continue
        match = found[0]
        left, right = sentence.text[: match.start()], sentence.text[match.end() :]
        cut_name = any(
            m.start < match.end() and match.start() < m.end and m.name != match[0] for m in sentence.mentions
        )
        # Somebody must be named, else nothing tells which coming and going is meant.
        named = any(m.name != match[0] for m in sentence.mentions)
        if not left or left[-1] not in _TO or cut_name or not named:
            continue
        at, title = book.place(sentence.chapter.chapter), book.book
        if right[:1] in _SUFFIX or is_role(right[:2]) or not clear(left) or is_verse(sentence.text):
            continue  # 陈桥 of 陈桥驿, 两江 of 两江总督
        masked = f"{left}____{right}"
        asks = [
            (f"《{title}》中有一句：“{masked}”空白处是什么地方？", f"{match[0]}。这一句出自{at}。"),
            (f"{at}写道：“{masked}”这里说的是哪个地方？", f"{match[0]}。空白处的地名就是“{match[0]}”。"),
            (f"请填出《{title}》这句话里的地名：“{masked}”", f"{match[0]}，见{at}。"),
        ]
        going = _open_end(left, right)
        if going and any(m.start < match.start() for m in sentence.mentions) and book.telling(left + going):
            forms = [
                (f"《{title}》里，{left}{{?}}{going.strip()}？", f"{match[0]}，见{at}。"),
                (f"{left}{{?}}{going.strip()}？请按《{title}》回答。", f"{match[0]}。这一句出自{at}。"),
                (f"在{at}里，{left}{{?}}{going.strip()}？", f"{match[0]}。原文写的是“{match[0]}”。"),
                (f"请问《{title}》中，{left}{{?}}{going.strip()}？", f"{match[0]}，这件事写在{at}。"),
            ]
            asks = [*asked(forms, PLACE), asks[0]]
        also = book.also(match[0], match[0]) if match[0] in book.kinds else ()
        yield from_sentence("place", "where", sentence, match[0], also, asks)


def _open_end(left: str, right: str) -> str:
    """What follows a place in its clause, where the question may end: " " at the clause's end, a short deed behind
    在X; empty where it cannot."""
    clause = re.match(r"[^，。；！、]*", right)
    rest = (clause[0] if clause else "").removeprefix("来").removeprefix("去")
    if not rest:
        return " "
    rest = re.sub(r"^[中里内上](?=.)", "", rest)
    stays = left[-1:] == "在" and 2 <= len(rest) <= 10 and rest[0] not in "的之这那中里内上下外前后边旁人长做当"
    return rest if stays else ""


def find_places(text: str) -> set[str]:
    """Strings that stand at least three times behind a word of being or going and end as places do (…城, …山)."""
    times = Counter(match[1] for match in _FOUND.finditer(text))
    found = {name for name, count in times.items() if count >= AT_LEAST and name[0] not in _NOT_FIRST}
    return {name for name in found if not _is_part(name, text)}


def _is_part(name: str, text: str) -> bool:
    """Whether a string is a word for kinds of places, or mostly goes on as one longer word (叫庄客, 梁山泊)."""
    number = text.count(name)
    if 20 * sum(text.count(before + name) for before in _COUNTED) > number:
        return True
    after = Counter(text[at + len(name)] for at in _places_of(name, text) if at + len(name) < len(text))
    return any(10 * times >= 6 * number and "\u4e00" <= character <= "\u9fff" for character, times in after.items())


def _places_of(name: str, text: str) -> Iterator[int]:
    at = text.find(name)
    while at >= 0:
        yield at
        at = text.find(name, at + 1)
