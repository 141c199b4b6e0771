"""Introductions in a Chinese novel (姓宋名江，字公明，绰号及时雨). A text goes in; forms of one person come out."""

from __future__ import annotations

import re
from collections.abc import Iterator

_WORD = "[\u3400-\u9fff]"
_CARD = re.compile(
    f"姓({_WORD}{{1,2}}?)[，、]?[单單]?[名讳諱](?:唤|喚|叫|曰|一个|一個)?({_WORD}{{1,2}}?)(?=[，、。；！？”表字绰綽人])"
)
_FIELD = re.compile(
    "(?P<courtesy>表字|别字|別字|字|[后後]改)|"
    "(?:绰号|綽號|诨名|諢名|渾名|诨号|諢號|外号|外號|人称|人稱|道号|道號|法名|法号|法號|别号|別號|乳名|小名|又名)"
    "(?:儿|兒)?(?:他|我|俺)?(?:为|為|做|是|叫|唤|喚|曰)?(?:做|作)?"
)
_NAME = re.compile(f"[“‘「『]?({_WORD}{{2,8}})[”’」』]?(?=[，、。；：！？者]|$)")
_ASKING = frozenset("甚什何谁誰")
"""Characters of a question for somebody's name: 姓甚名谁."""
_REACH = 48
"""Characters of a sentence in which the fields of one introduction stand."""
_END = re.compile("[。！？；\n]")


def introductions(text: str, names: set[str]) -> Iterator[list[str]]:
    """For each introduction the forms that it gives to one person, in order; the first may be a found name.

    Args:
        names: the names that were found; an introduction may begin with one (吴用，字学究).
    """
    for match in _CARD.finditer(text):
        surname, given = match[1], match[2]
        if set(surname + given) & _ASKING:
            continue
        yield [surname + given, *_fields(text, match.end(), surname, names)]
    known = "|".join(sorted(map(re.escape, names), key=len, reverse=True))
    for match in re.finditer(f"({known})[，,]?(?=表?字{_WORD}{{2}}[，。；：！？]|绰号|綽號|人称|人稱|外号|外號)", text):
        yield [match[1], *_fields(text, match.end(), match[1][:1], names)]


def _fields(text: str, at: int, surname: str, names: set[str]) -> list[str]:
    """The forms in the fields of an introduction that begins at a place."""
    end = _END.search(text, at)
    sentence = text[at : min(at + _REACH, end.start() if end else len(text))]
    forms = []
    for field in _FIELD.finditer(sentence):
        match = _NAME.match(sentence, field.end())
        form = match[1] if match else ""
        for name in names:
            if form.endswith(name) and form != name:
                form = form[: -len(name)]  # 绰号小养由基庞万春
                break
        if field["courtesy"] is not None:
            forms += [surname + form, form] if len(form) == 2 else []
        elif 2 <= len(form) <= 5:
            forms.append(form)
    return forms
