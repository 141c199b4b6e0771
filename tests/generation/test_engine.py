"""Generation: rows independent of each other, contexts longer than the model, stops, sampling."""

import pytest
import torch

from jianghu.generation import Sampling, generate, loglikelihoods, stream

from ..model.test_transformer import CONFIG, random_model

PROMPTS = [[5], [7, 8, 9, 10, 11], list(range(20, 60)), [200] * 13]


def sharp(seed: int = 0):
    """A model whose scores are far apart, so that rounding decides nothing."""
    model = random_model(seed=seed)
    with torch.no_grad():
        model.model.norm.weight.mul_(5)
    return model


@pytest.mark.parametrize("sampling", [Sampling(60), Sampling(60, temperature=1.0, top_k=20, top_p=0.9, seed=3)])
def test_what_a_row_says_does_not_depend_on_its_neighbours(sampling):
    model = sharp()
    together = generate(model, PROMPTS, sampling, {1})
    for n, prompt in enumerate(PROMPTS):
        if sampling.temperature == 0:
            assert generate(model, [prompt], sampling, {1})[0] == together[n]
        else:  # a row's random numbers belong to its place
            others = [[9, 9, 9]] * len(PROMPTS)
            others[n] = prompt
            assert generate(model, others, sampling, {1})[n] == together[n]


def test_greedy_text_equals_plain_argmax_within_the_block():
    model, prompt = sharp(), [3, 4, 5]
    ids = list(prompt)
    with torch.inference_mode():
        for _ in range(40):
            ids.append(int(model.logits(model(torch.tensor([ids])))[0, -1].argmax()))
    assert generate(model, [prompt], Sampling(40), set())[0].ids == ids[3:]


def test_text_beyond_the_block_goes_on_from_the_last_half_of_it():
    model, prompt = sharp(), [3, 4, 5]
    written = generate(model, [prompt], Sampling(150), set())[0].ids
    assert len(written) == 150
    # At the moment of the first cut the context is the last half block: reading that alone predicts the same.
    full = prompt + written
    cut = CONFIG.block_size + 1
    context = full[:cut][-(CONFIG.block_size // 2) :]
    with torch.inference_mode():
        assert int(model.logits(model(torch.tensor([context])))[0, -1].argmax()) == full[cut]


def test_rows_stop_at_the_stop_token_and_say_so():
    model = sharp()
    free = generate(model, [[3]], Sampling(20), set())[0].ids
    stop = free[4]
    row = generate(model, [[3]], Sampling(20), {stop})[0]
    assert row.finished
    assert row.ids == free[: free.index(stop)]
    assert not generate(model, [[3]], Sampling(20), set())[0].finished


def test_stream_yields_each_id_once_in_order():
    model = sharp()
    rows: list[list[int]] = [[], []]
    for step in stream(model, [[3], [4, 5]], Sampling(10), set()):
        for row, id in step:
            rows[row].append(id)
    assert rows == [g.ids for g in generate(model, [[3], [4, 5]], Sampling(10), set())]


def test_sampling_draws_from_the_distribution_it_says():
    model = random_model()
    with torch.inference_mode():
        scores = model.logits(model(torch.tensor([[3]])))[0, -1]
    shares = (scores / 0.7).softmax(-1)
    draws = [g.ids[0] for g in generate(model, [[3]] * 4000, Sampling(1, temperature=0.7, seed=1), set())]
    top = shares.argsort(descending=True)[:5].tolist()
    for id in top:
        assert draws.count(id) / 4000 == pytest.approx(shares[id].item(), abs=0.03)
    only = {g.ids[0] for g in generate(model, [[3]] * 500, Sampling(1, temperature=5.0, top_k=3), set())}
    assert only == set(scores.argsort(descending=True)[:3].tolist())
    tiny = {g.ids[0] for g in generate(model, [[3]] * 50, Sampling(1, temperature=1.0, top_p=1e-6), set())}
    assert tiny == {int(scores.argmax())}


def test_the_repetition_penalty_breaks_a_loop():
    model = random_model()
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if name.endswith(("o_proj.weight", "down_proj.weight")):
                weight.zero_()
        model.model.embed_tokens.weight.copy_(torch.nn.functional.normalize(model.model.embed_tokens.weight, dim=-1))
    looping = generate(model, [[3]], Sampling(12), set())[0].ids
    assert len(set(looping)) < 4
    assert len(set(generate(model, [[3]], Sampling(12, repetition_penalty=5.0), set())[0].ids)) > 6


def test_likelihoods_equal_the_sum_of_the_steps():
    model = random_model()
    pairs = [([3, 4], [5, 6, 7]), ([8], [9]), (list(range(60)), [1, 2])]
    for (prompt, answer), value in zip(pairs, loglikelihoods(model, pairs, batch_size=2), strict=True):
        ids = (prompt + answer)[-(CONFIG.block_size + 1) :]
        with torch.inference_mode():
            scores = model.logits(model(torch.tensor([ids[:-1]])))[0].log_softmax(-1)
        expected = sum(scores[len(ids) - 1 - len(answer) + n, id].item() for n, id in enumerate(answer))
        assert value == pytest.approx(expected, rel=1e-4)
