"""The judge: what it is shown, what counts as its verdict, and that a bad one may not filter."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jianghu.errors import InputError
from jianghu.llm.prompts import Prompts
from jianghu.llm.runner import run_strategies
from jianghu.llm.store import Store
from jianghu.recipe import TeacherSettings
from jianghu.records import Record
from jianghu.synth import Shelf
from jianghu.synth.decisions import Deciding
from jianghu.synth.verify import WAYS, Claim, JudgeStrategy, claim_of, corrupted, judgement_of, measure
from jianghu.synth.verify.measure import RIGHT
from tests.llm.teacher_server import Act, TeacherServer, chat
from tests.synth.records import record
from tests.synth.shelf import BOOK, chapters, lexicon

CHAPTERS = chapters()
TEXTS = {(chapter.book, chapter.chapter): chapter.text for chapter in CHAPTERS}
SHELF = Shelf(CHAPTERS, {BOOK: lexicon()})
KNOWN = {BOOK: SHELF.known(BOOK)}


def records(count: int = 24) -> list[Record]:
    """Right records: who does something in a sentence of the book, and where it stands."""
    made: list[Record] = []
    for chapter in CHAPTERS:
        for match in re.finditer(r"[^。”]{12,60}。", chapter.text):
            people = SHELF.known(BOOK).people(match[0])
            if "“" in match[0] or not people or len(made) == count:
                continue
            answer = f"{people[0][0]}。当时他带着三支银针走了二十里。"
            span = {"chapter": chapter.chapter, "start": match.start(), "end": match.end()}
            made.append(record(f"r{len(made)}", f"《青峰录》里，第{len(made)}件事是谁做的？", answer, **span))
    return made


RECORDS = records()


def verdict(support: str = "supported", alone: object = True, whole: object = True) -> str:
    return json.dumps({"because": "", "support": support, "self_contained": alone, "complete": whole})


def judged(store: Store, says: Callable[[str], str], calibrate: int = 20, sample: int = 0) -> list[dict[str, Any]]:
    """Run a judge that answers as `says` does; return what the server was sent."""

    def behave(number: int, body: dict[str, Any]) -> Act:
        return Act(body=chat(says(body["messages"][-1]["content"])))

    with TeacherServer(behave) as server:
        settings = TeacherSettings(base_url=server.url, model="judge", key_env="", timeout=60.0)
        strategy = JudgeStrategy(lambda: RECORDS, TEXTS, KNOWN, settings, calibrate, sample)
        run_strategies([strategy], CHAPTERS, store, settings)
        Deciding(store).take_verdicts("judge")
        return server.seen


def knows(prompt: str) -> str:
    """A judge that knows the right records by heart."""
    right = any(
        f"{row.answer}\n\n引文之前" in prompt
        and TEXTS[BOOK, row.chapter][row.start : row.end] in prompt  # type: ignore[index]
        and row.question in prompt
        for row in RECORDS
    )
    return verdict("supported" if right else "contradicted")


def test_a_claim_holds_the_quote_and_the_text_around_it() -> None:
    claim = claim_of(RECORDS[3], TEXTS)
    assert claim is not None
    assert claim.before + claim.quote + claim.after in TEXTS[BOOK, RECORDS[3].chapter or 0]
    assert claim.after


def test_the_judge_sees_quote_and_neighbours(store: Store) -> None:
    sent = judged(store, knows, calibrate=0, sample=0)
    assert len(sent) == len(RECORDS)
    for row in RECORDS:
        claim = claim_of(row, TEXTS)
        assert claim is not None
        (prompt,) = [text for body in sent if row.question in (text := body["messages"][-1]["content"])]
        assert all(part in prompt for part in (claim.quote, claim.answer, claim.before[-40:], claim.after[:40]))


def test_a_prompt_that_hides_the_quote_is_refused(tmp_path: Path) -> None:
    (tmp_path / "judge.md").write_text(
        "---\nname: judge\n---\n# user\n\n{question} {answer} {before} {after}\n", encoding="utf-8"
    )
    with pytest.raises(InputError, match="quote"):
        Prompts(tmp_path).get("judge")


def test_the_prompts_words_for_the_labels_are_not_inverted() -> None:
    """A prompt of another project asked whether the claim was unfaithful, and read "yes" as faithful."""
    lines = Prompts().get("judge").system.splitlines()
    said = {
        label: next(line for line in lines if f'"{label}"：' in line)
        for label in ("supported", "contradicted", "not_stated")
    }
    assert "直接得出" in said["supported"]
    assert "不符" in said["contradicted"]
    assert "得不出来" in said["not_stated"]


@pytest.mark.parametrize(
    ("reply", "found"),
    [
        (verdict(), "passed"),
        (verdict("contradicted"), "contradicted"),
        (verdict("not_stated"), "not_stated"),
        (verdict(alone=False), "not_self_contained"),
        (verdict(whole=False), "incomplete"),
        (f"<think>supported?</think>```json\n{verdict('contradicted')}\n```", "contradicted"),
    ],
)
def test_verdicts(reply: str, found: str) -> None:
    judgement, problem = judgement_of(reply, True)
    assert judgement is not None
    assert (judgement.verdict, problem) == (found, "")


@pytest.mark.parametrize(
    "reply",
    [
        "supported",
        verdict("yes"),
        verdict(alone="true"),
        verdict() + verdict("contradicted"),
        "{}",
        '{"support": "supp',
    ],
)
def test_what_is_outside_the_list_is_no_verdict(reply: str) -> None:
    judgement, problem = judgement_of(reply, True)
    assert judgement is None
    assert problem


def test_a_verdict_that_was_cut_off_is_not_closed() -> None:
    assert judgement_of(verdict()[:-3], False)[0] is None


def test_corruptions_are_pure_and_really_change_something() -> None:
    claims = [claim for row in RECORDS if (claim := claim_of(row, TEXTS))]
    seen = set()
    for claim, other in itertools.pairwise(claims):
        ways = corrupted(claim, KNOWN[BOOK], other)
        assert ways == corrupted(claim, KNOWN[BOOK], other)
        for way, wrong in ways:
            seen.add(way)
            changed = (wrong.quote != claim.quote) if way == "quote" else (wrong.answer != claim.answer)
            assert changed
            assert wrong.question == claim.question
    assert seen == set(WAYS)


@given(st.text("张三说他没有在二十里外杀了李四，是不是。0123", max_size=40))
def test_corruptions_never_raise(answer: str) -> None:
    claim = Claim("a", BOOK, "谁？", answer, "", "引文", "")
    assert all(wrong != claim for _, wrong in corrupted(claim, KNOWN[BOOK], None))


def test_a_judge_that_knows_is_measured_as_right(store: Store) -> None:
    judged(store, knows)
    found = measure(Deciding(store).calibration())
    assert found.right == 20
    assert found.lost == 0
    assert found.recall == (20, 20)
    assert found.precision == (20, 20)
    assert len(found.wrong) >= 3
    assert found.left(0.3) == 0.0


@pytest.mark.parametrize("says", [lambda _: verdict(), lambda _: verdict("contradicted")])
def test_a_judge_that_says_always_the_same_tells_nothing(store: Store, says: Callable[[str], str]) -> None:
    judged(store, says)
    found = measure(Deciding(store).calibration())
    assert found.left(0.1) is None


def test_an_inverted_judge_is_seen_as_such(store: Store) -> None:
    judged(store, lambda prompt: verdict("contradicted" if "supported" in knows(prompt) else "supported"))
    found = measure(Deciding(store).calibration())
    assert found.recall == (0, 20)
    assert found.lost == 20


def test_the_share_left_after_filtering_follows_from_what_the_judge_misses() -> None:
    """1,000 records, 100 wrong; recall 80 %, false alarms 10 %: 170 caught, 20 of 830 still wrong."""
    calibration = [("name", "contradicted")] * 80 + [("name", "passed")] * 20
    calibration += [(RIGHT, "not_stated")] * 10 + [(RIGHT, "passed")] * 90
    assert measure(calibration).left(0.17) == pytest.approx(20 / 830)


def test_judging_again_costs_nothing_and_a_sample_is_spread(store: Store) -> None:
    first = judged(store, knows, calibrate=0, sample=6)
    assert len(first) == 6
    asked = [int(re.search(r"第(\d+)件事", body["messages"][-1]["content"])[1]) for body in first]  # type: ignore[index]
    assert max(asked) - min(asked) > len(RECORDS) // 2
    assert judged(store, knows, calibrate=0, sample=6) == []
    assert len(judged(store, knows, calibrate=0, sample=0)) == len(RECORDS) - 6
    assert Deciding(store).verdicts("judge") == {"passed": len(RECORDS)}
