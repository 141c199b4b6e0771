"""The people of an English book are found by how it uses their names."""

import pytest

from jianghu.names import Lexicon, Name, find_names

from .english import PEOPLE, PLACES, english_novel


@pytest.mark.parametrize("seed", range(6))
def test_the_people_of_a_novel_are_found_and_no_places(seed):
    found = find_names([english_novel(seed=seed)])
    forms = {form: name.name for name in found.names for form in (name.name, *name.aliases)}
    for person, others in PEOPLE.items():
        assert person in forms, (person, forms)
        for other in others:
            assert forms.get(other, forms[person]) == forms[person], (other, forms)
    assert not {place for place in PLACES if place in forms}
    assert not {form for form in forms if form.split()[0] in ("The", "Tell", "We", "CHAPTER")}
    assert len({forms[person] for person in PEOPLE}) == len(PEOPLE), "two people are one"


@pytest.mark.parametrize(
    ("use", "is_name"),
    [
        ("“Not now,” said Zorah. “Zorah, come here!” he cried.", True),
        ("He wrote to Mr. Zorah. Then Mr. Zorah answered him.", True),
        ("They saw that Zorah smiled. But Zorah looked away.", True),
        ("He lived in Zorah for a year. The road from Zorah to the sea was long; she came to Zorah.", False),
        ("The Zorah was a fine ship. They boarded the Zorah and the Zorah sailed.", False),
        ("On a Monday he left. Every Monday he came. “Monday,” said Monday.", False),
    ],
)
def test_each_use_of_a_name_by_itself(use, is_name):
    filler = "It was the end of the day and the rain fell on the roof of the house, and that was all that he saw. "
    found = find_names([f"{filler}{use} {filler}" * 3])
    assert bool([name for name in found.names if "Zorah" in name.name or "Monday" in name.name]) is is_name


def test_mr_and_mrs_and_miss_are_three_people():
    text = (
        "“I know it,” said Mr. Hale. “I know,” said Mrs. Hale, and she went out. Miss Hale smiled. He was the father "
        "of Miss Hale, and it was a fine day. Hale looked at his wife, and that was the end of it. "
    )
    found = find_names([text * 4])
    assert {name.name: name.aliases for name in found.names} == {
        "Mr. Hale": ("Hale",),
        "Mrs. Hale": (),
        "Miss Hale": (),
    }


def test_a_name_in_latin_letters_is_mentioned_where_it_is_a_word_of_its_own():
    lexicon = Lexicon([Name("Ann"), Name("Mr. Hale")])
    text = "Ann was annoyed. Annoyed, Ann’s friend met Hannah, Annie and Mr. Haley; Ann-Marie met Mr. Hale."
    assert [text[start:end] for start, end, _ in lexicon.mentions(text)] == ["Ann", "Ann", "Ann", "Mr. Hale"]
    chinese = Lexicon([Name("Ann"), Name("刘备")])
    assert len(chinese.mentions("刘备见了Ann，Ann也见了刘备刘备")) == 5


def test_a_book_in_another_language_has_no_english_names():
    text = "Es war einmal ein Müller, sagte Hans. „Ja“, sagte Hans, und Hans lachte. Der Müller sah Hans an. " * 20
    assert find_names([text]).names == []
