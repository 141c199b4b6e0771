"""A small English novel made on the spot: people with titles, surnames and first names, places, speech."""

from __future__ import annotations

import random

PEOPLE = {
    "Harriet Vale": ("Harriet", "Miss Vale"),
    "Captain Moss": (),
    "Tobias Crane": ("Tobias", "Mr. Crane"),
    "Mrs. Crane": (),
    "Lady Orme": (),
    "Judith": (),
}
"""Each with other forms of the name."""
WOMEN = {"Harriet Vale", "Mrs. Crane", "Lady Orme", "Judith"}
PLACES = ("Wexcombe", "Saltmarsh", "Holm Abbey", "Thornbury")
_THINGS = ("a lantern", "the torn map", "a brass key", "the sealed letter", "the blue cup", "an empty chair")
_DID = ("carried {} across the yard", "hid {} under the stairs", "found {} behind the clock", "sold {} at the fair")
_FELT = ("smiled and said nothing more", "looked away at once", "turned pale", "laughed aloud", "sighed over the fire")
_ADVERBS = ("before dawn", "after supper", "in the rain", "on market day", "late in the evening", "without a word")


def english_novel(chapters: int = 5, paragraphs: int = 14, seed: int = 1) -> str:
    """A novel with chapters under CHAPTER I., hard-wrapped as Project Gutenberg's are."""
    dice = random.Random(seed)
    parts = ["THE FERRY AT WEXCOMBE\n\n"]
    for number in range(chapters):
        parts.append(f"CHAPTER {('I', 'II', 'III', 'IV', 'V', 'VI', 'VII', 'VIII')[number]}.\n\n")
        for _ in range(paragraphs):
            who, other = dice.sample(list(PEOPLE), 2)
            name = dice.choice((who, *PEOPLE[who]))
            place, thing = dice.choice(PLACES), dice.choice(_THINGS)
            she = who in WOMEN
            day = dice.randrange(2, 900)
            lines = [
                f"{name} {dice.choice(_DID).format(thing)} {dice.choice(_ADVERBS)}, {day} days before the flood.",
                f"The road to {place} was long, and nobody in {place} had seen {other} for {day + 3} weeks.",
                f"“We shall need {thing} before the {day}th tide comes in,” said {name} to {other}.",
                f"{other} {dice.choice(_FELT)}, and {name} {dice.choice(_FELT)}; {'she' if she else 'he'} was tired.",
                f"“Tell me, {name}, who lit the {day}th lamp at {place}?” asked {other}.",
            ]
            dice.shuffle(lines)
            parts.append(_wrapped(" ".join(lines)) + "\n\n")
    return "".join(parts)


def _wrapped(text: str, width: int = 70) -> str:
    lines, line = [], ""
    for word in text.split(" "):
        if len(line) + len(word) >= width:
            lines.append(line)
            line = word
        else:
            line = f"{line} {word}".strip()
    return "\n".join([*lines, line])
