"""To whom: who was spoken to, and to whom something was done. From sentences that name two persons."""

from __future__ import annotations

import re
from collections.abc import Iterator

from .asking import PERSON, asked, clear, is_verse
from .fact import Fact, from_sentence, known_as
from .sentences import BookText, Mention, Sentence, letters
from .who import LEADS, MANNER, gives_away

_SPEECH = re.compile(r"^([^“”，。！？；：]{4,24})(?:曰|道|云|说)[：；，:]“([^“”‘’]{6,42})”$")
_TOWARDS = re.compile(r"(?:回头|转身|低声|悄悄|笑着|含笑|忙)?(?:对着?|向着?|朝着?|望着|问|叫|谓|告诉)")
_DONE_TO = re.compile(
    r"(?:交与|递与|付与|送与|送给|交给|递给|赏与|赏给|赐与|许配与?|许给|传给|传与|让与|让给|献与|献给|嫁与|嫁给|托付与?|借与|还与|说与|报与|告知|告诉|禀告|报知"
    r"|拜见|参见|来见|去见|求见|遇见|遇着|撞见|打死|杀死|杀了|斩了|救了|救出|救起|捉了|捉住|拿住|擒住|擒了|活捉|生擒|射中|刺中|砍翻|打翻|追赶|追上|辞了|辞别|别了|拜别|拜谢|请了|请来|唤过|叫过)$"
)


def listeners(book: BookText) -> Iterator[Fact]:
    """To whom it was said: a sentence that is one short speech of one person to another."""
    found = [(sentence, match) for sentence in book.sentences if (match := _SPEECH.match(sentence.text))]
    for sentence, match in found:
        pair = _pair(book, sentence, len(match[1]))
        words = match[2]
        if pair is None or not book.once(sentence) or len(letters(words)) < 8:
            continue
        speaker, other = pair
        between, after = match[1][speaker.end : other.start], match[1][other.end :]
        if not _TOWARDS.fullmatch(between) or not MANNER.fullmatch(after):
            continue
        by, to = (sentence.text[m.start : m.end] for m in pair)
        if by in words or to in words or other.name in words or gives_away(to, words):
            continue
        title, place, said = book.book, book.place(sentence.chapter.chapter), known_as(to, other.name)
        forms = [
            (f"《{title}》里，{by}对{{?}}说“{words}”？", f"{said}，见{place}。"),
            (f"“{words}”，《{title}》里{by}这句话是对{{?}}说的？", f"{said}。这句话出自{place}。"),
            (f"{place}里，{by}说“{words}”，听的人是{{?}}？", f"{said}。{by}的话是对{to}说的。"),
            (f"听{by}说“{words}”的是《{title}》里的{{?}}？", f"{said}，见{place}。"),
            (f"{by}跟{{?}}说过“{words}”？请按《{title}》回答。", f"{said}。这句话出自{place}。"),
        ]
        yield from_sentence("listener", "whom", sentence, to, book.also(other.name, to), asked(forms, PERSON))


def receivers(book: BookText) -> Iterator[Fact]:
    """To whom it was done: narration whose clause ends with a verb and a person's name."""
    for sentence in book.sentences:
        if not 10 <= len(sentence.text) <= 60 or not sentence.plain or len(sentence.mentions) < 2:
            continue
        first, other = sentence.mentions[0], sentence.mentions[1]
        people = all(book.kinds.get(m.name) == "person" for m in (first, other))
        before, left = sentence.text[: first.start], sentence.text[: other.start]
        ends = sentence.text[other.end : other.end + 1] in "，。；！" and other.end < len(sentence.text)
        if not people or first.name == other.name or not ends or not (not before or before in LEADS):
            continue
        to = sentence.text[other.start : other.end]
        told = left.removeprefix(before)
        if not _DONE_TO.search(told) or not clear(told) or gives_away(to, told) or is_verse(sentence.text):
            continue
        if not book.once(sentence) or len(told) < 8 or not book.telling(told + to):
            continue
        title, place, said = book.book, book.place(sentence.chapter.chapter), known_as(to, other.name)
        forms = [
            (f"《{title}》里，{told}{{?}}？", f"{said}，见{place}。"),
            (f"{told}{{?}}？请按《{title}》回答。", f"{said}。这是{place}里的情节。"),
            (f"在{place}中，{told}{{?}}？", f"{said}。原文写的是“{to}”。"),
            (f"请问《{title}》里，{told}{{?}}？", f"{said}，这件事写在{place}。"),
            (f"《{title}》写道：“{told}____”空白处是{{?}}？", f"{said}，见{place}。"),
        ]
        yield from_sentence("receiver", "whom", sentence, to, book.also(other.name, to), asked(forms, PERSON))


def _pair(book: BookText, sentence: Sentence, until: int) -> tuple[Mention, Mention] | None:
    """The two persons in the first `until` characters, the first of whom opens the sentence."""
    lead = [mention for mention in sentence.mentions if mention.start < until]
    if len(lead) != 2 or lead[1].end > until or lead[0].name == lead[1].name:
        return None
    if any(book.kinds.get(mention.name) != "person" for mention in lead):
        return None
    before = sentence.text[: lead[0].start]
    return (lead[0], lead[1]) if not before or before in LEADS else None
