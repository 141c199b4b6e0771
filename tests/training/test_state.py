"""The state file: what it holds comes back to the bit, and any damage is one line that says what is still good."""

import random

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from jianghu.computing import Computing
from jianghu.errors import InputError
from jianghu.model import Transformer, save_checkpoint
from jianghu.training import RunFolder
from jianghu.training.state import TrainState, are_finite

from ..dataset.test_records import tokenizer
from .test_trainer import config


def tensors() -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(5)
    return {
        "weights.a": torch.randn(7, 3, generator=generator),
        "optimizer.step.a": torch.tensor(4.0),
        "optimizer.exp_avg.a": torch.randn(7, 3, generator=generator).to(torch.bfloat16),
        "ema.a": torch.randn(21, generator=generator),
    }


COMPUTING = Computing("float16", True, graphs=True)
STATE = TrainState(
    step=12,
    best_step=8,
    best_val=5.25,
    losses=[[6.5], [0.1]],
    pending={"step": 12},
    computing=COMPUTING,
    loss_scale=2.0**13,
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> RunFolder:
    """A run folder with a state and two checkpoints."""
    run = RunFolder(tmp_path_factory.mktemp("run"))
    run.save_state(tensors(), STATE)
    model = Transformer(config())
    model.init_weights(1)
    for name, step in (("last", 12), ("best", 8)):
        save_checkpoint(run.checkpoints / name, model, tokenizer(), {"step": step})
    return run


def test_what_was_saved_comes_back_to_the_bit(folder):
    found, state = folder.load_state()
    assert state == STATE
    assert found.keys() == tensors().keys()
    assert all(torch.equal(found[name], tensor) for name, tensor in tensors().items())


def refusal(run: RunFolder, data: bytes) -> str:
    """The line with which damaged bytes are refused; the file is as before afterwards."""
    whole = run.state.read_bytes()
    run.state.write_bytes(data)
    try:
        with pytest.raises(InputError) as raised:
            run.load_state()
    finally:
        run.state.write_bytes(whole)
    return str(raised.value)


@given(place=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7), in_header=st.booleans())
@settings(max_examples=120, deadline=None)
def test_any_flipped_bit_is_noticed_and_the_line_names_the_last_good_checkpoint(folder, place, bit, in_header):
    data = bytearray(folder.state.read_bytes())
    header = 8 + int.from_bytes(data[:8], "little")
    first, length = (0, header) if in_header else (header, len(data) - header)
    data[first + int(place * length)] ^= 1 << bit
    message = refusal(folder, bytes(data))
    assert message.startswith(f"{folder.state}: damaged (")
    assert f"The last good checkpoint is {folder.checkpoints / 'last'} (step 12)" in message
    assert "\n" not in message


@given(data=st.binary(max_size=300), keep=st.floats(0, 1))
@settings(max_examples=60, deadline=None)
def test_cut_and_foreign_bytes_are_refused(folder, data, keep):
    whole = folder.state.read_bytes()
    assert "damaged" in refusal(folder, whole[: int(keep * (len(whole) - 1))] + data)


@pytest.mark.slow  # the flipped bits above are the hardest case
def test_blocks_of_zeros_and_of_noise_are_noticed(folder):
    random_ = random.Random(3)
    whole = folder.state.read_bytes()
    for size in (1, 16, 64):
        for _ in range(20):
            first = random_.randrange(len(whole) - size)
            for block in (bytes(size), random_.randbytes(size)):
                if whole[first : first + size] != block:
                    assert "damaged" in refusal(folder, whole[:first] + block + whole[first + size :])


def test_a_damaged_checkpoint_is_not_called_good(folder):
    weights = folder.checkpoints / "last" / "model.safetensors"
    whole = weights.read_bytes()
    try:
        weights.write_bytes(whole[:-40])
        message = refusal(folder, folder.state.read_bytes()[:-1])
        assert f"The last good checkpoint is {folder.checkpoints / 'best'} (step 8)" in message
    finally:
        weights.write_bytes(whole)


def test_without_any_checkpoint_the_line_says_how_to_begin_anew(tmp_path):
    run = RunFolder(tmp_path)
    run.save_state(tensors(), STATE)
    run.state.write_bytes(run.state.read_bytes()[:-1])
    with pytest.raises(InputError, match="Start the run anew with --restart"):
        run.load_state()


def test_a_state_of_a_version_without_checksum_is_read(tmp_path):
    import json
    from dataclasses import asdict

    from safetensors.torch import save_file

    run = RunFolder(tmp_path)
    run.state.parent.mkdir(parents=True)
    save_file(tensors(), run.state, metadata={"at": json.dumps(asdict(STATE))})
    assert run.load_state()[1] == STATE
    older = asdict(STATE) | {"dtype": "bfloat16", "compiled": True}
    for name in ("computing", "loss_scale", "good_steps"):
        del older[name]
    save_file(tensors(), run.state, metadata={"at": json.dumps(older)})
    assert run.load_state()[1].computing == Computing("bfloat16", True, graphs=True, flex=True)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_one_number_that_is_not_finite_is_found(value):
    weight = torch.zeros(100, 30)
    assert are_finite([weight, torch.arange(3)])
    weight[73, 11] = value
    assert not are_finite([torch.zeros(2), weight])
