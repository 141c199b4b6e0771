"""Which checkpoint is best: by loss, by a score and its chance, with EMA; when patience ends a run."""

import json
import math

import pytest
import torch

from jianghu.errors import RunError
from jianghu.model import load_checkpoint

from .test_trainer import BASE, by_step, trainer, weight_score


def test_best_is_never_overwritten_by_worse_and_last_and_milestones_are_kept(tmp_path):
    run = trainer(tmp_path)
    run.evaluator.measure = by_step({0: 9.0, 4: 5.0, 8: 7.0, 12: 6.0})
    result = run.train()
    assert (result.best_step, result.best_val) == (4, 5.0)
    steps = {p.parent.name: json.loads(p.read_text())["step"] for p in tmp_path.glob("checkpoints/*/jianghu.json")}
    assert steps == {"best": 4, "last": 12, "step-000006": 6, "step-000012": 12}
    assert load_checkpoint(tmp_path / "checkpoints" / "best").about["val_bpc"] == 5.0


def test_the_mean_of_the_weights_is_evaluated_and_kept_at_its_best(tmp_path):
    settings = BASE.model_copy(update={"ema_decay": 0.9, "optimizer": "adamw"})
    run = trainer(tmp_path, settings)
    run.train()
    rows = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    means = {row["step"]: row["val_bpc_ema"] for row in rows if "val_bpc_ema" in row}
    assert list(means) == [4, 8, 12]
    kept = load_checkpoint(tmp_path / "checkpoints" / "ema")
    assert kept.about["val_bpc"] == min(means.values()) == means[kept.about["step"]]
    # By hand: steps 1 to 12 with decay min(0.9, (1 + t) / (10 + t)) of the weights after each step.
    again = trainer(tmp_path / "again", settings.model_copy(update={"save_interval": 1, "keep_every": 1}))
    again.train()
    mean = None
    for step in range(13):
        path = tmp_path / "again" / "checkpoints" / (f"step-{step:06d}" if step else "none")
        weight = load_checkpoint(path).model.model.embed_tokens.weight if step else None
        if weight is None:
            fresh = trainer(tmp_path / "fresh", settings).model
            mean = fresh.model.embed_tokens.weight.detach().clone()
        else:
            decay = min(0.9, (1 + step) / (10 + step))
            mean = decay * mean + (1 - decay) * weight.detach()
        if step == kept.about["step"]:
            assert torch.allclose(mean, kept.model.model.embed_tokens.weight, atol=1e-6)


def test_patience_ends_a_run_that_no_longer_improves_and_saves_it(tmp_path):
    settings = BASE.model_copy(update={"max_iters": 60, "warmup_iters": 2, "patience": 2, "save_interval": 100})
    run = trainer(tmp_path, settings)
    run.evaluator.measure = by_step({0: 9.0, 4: 5.0, 8: 6.0, 12: 7.0})
    result = run.train()
    assert (result.step, result.best_step) == (12, 4)
    assert load_checkpoint(tmp_path / "checkpoints" / "last").about["step"] == 12
    again = trainer(tmp_path, settings, resume=True)
    again.evaluator.measure = run.evaluator.measure
    assert again.train() == result  # a finished run stays finished


def test_a_scorer_chooses_the_best_checkpoint_and_ends_the_run_by_patience(tmp_path):
    settings = BASE.model_copy(update={"max_iters": 60, "warmup_iters": 2, "patience": 2, "save_interval": 100})
    run = trainer(tmp_path, settings, scorer=weight_score)
    losses = {0: 9.0, 4: 5.0, 8: 6.0, 12: 7.0, 16: 1.0}  # falls again where the score does not
    run.evaluator.measure = by_step(losses, {0: 0.0, 4: 0.25, 8: 0.5, 12: 0.5, 16: 0.25})
    result = run.train()
    assert (result.step, result.best_step, result.best_val, result.best_score) == (16, 8, 6.0, 0.5)
    assert result.best_ema_score is None
    kept = load_checkpoint(tmp_path / "checkpoints" / "best").about
    assert (kept["step"], kept["val_bpc"], kept["score"]) == (8, 6.0, 0.5)
    rows = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    assert {row["step"]: row["score"] for row in rows if "score" in row} == {0: 0.0, 4: 0.25, 8: 0.5, 12: 0.5, 16: 0.25}
    again = trainer(tmp_path, settings, scorer=weight_score, resume=True)
    again.evaluator.measure = run.evaluator.measure
    assert again.train() == result  # the best score is in the state


class NoisyScore:
    """A scorer whose scores differ by 0.1 by chance."""

    noise = 0.1

    def __call__(self, model):
        return 0.0


def test_of_scores_that_differ_by_chance_alone_the_latest_checkpoint_is_the_best(tmp_path):
    settings = BASE.model_copy(update={"max_iters": 20, "warmup_iters": 2})
    run = trainer(tmp_path, settings, scorer=NoisyScore())
    scores = {0: 0.0, 4: 0.75, 8: 0.7, 12: 0.66, 16: 0.64, 20: 0.5}  # 16 is more than 0.1 below the highest
    run.evaluator.measure = by_step(dict.fromkeys(scores, 5.0), scores)
    result = run.train()
    assert (result.best_step, result.best_score) == (12, 0.66)
    assert load_checkpoint(tmp_path / "checkpoints" / "best").about["score"] == 0.66


def test_a_scorer_sees_the_mean_of_the_weights_and_chooses_its_checkpoint(tmp_path):
    run = trainer(tmp_path, BASE.model_copy(update={"ema_decay": 0.9}), scorer=weight_score)
    result = run.train()
    rows = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    for name, key, best in (("best", "score", result.best_score), ("ema", "score_ema", result.best_ema_score)):
        scores = {row["step"]: row[key] for row in rows if key in row}
        kept = load_checkpoint(tmp_path / "checkpoints" / name)
        assert kept.about["score"] == best == max(scores.values()) == scores[kept.about["step"]]
        assert weight_score(kept.model) == pytest.approx(best, abs=1e-3)


def test_a_score_that_is_no_number_ends_the_run(tmp_path):
    run = trainer(tmp_path, scorer=lambda model: math.nan)
    with pytest.raises(RunError, match="score at step 0 is nan"):
        run.train()
