"""`auto` takes a learning rate that fits the optimizer it takes; a rate that does not fit is warned of."""

import shutil

import pytest

from jianghu.errors import InputError
from jianghu.recipe import LoraSettings, PretrainSettings, TrainSettings, load_recipe
from jianghu.training.rates import rate_warning, resolve
from tests.conftest import jianghu

MANY = TrainSettings(batch_size=32, block_size=128)
FEW = TrainSettings(batch_size=4, block_size=32)


def test_auto_names_the_optimizer_and_a_rate_that_falls_with_the_width():
    assert (resolve(MANY, 128).optimizer, resolve(MANY, 128).peak_rate) == ("muon", pytest.approx(1e-2))
    assert (resolve(FEW, 128).optimizer, resolve(FEW, 128).peak_rate) == ("adamw", pytest.approx(2e-3))
    assert resolve(FEW, 256).peak_rate == pytest.approx(1e-3)
    assert resolve(resolve(MANY, 128), 128) == resolve(MANY, 128)


def test_what_is_given_stays():
    given = resolve(MANY.model_copy(update={"optimizer": "adamw", "learning_rate": 3e-3}), 128)
    assert (given.optimizer, given.peak_rate) == ("adamw", 3e-3)


def test_a_rate_for_another_optimizer_is_warned_of():
    meant_for_muon = TrainSettings(batch_size=32, block_size=128, learning_rate=1e-2)
    assert rate_warning(meant_for_muon, 128, "pretrain") is None
    warning = rate_warning(meant_for_muon, 256, "pretrain")  # where `auto` takes AdamW
    assert warning is not None
    assert "AdamW at width 256, about 0.001" in warning
    assert rate_warning(meant_for_muon.model_copy(update={"learning_rate": "auto"}), 256, "pretrain") is None


def test_min_lr_above_the_rate_that_auto_stands_for_is_refused():
    with pytest.raises(InputError, match=r"min_lr 0.5 is above the learning rate 0.002"):
        resolve(FEW.model_copy(update={"min_lr": 0.5}), 128)


@pytest.mark.parametrize("value", ['"fast"', "-1.0", "true"])
def test_a_rate_that_is_none_is_refused_in_one_line(tmp_path, value):
    (tmp_path / "recipe.toml").write_text(f"[pretrain]\nlearning_rate = {value}", encoding="utf-8")
    with pytest.raises(InputError, match=r"\[pretrain\] learning_rate = \S+ cannot be used: .*auto"):
        load_recipe(tmp_path / "recipe.toml")


def test_a_run_says_by_what_it_is_trained(shelf, tmp_path):
    root = shutil.copytree(shelf, tmp_path / "shelf")
    short = ("--max-iters", 2, "--warmup-iters", 0, "--sample-tokens", 0)
    said = jianghu("pretrain", "--name", "auto", *short, "--learning-rate", "auto", cwd=root).stdout
    assert said.splitlines()[0] == "pretrain auto: AdamW, learning rate 0.008"
    assert "far from" not in said
    said = jianghu("pretrain", "--name", "high", *short, "--learning-rate", 0.9, cwd=root).stdout
    assert "learning_rate 0.9 is far from what suits AdamW at width 32, about 0.008" in said


def test_an_own_run_goes_on_at_its_rate_and_a_model_of_others_at_a_far_lower_one_of_adamw():
    settings = PretrainSettings(batch_size=32, block_size=256)  # enough tokens a step for Muon at this width
    nothing, own, others = (resolve(settings, 128, start) for start in ("nothing", "own", "pretrained"))
    assert (nothing.optimizer, own.optimizer, others.optimizer) == ("muon", "muon", "adamw")
    assert own.peak_rate == nothing.peak_rate
    assert others.peak_rate == pytest.approx(0.02 / 128)
    adapter = settings.model_copy(update={"lora": LoraSettings(rank=8)})
    assert resolve(adapter, 128, "pretrained").peak_rate == pytest.approx(0.2 / 128)
    assert rate_warning(settings.model_copy(update={"learning_rate": 3e-4}), 1024, "sft", "pretrained")
    assert rate_warning(settings.model_copy(update={"learning_rate": 3e-4}), 1024, "sft", "own") is None
