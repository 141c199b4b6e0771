"""The bundled records pass their audit, and the audit finds what is planted."""

from collections import Counter

import pytest

from jianghu.corpus import find_bundled
from jianghu.names import Lexicon, Name
from jianghu.recipe import SynthSettings
from jianghu.records import split_of
from jianghu.synth.bundled import BundledFact, read_facts
from tests.synth.audit import audit

RAW = ["第一回 青石镇\n\n\t沈青峰字子远，这年冬天带了三支银针，独自来到青石镇投宿。"]
LEXICON = Lexicon([Name("沈青峰", ("子远",), "person")])
QUESTIONS = (
    "谁在冬天独自投宿到那座小镇？", "带着银针来到青石镇的人叫什么名字？", "书中字写作远方之远的旅人是哪一位？",
    "青石镇来了谁", "谁带了三支针", "那年冬天的投宿客是谁", "哪位旅人身上藏着银针？", "请说出独自来小镇的人。",
    "小镇那晚住进了什么人？", "身带三针的是何人", "腊月里来投店的客人姓甚名谁？", "谁一个人走到青石镇住店？",
)  # fmt: skip


def fact(**changes) -> BundledFact:
    fields = {
        "fact": "f", "group": "f", "kind": "person", "chapter": 1, "start": RAW[0].index("沈青峰"), "end": len(RAW[0]),
        "short_answer": "沈青峰", "aliases": (), "questions": QUESTIONS, "statements": ("投宿的人是沈青峰。",),
        "answers": ("沈青峰。他带着三支银针来投宿。", "沈青峰。他那年冬天到了镇上。"),
    }  # fmt: skip
    return BundledFact(**{**fields, **changes})


def test_a_sound_fact_passes():
    assert audit([fact()], RAW, LEXICON) == []


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"end": 10_000}, "its span is outside chapter 1"),
        ({"short_answer": "柳如烟", "answers": ("柳如烟。她来投宿。",), "statements": ()}, "stands in the evidence"),
        ({"answers": ("他是沈青峰，带着银针来投宿。",)}, "does not begin with the short answer"),
        ({"answers": ("沈青峰。",)}, "the answer has 4 characters"),
        ({"questions": (*QUESTIONS[1:], "本段里谁投宿到小镇？")}, "leans on the passage"),
        ({"questions": (*QUESTIONS[1:], "沈青峰是谁，为何来投宿？")}, "the question holds its answer"),
        ({"questions": (*QUESTIONS, QUESTIONS[0])}, "asked 2 times"),
        ({"questions": (*QUESTIONS, "带着银针来到青石镇的人叫什么名字呢？")}, "too alike"),
        ({"questions": QUESTIONS[1:]}, "11 wordings"),
        ({"answers": ("沈青峰。这年冬天带了三支银针，独自来到青石镇投宿。",)}, "copies the novel"),
        ({"statements": ("他来投宿。",)}, "a statement without the answer"),
        ({"kind": "contrast", "absent": "银针"}, "银针 is said to be absent and is not"),
        ({"start": None, "end": None, "chapter": None}, "has no evidence"),
    ],
)
def test_each_planted_fault_is_found(change, fault):
    faults = audit([fact(**change)], RAW, LEXICON)
    assert any(fault in line for line in faults), faults


def test_a_fact_that_stands_there_twice_is_found():
    assert "f: stands there 2 times" in audit([fact(), fact()], RAW, LEXICON)


def test_the_bundled_records_pass():
    novel = find_bundled()
    if novel is None:
        pytest.skip("the bundled novel is not installed")
    assert audit(read_facts(), novel.chapters_raw, novel.lexicon()) == []


def test_there_are_enough_of_every_kind_and_the_split_is_by_group():
    facts = read_facts()
    assert len(facts) >= 1000
    assert sum(fact.taught for fact in facts) >= 300
    kinds = Counter(fact.kind for fact in facts)
    assert kinds.keys() == {
        "person", "relation", "plot", "place", "thing", "saying", "number", "time", "contrast", "unanswerable",
    }  # fmt: skip
    settings = SynthSettings()
    asked = [fact for fact in facts if not fact.taught]
    shares = Counter(split_of(f.group, settings.seed, settings.val_fraction, settings.test_fraction) for f in asked)
    assert 0.07 < shares["val"] / len(asked) < 0.13
    assert 0.07 < shares["test"] / len(asked) < 0.13
    taught = {fact.group for fact in facts if fact.taught}
    assert all(fact.taught for fact in facts if fact.group in taught)
