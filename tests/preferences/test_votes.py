"""Votes of the chat page become pairs."""

import json

import pytest

from jianghu.errors import InputError
from jianghu.preferences.votes import vote_pairs

ANSWERS = [{"checkpoint": "chat", "text": text} for text in ("断水剑。", "银丝软鞭。", "银丝软鞭。", "不知道。")]


def vote(question, choice, answers=ANSWERS, mode="ask"):
    return {"at": "2026-01-01", "question": question, "mode": mode, "answers": answers, "choice": choice, "blind": True}


def written(path, rows):
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


def test_the_chosen_answer_beats_each_other_one(tmp_path):
    rows = [
        vote("谁用断水剑？", 0), vote("谁用断水剑", 1, ANSWERS[:2]), vote("考题？", 0), vote("平手？", "tie"),
        vote("都不好？", "none"), vote("从前", 0, mode="continue"),
    ]  # fmt: skip
    pairs = list(vote_pairs(written(tmp_path / "votes.jsonl", rows), lambda question: question == "考题？"))
    assert [(pair.question, pair.chosen, pair.rejected) for pair in pairs] == [
        ("谁用断水剑？", "断水剑。", "银丝软鞭。"),
        ("谁用断水剑？", "断水剑。", "不知道。"),
        ("谁用断水剑", "银丝软鞭。", "断水剑。"),
    ]
    assert len({pair.fact for pair in pairs}) == 1  # the same question: never one to train and one to validate
    assert len({pair.id for pair in pairs}) == 3
    assert {pair.source for pair in pairs} == {"votes"}


def test_no_file_gives_no_pairs_and_a_line_that_is_no_vote_is_named(tmp_path):
    assert list(vote_pairs(tmp_path / "votes.jsonl", lambda question: False)) == []
    path = written(tmp_path / "votes.jsonl", [vote("谁？", 0), {"question": "谁？", "mode": "ask", "choice": 0}])
    with pytest.raises(InputError, match=r"votes\.jsonl, line 2: no vote \(answers\)"):
        list(vote_pairs(path, lambda question: False))
