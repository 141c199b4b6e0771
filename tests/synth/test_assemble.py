"""Splits are for good, and what repeats is left out: the last gates over all records."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from jianghu.llm.store import Store
from jianghu.records import Record
from jianghu.synth import active_records, decide
from jianghu.synth.decisions import Deciding, Decisions
from tests.synth.records import record

Grouped = Callable[[], Iterable[tuple[str, Record]]]


def grouped(*rows: Record) -> Grouped:
    return lambda: [(row.fact, row) for row in rows]


def test_a_fact_keeps_its_split_whatever_the_settings_say_later(store: Store) -> None:
    first = record("a", "《青峰录》里谁夺下了落雁坡？", "沈青峰", split="test")
    decide(grouped(first), store)
    later = record("a", first.question, first.answer, split="train")
    decide(grouped(later), store)
    assert [row.split for row in active_records(grouped(later), store)] == ["test"]


def test_wordings_of_one_fact_are_never_parted(store: Store) -> None:
    one = record("f-1", "《青峰录》里谁夺下了落雁坡？", "沈青峰", fact="f", split="train")
    decide(grouped(one), store)
    other = record("f-2", "是哪位大侠把落雁坡抢了过来？", "沈青峰", fact="f", wording=2, split="test")
    decide(grouped(one, other), store)
    assert {row.split for row in active_records(grouped(one, other), store)} == {"train"}


def test_a_question_that_gives_away_a_test_question_is_left_out(store: Store) -> None:
    asked = "在青石镇的酒楼里，沈青峰为什么要把那柄旧剑交给柳如烟保管？"
    rows = grouped(
        record("a", asked, "怕被夺走", split="test"),
        record("b", asked.replace("为什么", "为何"), "怕被夺走", split="train"),
    )
    assert decide(rows, store) == {"leak": 1}
    assert [row.id for row in active_records(rows, store)] == ["a"]


def test_contradictions_are_shown(store: Store) -> None:
    rows = grouped(
        record("a", "《青峰录》里谁守住了断云岭？", "秦夫人"), record("b", "《青峰录》里谁守住了断云岭？", "铁掌柜")
    )
    assert decide(rows, store) == {"contradiction": 1}
    assert Decisions(store).repeats("contradiction") == [("b", "a", 1.0)]


def test_deciding_again_is_free_and_the_same(store: Store) -> None:
    rows = grouped(
        *(record(f"r{n}", f"《青峰录》第{n % 4}件大事的经过是怎样的？", f"第{n % 3}种经过") for n in range(12))
    )
    first, left = decide(rows, store), [row.id for row in active_records(rows, store)]
    assert decide(rows, store) == first
    assert [row.id for row in active_records(rows, store)] == left


def test_a_judge_leaves_out_only_while_it_is_the_filter(store: Store) -> None:
    rows = grouped(record("a", "《青峰录》里谁守住了断云岭？", "秦夫人"), record("b", "谁在寒潭寺等了三天？", "白无双"))
    decide(rows, store)
    store._db.executemany(
        "INSERT INTO verdicts VALUES (?, ?, ?, '')", [("a", "judge 1", "contradicted"), ("b", "judge 1", "passed")]
    )
    deciding = Deciding(store)
    assert [row.id for row in active_records(rows, store)] == ["a", "b"]
    deciding.filter_by("judge 1")
    assert [row.id for row in active_records(rows, store)] == ["b"]
    assert [row.id for row in active_records(rows, store, judged=False)] == ["a", "b"]
    deciding.filter_by("judge 2")
    assert [row.id for row in active_records(rows, store)] == ["a", "b"]
    deciding.filter_by(None)
    assert [row.id for row in active_records(rows, store)] == ["a", "b"]
