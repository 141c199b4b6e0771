"""Who said it, and who did it: from sentences in which one name tells."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from .asking import PERSON, an_act, asked, clear, is_verse
from .fact import Fact, from_sentence, known_as
from .sentences import BookText, Mention, Sentence, letters

LEADS = {
    *("却说", "且说", "再说", "话说", "单说", "原来", "于是", "当下", "忽然", "此时", "这时", "那时", "只见", "忽见"),
    *("次日", "次日，", "当日", "当日，", "当夜", "正说间，"),
}
_SPEECH = re.compile(r"^([^“”，。！？；：]{2,16})(?:曰|道|云|说)[：；，:]“([^“”‘’]{6,42})”$")
# Between the name and the verb of speaking stand only words for the manner: 笑曰, 大怒道, 忙问道. Others may bring
# in a second speaker (使人告, 之子泣).
MANNER = re.compile(
    r"[笑大怒喜惊急忙乃又遂叹泣哭骂喝叱答应回问谢言高声厉低微冷呵哈抚掌仰天顿首垂泪流涕失色慌便亦即也说拱手]{0,6}"
)
_NOT_AFTER = "之等军兵部家父母妻弟兄子女寨营门与和及并同、，：；也者曰道云说的是被为所诸众"


def speeches(book: BookText) -> Iterator[Fact]:
    """Whose words: a sentence that is one short speech, led in by one person and a verb of speaking."""
    found = [(sentence, match) for sentence in book.sentences if (match := _SPEECH.match(sentence.text))]
    times = Counter(letters(match[2]) for _, match in found)
    for sentence, match in found:
        words = match[2]
        who = _subject(book, sentence, len(match[1]))
        if who is None or times[letters(words)] > 1 or len(letters(words)) < 8:
            continue
        written = sentence.text[who.start : who.end]
        if not MANNER.fullmatch(match[1][who.end :]) or written in words or who.name in words:
            continue
        place, said = book.place(sentence.chapter.chapter), known_as(written, who.name)
        title, at = book.book, f"{said}。这句话出自{place}。"
        forms = [
            (f"《{title}》中，“{words}”这句话是{{?}}说的？", at),
            (f"说“{words}”的是《{title}》里的{{?}}？", f"{said}。这是{place}里的话。"),
            (f"{place}里有人说：“{words}”说话的人是{{?}}？", f"{said}。说这句话的就是{who.name}。"),
            (f"是{{?}}说过“{words}”？请按《{title}》回答。", f"{said}，见{place}。"),
            (f"“{words}”，《{title}》里{{?}}说了这话？", at),
            (f"请问“{words}”是《{title}》里{{?}}讲的？", f"{said}，见{place}。"),
            (f"《{title}》里有句话：“{words}”出自{{?}}之口？", at),
        ]
        asks = asked(forms, PERSON)
        yield from_sentence("speech", "who", sentence, written, book.also(who.name, written), asks)


def deeds(book: BookText) -> Iterator[Fact]:
    """Who did it: narration whose one name opens the sentence as its subject."""
    for sentence in book.sentences:
        if not 12 <= len(sentence.text) <= 50 or len(sentence.mentions) != 1 or not sentence.plain:
            continue
        who = _subject(book, sentence, len(sentence.text))
        if who is None or not book.once(sentence):
            continue
        written, rest = sentence.text[who.start : who.end], sentence.bare[who.end :]
        if len(rest) < 10 or rest[0] in _NOT_AFTER or gives_away(written, rest) or not book.telling(rest):
            continue
        if not an_act(rest) or is_verse(sentence.text):
            continue
        place, said, title = book.place(sentence.chapter.chapter), known_as(written, who.name), book.book
        forms = [
            (f"《{title}》里，{{?}}{rest}？", f"{said}。这是{place}里的情节。"),
            (f"在《{title}》中，是{{?}}{rest}？", f"{said}，这件事写在{place}。"),
            (f"{place}写有人{rest}，这个人是{{?}}？", f"{said}。做这件事的是{who.name}。"),
            (f"“{rest}”，这写的是《{title}》中的{{?}}？", f"{said}，见{place}。"),
            (f"{{?}}{rest}？请按《{title}》回答。", f"{said}，见{place}。"),
            (f"请问《{title}》里{{?}}{rest}？", f"{said}。这是{place}里的情节。"),
            (f"有人{rest}。《{title}》里的这个人是{{?}}？", f"{said}，这件事写在{place}。"),
        ]
        asks = asked(forms, PERSON)
        yield from_sentence("deed", "who", sentence, written, book.also(who.name, written), asks)


def blanks(book: BookText) -> Iterator[Fact]:
    """Fill in the name: narration with a person's name blanked, who is named in it once."""
    for sentence in book.sentences:
        if not 14 <= len(sentence.text) <= 56 or not sentence.plain or not book.once(sentence):
            continue
        people = [m for m in sentence.mentions if book.kinds.get(m.name) == "person"]
        if not 1 <= len(people) <= 2 or len({m.name for m in people}) < len(people):
            continue
        who = people[0]
        written = sentence.text[who.start : who.end]
        left, right = sentence.text[: who.start], sentence.text[who.end :]
        if gives_away(written, left + right) or not clear(left + right) or is_verse(sentence.text):
            continue
        if any(form in left + right for form in book.also(who.name, written)) or len(letters(left + right)) < 12:
            continue
        if left[-1:] in "那这此" and left:
            continue
        masked, place = f"{left}____{right}", book.place(sentence.chapter.chapter)
        said = known_as(written, who.name)
        asks = [
            (f"《{book.book}》里有这样一句：“{masked}”空白处是谁的名字？", f"{said}。这一句出自{place}。"),
            (
                f"请补全《{book.book}》中的句子：“{masked}”",
                f"{written}。原文是“{written}{right[:18].rstrip('，。')}”。",
            ),
            (f"“{masked}”这句话出自{place}，空白处应填哪个人物？", f"{said}。空白处填的就是“{written}”。"),
            (f"在《{book.book}》的“{masked}”一句中，被隐去的人名是什么？", f"{said}，见{place}。"),
        ]
        if len(right) < 5:
            del asks[1]  # the answer would say no more than the name
        yield from_sentence("blank", "cloze", sentence, written, book.also(who.name, written), asks)


def gives_away(written: str, rest: str) -> bool:
    """Whether the rest of a sentence holds a character of the given name: 操 beside 曹操 names him too."""
    return any(character in rest for character in (written[1:] if len(written) > 2 else written))


def _subject(book: BookText, sentence: Sentence, until: int) -> Mention | None:
    """The person who opens the sentence, alone in its first `until` characters."""
    lead = [mention for mention in sentence.mentions if mention.start < until]
    if len(lead) != 1 or lead[0].end > until or book.kinds.get(lead[0].name) != "person":
        return None
    before = sentence.text[: lead[0].start]
    return lead[0] if not before or before in LEADS else None
