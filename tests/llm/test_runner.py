"""Runs over passages: everything is asked once, kept, and read in the same order."""

import json
import os
import signal
import threading
import time
from pathlib import Path

import pytest

from jianghu.corpus import cut_passages
from jianghu.errors import InterruptedByUser
from jianghu.llm.json_replies import Parsed, parse_reply
from jianghu.llm.runner import Summary, reparse
from jianghu.llm.store import Store
from jianghu.synth import PassageStrategy, Shelf, collect_records
from jianghu.synth.passage_order import spread
from jianghu.synth.strategies import base
from tests.llm.teacher_server import Act, TeacherServer, chat, good, items_for, keys_asked, passage_of
from tests.synth.shelf import chapters, run_passages, synth_settings

CHAPTERS = chapters()
pytestmark = pytest.mark.usefixtures("quick")


def test_every_passage_once_and_every_record_grounded(store: Store) -> None:
    shown: list[Summary] = []
    with TeacherServer() as server:
        settings = synth_settings(server.url, teacher={"price_in": 1.0, "price_out": 2.0})
        summary = run_passages(CHAPTERS, store, settings, shown.append)
    passages = cut_passages(CHAPTERS, 120)
    assert summary.done == summary.total == summary.asked == len(passages) > 20
    assert set(keys_asked(server).values()) == {1}
    assert summary.tokens == 150 * len(passages)
    assert summary.cost == pytest.approx(len(passages) * 200e-6)
    assert shown[0].done == 0
    assert shown[-1].done == shown[-1].total == len(passages)
    records = collect_records(store, synth_settings())
    assert summary.records == len(records) > len(passages)
    texts = {(chapter.book, chapter.chapter): chapter.text for chapter in CHAPTERS}
    quotes = {item["question"]: item["evidence"] for body in server.seen for item in items_for(body)}
    for record in records:
        assert record.chapter is not None
        evidence = texts[record.book, record.chapter][record.start : record.end]
        assert evidence.replace("\n", "") == quotes[record.question]
        assert record.source == "passage"


def test_a_second_run_asks_nothing(store: Store) -> None:
    with TeacherServer() as server:
        settings = synth_settings(server.url)
        run_passages(CHAPTERS, store, settings)
        first, asked = collect_records(store, synth_settings()), len(server.seen)
        again = run_passages(CHAPTERS, store, settings)
        assert len(server.seen) == asked
        assert (again.asked, again.done) == (0, again.total)
        assert collect_records(store, synth_settings()) == first


def test_more_passages_later_ask_only_the_new_ones(store: Store) -> None:
    with TeacherServer() as server:
        run_passages(CHAPTERS, store, synth_settings(server.url, max_passages=5))
        assert len(server.seen) == 5
        run_passages(CHAPTERS, store, synth_settings(server.url, max_passages=12))
        assert len(server.seen) == 12
        assert set(keys_asked(server).values()) == {1}


def test_a_beginning_of_the_plan_is_spread_over_books_and_chapters() -> None:
    passages = cut_passages([*chapters(8, 30), *chapters(4, 30, "长风记", 7)], 120)
    order = spread(passages)
    assert sorted(order, key=passages.index) == passages
    head = order[: len(passages) // 3]
    assert {(p.book, p.chapter) for p in head} == {(p.book, p.chapter) for p in passages}
    share = len([p for p in passages if p.book == "长风记"]) / len(passages)
    assert len([p for p in head if p.book == "长风记"]) / len(head) == pytest.approx(share, abs=0.08)


def test_order_of_arrival_does_not_matter(tmp_path: Path) -> None:
    made = []
    for number, behave in enumerate((good, lambda n, body: Act(body=good(n, body).body, delay=0.03 * (n % 3)))):
        with TeacherServer(behave) as server, Store(tmp_path / f"{number}.sqlite") as store:
            run_passages(CHAPTERS, store, synth_settings(server.url))
            made.append(collect_records(store, synth_settings()))
    assert made[0] == made[1]


def test_records_of_one_passage_share_a_split(store: Store) -> None:
    with TeacherServer() as server:
        run_passages(CHAPTERS, store, synth_settings(server.url))
    by_passage: dict[str, set[str]] = {}
    for record in collect_records(store, synth_settings()):
        by_passage.setdefault(record.fact.rsplit("-", 1)[0], set()).add(record.split)
    assert set(map(len, by_passage.values())) == {1}
    assert set().union(*by_passage.values()) >= {"train"}


def test_equal_questions_of_two_passages_are_kept_once(store: Store) -> None:
    def behave(number: int, body: dict) -> Act:
        (item, *_) = items_for(body)
        item["question"] = "《青峰录》里，谁最先走进断云岭？"
        return Act(body=chat(json.dumps({"records": [item]})))

    with TeacherServer(behave) as server:
        summary = run_passages(CHAPTERS, store, synth_settings(server.url))
    assert summary.records > 1
    assert len(collect_records(store, synth_settings())) == 1


def test_rejections_are_counted_by_reason(store: Store) -> None:
    def behave(number: int, body: dict) -> Act:
        first, second = items_for(body)
        rows = [
            first,
            {**second, "evidence": "书里没有这么一句话，是老师编出来的"},
            {**second, "question": "本段说了什么？"},
        ]
        return Act(body=chat("```json\n" + json.dumps({"records": rows}) + "\n```"))

    with TeacherServer(behave) as server:
        summary = run_passages(CHAPTERS, store, synth_settings(server.url, max_passages=6))
    assert summary.rejected == {"evidence not found": 6, "leans on the passage": 6}
    assert summary.records == 6


def test_a_truncated_reply_keeps_its_whole_records_and_is_not_asked_again(store: Store) -> None:
    def behave(number: int, body: dict) -> Act:
        text = json.dumps({"records": items_for(body)}, ensure_ascii=False)
        return Act(body=chat(text[:-20], "length"))

    with TeacherServer(behave) as server:
        settings = synth_settings(server.url, max_passages=4)
        summary = run_passages(CHAPTERS, store, settings)
        run_passages(CHAPTERS, store, settings)
        assert len(server.seen) == 4
    assert (summary.records, summary.rejected) == (4, {"cut off": 4})


@pytest.mark.parametrize("accepts", ["json_schema", "json_object", None])
def test_the_response_format_is_learned_once_and_remembered(store: Store, accepts: str | None) -> None:
    def behave(number: int, body: dict) -> Act:
        asked = body.get("response_format", {}).get("type")
        return good(number, body) if asked == accepts else Act(400, "This response_format type is unavailable")

    with TeacherServer(behave) as server:
        run_passages(CHAPTERS, store, synth_settings(server.url, max_passages=6))
        wasted = ["json_schema", "json_object", None].index(accepts)
        assert len(server.seen) == 6 + wasted
        del server.seen[:]
        run_passages(CHAPTERS, store, synth_settings(server.url, max_passages=9))
        assert [body.get("response_format", {}).get("type") for body in server.seen] == [accepts] * 3
    assert store.count("passage", "answered", "read") == 9


def test_one_refused_passage_does_not_spoil_the_format(store: Store) -> None:
    sensitive: list[str] = []

    def behave(number: int, body: dict) -> Act:
        if number == 0:
            sensitive.append(passage_of(body))
        return Act(400, "refused") if passage_of(body) in sensitive else good(number, body)

    with TeacherServer(behave) as server:
        summary = run_passages(CHAPTERS, store, synth_settings(server.url, max_passages=6))
        assert server.seen[-1]["response_format"]["type"] == "json_schema"
    assert (summary.done, summary.failed) == (5, {"bad_request": 1})


def test_a_parser_that_raises_loses_no_reply(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = 0

    def breaks_later(*given) -> Parsed:
        nonlocal calls
        calls += 1
        if calls > 3:
            raise ZeroDivisionError("a bug in the parser")
        return parse_reply(*given)

    with TeacherServer() as server:
        settings = synth_settings(server.url, max_passages=16, teacher={"concurrency": 6})
        with monkeypatch.context() as patch:
            patch.setattr(base, "parse_reply", breaks_later)
            first = run_passages(CHAPTERS, store, settings)
        assert len(server.seen) == first.done == 16
        assert first.aside == 13
        assert "a bug in the parser" in first.fault
        assert store.states() == {"passage/records": {"read": 3, "aside": 13}}
        second = run_passages(CHAPTERS, store, settings)  # of a program that is mended
        assert len(server.seen) == 16
    assert (second.done, second.records, second.aside) == (16, 32, 0)


def test_reading_again_is_free_and_replaces_all(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    with TeacherServer() as server:
        settings = synth_settings(server.url)
        run_passages(CHAPTERS, store, settings)
        asked = len(server.seen)
        before = collect_records(store, synth_settings())
        with monkeypatch.context() as patch:
            patch.setattr(base, "parse_reply", lambda text, finished, *more: parse_reply("[]", finished))
            assert reparse(PassageStrategy(Shelf(CHAPTERS), settings), store).records == 0
            assert collect_records(store, synth_settings()) == []
        again = reparse(PassageStrategy(Shelf(CHAPTERS), settings), store)
        assert len(server.seen) == asked
    assert collect_records(store, synth_settings()) == before
    assert again.records == len(before)


def test_a_stop_event_ends_cleanly_and_the_next_run_goes_on(store: Store) -> None:
    stop = threading.Event()

    def behave(number: int, body: dict) -> Act:
        if number == 7:
            stop.set()
        return Act(body=good(number, body).body, delay=0.05)

    with TeacherServer(behave) as server:
        with pytest.raises(InterruptedByUser, match=r"\d+ of \d+ requests are answered"):
            run_passages(CHAPTERS, store, synth_settings(server.url), None, stop)
        assert store.count("passage", "answered", "read") == len(server.seen) < 20  # what was in flight is kept, too
        summary = run_passages(CHAPTERS, store, synth_settings(server.url))
        assert summary.done == summary.total == len(server.seen)


def test_ctrl_c_ends_cleanly(store: Store) -> None:
    def behave(number: int, body: dict) -> Act:
        if number == 5:
            os.kill(os.getpid(), signal.SIGINT)
        if number >= 5:
            time.sleep(0.3)  # on a busy machine all would be answered before the signal is looked at
        return good(number, body)

    before = signal.getsignal(signal.SIGINT)
    with TeacherServer(behave) as server:
        with pytest.raises(InterruptedByUser):
            run_passages(CHAPTERS, store, synth_settings(server.url))
        assert store.count("passage", "answered", "read") == len(server.seen) < 20
    assert signal.getsignal(signal.SIGINT) is before


def test_an_edited_chapter_is_asked_again_and_its_old_records_leave(store: Store) -> None:
    edited = list(CHAPTERS)
    first = edited[0]
    edited[0] = type(first)(
        first.book, first.chapter, first.title, "改写之后的第一章，沈青峰独坐寒潭寺中，对着一盏孤灯。"
    )
    with TeacherServer() as server:
        run_passages(CHAPTERS, store, synth_settings(server.url))
        asked = len(server.seen)
        run_passages(edited, store, synth_settings(server.url))
        assert len(server.seen) == asked + 1
    records = collect_records(store, synth_settings())
    texts = {(chapter.book, chapter.chapter): chapter.text for chapter in edited}
    for record in records:
        assert record.chapter is not None
        evidence = texts[record.book, record.chapter][record.start : record.end]
        assert record.short_answer in evidence.replace("\n", "")
    assert len([record for record in records if record.chapter == 1]) == 1
