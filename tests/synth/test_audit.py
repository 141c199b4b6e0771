"""The bundled records pass their audit, and the audit finds what is planted."""

from collections import Counter

import pytest

from jianghu.corpus import Lexicon, Name, find_bundled
from jianghu.recipe import SynthSettings
from jianghu.records import split_of
from jianghu.synth.audit import audit, read_bundled_records

RAW = ["第一回 青石镇\n\n\t沈青峰字子远，这年冬天带了三支银针，独自来到青石镇投宿。"]
LEXICON = Lexicon([Name("沈青峰", ("子远",), "person")])


def row(wording: int, question: str, answer: str, **changes):
    start = RAW[0].index("沈青峰")
    return {
        "id": f"f-{wording}", "fact": "f", "group": "f", "wording": wording, "kind": "person", "question": question,
        "answer": answer, "short_answer": "沈青峰", "aliases": [], "chapter": 1, "start": start, "end": len(RAW[0]),
        **changes,
    }  # fmt: skip


def good():
    return [
        row(1, "谁在冬天独自投宿到那座小镇？", "沈青峰。他带着三支银针来投宿。"),
        row(2, "带着银针来到青石镇的人叫什么名字？", "沈青峰。他那年冬天独自来到镇上。"),
        row(3, "书中字写作远方之远的旅人是哪一位？", "沈青峰。他带了银针，冬天到青石镇。"),
    ]


def test_sound_records_pass():
    assert audit(good(), RAW, LEXICON) == []


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"end": 10_000}, "its span is outside chapter 1"),
        ({"short_answer": "柳如烟", "answer": "柳如烟。她带着三支银针来投宿。"}, "stands in the evidence"),
        ({"answer": "他是沈青峰，带着银针来投宿。"}, "does not begin with the short answer"),
        ({"answer": "沈青峰。他带着七支银针来投宿。"}, "the number 七 is in neither evidence nor question"),
        ({"answer": "沈青峰。"}, "the answer has 4 characters"),
        ({"question": "本段里谁独自投宿到那座小镇？"}, "leans on the passage"),
        ({"question": "沈青峰是谁，为何来这里投宿？"}, "the question holds its answer"),
        ({"question": "带着银针来到青石镇的人叫什么名字？"}, "asked 2 times"),
        ({"question": "带着银针来到青石镇的人叫什么名字呢？"}, "too like"),
        ({"answer": "沈青峰。这年冬天带了三支银针，独自来到青石镇投宿。"}, "copies the novel"),
        ({"kind": "contrast", "absent": "银针"}, "银针 is said to be absent and is not"),
        ({"wording": 2}, "needs wordings 1, 2 and 3"),
        ({"start": None, "end": None, "chapter": None}, "has no evidence"),
    ],
)
def test_each_planted_fault_is_found(change, fault):
    rows = good()
    rows[0] |= change
    assert any(fault in found for found in audit(rows, RAW, LEXICON)), audit(rows, RAW, LEXICON)


def test_a_chapter_without_a_fact_or_with_nine_is_a_fault():
    assert "chapter 2: 0 facts, not 1 to 8" in audit(good(), [*RAW, "第二回"], LEXICON)
    many = [{**r, "fact": f"f{n}", "id": f"{n}-{r['wording']}"} for n in range(9) for r in good()]
    assert "chapter 1: 9 facts, not 1 to 8" in audit(many, RAW, LEXICON)


def test_the_bundled_records_pass():
    novel = find_bundled()
    if novel is None:
        pytest.skip("the bundled novel is not installed")
    assert audit(read_bundled_records(), novel.chapters_raw, novel.lexicon()) == []


def test_there_are_enough_of_every_kind_and_the_split_is_by_fact():
    rows = read_bundled_records()
    assert len(rows) >= 1200
    kinds = Counter(r["kind"] for r in rows)
    assert kinds.keys() == {
        "person", "relation", "plot", "place", "thing", "saying", "number", "time", "contrast", "unanswerable",
    }  # fmt: skip
    assert 0.03 <= (kinds["contrast"] + kinds["unanswerable"]) / len(rows) <= 0.07
    settings = SynthSettings()
    shares = Counter(split_of(r["group"], settings.seed, settings.val_fraction, settings.test_fraction) for r in rows)
    assert 0.75 < shares["train"] / len(rows) < 0.85
    assert 0.07 < shares["val"] / len(rows) < 0.13
    assert 0.07 < shares["test"] / len(rows) < 0.13
    groups: dict[str, set[str]] = {}
    for r in rows:
        groups.setdefault(r["fact"], set()).add(r["group"])
    assert all(len(group) == 1 for group in groups.values())
