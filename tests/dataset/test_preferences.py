"""Batches of preference pairs: whole, both answers in one row, each pair once an epoch."""

from collections import Counter

import pytest
import torch

from jianghu.dataset import PreferenceBatches, PreferencePair, read_likelihoods, read_preferences
from jianghu.dataset.preferences import encode_pair
from jianghu.errors import InputError

from .test_records import CPU, tokenizer

PAIRS = [
    PreferencePair(
        id=f"p{n}", fact=f"f{n // 2}", source="answers", question=f"沈青峰在第{n}日去了哪里？", chosen=f"青石镇{n}。",
        rejected="寒潭寺。" * (n % 4 + 1), ended=n % 3 > 0,
    )
    for n in range(14)
]  # fmt: skip
REFERENCES = {pair.id: (-1.0 - n, -100.0 - n) for n, pair in enumerate(PAIRS)}


def source(train=PAIRS, val=PAIRS[:4], block_size=160, batch_size=1, seed=1, references=REFERENCES):
    return PreferenceBatches(train, val, references, tokenizer(), batch_size, block_size, seed, CPU)


def answers(batch):
    """(reference of its right answer, ids of the right one, targets of the right one, ids of the worse one) by pair."""
    found = []
    for row, given in enumerate(batch.references):
        for place, (chosen, rejected) in enumerate(given.tolist()):
            if chosen == chosen:  # not NaN: there is such a pair
                spans = [batch.segments[row] == 2 * place + 1, batch.segments[row] == 2 * place + 2]
                assert rejected == chosen - 99
                ids = [batch.ids[row][span].tolist() for span in spans]
                assert [batch.positions[row][span].tolist() for span in spans] == [list(range(len(one))) for one in ids]
                found.append((chosen, ids[0], batch.targets[row][spans[0]].tolist(), ids[1]))
    return found


def test_every_pair_stands_once_in_an_epoch_with_its_own_reference():
    batches = source()
    epoch = int(batches.batches_per_epoch)
    assert epoch == batches.batches_per_epoch
    found = [one for number in range(epoch) for one in answers(batches.batch(number))]
    assert Counter(chosen for chosen, *_ in found) == Counter(given for given, _ in REFERENCES.values())
    for chosen, ids, targets, rejected in found:
        pair = PAIRS[round(-1 - chosen)]
        encoded = encode_pair(tokenizer(), pair)
        assert (ids, targets, rejected) == (encoded.chosen.ids, encoded.chosen.targets, encoded.rejected.ids)
    assert sum(batches.batch(number).count for number in range(epoch)) == len(PAIRS)


def test_a_batch_is_a_function_of_its_number_and_processes_share_its_rows():
    batches, again = source(batch_size=2), source(batch_size=2)
    for number in (7, 0, 3):
        whole = batches.batch(number)
        assert torch.equal(whole.ids, again.batch(number).ids)
        parts = [batches.batch(number, slice(0, 1)), batches.batch(number, slice(1, 2))]
        assert torch.equal(torch.cat([part.ids for part in parts]), whole.ids)
        assert [part.count for part in parts] == [whole.count] * 2
    assert not torch.equal(source(batch_size=2, seed=2).batch(0).ids, batches.batch(0).ids)


def test_an_answer_that_did_not_end_has_no_end_to_learn():
    t, pair = tokenizer(), PAIRS[0]
    assert not pair.ended
    assert encode_pair(t, pair).rejected.targets[-1] != t.im_end
    assert encode_pair(t, pair).chosen.targets[-1] == t.im_end
    assert encode_pair(t, pair.model_copy(update={"ended": True})).rejected.targets[-1] == t.im_end


def test_pairs_that_do_not_fit_are_counted_and_none_is_cut():
    lengths = [encode_pair(tokenizer(), pair).length for pair in PAIRS]
    batches = source(block_size=sorted(lengths)[7])
    assert batches.too_long == sum(length > batches.block_size for length in lengths) + sum(
        length > batches.block_size for length in lengths[:4]
    )
    with pytest.raises(InputError, match=r"none of 14 fits in block_size 8\. Raise"):
        source(block_size=8)
    with pytest.raises(InputError, match="p0"):
        source(references={key: value for key, value in REFERENCES.items() if key != "p0"})


def test_damaged_files_are_named_with_line_and_field(tmp_path):
    path = tmp_path / "train.jsonl"
    path.write_text(PAIRS[0].model_dump_json() + '\n{"id": "x"}\n', encoding="utf-8")
    with pytest.raises(InputError, match=r"train\.jsonl, line 2: fact"):
        read_preferences(path)
    path.write_text('{"id": "x", "chosen": -1.5, "rejected": "no"}\n', encoding="utf-8")
    with pytest.raises(InputError, match=r"line 1: id, chosen and rejected"):
        read_likelihoods(path)
