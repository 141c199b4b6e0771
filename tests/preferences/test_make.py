"""Pairs of a shelf: the same every time, split by fact, and none of them asks a question of the exam."""

import json
import shutil

import pytest

from jianghu import files
from jianghu.chat import question, render
from jianghu.dataset import read_likelihoods, read_preferences
from jianghu.errors import InputError
from jianghu.evaluation import abstains, is_loop
from jianghu.evaluation.stage import background_of, exam_items
from jianghu.generation import loglikelihoods
from jianghu.model import load_checkpoint
from jianghu.preferences.stage import make_preferences, preferences_stale, split_pairs
from jianghu.recipe import EvalSettings
from jianghu.records import read_records
from jianghu.text import NEAR, Index, normalise
from jianghu.workspace import Workspace

FLAGS = {"dpo": {"block_size": 128, "pairs": {"questions": 60, "samples": 2}}, "eval": {"max_new_tokens": 12}}


@pytest.fixture(scope="module")
def made(shelf, tmp_path_factory):
    """A workspace with pairs, its recipe, and what was told of them."""
    root = tmp_path_factory.mktemp("pairs")
    for name in ("books", "data", "runs"):
        shutil.copytree(shelf / name, root / name)
    shutil.copy(shelf / "jianghu.toml", root)
    ws = Workspace(root)
    recipe = ws.recipe(FLAGS)
    return ws, recipe, make_preferences(ws, recipe, ws.checkpoint("chat"))


def test_no_pair_asks_what_the_exam_asks(made):
    ws, _, facts = made
    pairs = [pair for split in ("train", "val") for pair in read_preferences(ws.preferences / f"{split}.jsonl")]
    asked = [pair.question for pair in pairs]
    asked += [record.question for record in read_records(ws.preferences / "choose.jsonl")]
    assert facts.train + facts.val == len(pairs) > 20
    settings = EvalSettings(group_questions=0, paraphrase_questions=0, leaks="keep")
    _, items, _ = exam_items(ws, None, settings, background_of(ws))
    held = [item.question for item in items if item.group != "trained"]
    for split in ("paraphrase", "val_paraphrase", "val", "test"):
        held += [record.question for record in read_records(ws.records / f"{split}.jsonl")]
    assert not {normalise(item.question) for item in items} & set(map(normalise, asked))
    index = Index(held)
    assert all((found := index.nearest(question)) is None or found[1] < NEAR for question in asked)


def test_pairs_are_split_by_fact_and_say_what_is_wrong(made):
    ws, recipe, facts = made
    train, val = (read_preferences(ws.preferences / f"{split}.jsonl") for split in ("train", "val"))
    assert not {pair.fact for pair in train} & {pair.fact for pair in val}
    assert len(val) < 0.3 * len(train)  # a tenth of the facts, however few of them are asked
    assert sum(facts.sources.values()) == len(train) + len(val)
    assert facts.sources["answers"]
    assert facts.sources["wrong_book"]
    assert all(is_loop(pair.rejected) == (pair.source == "loops") for pair in (*train, *val))
    kept = [pair for pair in (*train, *val) if pair.source == "kept"]
    assert kept
    assert all(abstains(pair.rejected) and not abstains(pair.chosen) for pair in kept)
    answers = {record.id: record.answer for record in read_records(ws.records / "train.jsonl")}
    for pair in (*train, *val):
        assert pair.chosen != pair.rejected
        known = answers.get(pair.id.partition("#")[0])
        assert known in (None, pair.chosen) or pair.source == "kept"
    assert read_likelihoods(ws.preferences / "reference.jsonl").keys() == {pair.id for pair in (*train, *val)}
    with pytest.raises(InputError, match="about 1 facts"):
        split_pairs(train[:1], recipe)


def test_the_same_checkpoint_gives_the_same_pairs_and_another_one_makes_them_stale(made):
    ws, recipe, _ = made
    chat, base = ws.checkpoint("chat"), ws.checkpoint("base")
    before = {path.name: path.read_bytes() for path in ws.preferences.glob("*.jsonl")}
    assert preferences_stale(ws, recipe, chat) is None
    make_preferences(ws, recipe, chat)
    assert {path.name: path.read_bytes() for path in ws.preferences.glob("*.jsonl")} == before
    assert "runs/base" in preferences_stale(ws, recipe, base) or "runs/chat" in preferences_stale(ws, recipe, base)
    other = ws.recipe({**FLAGS, "dpo": {**FLAGS["dpo"], "seed": 2}})
    assert "dpo.seed" in preferences_stale(ws, other, chat)
    files.write_text(ws.votes, json.dumps({"question": "谁？", "mode": "ask", "answers": [], "choice": "tie"}) + "\n")
    assert "votes.jsonl" in preferences_stale(ws, recipe, chat)
    ws.votes.unlink()


def test_the_reference_is_what_the_checkpoint_itself_gives(made):
    ws, recipe, _ = made
    checkpoint = load_checkpoint(ws.checkpoint("chat"))
    pairs = read_preferences(ws.preferences / "train.jsonl")[:9]
    given = read_likelihoods(ws.preferences / "reference.jsonl")
    for pair in pairs:
        prompt = render(checkpoint.tokenizer, question(pair.question), prompt=True).ids
        end = [checkpoint.tokenizer.im_end]
        right = checkpoint.tokenizer.encode(pair.chosen) + end
        worse = checkpoint.tokenizer.encode(pair.rejected) + (end if pair.ended else [])
        checkpoint.model.extend(recipe.dpo.block_size)
        wanted = loglikelihoods(checkpoint.model, [(prompt, right), (prompt, worse)])
        assert given[pair.id] == pytest.approx(wanted, rel=1e-4)
