"""What is known of a passage's candidates whatever is asked: their shape, and the characters around them."""

from __future__ import annotations

import numpy as np

from ..retrieval import Passage
from .candidates import FUNCTION, SPEAKS, Layout

BEFORE, AFTER = "被使令与于为是名字号叫在至到见杀斩用以曰将把", "曰道之引大也者子等为在乃闻见即自又使"
"""Characters beside a candidate that tell what it is."""
_SHAPE = (
    *("in book", "length", "bond left", "bond right", "bond inside", "opens clause", "ends clause"),
    *("grammar before", "grammar after", "speaks"),
)
FIXED_NAMES = [
    *(("shape", what) for what in _SHAPE),
    *(("beside", f"before {character}") for character in BEFORE),
    *(("beside", f"after {character}") for character in AFTER),
]


def fixed_features(passage: Passage, layout: Layout, bonds: np.ndarray, times: np.ndarray) -> np.ndarray:
    """(candidates, len(FIXED_NAMES)).

    Args:
        bonds: how firmly each pair of neighbours belongs together (pointwise mutual information).
        times: how often the book names each candidate, as log(1 + times); 0 for what is no name.
    """
    text, start, end = passage.text, layout.start, layout.end
    before = [text[at - 1 : at] for at in start]  # "" at the beginning
    after = [text[at : at + 1] for at in end]
    edges = np.concatenate([[-4.0], bonds[: len(text) - 1], [-4.0]])  # edges[n]: between characters n - 1 and n
    inside = [edges[a + 1 : b].min(initial=6) for a, b in zip(start, end, strict=True)]
    clause = np.concatenate([[0], layout.clause, [0]])
    columns = [
        times / 5,
        (end - start) / 8,
        *(np.clip(part, -6, 6) / 4 for part in (edges[start], edges[end], np.array(inside))),
        clause[start] != clause[start + 1],
        clause[end] != clause[end + 1],
        [one in FUNCTION for one in before],
        [one in FUNCTION for one in after],
        [one in SPEAKS for one in after],
        *([one == character for one in before] for character in BEFORE),
        *([one == character for one in after] for character in AFTER),
    ]
    return np.stack([np.asarray(column, np.float32) for column in columns], axis=1)
