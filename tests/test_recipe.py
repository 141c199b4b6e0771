"""Recipes: presets, files, flags, and one clear line for everything that is wrong."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jianghu.errors import InputError
from jianghu.recipe import PRESETS, ModelSettings, load_recipe, model_shape, to_toml


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("comments", [True, False])
def test_a_recipe_written_out_reads_back_equal(tmp_path, preset, comments):
    recipe = load_recipe(preset=preset)
    path = tmp_path / "jianghu.toml"
    path.write_text(to_toml(recipe, comments), encoding="utf-8")
    assert load_recipe(path) == recipe


@given(prompts=st.lists(st.text(st.characters(blacklist_categories=["Cs"])), max_size=3), rate=st.floats(1e-6, 1))
def test_any_text_and_number_survives_toml(tmp_path_factory, prompts, rate):
    recipe = load_recipe(overrides={"pretrain": {"sample_prompts": prompts, "learning_rate": rate, "min_lr": 0.0}})
    path = tmp_path_factory.mktemp("recipe") / "jianghu.toml"
    path.write_text(to_toml(recipe), encoding="utf-8")
    assert load_recipe(path) == recipe


def test_a_flag_beats_the_file_which_beats_the_preset(tmp_path):
    path = tmp_path / "jianghu.toml"
    path.write_text('preset = "demo"\n[pretrain]\nmax_iters = 77\nbatch_size = 3\n', encoding="utf-8")
    recipe = load_recipe(path, {"pretrain": {"batch_size": 5}})
    assert (recipe.pretrain.max_iters, recipe.pretrain.batch_size) == (77, 5)
    assert recipe.pretrain.block_size == load_recipe(preset="demo").pretrain.block_size


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[pretrain]\nmax_iter = 3", "[pretrain] max_iter is not a setting; did you mean max_iters?"),
        ("[pretrian]\nmax_iters = 3", "pretrian is not a setting; did you mean pretrain?"),
        ("[pretrain]\nvocab_size = 3", "[pretrain] vocab_size is not a setting; it belongs in [tokenizer]."),
        ('[pretrain]\nmax_iters = "3"', "[pretrain] max_iters = '3' cannot be used: input should be a valid integer"),
        ("[pretrain]\nmax_iters = 0", "max_iters = 0 cannot be used: input should be greater than 0"),
        ("[pretrain]\nmin_lr = 1.0", "min_lr 1 is above learning_rate"),
        ("[pretrain]\nmax_iters = 10\nwarmup_iters = 10", "warmup_iters 10 leaves no step"),
        ("[model]\nn_embd = 100\nn_head = 3", "n_embd 100 is not divisible by n_head 3. Near heads that fit: 1, 2, 5."),
        ("[model]\nn_head = 8\nn_kv_head = 3\nn_embd=64", "n_head 8 is not divisible by n_kv_head 3"),
        ('[model]\nsize = "huge"', "should be 'tiny', 'mini', 'seed' or 'base'"),
        ("[synth.teacher]\nmodl = 1", "[synth.teacher] modl is not a setting; did you mean model?"),
        ('[synth]\nstrategies = ["clze"]', "[synth] strategies: input should be 'cloze'"),
        ('preset = "dmo"', "preset 'dmo' does not exist; did you mean demo?"),
        ("[pretrain", "not valid TOML"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(tmp_path, text, message):
    path = tmp_path / "jianghu.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        load_recipe(path)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value).strip()
    assert "dmo" in text or "jianghu.toml" in str(caught.value)


def test_sizes_are_what_their_names_promise():
    from jianghu.model import ModelConfig

    millions = {
        size: ModelConfig.from_settings(ModelSettings(size=size), 8192, 256).parameters / 1e6
        for size in ("tiny", "mini", "seed", "base")
    }
    assert 1 < millions["tiny"] < 2.5
    assert 10 < millions["mini"] < 14
    assert 22 < millions["seed"] < 25
    assert 85 < millions["base"] < 95


def test_single_numbers_change_a_named_size():
    shape = model_shape(ModelSettings(size="tiny", n_layer=7))
    assert (shape["n_layer"], shape["n_embd"]) == (7, 128)
