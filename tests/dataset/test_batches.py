"""Batches of running text: every token once an epoch, pure functions, honest validation."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from jianghu.dataset import Pair, PretrainBatches, TokenData, record_stream, text_stream
from jianghu.dataset.batches import weave
from jianghu.dataset.tokens import StretchAbout, TokensAbout
from jianghu.errors import InputError

from .test_records import tokenizer

CPU = torch.device("cpu")
CHARS = np.ones(5000, dtype=np.int64)


def token_data(train: int, stretches: list[int]) -> TokenData:
    """Training ids 1, 2, 3 …; validation stretches of the given lengths, each behind a 0."""
    val: list[int] = []
    rows: list[StretchAbout] = []
    for length in stretches:
        val.append(0)
        rows.append({"book": "", "start": len(val), "end": len(val) + length, "pieces": []})
        val += range(1000 + len(val), 1000 + len(val) + length)
    about: TokensAbout = {
        "vocab_size": 5000,
        "gap_characters": 0,
        "train": {"tokens": train, "characters": train, "bytes": train, "stretches": []},
        "val": {"tokens": len(val), "characters": sum(stretches), "bytes": sum(stretches), "stretches": rows},
    }
    return TokenData(np.arange(1, train + 1, dtype=np.uint16), np.array(val, dtype=np.uint16), about)


def source(train=100, stretches=(50,), batch_size=4, block_size=8, seed=1) -> PretrainBatches:
    return PretrainBatches(token_data(train, list(stretches)), CHARS, batch_size, block_size, seed, CPU)


@given(train=st.integers(20, 200), batch=st.integers(1, 7), block=st.integers(8, 19), epochs=st.integers(1, 3))
@settings(max_examples=60, deadline=None)
def test_every_token_is_a_target_exactly_once_in_each_epoch(train, batch, block, epochs):
    batches = source(train, batch_size=batch, block_size=block)
    rows = epochs * batches.windows
    targets = []
    for number in range(-(-rows // batch)):
        part = batches.batch(number)
        assert part.count == int((part.targets != -100).sum())
        scored = part.targets != -100
        # what is to be guessed follows what is shown, and the ring closes
        assert torch.equal(part.targets[scored], part.ids[scored] % train + 1)
        targets += part.targets.tolist()
    for epoch in range(epochs):
        seen = [t for row in targets[epoch * batches.windows : (epoch + 1) * batches.windows] for t in row if t != -100]
        assert sorted(seen) == list(range(1, train + 1))


def test_each_epoch_cuts_at_other_places():
    batches = source(211, batch_size=1, block_size=16)
    cuts = [
        frozenset(int(batches.batch(e * batches.windows + n).targets[0, 0]) for n in range(batches.windows))
        for e in range(4)
    ]
    assert len(set(cuts)) == 4


def test_a_batch_is_a_function_of_seed_and_number():
    first, second, other = source(), source(), source(seed=2)
    for number in (50, 3, 17):
        again = second.batch(number)
        assert torch.equal(first.batch(number).ids, again.ids)
        assert torch.equal(first.batch(number).targets, again.targets)
    assert any(not torch.equal(first.batch(n).ids, other.batch(n).ids) for n in range(5))


def test_validation_covers_every_held_out_token_once_without_overlap():
    batches = source(stretches=(50, 7, 33))
    targets = [t for batch in batches.validation(10**6) for t in batch.targets.flatten().tolist() if t != -100]
    wanted = [int(id) for id in batches.data.val if id != 0]
    assert sorted(targets) == sorted(wanted)
    assert sum(batch.count for batch in batches.validation(10**6)) == len(wanted)


def test_each_held_out_stretch_begins_behind_its_mark():
    batches = source(stretches=(50, 7, 33))
    firsts = [int(batches.data.val[start]) for start, _ in batches.data.stretches("val")]
    for batch in batches.validation(10**6):
        for ids, targets in zip(batch.ids, batch.targets, strict=True):
            if int(targets[0]) in firsts:
                assert int(ids[0]) == 0
                firsts.remove(int(targets[0]))
    assert not firsts


def test_a_subset_of_validation_is_always_the_same_and_spread():
    batches = source(stretches=(400,))
    first, again = batches.validation(5), batches.validation(5)
    assert sum(len(batch.ids) for batch in first) == 5
    assert all(torch.equal(a.ids, b.ids) for a, b in zip(first, again, strict=True))
    starts = sorted(int(row[0]) for batch in first for row in batch.ids)
    assert starts[0] < 1100
    assert starts[-1] > 1300


def test_validation_counts_characters_by_token():
    chars = CHARS.copy()
    chars[1010] = 5
    data = token_data(100, [50])
    batches = PretrainBatches(data, chars, 4, 8, 1, CPU)
    assert sum(batch.characters for batch in batches.validation(100)) == 54


@pytest.mark.parametrize(("train", "val", "part"), [(8, 50, "training"), (100, 7, "validation")])
def test_a_text_shorter_than_a_block_is_refused_with_its_length(train, val, part):
    with pytest.raises(InputError, match=rf"block_size 8 is longer than the {part} text \(8 tokens"):
        source(train, [val])


@given(shares=st.lists(st.sampled_from([0.05, 0.1, 0.3]), max_size=3), length=st.integers(1, 3000))
@settings(deadline=None)
def test_any_stretch_of_rows_has_the_shares_of_the_mixture(shares, length):
    order = np.resize(weave(shares), length)
    for source, share in enumerate([1 - sum(shares), *shares]):
        assert abs(int((order == source).sum()) - share * length) <= 1.5


@given(batch=st.integers(1, 7), share=st.sampled_from([0.1, 0.25, 0.6]))
@settings(max_examples=20, deadline=None)
def test_a_mixture_takes_every_token_of_each_text_once_in_its_own_epochs(batch, share):
    other = np.arange(4000, 4061)
    data = token_data(100, [50])
    batches = PretrainBatches(data, CHARS, batch, 8, 1, CPU, [(share, other)])
    rows = [row for n in range(300 // batch) for row in batches.batch(n).targets.tolist()]
    mixed = [row for row in rows if max(row) >= 4000]
    assert len(mixed) / len(rows) == pytest.approx(share, abs=0.02)
    assert all(min(id for id in row if id != -100) >= 4000 for row in mixed)  # a row is of one text
    first = [id for row in mixed[:8] for id in row if id != -100]  # 61 tokens are 8 windows
    assert sorted(first) == other.tolist()
    books = [id for row in rows if max(row) < 4000 for id in row if id != -100][: 100 * (len(rows) // 40)]
    assert set(books) == set(range(1, 101))
    assert batches.batches_per_epoch == pytest.approx(13 / batch / (1 - share))


def test_processes_share_a_batch():
    batches = source(batch_size=5)
    whole = batches.batch(7)
    parts = [batches.batch(7, rows) for rows in (slice(0, 2), slice(2, 5))]
    assert torch.equal(torch.cat([part.targets for part in parts]), whole.targets)
    assert {part.count for part in parts} == {whole.count}


def test_records_and_rewrites_become_streams_that_stand_apart():
    pairs = [Pair(f"问{n}？", f"答{n}。") for n in range(9)]
    ids = record_stream(tokenizer(), pairs, seed=1)
    text = tokenizer().decode(ids.tolist())
    assert (ids == tokenizer().end_of_text).sum() == 9
    assert all(f"问{n}？" in text and f"答{n}。" in text for n in range(9))
    assert not np.array_equal(ids, record_stream(tokenizer(), pairs, seed=2))
    assert (text_stream(tokenizer(), ["青石镇", "落雁坡"], 1) == tokenizer().end_of_text).sum() == 2
    with pytest.raises(InputError, match="mixture asks for rewrites, and there are none"):
        text_stream(tokenizer(), [], 1)
