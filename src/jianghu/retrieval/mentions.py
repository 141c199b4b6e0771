"""Who is named where: by a name of the lexicon or, as novels do, by the given name alone (操曰, for 曹操).

A chapter's text and a lexicon go in; mentions come out.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import defaultdict
from typing import NamedTuple

from ..names import Lexicon

REACH = 1500
"""Characters for which a reader remembers who a given name of one character belongs to."""
_COMPOUND = re.compile(
    "欧阳|司马|上官|诸葛|夏侯|皇甫|尉迟|公孙|慕容|令狐|宇文|长孙|司徒|司空|东方|独孤|南宫|西门|呼延|太史|淳于"
    "|歐陽|諸葛|公孫|長孫|東方|獨孤|南宮|西門|司馬|尉遲"
)


class Mention(NamedTuple):
    """`text[start:end]` names `name`; `short` if by a given name of one character."""

    start: int
    end: int
    name: str
    short: bool


def find_mentions(text: str, lexicon: Lexicon) -> list[Mention]:
    """The mentions in a chapter's text, in order.

    A single character is taken for the person of that given name who was last named in full, at most `REACH`
    characters before; where nobody was, it is a word like any other.
    """
    full = [Mention(start, end, name, False) for start, end, name in lexicon.mentions(text)]
    owners = _given_names(lexicon)
    if not owners:
        return full
    found: list[Mention] = []
    starts = [mention.start for mention in full]
    for match in re.finditer(f"[{''.join(map(re.escape, owners))}]", text):
        at = match.start()
        right = bisect_left(starts, at + 1)
        if right and full[right - 1].end > at:
            continue  # part of a whole name
        for mention in reversed(full[bisect_left(starts, at - REACH) : right]):
            if mention.name in owners[match[0]]:
                found.append(Mention(at, at + 1, mention.name, True))
                break
    return sorted([*full, *found])


def _given_names(lexicon: Lexicon) -> dict[str, set[str]]:
    """Given names of one character, with the persons who bear them."""
    owners: dict[str, set[str]] = defaultdict(set)
    for name in lexicon.names:
        surname = 2 if len(name.name) > 2 and _COMPOUND.match(name.name) else 1
        if name.kind == "person" and len(name.name) == surname + 1:
            owners[name.name[-1]].add(name.name)
    return owners
