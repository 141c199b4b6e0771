"""The judge: what it is shown, both orders, replies kept before they are read, agreement with marked answers."""

import json
import re
import shutil

import pytest

from jianghu.evaluation.answer_judge import (
    MarkedAnswer,
    agreement,
    better_of,
    grade_of,
    graded,
    in_both_orders,
    marked_by_hand,
    preferred,
)
from jianghu.evaluation.judge_strategy import AnswerJudge
from jianghu.evaluation.results import Agreement
from jianghu.llm.store import Reader, Store
from jianghu.recipe import TeacherSettings

from ..conftest import jianghu
from ..llm.teacher_server import Act, TeacherServer, chat

ROW = MarkedAnswer(question="谁？", reference="关羽。", evidence="关公出马。", answer="关羽", grade=2)


def parts(prompt):
    return dict(re.findall(r"^(问题|参考答案|原文|考生的回答|回答 A|回答 B)：(.*)$", prompt, re.MULTILINE))


def by_reference(prompt):
    """A judge that is right: an answer is right if it holds the reference."""
    seen = parts(prompt)
    wanted = seen["参考答案"].rstrip("。")
    if "考生的回答" in seen:
        return json.dumps({"grade": 2 * (wanted in seen["考生的回答"]), "why": ""})
    a, b = wanted in seen["回答 A"], wanted in seen["回答 B"]
    return json.dumps({"better": "tie" if a == b else "A" if a else "B"})


@pytest.fixture
def store(tmp_path):
    with Store(tmp_path / "judge.sqlite") as opened:
        yield opened


def asked(store, *cases, pairs=()):
    judge = AnswerJudge(TeacherSettings(model="m"), cases, pairs)
    return [request.body["messages"][-1]["content"] for request in judge.plan(store)]


def test_the_judge_sees_reference_and_evidence(store):
    first, second = map(parts, asked(store, ROW, ROW.model_copy(update={"evidence": ""}), ROW))
    assert first == {"问题": "谁？", "参考答案": "关羽。", "原文": "关公出马。", "考生的回答": "关羽"}
    assert second["原文"] == "（没有）"


def test_a_pair_is_asked_in_both_orders(store):
    wrong = ROW.model_copy(update={"answer": "张飞"})
    first, second = map(parts, asked(store, pairs=[(ROW, wrong)]))
    assert (first["回答 A"], first["回答 B"]) == (second["回答 B"], second["回答 A"]) == ("关羽", "张飞")


@pytest.mark.parametrize(
    ("reply", "grade"),
    [
        ('{"grade": 2, "why": "对"}', 2),
        ('想一想 {"grade": 0}\n```json\n{"grade": "1", "why": "半对"}\n```', 1),
        ('{"grade": 7}', None),
        ('{"grade": [2]}', None),
        ("满分", None),
        ("", None),
    ],
)
def test_grades_are_read_from_what_a_model_says(reply, grade):
    assert grade_of(reply) == grade


@pytest.mark.parametrize(
    ("forward", "backward", "better"),
    [("A", "B", "first"), ("B", "A", "second"), ("A", "A", "tie"), ("tie", "B", "tie"), ("A", None, None)],
)
def test_a_pair_is_won_only_in_both_orders(forward, backward, better):
    assert in_both_orders(forward, backward) == better


def test_which_is_better_is_read_from_what_a_model_says():
    assert [better_of(text) for text in ('{"better": "A"}', '想。{"better":"tie"}', '{"better": "C"}', "甲")] == [
        "A", "tie", None, None,
    ]  # fmt: skip


def test_counts_and_agreement_by_hand():
    assert graded([2, 2, 0, None]).model_dump() | {"right": 0} == {
        "questions": 3, "unread": 1, "grades": {"0": 1, "1": 0, "2": 2}, "right": 0, "mean": 0.6667,
    }  # fmt: skip
    assert preferred(["second"] * 8 + ["tie", None]).model_dump() == {
        "first": 0, "second": 8, "tie": 1, "unread": 1, "p": 2 / 256,
    }  # fmt: skip
    assert agreement([2, 0, 1, 0], [2, 0, 1, 0]) == Agreement(answers=4, same=1.0, kappa=1.0)
    # 2 of 4 agree; chance would give (2 * 2 + 2 * 2) / 16 = 0.5.
    assert agreement([2, 2, 0, 0], [2, 0, 2, 0]) == Agreement(answers=4, same=0.5, kappa=0.0)
    assert agreement([None, 2], [2, 2]).same == 0.5


def test_the_marks_set_by_hand_are_whole():
    marks = marked_by_hand()
    assert {mark.grade for mark in marks} == {0, 1, 2}
    assert all(mark.question and mark.reference for mark in marks)


@pytest.fixture
def judged(shelf, tmp_path, monkeypatch):
    monkeypatch.setenv("JIANGHU_API_KEY", "sk-judge")
    root = shutil.copytree(shelf, tmp_path / "shelf")
    jianghu("eval", "chat/best", cwd=root)

    def with_server(server):
        recipe = (root / "jianghu.toml").read_text(encoding="utf-8")
        teacher = f'\n[synth.teacher]\nbase_url = "{server.url}"\nmodel = "judge-1"\nretries = 1\nconcurrency = 2\n'
        (root / "jianghu.toml").write_text(recipe + teacher, encoding="utf-8")
        return root

    return with_server


def obliging(number, body):
    if number == 0:
        return Act(429, "slow down", headers={"Retry-After": "0"})
    return Act(body=chat(by_reference(body["messages"][-1]["content"])), delay=0.02)


def test_judge_command_grades_compares_and_pays_once(judged):
    with TeacherServer(obliging) as server:
        root = judged(server)
        said = json.loads(jianghu("judge", "chat", "chat/best", "--judge-questions", 5, "--json", cwd=root).stdout)
        asked = len(server.seen)
        out = jianghu("judge", "chat", "chat/best", "--judge-questions", 5, cwd=root).stdout
        assert len(server.seen) == asked
    assert said["agreement"]["answers"] == len(marked_by_hand())
    assert said["graded"]["chat"]["questions"] == 5
    assert sum(said["preferred"]["chat/best"][name] for name in ("first", "second", "tie")) == 5
    assert "agrees with" in out
    kept = json.loads((root / "evals/chat.records.json").read_text(encoding="utf-8"))
    assert kept["judge"]["model"] == "judge-1"
    assert kept["judge"]["grades"] == said["graded"]["chat"]["grades"]
    assert server.most_at_once <= 2  # the pool begins with one at once and finds out how many go
    distinct = {json.dumps(body["messages"], ensure_ascii=False) for body in server.seen}
    assert len(distinct) == asked - 1  # the first was refused once; no case is paid for twice
    assert all(body["temperature"] == 0.0 for body in server.seen)


def test_a_judge_that_refuses_ends_in_one_line_and_keeps_what_was_said(judged):
    def turns(number, body):
        return obliging(number, body) if number < 4 else Act(401, "bad key sk-judge")

    with TeacherServer(turns) as server:
        root = judged(server)
        ended = jianghu("judge", "chat", cwd=root, check=False)
    assert ended.returncode == 1
    assert "no key is left" in ended.stderr or "no live key is left" in ended.stderr
    assert "sk-judge" not in ended.stderr
    with Reader(root / "evals/judge.sqlite") as kept:
        assert kept.outcomes()["ok"] >= 2
    assert json.loads((root / "evals/chat.records.json").read_text(encoding="utf-8"))["judge"] is None


def test_a_budget_ends_the_judge_and_the_same_command_goes_on(judged):
    with TeacherServer(obliging) as server:
        root = judged(server)
        recipe = root / "jianghu.toml"
        recipe.write_text(recipe.read_text(encoding="utf-8") + "price_out = 100.0\n", encoding="utf-8")
        ended = jianghu("judge", "chat", "--judge-questions", 2, "--budget", 0.15, cwd=root, check=False)
        assert ended.returncode == 1
        assert "the judge has not answered everything (the budget of 0.15 is reached" in ended.stderr
        sent = len(server.seen)
        said = json.loads(jianghu("judge", "chat", "--judge-questions", 2, "--json", cwd=root).stdout)
        assert said["graded"]["chat"]["questions"] == 2
        assert len(server.seen) - sent < len(marked_by_hand()) + 2


def test_what_was_not_examined_cannot_be_judged(shelf):
    ended = jianghu("judge", "base", cwd=shelf, check=False)
    assert ended.returncode == 2
    assert "jianghu eval base" in ended.stderr
