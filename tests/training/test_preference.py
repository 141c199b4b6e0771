"""Preference between two answers (DPO): its loss, its gradient, and exact resume."""

import math

import pytest
import torch

from jianghu.chat import question, render
from jianghu.dataset import PreferenceBatches
from jianghu.model import Transformer
from jianghu.recipe import DpoSettings
from jianghu.training.objective import Preference, make_objective, preference_losses, preference_margins

from ..dataset.test_preferences import PAIRS, tokenizer
from .test_trainer import BASE, CrashError, config, crash_at, outcome, trainer

CPU = torch.device("cpu")


def settings(**changes) -> DpoSettings:
    return DpoSettings(block_size=160, batch_size=2, **changes)


def model(seed=0, block_size=160) -> Transformer:
    made = Transformer(config(block_size))
    made.init_weights(seed)
    torch.manual_seed(seed)
    with torch.no_grad():
        for weight in made.parameters():  # what writes to the residual stream begins at zero
            weight.add_(torch.randn_like(weight), alpha=0.05)
    return made


def log_probability(net, pair, text, ended=True) -> float:
    """Of an answer, token by token: the plain definition, with one row and no packing."""
    t = tokenizer()
    prompt = render(t, question(pair.question), prompt=True).ids
    answer = [*t.encode(text), *([t.im_end] if ended else [])]
    with torch.no_grad():
        shares = net.logits(net(torch.tensor([prompt + answer])))[0].double().log_softmax(-1)
    return sum(float(shares[len(prompt) + n - 1, id]) for n, id in enumerate(answer))


def references(net, pairs=PAIRS):
    return {
        pair.id: (log_probability(net, pair, pair.chosen), log_probability(net, pair, pair.rejected, pair.ended))
        for pair in pairs
    }


@pytest.mark.parametrize(("smoothing", "weight"), [(0.0, 0.0), (0.1, 0.0), (0.0, 0.7)])
def test_the_loss_is_that_of_the_plain_formula(smoothing, weight):
    net, old, t, beta = model(1), model(2), tokenizer(), 0.3
    given = references(old)
    batch = PreferenceBatches(PAIRS, PAIRS, given, t, 99, 160, 1, CPU).validation(99)[0]
    assert batch.count == len(PAIRS)
    wanted, nats, margins = 0.0, 0.0, []
    for pair in PAIRS:
        right, worse = log_probability(net, pair, pair.chosen), log_probability(net, pair, pair.rejected, pair.ended)
        margins.append(beta * ((right - given[pair.id][0]) - (worse - given[pair.id][1])))
        wanted -= (1 - smoothing) * math.log(1 / (1 + math.exp(-margins[-1])))
        wanted -= smoothing * math.log(1 / (1 + math.exp(margins[-1])))
        wanted += weight * -right / (len(t.encode(pair.chosen)) + 1)
        nats -= right
    objective = make_objective(settings(beta=beta, label_smoothing=smoothing, sft_weight=weight), net)
    assert objective.names == ("loss", "nats", "margin", "accuracy")
    found = objective.sums(batch).tolist()
    assert found == pytest.approx([wanted, nats, sum(margins), sum(margin > 0 for margin in margins)], rel=1e-4)


def test_a_pair_reckoned_by_hand():
    """Gains over the reference: −2 − (−3) = 1 and −5 − (−4) = −1; times 0.5 the margin is 1; ln(1 + 1/e) = 0.3133."""
    margins = preference_margins(torch.tensor([[-2.0, -5.0]]), torch.tensor([[-3.0, -4.0]]), 0.5)
    assert margins.tolist() == [1.0]
    assert preference_losses(margins).item() == pytest.approx(0.313262, abs=1e-6)
    assert preference_losses(margins, 0.1).item() == pytest.approx(0.413262, abs=1e-6)  # 0.9 · 0.3133 + 0.1 · 1.3133
    assert preference_losses(torch.zeros(1)).item() == pytest.approx(math.log(2))


def test_the_reference_itself_has_no_margin():
    net = model()
    batch = PreferenceBatches(PAIRS, PAIRS, references(net), tokenizer(), 99, 160, 1, CPU).validation(99)[0]
    loss, _, margin, _ = (Preference(settings(sft_weight=0.0), net.target_nats).sums(batch) / batch.count).tolist()
    assert loss == pytest.approx(math.log(2), abs=1e-4)
    assert margin == pytest.approx(0.0, abs=1e-4)


def test_a_step_makes_right_answers_likelier_and_worse_ones_less_likely():
    net, pair = model(), PAIRS[5]
    before = references(net, [pair])
    batch = PreferenceBatches([pair], [pair], before, tokenizer(), 1, 160, 1, CPU).batch(0)
    make_objective(settings(sft_weight=0.0), net).sums(batch)[0].backward()
    with torch.no_grad():
        for weight in net.parameters():
            weight -= 0.02 * weight.grad
    after = references(net, [pair])
    assert after[pair.id][0] > before[pair.id][0]
    assert after[pair.id][1] < before[pair.id][1]


@pytest.mark.parametrize("crashes", [pytest.param((5,), marks=pytest.mark.slow), (3, 4, 11)])
def test_a_run_that_died_ends_the_same_to_the_last_bit(tmp_path, crashes):
    shared = BASE.model_dump(exclude={"block_size", "optimizer"})
    chosen = DpoSettings(**{**shared, "block_size": 160, "ema_decay": 0.9, "sft_weight": 0.5})
    given = references(model(3))

    def make(folder, resume=False):
        batches = PreferenceBatches(PAIRS, PAIRS[:5], given, tokenizer(), chosen.batch_size, 160, 1, CPU)
        return trainer(folder, chosen, batches, resume=resume)

    make(tmp_path / "whole").train()
    resume = False
    for step in crashes:
        run = make(tmp_path / "broken", resume)
        crash_at(run, step)
        with pytest.raises(CrashError):
            run.train()
        resume = (tmp_path / "broken" / "state" / "state.safetensors").exists()
    make(tmp_path / "broken", resume).train()
    whole = outcome(tmp_path / "whole")
    assert outcome(tmp_path / "broken") == whole
    rows = whole[1]
    assert {"val_loss", "val_bpc", "val_margin", "val_accuracy"} <= rows[0].keys()
    assert all(0 <= row["train_accuracy"] <= 1 for row in rows if "train_loss" in row)
    assert rows[-1]["train_margin"] > rows[0]["val_margin"]
