"""Exam questions that stand in the training records are found; the nearest training question answers for itself."""

import json
import shutil

import pytest

from jianghu.evaluation import Background, Item, Taught, score_answers
from jianghu.records import Record
from jianghu.text import Index, jaccard

from ..conftest import jianghu


def record(question, answer):
    return Record(
        id=question, fact=question, wording=1, kind="who", question=question, answer=f"{answer}。", short_answer=answer,
        aliases=(), book="青峰录", chapter=1, start=0, end=4, source="bundled", split="train",
    )  # fmt: skip


TRAIN = [
    record("沈青峰当夜三更在落雁坡遇见了哪一位？", "柳如烟"),
    record("断云岭上守着城门钥匙的人叫什么名字？", "铁掌柜"),
]


def item(question, group="unseen"):
    return Item("1", question, "柳如烟。", ("柳如烟",), group=group)


@pytest.mark.parametrize(
    ("question", "exact", "near"),
    [
        ("沈青峰当夜三更在落雁坡遇见了哪一位？", 1, 0),
        ("“沈青峰”当夜三更，在落雁坡遇见了哪一位", 1, 0),
        ("沈青峰当夜三更在落雁坡遇见了哪一个？", 0, 1),
        ("哪一位在落雁坡遇见过沈青峰？", 0, 0),
        ("顾长风是谁？", 0, 0),
    ],
)
def test_leaks_are_left_out_and_counted(question, exact, near):
    kept, leaks = Taught(TRAIN).leaks([item(question), item("白鹿山庄在哪里？")])
    assert (leaks.exact, leaks.near) == (exact, near)
    assert len(kept) == 2 - exact - near
    assert leaks.examples == ((question, TRAIN[0].question),) * (exact + near)


def test_taught_wordings_are_meant_to_stand_in_training():
    kept, leaks = Taught(TRAIN).leaks([item(TRAIN[0].question, "trained")])
    assert len(kept) == 1
    assert leaks.exact == 0


def test_facts_that_a_checkpoint_was_taught_are_not_unseen_for_it(shelf, tmp_path):
    """Fine-tuned on all records, and once more from there on the training records alone."""
    root = shutil.copytree(shelf, tmp_path / "shelf")
    jianghu("sft", "--name", "all", "--records", "all", "--max-iters", 2, "--warmup-iters", 1, cwd=root)
    jianghu("sft", "--name", "again", "--from", "all", "--max-iters", 2, "--warmup-iters", 1, cwd=root)
    examined = ("eval", "chat", "all", "again", "--group-questions", 0, "--max-new-tokens", 1, "--json")
    chat, *others = json.loads(jianghu(*examined, cwd=root).stdout)
    unseen = chat["groups"]["unseen"]["questions"]
    assert unseen > 0
    assert chat["leaks"]["exact"] == 0
    for result in others:
        assert "unseen" not in result["groups"]
        assert result["groups"]["trained"]["questions"] == chat["groups"]["trained"]["questions"]
        assert result["leaks"]["exact"] >= unseen
    refused = jianghu("eval", "all", "--leaks", "refuse", cwd=root, check=False)
    assert refused.returncode == 2
    assert "stand in the training records" in refused.stderr


def test_the_nearest_question_is_the_one_with_the_most_overlap():
    texts = [row.question for row in TRAIN]
    for text in ("断云岭上守着钥匙的人叫什么？", "沈青峰当夜遇见谁？"):
        number, overlap = Index(texts).nearest(text)
        assert overlap == pytest.approx(max(jaccard(text, other) for other in texts))
        assert overlap == pytest.approx(jaccard(text, texts[number]))
    assert Index(texts).nearest("完全无关") is None
    assert Index([]).nearest("沈青峰") is None


def test_the_baseline_answers_with_the_nearest_questions_answer():
    asked = [item("沈青峰当夜遇见了哪一位？"), item("守着城门钥匙的人叫什么？"), item("完全无关")]
    rows = score_answers(asked, [("不", True)] * 3, Background(taught=Taught(TRAIN)))
    assert [row.nearest and row.nearest.correct for row in rows] == [True, False, None]
    assert rows[0].nearest.answer == "柳如烟。"
