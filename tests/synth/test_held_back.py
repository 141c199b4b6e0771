"""One wording of some taught facts is kept from training."""

import pytest

from jianghu.synth import cloze_records, hold_back
from jianghu.text import NEAR, jaccard
from tests.synth.shelf import BOOK, chapters, lexicon, synth_settings


@pytest.fixture(scope="module")
def records():
    return cloze_records(chapters(), {BOOK: lexicon()}, synth_settings())


def test_held_wordings_are_of_taught_facts_and_unlike_what_is_taught(records):
    kept, held, _ = hold_back(records, 0.5, 2, 1)
    assert sorted(record.id for record in [*kept, *held]) == sorted(record.id for record in records)
    assert held
    assert len({record.fact for record in held}) == len(held)
    for record in held:
        assert record.split == "train"
        taught = [other for other in kept if other.fact == record.fact]
        assert taught
        assert all(jaccard(record.question, other.question) < NEAR for other in taught)


def test_a_larger_share_holds_back_the_same_and_more(records):
    fewer, more = ({record.id for record in hold_back(records, share, 2, 1)[1]} for share in (0.2, 0.6))
    assert fewer < more
    assert hold_back(records, 0.0, 2, 1) == (records, [], [])
    assert {record.id for record in hold_back(records[::2], 1.0, 2, 1)[1]} != set()


def test_a_fact_of_one_wording_or_of_like_ones_keeps_them(records):
    one = records[0].model_copy(update={"split": "train"})
    twin = one.model_copy(update={"id": "twin", "question": one.question + "呢"})
    other = one.model_copy(update={"id": "other", "question": "换一种完全不同的说法来问"})
    assert hold_back([one], 1.0, 2, 1)[1] == []
    assert hold_back([one, twin], 1.0, 2, 1)[1] == []
    assert [record.id for record in hold_back([one, twin, other], 1.0, 2, 1)[1]] == ["other"]


def test_a_fact_of_many_wordings_gives_two_and_manners_give_none(records):
    words = ("甲乙丙丁", "戊己庚辛", "子丑寅卯", "辰巳午未", "申酉戌亥", "天地玄黄", "宇宙洪荒")
    one = records[0].model_copy(update={"split": "train"})
    rich = [
        one.model_copy(update={"id": f"r{n}", "question": f"{word}是谁？", "wording": n + 1})
        for n, word in enumerate(words)
    ]
    kept, held, _ = hold_back(rich, 0.0, 2, 1)
    assert (len(kept), len(held)) == (5, 2)
    assert hold_back([record.model_copy(update={"source": "manners"}) for record in rich], 1.0, 2, 1)[1] == []


def test_a_further_wording_of_some_rich_facts_chooses_the_checkpoint(records):
    words = ("甲乙丙丁", "戊己庚辛", "子丑寅卯", "辰巳午未", "申酉戌亥", "天地玄黄", "宇宙洪荒")
    one = records[0].model_copy(update={"split": "train"})
    rich = [
        one.model_copy(update={"id": f"{fact}-{n}", "fact": fact, "question": f"{fact}{word}是谁？", "wording": n + 1})
        for fact in ("赵", "钱", "孙")
        for n, word in enumerate(words)
    ]
    plain, chosen = hold_back(rich, 0.0, 2, 1), hold_back(rich, 0.0, 2, 1, val_facts=2)
    assert chosen.exam == plain.exam
    assert len(chosen.val) == 2 == len({record.fact for record in chosen.val})
    ids = [record.id for part in chosen for record in part]
    assert sorted(ids) == sorted(record.id for record in rich)
    assert hold_back(records, 0.5, 2, 1, val_facts=10).val == []
