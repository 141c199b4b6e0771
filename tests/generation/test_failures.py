"""What a text cannot survive ends that text alone; settings at the edge of their ranges end none."""

from __future__ import annotations

import random

import pytest
import torch

from jianghu.errors import InputError
from jianghu.generation import Engine, Sampling, generate
from jianghu.generation.sampling import Sampler

from .test_engine import sharp
from .test_fairness import MODEL, finish

POISON = 250


def poisoned(monkeypatch: pytest.MonkeyPatch, how: str):
    """A model that fails, or gives what is no number, for each row that it sees a certain id in."""
    model = sharp()
    embed = model.model.embed_tokens.forward

    def failing(ids):
        found = ids == POISON
        if how == "raises" and found.any():
            raise RuntimeError("out of memory")
        return embed(ids).masked_fill(found[..., None], torch.nan)

    monkeypatch.setattr(model.model.embed_tokens, "forward", failing)
    return model


@pytest.mark.parametrize("how", ["raises", "is not finite"])
@pytest.mark.parametrize("places", [2, 16])
def test_a_row_that_cannot_go_on_fails_alone(monkeypatch, how, places):
    model = poisoned(monkeypatch, how)
    settings = [Sampling(40, (n % 3) / 2, logprobs=n % 2 or None, seed=n) for n in range(12)]
    prompts = [[n + 2, 7] * (1 + n % 5) for n in range(12)]
    alone = [
        generate(model, [prompt], setting, set())[0].ids for prompt, setting in zip(prompts, settings, strict=True)
    ]
    engine = Engine(model, places, budget=30)
    rows = [engine.add(prompt, setting, ()) for prompt, setting in zip(prompts, settings, strict=True)]
    engine.step()
    bad = [engine.add([3, POISON], Sampling(40), ()), engine.add([POISON], Sampling(5, 1.0), ())]
    finish(engine)
    again = [
        generate_with_own_numbers(model, prompt, setting) for prompt, setting in zip(prompts, settings, strict=True)
    ]
    assert [row.written for row in rows] == again
    assert [ids for ids, setting in zip(alone, settings, strict=True) if setting.greedy] == [
        ids for ids, setting in zip(again, settings, strict=True) if setting.greedy
    ]
    assert [row.ending for row in bad] == ["failed", "failed"]
    assert engine.failed == sorted(bad, key=engine.failed.index)
    assert all(isinstance(row.error, RuntimeError if how == "raises" else ArithmeticError) for row in bad)


def generate_with_own_numbers(model, prompt, setting):
    engine = Engine(model, 1)
    row = engine.add(prompt, setting, ())
    finish(engine)
    return row.written


def test_a_fault_that_passes_changes_no_text(monkeypatch):
    """Out of memory for a moment: no row is to blame, and all go on."""
    dice, model = random.Random(1), sharp()
    expected = [generate_with_own_numbers(model, [n + 2], Sampling(60, 1.0, seed=n)) for n in range(6)]
    forward, calls = model.model.embed_tokens.forward, [0, 0]  # since the last fault, and faults

    def sometimes(ids):
        calls[0] += len(ids) > 1
        if calls[0] > 4 and len(ids) > 1 and dice.random() < 0.2:
            calls[:] = 0, calls[1] + 1
            raise RuntimeError("out of memory")
        return forward(ids)

    monkeypatch.setattr(model.model.embed_tokens, "forward", sometimes)
    engine = Engine(model, 4)
    rows = [engine.add([n + 2], Sampling(60, 1.0, seed=n), ()) for n in range(6)]
    finish(engine)
    assert calls[1] > 3
    assert [row.written for row in rows] == expected


def test_a_model_that_always_fails_fails_whoever_waits_for_it(monkeypatch):
    model = sharp()
    monkeypatch.setattr(model.model.embed_tokens, "forward", lambda ids: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        generate(model, [[3], [4]], Sampling(5), set())


EDGES = {
    "temperature": [0.0, 1e-45, 1e-38, 9e-5, 1e-4, 2.0, 100.0],
    "top_k": [0, 1, 299, 300, 301, 5000, 2**40],
    "top_p": [0.0, 5e-324, 1e-30, 0.5, 1 - 1e-9, 1.0],
    "min_p": [0.0, 5e-324, 0.1, 1.0],
    "repetition_penalty": [0.01, 1.0, 1.3, 100.0],
    "presence_penalty": [-100.0, 0.0, 2.0],
    "frequency_penalty": [-100.0, 0.0, 5e-324, 100.0],
    "logprobs": [None, 0, 20, 10**6],
    "seed": [0, -1, 2**64],
}


def test_settings_at_the_edges_of_their_ranges_end_nobody_and_change_no_other_text():
    dice = random.Random(7)
    odd = [Sampling(12, **{name: dice.choice(values) for name, values in EDGES.items()}) for _ in range(80)]
    alone = [generate_with_own_numbers(MODEL, [n % 200 + 2], sampling) for n, sampling in enumerate(odd)]
    engine = Engine(MODEL, 16)
    rows = [engine.add([n % 200 + 2], sampling, ()) for n, sampling in enumerate(odd)]
    finish(engine)
    assert not engine.failed
    assert [row.written for row in rows] == alone
    greedy = generate_with_own_numbers(MODEL, [5], Sampling(20))
    for narrow in ({"temperature": 1e-38}, {"top_p": 5e-324}, {"min_p": 1.0}, {"top_k": 1}):
        assert generate_with_own_numbers(MODEL, [5], Sampling(20, **{"temperature": 1.0, **narrow})) == greedy
    assert generate_with_own_numbers(MODEL, [5], Sampling(20, 1.0, top_k=5000, seed=3)) == (
        generate_with_own_numbers(MODEL, [5], Sampling(20, 1.0, seed=3))
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("temperature", value) for value in (-1e-9, 101.0, float("nan"), float("inf"))),
        *(("repetition_penalty", value) for value in (0.0, 1e-45, -1.0, 1e9)),
        *(("top_p", value) for value in (-0.1, 1.1)),
        ("min_p", 2.0),
        ("frequency_penalty", float("-inf")),
        ("top_k", -1),
    ],
)
def test_settings_outside_their_ranges_are_refused_by_name(name, value):
    with pytest.raises(InputError, match=name):
        Sampling(**{name: value})


def test_min_p_leaves_out_what_is_less_likely_than_its_share_of_the_likeliest():
    scores = torch.tensor([[2.0, 1.0, 0.0, -1.0]]).repeat(2, 1)
    kept = scores[0].softmax(-1) >= 0.3 * scores[0].softmax(-1).max()
    sampler = Sampler([Sampling(temperature=1.0, min_p=0.3), Sampling(temperature=1.0)], [[], []], 4, scores.device)
    drawn = [sampler.choose(scores, [n / 200, n / 200]).tolist() for n in range(200)]
    assert {own for own, _ in drawn} == set(kept.nonzero()[:, 0].tolist())
    assert {other for _, other in drawn} == {0, 1, 2, 3}
