"""Which found names are forms of one person, as far as the text itself says so.

Names and chapters go in; groups of forms come out. Evidence for one person: a form inside another (鲁智深, 智深), an
introduction (姓宋名江，字公明), an epithet before a name (黑旋风李逵), a surname with a title (蒋爷, 蒋平) where one
bearer of the surname is about. Evidence against it: both in one clause, or side by side in a list.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from functools import cached_property

from .evidence import GRAMMAR, roles
from .introductions import introductions
from .lexicon import Lexicon, Name

ENDINGS = frozenset("儿兒郎子")
"""Characters that lengthen a name and change nobody: 郓哥儿, 武大郎."""
TITLES = frozenset("爷爺公生相老某")
WOMEN = frozenset("妇婦女娘母婆妈媽奶姐妹姊姑姨嫂婶嬸妃后氏尼媳丫妻")
"""A woman's title goes with her husband's surname, and names nobody of it."""
ELDERS = frozenset(
    [
        "夫人",
        "太太",
        "奶奶",
        "老爷",
        "太爷",
        "太公",
        "少爷",
        "公子",
        "小姐",
        "老爺",
        "太爺",
        "少爺",
        "老太太",
        "大姐",
        "大嫂",
    ]
)
"""Titles within a family, which several bearers of a surname have in turn."""
_LISTED = re.compile("[、，]?[与與和同及并並、]?")
_NAMING = re.compile("[姓名字号號叫称稱唤喚是即]")
TOGETHER = 2
"""So many clauses with both forms show that they are two persons."""
INTRODUCED = 3
"""So often a form that is only introduced must occur."""


class Forms:
    """Groups the forms of persons.

    Args:
        chapters: the texts of a book's chapters.
        times: the found names with their numbers of mentions.
    """

    def __init__(self, chapters: Sequence[str], times: dict[str, int]) -> None:
        self.chapters, self.times = chapters, dict(times)
        self._group = {form: form for form in times}
        self._adjacent: Counter[tuple[str, str]] = Counter()
        self._together: Counter[frozenset[str]] = Counter()
        self._where: dict[str, Counter[int]] = defaultdict(Counter)
        self._read()

    @cached_property
    def text(self) -> str:
        """The whole book."""
        return "\n".join(self.chapters)

    def people(self) -> list[Name]:
        """One name for each group, the most mentioned first."""
        for join in (self._longer_forms, self._introduced, self._epithets, self._titles):
            for one, other in join():
                self._join(one, other)
        groups: dict[str, list[str]] = defaultdict(list)
        for form in self._group.keys() - self._surnames():
            groups[self._leader(form)].append(form)
        people = []
        for forms in groups.values():
            main = self._main(forms)
            people.append(Name(main, tuple(sorted(form for form in forms if form != main))))
        return sorted(people, key=lambda name: (-sum(self.times[f] for f in (name.name, *name.aliases)), name.name))

    def _read(self) -> None:
        """Count which forms stand side by side, in one clause, and in which chapters."""
        lexicon = Lexicon(Name(form) for form in self.times)
        for number, chapter in enumerate(self.chapters):
            last: tuple[int, int, str] | None = None
            for start, end, form in lexicon.mentions(chapter):
                self._where[form][number] += 1
                if last and last[2] != form and start - last[1] < 30:
                    between = chapter[last[1] : start]
                    if not between:
                        self._adjacent[last[2], form] += 1
                    elif _LISTED.fullmatch(between) or (between.isalpha() and not _NAMING.search(between)):
                        self._together[frozenset((last[2], form))] += 1
                last = start, end, form

    def apart(self, one: str, other: str) -> bool:
        """Whether the text shows two forms as two persons. A form that ends in the other takes more to tell."""
        least = max(self.times[one if len(one) > len(other) else other] // 8, TOGETHER)
        if one.endswith(other) or other.endswith(one):
            return self._together[frozenset((one, other))] >= least
        return self._together[frozenset((one, other))] >= TOGETHER

    def _leader(self, form: str) -> str:
        while self._group[form] != form:
            form = self._group[form]
        return form

    def _members(self, form: str) -> list[str]:
        leader = self._leader(form)
        return [other for other in self._group if self._leader(other) == leader]

    def _join(self, one: str, other: str) -> None:
        for form in (one, other):
            if form not in self._group:
                self._group[form] = form
                self._where[form] = Counter({n: text.count(form) for n, text in enumerate(self.chapters)})
                self.times[form] = self._where[form].total()
        if not any(self.apart(a, b) for a in self._members(one) for b in self._members(other)):
            self._group[self._leader(other)] = self._leader(one)

    def _surnames(self) -> set[str]:
        """Found strings that begin several longer names and mostly stand right before a given name: 欧阳."""
        followed: Counter[str] = Counter()
        for (form, _), times in self._adjacent.items():
            followed[form] += times
        return {
            form
            for form, times in followed.items()
            if 3 * times >= self.times[form] and sum(other.startswith(form) for other in self.times) > 2
        }

    def _longer_forms(self) -> Iterable[tuple[str, str]]:
        """智远禅师 for 智远; 鲁智深 for 智深, unless several longer names end so."""
        found = list(self.times)
        for form in found:
            for longer in found:
                more = longer[len(form) :]
                if longer.startswith(form) and (more in roles() or more in ENDINGS):
                    yield form, longer
            owners = [longer for longer in found if longer.endswith(form) and 0 < len(longer) - len(form) <= 2]
            most = max(owners, key=lambda owner: self.times[owner], default="")
            if most and 5 * self.times[most] >= 4 * sum(self.times[owner] for owner in owners):
                yield most, form

    def _introduced(self) -> Iterable[tuple[str, str]]:
        for forms in introductions(self.text, set(self.times)):
            known = [form for form in forms if form in self.times or self.text.count(form) >= INTRODUCED]
            known.sort(key=lambda form: -self.times.get(form, 0))
            if known and known[0] in self.times:
                yield from ((known[0], form) for form in known[1:])

    def _epithets(self) -> Iterable[tuple[str, str]]:
        """Forms that stand right before one name and before no other: 黑旋风 before 李逵."""
        after: dict[str, Counter[str]] = defaultdict(Counter)
        for (epithet, name), times in self._adjacent.items():
            after[epithet][name] += times
        surnames = self._surnames()
        found: dict[str, list[str]] = defaultdict(list)
        for epithet, names in after.items():
            (name, times), total = names.most_common(1)[0], sum(names.values())
            # Two maids of one house are often named alike and together: 翠缕翠墨.
            if times >= 3 and 10 * times >= 8 * total and epithet[0] != name[0]:
                found[name].append(epithet)
        for name, epithets in found.items():
            # What several people bear behind their names is their title: 惠岸行者, 木叉行者.
            alone = [epithet for epithet in epithets if self.times[epithet] > 4 * after[epithet][name]]
            for epithet in epithets:
                if len(alone) < 2 or epithet not in alone:
                    yield name, epithet + name if epithet in surnames else epithet

    def _titles(self) -> Iterable[tuple[str, str]]:
        """蒋爷 for 蒋平: a surname with a title, and one bearer of the surname in the same chapters."""
        claims: dict[str, list[str]] = defaultdict(list)
        for form in self.times:
            if (surname := self._titled(form)) and (bearer := self._bearer(form, surname)):
                claims[bearer].append(form)
        for bearer, forms in claims.items():
            if not any(self.apart(one, other) for one in forms for other in forms):
                yield from ((bearer, form) for form in forms)

    def _titled(self, form: str) -> str:
        """The surname of a form that is a surname with a man's title; else empty."""
        for size in (1, 2):
            title = form[size:]
            if title in ELDERS or WOMEN & set(title):
                continue
            if title in roles() or (
                title[-1:] in TITLES and (len(title) == 1 or (len(title) == 2 and title[0] in GRAMMAR))
            ):
                return form[:size]
        return ""

    def _bearer(self, form: str, surname: str) -> str:
        """The person with this surname who is about where the form is; empty if there are several or none."""
        own = self._where[form]
        shared: Counter[str] = Counter()
        beside: Counter[str] = Counter()
        for name in self.times:
            given = name[len(surname) :]
            fits = name.startswith(surname) and 1 <= len(given) <= 2 and not WOMEN & set(given)
            if fits and not self._titled(name) and not any(self.apart(other, form) for other in self._members(name)):
                where = sum((self._where[other] for other in self._members(name)), Counter[int]())
                shared[self._leader(name)] = sum(min(times, where[chapter]) for chapter, times in own.items())
                beside[self._leader(name)] = sum(times for chapter, times in own.items() if where[chapter])
        if not shared:
            return ""
        (name, most), total = shared.most_common(1)[0], sum(shared.values())
        return name if 3 * beside[name] >= 2 * own.total() and 4 * most >= 3 * total else ""

    def _main(self, forms: list[str]) -> str:
        """The form to call somebody by: of those that are used enough, a whole name before a title or an epithet."""
        most = max(self.times[form] for form in forms)
        whole = [form for form in forms if self._whole(form, forms) and 5 * self.times[form] >= most]
        return min(whole or forms, key=lambda form: (-self.times[form], form))

    def _whole(self, form: str, forms: list[str]) -> bool:
        titled = self._titled(form) or form[-2:] in roles() or form in roles()
        return not titled and not any(other != form and other.endswith(form) for other in forms)
