"""The engine as rows join and leave it: who goes first, who is never forgotten, and that nobody's text shows it."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest
import torch

from jianghu.generation import Engine, Row, Sampling
from jianghu.model import ModelConfig

from ..model.test_transformer import CONFIG, random_model
from .test_engine import sharp

MODEL = sharp()
LONG, SHORT = Sampling(100), Sampling(16)
TURN = 32


def until_done(engine: Engine, row: Row, most: int) -> int:
    """Steps until a row has ended."""
    for steps in range(1, most + 1):
        engine.step()
        if row.ending:
            return steps
    pytest.fail(f"not done after {most} steps: {len(row.written)} written, {row.turns} turns")


def finish(engine: Engine) -> None:
    while engine.busy:
        engine.step()


@pytest.mark.parametrize("places", [1, 2, 4, 16])
def test_a_brief_row_is_done_soon_whoever_writes_and_waits(places):
    engine = Engine(MODEL, places)
    long = [engine.add([n + 2], LONG, ()) for n in range(3 * places)]
    for _ in range(50):
        engine.step()
    brief = engine.add([5, 6, 7], SHORT, ())
    assert until_done(engine, brief, 100) <= 16 + 5
    finish(engine)
    assert [len(row.written) for row in long] == [100] * len(long)


@pytest.mark.parametrize("places", [1, 2, 3, 4, 16])
def test_long_rows_get_their_share_beside_a_stream_of_brief_ones(places):
    """For each place three clients ask for 16 tokens again and again; two texts of 100 tokens still come to an end."""
    engine = Engine(MODEL, places)
    clients = [engine.add([9], SHORT, ()) for _ in range(3 * places)]
    long = [engine.add([n + 2], LONG, ()) for n in range(2)]
    brief_done = 0
    for _ in range(2 * 100 * 5 + 100):  # with one place: 4 tokens of a long row after every 16 of a brief one
        engine.step()
        for n, row in enumerate(clients):
            if row.ending:
                clients[n] = engine.add([9], SHORT, ())
                brief_done += 1
        if all(row.ending for row in long):
            break
    assert [row.ending for row in long] == ["length", "length"]
    assert brief_done > 3 * places


def test_long_rows_take_turns():
    engine = Engine(MODEL, 2)
    rows = [engine.add([n + 2], LONG, ()) for n in range(6)]
    while not any(row.ending for row in rows):
        engine.step()
        counts = [len(row.written) for row in rows]
        assert max(counts) - min(counts) <= 2 * TURN
    assert min(row.turns for row in rows) >= 2


def test_a_new_row_has_its_first_word_before_old_ones_have_theirs_again():
    engine = Engine(MODEL, 4)
    for n in range(12):
        engine.add([n + 2], LONG, ())
    for _ in range(100):
        engine.step()
    new = engine.add([7], LONG, ())
    steps = 0
    while not new.written:
        engine.step()
        steps += 1
    assert steps <= TURN  # in order it would be three turns


def test_a_long_prompt_halts_nobody():
    engine = Engine(MODEL, 4, budget=8)
    writing = engine.add([3], LONG, ())
    engine.step()
    late = engine.add(list(range(2, 46)), LONG, ())
    brief = engine.add([4, 5, 6], Sampling(2), ())
    for step in range(1, 9):
        assert next(new.row for new in engine.step()) is writing
        if step >= 3:
            assert len(brief.written) == 2, "read before the long prompt, though it came after it"
    finish(engine)
    assert len(late.written) == 100


def test_prompts_of_brief_rows_do_not_keep_others_from_being_read():
    """Clients that ask for one token after a prompt that takes all of the budget, again and again."""
    engine = Engine(MODEL, 4, budget=8)
    clients = [engine.add([9] * 20, Sampling(1), ()) for _ in range(12)]
    long = engine.add(list(range(2, 42)), LONG, ())
    for _ in range(40):
        engine.step()
        clients = [engine.add([9] * 20, Sampling(1), ()) if row.ending else row for row in clients]
    assert long.written


def test_a_cancelled_row_frees_its_place_and_changes_nothing_else():
    alone = Engine(MODEL, 1)
    expected = [alone.add([n + 2], LONG, ()) for n in range(5)]
    finish(alone)
    engine = Engine(MODEL, 2)
    rows = [engine.add([n + 2], LONG, ()) for n in range(5)]
    for _ in range(10):
        engine.step()
    first, waiting = engine.running[0], engine.waiting[-1]
    engine.cancel(first)
    assert len(engine.running) == 1
    engine.cancel(waiting)
    written = {new.row for new in engine.step()}
    assert len(written) == 2, "the next in line has the place"
    finish(engine)
    assert (first.ending, waiting.ending) == ("cancelled", "cancelled")
    assert len(first.written) == 10
    assert not waiting.written
    for row, alike in zip(rows, expected, strict=True):
        if row not in (first, waiting):
            assert row.written == alike.written


def draws(seed: int) -> Iterator[tuple[list[int], Sampling]]:
    """Texts of all kinds: brief and long, within the block and beyond it, greedy and drawn, penalised or not."""
    dice = random.Random(seed)
    for n in range(14):
        prompt = [dice.randrange(2, 300) for _ in range(dice.choice([1, 3, 20, 47, 90]))]
        heat = dice.choice([0.0, 0.0, 0.7, 1.2])
        count = dice.choice([1, 5, 16, 32, 40, 110])
        yield prompt, Sampling(count, heat, dice.choice([0, 20]), dice.choice([1.0, 0.9]), dice.choice([1.0, 1.3]), n)


@pytest.mark.parametrize(("seed", "places", "budget"), [(1, 1, None), (2, 3, 16), (3, 5, 64), (4, 14, 8), (5, 2, 300)])
def test_a_text_is_the_same_whoever_is_written_beside_it(seed, places, budget):
    """Texts come at any time, take each other's places, outgrow the block, are read again, and some are cancelled."""
    dice, expected = random.Random(seed), {}
    for n, (prompt, sampling) in enumerate(draws(seed)):
        alone = Engine(MODEL, 1)
        row = alone.add(prompt, sampling, {1})
        finish(alone)
        expected[n] = row
    engine, todo, rows = Engine(MODEL, places, budget), list(enumerate(draws(seed))), {}
    while todo or engine.busy:
        for _ in range(min(len(todo), dice.choice([0, 0, 0, 1, 2, 5]))):
            n, (prompt, sampling) = todo.pop(0)
            rows[n] = engine.add(prompt, sampling, {1})
            if dice.random() < 0.3:
                engine.cancel(engine.add([8, 9], LONG, ()))
        engine.step()
    for n, row in rows.items():
        assert row.written == expected[n].written, n
        assert row.ending == expected[n].ending


def test_the_cache_grows_with_rows_and_with_their_length():
    config = ModelConfig(**{**CONFIG.to_dict(), "block_size": 200})
    model = random_model(config)
    with torch.no_grad():
        model.model.norm.weight.mul_(5)
    engine, prompts = Engine(model, 6), [[3, 4], [5] * 70, [6, 7, 8], [9] * 120, [10]]
    rows = []
    for prompt in prompts:
        rows.append(engine.add(prompt, Sampling(75), ()))
        for _ in range(10):
            engine.step()
    finish(engine)
    for prompt, row in zip(prompts, rows, strict=True):
        ids = list(prompt)
        with torch.inference_mode():
            for _ in range(75):
                ids.append(int(model.logits(model(torch.tensor([ids])))[0, -1].argmax()))
        assert row.written == ids[len(prompt) :]


def test_what_waits_holds_no_more_memory_than_it_may():
    engine = Engine(MODEL, 2)
    rows = [engine.add([n + 2], Sampling(50), ()) for n in range(20)]  # a turn of each would be 20 × 32 tokens
    most = 0
    while engine.busy:
        engine.step()
        most = max(most, sum(row.held.shape[3] for row in engine.waiting if row.held is not None))
    assert 4 * 2 * CONFIG.block_size // 2 < most <= 4 * 2 * CONFIG.block_size
    assert all(len(row.written) == 50 for row in rows)
