"""An English book gets questions in English, from its own words."""

import re

from jianghu.corpus import Chapter
from jianghu.names import find_names
from jianghu.recipe import SynthSettings
from jianghu.synth import cloze_records

from ..english import PEOPLE, english_novel

NAMES = ("Harriet Vale", "Captain Moss", "Tobias")
PLACES = ("the lighthouse", "the orchard", "the ferry", "the old mill", "the library", "the north gate")
THINGS = ("a lantern", "the torn map", "his brass key", "a letter", "the blue cup", "an empty chair")


def book() -> list[Chapter]:
    chapters = []
    for number in range(1, 9):
        lines = []
        for n in range(12):
            who, where = NAMES[(number + n) % 3], PLACES[(number * 5 + n) % 6]
            what = THINGS[(number + 2 * n) % 6]
            lines.append(
                f"On the {number * 12 + n}th day {who} came to {where} before dawn. "
                f"He found {what} there on the {number + n * 9}th step and said nothing. "
                f"“We shall need {what} by the {n + number * 13}th of March,” said {who}."
            )
        chapters.append(
            Chapter("The Ferry", number, f"CHAPTER {number}. {PLACES[number % 6].title()} {number}", "\n".join(lines))
        )
    return chapters


def test_an_english_book_has_english_questions_with_their_evidence():
    chapters = book()
    records = cloze_records(chapters, {}, SynthSettings(cloze_records=400))
    assert {record.kind for record in records} == {"who", "next", "chapter"}
    texts = {chapter.chapter: chapter for chapter in chapters}
    for record in records:
        assert record.question.isprintable()
        assert not any("\u4e00" <= character <= "\u9fff" for character in record.question + record.answer)
        assert "“The Ferry”" in record.question
        assert record.answer.startswith(record.short_answer)
        chapter = texts[record.chapter or 0]
        told = chapter.title if record.start is None else chapter.text[record.start : record.end]
        assert record.short_answer in told
    assert {r.short_answer for r in records if r.kind == "who"} == set(NAMES)


def test_a_book_in_another_language_gets_none():
    lines = "Es war einmal ein Müller, der hatte drei Söhne und eine Tochter. Sie gingen in den Wald. " * 40
    assert cloze_records([Chapter("Märchen", 1, "Erstes Kapitel", lines)], {}, SynthSettings()) == []


def test_with_names_it_is_asked_who_did_it_and_to_whom_it_was_said():
    chapters = [
        Chapter("The Ferry", number, f"CHAPTER {number}.", " ".join(english_novel(1, 20, seed=number).split()[6:]))
        for number in range(1, 5)
    ]
    lexicon = find_names([chapter.text for chapter in chapters])
    forms = {form for name in lexicon.names for form in (name.name, *name.aliases)}
    records = cloze_records(chapters, {"The Ferry": lexicon}, SynthSettings(cloze_records=900))
    deeds = [r for r in records if re.match(r"(In “The Ferry”, who|Who) (carried|hid|found|sold) ", r.question)]
    whom = [r for r in records if r.kind == "whom"]
    assert len(deeds) > 20
    assert len(whom) > 20
    for record in (*deeds, *whom):
        assert record.short_answer in forms
        assert set(record.aliases) < forms
        assert lexicon.owners[record.short_answer] not in lexicon.names_in(record.question.split(" say ")[-1])
        chapter = chapters[(record.chapter or 0) - 1]
        assert record.short_answer in chapter.text[record.start : record.end]
    assert {lexicon.owners[record.short_answer] for record in deeds} <= set(PEOPLE)


def test_a_sentence_ends_at_no_title():
    text = "It was a cold day in the town. He saw Mr. Collins so before you came. She left the house at once. " * 3
    text += "They told Mrs. Hale that the horses were ready. Nobody in the whole house believed a word of it."
    records = cloze_records([Chapter("The Ferry", 1, "CHAPTER 1.", text)], {}, SynthSettings(cloze_records=50))
    assert records
    assert not any("“Hale" in r.question or r.answer.startswith(("Hale", "Collins")) for r in records)
