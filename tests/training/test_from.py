"""Runs that go on from a checkpoint: an own one on a grown shelf, and a model of others."""

import json
import shutil

import numpy as np
import pytest
import torch

from jianghu.dataset import PretrainBatches, TokenData, read_tokens
from jianghu.dataset.batches import PERIOD
from jianghu.export import model_card
from jianghu.model import load_checkpoint
from jianghu.tokenizer import CHAT_TEMPLATE, Tokenizer
from jianghu.training import RunFolder
from jianghu.workspace import Workspace

from ..conftest import jianghu, novel_text
from ..strangers import write_stranger


def two_books(rng, old=2000, new=1200):
    """Tokens of two books, each in two stretches; ids of the old one are below 500."""

    def part(sizes):
        ids, rows = [], []
        for book, size, low in sizes:
            for _ in range(2):
                ids.append(0)
                rows.append({"book": book, "start": len(ids), "end": len(ids) + size, "pieces": []})
                ids += rng.integers(low, low + 499, size).tolist()
        about = {"tokens": len(ids), "characters": len(ids), "bytes": len(ids), "stretches": rows}
        return np.array(ids), about

    (train, about), (val, about_val) = (
        part([("old", old, 1), ("new", new, 500)]),
        part([("old", 90, 1), ("new", 50, 500)]),
    )
    return TokenData(train, val, {"vocab_size": 1000, "gap_characters": 0, "train": about, "val": about_val})


def batches_of(data, known, replay=0.3, mixture=()):
    return PretrainBatches(
        data, np.ones(1000, dtype=np.int64), 10, 16, 7, torch.device("cpu"), mixture, known=known, replay=replay
    )


@pytest.mark.parametrize("replay", [0.0, 0.25, 0.6])
def test_old_books_have_their_share_and_new_ones_come_once_an_epoch(replay):
    data = two_books(np.random.default_rng(1))
    records = np.full(400, 999)
    source = batches_of(data, ["old", "gone"], replay, [(0.2, records)])
    rows = torch.cat([source.batch(n).targets for n in range(PERIOD // 10)])
    kinds = [("record" if 999 in row else "old" if 0 < row[row > 0].min() < 500 else "new") for row in rows]
    assert kinds.count("record") == 200
    assert kinds.count("old") == round(800 * replay)
    epoch = -(-source.rings[0].size // 16)
    new = [row[row != -100] for row, kind in zip(rows, kinds, strict=True) if kind == "new"][:epoch]
    want = np.concatenate([data.train[row["start"] - 1 : row["end"]] for row in data.about["train"]["stretches"][2:]])
    assert sorted(torch.cat(new).tolist()) == sorted(want.tolist())


def test_validation_is_told_apart_only_where_there_are_old_and_new_books():
    data = two_books(np.random.default_rng(2))
    for known in ([], ["old", "new"], ["other"]):
        plain = batches_of(data, known)
        assert {batch.part for batch in plain.validation(1000)} == {""}
        assert torch.equal(plain.tokens, torch.from_numpy(data.train.astype(np.int32)))
    parts = {batch.part: 0 for batch in batches_of(data, ["old"]).validation(1000)}
    for batch in batches_of(data, ["old"]).validation(1000):
        scored = batch.targets[batch.targets != -100]
        assert bool((scored < 500).all()) == (batch.part == "old")
        parts[batch.part] += batch.count
    assert parts == {"old": 180, "new": 100}


@pytest.fixture(scope="module")
def grown(shelf, tmp_path_factory):
    """The small shelf with its trained runs, to which a second book was added, with a character that is new."""
    root = tmp_path_factory.mktemp("grown") / "shelf"
    shutil.copytree(shelf, root)
    text = novel_text(chapters=6, seed=5).replace("沈青峰", "龘青峰")
    (root / "books" / "龘峰录.txt").write_text(text, encoding="utf-8")
    jianghu("prepare", cwd=root)
    return root


FLAGS = ("--learning-rate", 0.004, "--min-lr", 0.004, "--eval-interval", 6, "--save-interval", 6)


def test_an_own_run_goes_on_with_a_grown_shelf(grown):
    said = jianghu("pretrain", "--from", "base", "--name", "more", "--max-iters", 12, *FLAGS, cwd=grown).stdout
    assert "books read before: 青峰录; they are 30% of the books' tokens" in said
    assert "On the books read before" in said
    ws = Workspace(grown)
    base, more = (load_checkpoint(ws.checkpoint(f"{name}/last")) for name in ("base", "more"))
    assert more.tokenizer.backend.to_str() == base.tokenizer.backend.to_str()
    assert more.tokenizer.backend.to_str() != Tokenizer.load(ws.tokenizer).backend.to_str()
    assert more.tokenizer.decode(more.tokenizer.encode("龘青峰")) == "龘青峰"
    assert set(more.about["books"]) == {"青峰录", "龘峰录"}
    assert more.about["from"] == "runs/base/checkpoints/best"
    rows = [json.loads(line) for line in (grown / "runs/more/metrics.jsonl").read_text().splitlines()]
    scored = [row for row in rows if "val_bpc" in row]
    assert [row["step"] for row in scored] == [0, 6, 12]
    assert all(row["val_bpc_old"] < row["val_bpc"] < row["val_bpc_new"] for row in scored[:1])
    result = json.loads((grown / "runs/more/result.json").read_text())
    best = next(row for row in scored if row["step"] == result["best_step"])
    assert result["best_others"] == {name: best[name] for name in ("val_bpc_old", "val_bpc_new")}
    _, state = RunFolder(grown / "runs/more").load_state()
    assert state.came_from == more.about["from"]
    shown = json.loads(jianghu("status", "--json", cwd=grown).stdout)
    assert shown["started_from"]["more"] == "base/best"
    (tokens,) = (path for path in (grown / "data/tokens-of").iterdir() if path.is_dir())
    again, own = read_tokens(tokens), read_tokens(ws.tokens)
    for part in ("train", "val"):
        assert again.about[part]["characters"] == own.about[part]["characters"]
        assert [row["pieces"] for row in again.about[part]["stretches"]] == [
            row["pieces"] for row in own.about[part]["stretches"]
        ]
    ids = again.train
    assert int(more.tokenizer.chars_per_token[ids].sum()) == again.about["train"]["characters"]


def test_a_run_that_was_left_goes_on_to_the_same_bits(grown):
    at = ("pretrain", "--name", "left")
    jianghu(*at, "--from", "base", "--max-iters", 6, *FLAGS, cwd=grown)
    jianghu(*at, "--resume", "--max-iters", 12, cwd=grown)
    jianghu("pretrain", "--from", "base", "--name", "whole", "--max-iters", 12, *FLAGS, cwd=grown)
    left, whole = (RunFolder(grown / "runs" / name).load_state()[0] for name in ("left", "whole"))
    assert left.keys() == whole.keys()
    assert all(torch.equal(left[name], whole[name]) for name in left)


def test_a_changed_start_is_another_run(grown):
    jianghu("pretrain", "--from", "base/last", "--name", "other", "--max-iters", 5, *FLAGS, cwd=grown)
    refused = jianghu("pretrain", "--name", "other", "--resume", "--from", "chat", cwd=grown, check=False)
    assert refused.returncode == 2
    assert "other was begun with init_from base/last; with --init-from chat it would be another run" in refused.stderr


def test_a_run_does_not_start_from_itself(grown):
    for more in ((), ("--restart",)):
        refused = jianghu("pretrain", "--from", "base", *more, cwd=grown, check=False)
        assert refused.returncode == 2
        assert "The run base cannot start from its own checkpoint. Give --name for another run." in refused.stderr
    assert (grown / "runs/base/result.json").exists()


def test_a_model_of_others_learns_the_books_and_the_records(grown, tmp_path):
    folder = write_stranger(tmp_path / "stranger")
    theirs = load_checkpoint(folder)
    auto = ("--from", folder, "--learning-rate", "auto")
    plan = json.loads(jianghu("plan", *auto, "--json", cwd=grown).stdout)
    assert plan["pretrain"]["parameters"] == theirs.model.config.parameters
    assert plan["pretrain"]["optimizer"] == "adamw"
    assert plan["pretrain"]["learning_rate"] == pytest.approx(0.02 / 256)
    run = (*auto, "--max-iters", 5, "--eval-interval", 5, "--warmup-iters", 2)
    said = jianghu("pretrain", *run, "--name", "theirs", cwd=grown).stdout
    assert "pretrain theirs: AdamW, learning rate 7.81e-05" in said
    trained = load_checkpoint(grown / "runs/theirs/checkpoints/last")
    assert trained.model.config == theirs.model.config
    assert trained.tokenizer.backend.to_str() == theirs.tokenizer.backend.to_str()
    assert trained.tokenizer.chat_template == CHAT_TEMPLATE
    rows = [json.loads(line) for line in (grown / "runs/theirs/metrics.jsonl").read_text().splitlines()]
    assert 0 < rows[-1]["val_bpc"] < rows[0]["val_bpc"]
    counted = [len(read_tokens(path).train) for path in (grown / "data/tokens-of").iterdir() if path.is_dir()]
    assert plan["shelf"]["train_tokens"] in counted
    jianghu("sft", "--from", "theirs", "--name", "chatty", "--max-iters", 4, "--warmup-iters", 2, cwd=grown)
    assert load_checkpoint(grown / "runs/chatty/checkpoints/last").about["books"] == ["青峰录", "龘峰录"]
    jianghu("eval", "chatty", "--limit", 2, cwd=grown)
    ws = Workspace(grown)
    card = model_card(load_checkpoint(ws.checkpoint("chatty")), ws, "me/chatty", "", ggufs=False)
    assert f"trained on from {folder} on 《" in card


def test_a_rate_that_makes_a_pretrained_model_forget_is_warned_of(grown, tmp_path):
    folder = write_stranger(tmp_path / "stranger", hidden_size=64, head_dim=32, num_hidden_layers=1)
    run = ("--from", folder, "--max-iters", 2, "--warmup-iters", 1, "--eval-interval", 2)
    said = jianghu("sft", *run, "--name", "hot", "--learning-rate", 0.01, cwd=grown).stdout
    assert "[sft] learning_rate 0.01 is far from what suits Muon at width 64, about 0.00031" in said
