"""Batches of records: whole, packed without seeing each other, loss on answers alone."""

import functools
import json

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from jianghu.dataset import Pair, RecordBatches, pack, read_pairs
from jianghu.dataset.records import encode_record
from jianghu.errors import InputError
from jianghu.model import ModelConfig
from jianghu.tokenizer import Tokenizer
from jianghu.tokenizer_training import train_tokenizer

from ..conftest import novel_text
from ..model.test_transformer import random_model

CPU = torch.device("cpu")
PAIRS = [Pair(f"沈青峰在第{n}日去了哪里？", "青石镇。" * (n % 5 + 1) + str(n)) for n in range(60)]


@functools.cache
def tokenizer() -> Tokenizer:
    return train_tokenizer(novel_text(3).splitlines(keepends=True), "bpe", 500)


def source(train=PAIRS, val=PAIRS[:9], block_size=128, batch_size=3, seed=1) -> RecordBatches:
    return RecordBatches(train, val, tokenizer(), batch_size, block_size, seed, CPU)


def test_targets_of_a_record_written_out_by_hand():
    t = tokenizer()
    inputs, targets, *_ = encode_record(t, Pair("谁？", "沈青峰。"))
    question = [t.im_start, *t.encode("user\n谁？"), t.im_end, *t.encode("\n"), t.im_start, *t.encode("assistant\n")]
    answer = t.encode("沈青峰。")
    assert inputs == question + answer
    assert targets == [-100] * (len(question) - 1) + [*answer, t.im_end]


@given(lengths=st.lists(st.integers(1, 64), max_size=80))
@settings(deadline=None)
def test_packing_loses_nothing_cuts_nothing_and_overfills_nothing(lengths):
    rows = pack(lengths, 64)
    assert sorted(i for row in rows for i in row) == list(range(len(lengths)))
    assert all(sum(lengths[i] for i in row) <= 64 for row in rows)


@given(
    records=st.lists(st.tuples(st.integers(1, 30), st.sampled_from(["", "a", "b", "c"])), max_size=60),
)
@settings(deadline=None)
def test_a_row_holds_no_fact_twice(records):
    lengths, facts = [length for length, _ in records], [fact for _, fact in records]
    rows = pack(lengths, 64, facts)
    assert sorted(i for row in rows for i in row) == list(range(len(records)))
    for row in rows:
        named = [facts[i] for i in row if facts[i]]
        assert len(named) == len(set(named))
        assert sum(lengths[i] for i in row) <= 64


def test_processes_share_a_batch_and_know_what_all_of_it_counts():
    batches = source(batch_size=5)
    whole = batches.batch(3)
    parts = [batches.batch(3, rows) for rows in (slice(0, 2), slice(2, 5))]
    assert torch.equal(torch.cat([part.ids for part in parts]), whole.ids)
    assert torch.equal(torch.cat([part.targets for part in parts]), whole.targets)
    assert {part.count for part in parts} == {whole.count} == {int((whole.targets != -100).sum())}


def test_packing_wastes_little():
    generator = torch.Generator().manual_seed(1)
    lengths = torch.randint(20, 257, (3000,), generator=generator).tolist()
    rows = pack(lengths, 256)
    assert sum(lengths) / (256 * len(rows)) >= 0.95


def test_losses_of_packed_rows_equal_those_of_records_alone():
    model = random_model(ModelConfig(tokenizer().vocab_size, 128, 2, 4, 2, 32, 64))
    batches = source()
    packed = count = 0.0
    with torch.inference_mode():
        for batch in batches.validation(100):
            packed += model.loss(batch.ids, batch.targets, batch.segments, batch.positions).item()
            count += batch.count
        alone = 0.0
        for pair in PAIRS[:9]:
            inputs, targets, *_ = encode_record(tokenizer(), pair)
            alone += model.loss(torch.tensor([inputs]), torch.tensor([targets])).item()
    assert packed == pytest.approx(alone, rel=1e-5)
    assert count == sum(len(tokenizer().encode(pair.answer)) + 1 for pair in PAIRS[:9])


def test_every_record_once_an_epoch_whole_and_with_its_end_token():
    batches = source(batch_size=1)
    rows = round(batches.batches_per_epoch)
    for epoch in range(2):
        answers = []
        for number in range(epoch * rows, (epoch + 1) * rows):
            batch = batches.batch(number)
            scored = batch.targets[0][batch.targets[0] != -100].tolist()
            text: list[int] = []
            for id in scored:
                if id == tokenizer().im_end:
                    answers.append(tokenizer().decode(text))
                    text = []
                else:
                    text.append(id)
            assert not text
        assert sorted(answers) == sorted(pair.answer for pair in PAIRS)


def test_positions_restart_with_each_record():
    batch = source().batch(0)
    assert batch.segments is not None
    assert batch.positions is not None
    for segments, positions in zip(batch.segments, batch.positions, strict=True):
        for segment in segments.unique():
            if segment:
                assert positions[segments == segment].tolist() == list(range(int((segments == segment).sum())))


def test_a_batch_is_a_function_of_seed_and_number():
    first, second = source(), source()
    for number in (9, 2, 30):
        assert torch.equal(first.batch(number).ids, second.batch(number).ids)
    assert any(not torch.equal(first.batch(n).ids, source(seed=5).batch(n).ids) for n in range(3))


def test_records_that_do_not_fit_are_left_out_and_counted():
    long = Pair("讲讲青石镇？", "从前，" * 200)
    batches = source(train=[*PAIRS, long])
    assert batches.too_long == 1
    with pytest.raises(InputError, match="none of 1 fits in block_size 128"):
        source(train=[long])
    with pytest.raises(InputError, match="no records for validation: there are none"):
        source(val=[])


def test_a_broken_record_is_named(tmp_path):
    path = tmp_path / "train.jsonl"
    path.write_text(json.dumps({"question": "a", "answer": "b"}) + "\n" + json.dumps({"question": "a"}) + "\n")
    with pytest.raises(InputError, match=r"train\.jsonl, record 2: question and answer must both be texts"):
        read_pairs(path)
