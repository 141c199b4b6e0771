"""The persons of an English book, found by how it uses their names: who speaks, who is spoken to, who bears a title,
whose name does what only people do. Chapters go in; names with their forms come out. There is no list of names.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from .lexicon import Name

MENTIONS = 3
"""So often a name must occur."""
HE = (
    "Mr Sir Lord Master Father Brother Uncle King Prince Duke Count Baron Earl Monsieur Captain Colonel Major General "
    "Lieutenant Sergeant Corporal Admiral Squire Deacon Bishop Reverend Rev Inspector Constable Detective"
)
SHE = (
    "Mrs Miss Ms Lady Madam Madame Mademoiselle Aunt Queen Princess Duchess Countess Baroness Sister Mother Dame Nurse"
)
EITHER = "Dr Doctor Professor Prof Judge President Cousin Saint Old Young Little Poor Dear"
"""Titles, by whom they are borne; the last ones are taken off where they are no part of the name."""
_MAN, _WOMAN, _SOMEBODY = (frozenset(titles.split()) for titles in (HE, SHE, EITHER))
_EPITHETS = frozenset(["Old", "Young", "Little", "Poor", "Dear"])
CALENDAR = (
    "Monday Tuesday Wednesday Thursday Friday Saturday Sunday January February March April May June July August "
    "September October November December Christmas Easter Michaelmas God Heaven Lord Chapter Volume Book Part English "
    "French German Christian Latin Greek Bible"
)
"""Capitals that the language itself asks for."""
_CALENDAR = frozenset(CALENDAR.split())
_TITLE = "|".join(sorted(_MAN | _WOMAN | _SOMEBODY, key=len, reverse=True))
_WORD = r"[A-Z][a-zà-ÿ]+(?:[’'][A-Z][a-z]+|-[A-Z][a-z]+)?|(?:Mc|Mac|O[’'])[A-Z][a-z]+"
_RUN = re.compile(
    rf"(?<![\w’'-])(?:(?:{_TITLE})\b\.?|{_WORD})(?:[ \n](?:(?:{_TITLE})\b\.?|(?:(?:de|von|van|of)\s)?(?:{_WORD})))*"
)
_TITLED = re.compile(rf"\b(?:{_TITLE})\.? $")
_OPENS = re.compile(r"(?:^|[.!?:;—\"“‘(*_]|--|['’]{2})[\s\"“‘(*_]*$")
_SAID = (
    "said|cried|asked|replied|answered|exclaimed|returned|whispered|shouted|murmured|muttered|repeated|continued|added|"
    "observed|remarked|called|sobbed|sighed|laughed|demanded|inquired|enquired|declared|began|growled|screamed|says"
)
_SPEAKER_BEFORE = re.compile(rf"(?:{_SAID}) $")
_SPEAKER_AFTER = re.compile(rf",? (?:{_SAID})\b")
_DID = (
    "thought|felt|smiled|laughed|looked|saw|heard|knew|turned|nodded|sighed|blushed|wondered|listened|wished|hoped|feared|"
    "believed|remembered|forgot|coloured|colored|wept|sat|stood|walked|ran|spoke|told|took|gave|put|shook|rose|bowed|"
    "stared|hesitated|paused|entered|wanted|loved|hated"
)
_ACTS = re.compile(rf" (?:had |was |could |would |did )?(?:not |never |then |now |only )?(?:{_DID})\b")
_HAS = (
    "eyes?|face|hands?|hair|voice|head|heart|mind|mother|father|wife|husband|sisters?|brothers?|aunt|uncle|cousins?|"
    "friends?|arms?|mouth|shoulders?|feelings|opinion|manner|room|family"
)
_OWNS = re.compile(rf"['’]s (?:own |old |poor |little |dear )?(?:{_HAS})\b")
_PLACED = re.compile(r"\b(?:in|at|into|near|through|towards?|from|of|across|throughout|via|leaving|reached) $")
_GROUP = re.compile(r"\b(?:the|The|a|an|some|no|these|those|such) $")
_CALLED = re.compile(r"(?:[,“\"‘(] ?|[“\"‘]|[Oo]h,? |[Dd]ear |[Mm]y |[Yy]es, |[Nn]o, )$")
_ANSWERED = re.compile(r"[,.!?][ ”\"’]|[!?,.—]|$")
_HE, _SHE = re.compile(r"\b(?:he|his|him|himself)\b"), re.compile(r"\b(?:she|her|hers|herself)\b")
_NEXT = re.compile(r"\n|[ “\"‘(][A-Z]")
"""Where the next name or sentence begins."""
_NEAR = 70
"""Characters behind a name in which a pronoun is likely its own."""
_RARE = 25
"""A whole name that is so many times rarer than a part of it is somebody else's (Jim Turner, Jim)."""
_TELLS = 3
"""So many pronouns tell whether somebody is a man or a woman."""


@dataclass
class _Use:
    """How often a form is used in which way."""

    count: int = 0
    speaks: int = 0
    called: int = 0
    acts: int = 0
    placed: int = 0
    grouped: int = 0
    he: int = 0
    she: int = 0
    chapters: set[int] = field(default_factory=set)

    @property
    def sex(self) -> str:
        """`he` or `she` where the pronouns behind it tell, else empty."""
        told = self.he + self.she
        if told < _TELLS:
            return ""
        return "he" if 10 * self.he >= 7 * told else "she" if 10 * self.she >= 7 * told else ""


def english_people(chapters: Sequence[str]) -> list[Name]:
    """The persons, the most mentioned first, each with the forms that can only be theirs."""
    proper = _proper_words(chapters)
    uses: dict[str, _Use] = defaultdict(_Use)
    for number, text in enumerate(chapters):
        for start, end in _forms(text, proper):
            form = " ".join(text[start:end].split())
            _note(uses[form], text, start, end, number)
    persons = {form: use for form, use in uses.items() if _is_person(form, use)}
    return _people({form: use for form, use in persons.items() if form[:-1] not in persons})  # the Miss Bennets


def _proper_words(chapters: Sequence[str]) -> set[str]:
    """Words with a capital in mid-sentence that are hardly ever written without one."""
    inside: Counter[str] = Counter()
    small: Counter[str] = Counter()
    for text in chapters:
        small.update(word.capitalize() for word in re.findall(r"(?<![\w’'])[a-z]{2,}", text))
        for match in re.finditer(rf"(?<![\w’'-])(?:{_WORD})", text):
            before = text[max(0, match.start() - 14) : match.start()]
            if _TITLED.search(before) or not _OPENS.search(before[-6:]):
                inside[match[0]] += 1
    return {word for word, count in inside.items() if count >= 2 and count > 2 * small[word] and word not in _CALENDAR}


def _forms(text: str, proper: set[str]) -> Iterable[tuple[int, int]]:
    """Where names stand: runs of proper words, with the titles before them."""
    for match in _RUN.finditer(text):
        words = [(found.start(), found.end(), found[0]) for found in re.finditer(r"\S+", match[0])]
        first, last = None, None
        for start, end, word in words:
            bare = word.rstrip(".")
            named = word in proper
            titled = bare in _MAN | _WOMAN | _SOMEBODY
            if named and not titled:
                first = start if first is None else first
                last = end
            elif titled and last is None:
                # Only the titles right before the name are its own; an epithet is none of it.
                first = None if bare in _EPITHETS else start if first is None else first
            elif word in ("de", "von", "van", "of") and last is not None:
                continue
            elif last is not None:
                break
            else:
                first = None
        if first is not None and last is not None:
            yield match.start() + first, match.start() + last


def _note(use: _Use, text: str, start: int, end: int, chapter: int) -> None:
    before, after = text[max(0, start - 14) : start], text[end : end + 40]
    use.count += 1
    use.chapters.add(chapter)
    use.speaks += bool(_SPEAKER_BEFORE.search(before) or _SPEAKER_AFTER.match(after))
    use.called += bool(_CALLED.search(before) and _ANSWERED.match(after) and _in_speech(text, start))
    use.acts += bool(_ACTS.match(after) or _OWNS.match(after))
    use.placed += bool(_PLACED.search(before))
    use.grouped += bool(_GROUP.search(before))
    near = _NEXT.split(text[end : end + _NEAR], maxsplit=1)[0]
    he, she = _HE.search(near), _SHE.search(near)
    if (he is None) != (she is None):
        use.he += he is not None
        use.she += she is not None


def _in_speech(text: str, at: int) -> bool:
    """Whether a place lies within quotation marks of its paragraph."""
    line = text[text.rfind("\n", 0, at) + 1 : at]
    return line.count("“") > line.count("”") or line.count('"') % 2 == 1


def _title_of(form: str) -> str:
    first = form.split()[0].rstrip(".")
    return first if first in _MAN | _WOMAN | _SOMEBODY and " " in form else ""


def _is_person(form: str, use: _Use) -> bool:
    if use.count < MENTIONS or 2 * use.grouped > use.count:
        return False
    if _title_of(form):
        return True
    if use.speaks >= 2 or (use.speaks and use.acts):
        return True
    shown = use.speaks + use.called + use.acts
    return shown >= 2 and 8 * shown >= use.count and 2 * use.placed <= use.count


def _sex(form: str, use: _Use) -> str:
    title = _title_of(form)
    return "he" if title in _MAN else "she" if title in _WOMAN else use.sex


def _people(uses: dict[str, _Use]) -> list[Name]:
    """Persons from forms. A form that could be two persons' is a person of its own if it is a title and a surname
    (Miss Bennet), and nobody's otherwise."""
    leader = {form: form for form in uses}

    def head(form: str) -> str:
        while leader[form] != form:
            form = leader[form]
        return form

    def join(one: str, other: str) -> None:
        if head(one) != head(other):
            leader[head(other)] = head(one)

    bare = {form: form.split()[1:] if _title_of(form) else form.split() for form in uses}
    sirs = {bare[form][-1] for form in uses if _title_of(form) in _MAN}
    full = [form for form in uses if len(bare[form]) >= 2]
    for form in sorted(uses, key=lambda form: (len(bare[form]), form)):
        words, title, sex = bare[form], _title_of(form), _sex(form, uses[form])
        fits = [
            other
            for other in full
            if other != form
            and (len(words) == 1 or title)
            and (bare[other][-1] == words[-1] or bare[other][0] == words[0])
            and (len(words) == 1 or words == bare[other])
            and not (sex and (known := _sex(other, uses[other])) and sex != known)
            and {title, _title_of(other)} != {"Mrs", "Miss"}
            and not (title in _WOMAN and not _sex(other, uses[other]) and (title == "Mrs" or words[-1] in sirs))
        ]
        by_first = [other for other in fits if bare[other][0] == words[0]]
        owner = _only(by_first or fits, uses)
        rare = owner and _RARE * uses[owner].count < uses[form].count
        if owner and not rare and not (title == "Mrs" and by_first):
            join(owner, form)
        elif len(words) == 1 and not title:
            bearers = [other for other in uses if _title_of(other) and bare[other] == words]
            men = [other for other in bearers if _title_of(other) in _MAN]
            # A surname alone is a man's, unless the pronouns behind it say otherwise.
            if bearer := _only([o for o in men or bearers if not sex or sex == _sex(o, uses[o])], uses):
                join(bearer, form)
    groups: dict[str, list[str]] = defaultdict(list)
    for form in uses:
        groups[head(form)].append(form)
    people = []
    for forms in groups.values():
        most = max(uses[form].count for form in forms)
        whole = [form for form in forms if len(bare[form]) >= 2 and 5 * uses[form].count >= most]
        main = min(whole or forms, key=lambda form: (-uses[form].count, -len(form), form))
        people.append(Name(main, tuple(sorted(form for form in forms if form != main))))
    return sorted(people, key=lambda name: (-sum(uses[form].count for form in (name.name, *name.aliases)), name.name))


def _only(forms: list[str], uses: dict[str, _Use]) -> str:
    """The one form there is, or the one that is used four times as often as all others together; else empty."""
    if not forms:
        return ""
    most = max(forms, key=lambda form: (uses[form].count, form))
    return most if uses[most].count >= 4 * sum(uses[form].count for form in forms if form != most) else ""
