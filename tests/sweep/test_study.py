"""Study files → members: names, settings, what they share; faults in one line."""

import tomllib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jianghu.errors import InputError
from jianghu.recipe import Recipe, load_recipe
from jianghu.recipe.study import StudySettings, bundled_studies, find_study, read_study
from jianghu.sweep.study import Study
from jianghu.workspace import Workspace

FILES = sorted(bundled_studies().values())
ORIGINAL = {
    "block_size": ("pretrain", "block_size", [128, 256, 512, 910]),
    "learning_rate": ("pretrain", "learning_rate", [1e-3, 3e-4, 1e-4]),
    "batch_size": ("pretrain", "batch_size", [8, 16, 32]),
    "sft_iterations": ("sft", "max_iters", [10_000, 20_000, 50_000, 100_000, 200_000, 300_000]),
}


def study(values, name="study", shelf=None):
    return Study(StudySettings(title="t", **values), name, shelf or Recipe(), {"book": "hash"})


@pytest.mark.parametrize("scale", [None, "cpu"])
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_study_file_has_members_that_can_be_trained(path, scale):
    members = Study(*read_study(path, scale), load_recipe(preset="demo"), {}).members()
    assert len({member.name for member in members}) == len({member.key for member in members}) == len(members) >= 2
    words = tomllib.loads(path.read_text(encoding="utf-8"))
    assert all(words[name] for name in ("title_zh", "question", "question_zh"))
    for member in members:
        assert member.recipe.model.size == ("tiny" if scale else "seed")


@pytest.mark.parametrize("name", ORIGINAL)
def test_members_have_the_values_of_the_original(name):
    group, setting, values = ORIGINAL[name]
    path = next(path for path in FILES if path.stem == name)
    members = Study(*read_study(path), load_recipe(preset="demo"), {}).members()
    assert [getattr(getattr(member.recipe, group), setting) for member in members] == values
    assert {member.recipe.pretrain.optimizer for member in members} == {"adamw"}


def test_a_bundled_study_is_found_by_name_and_a_file_of_the_users_comes_first(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for given_ in ("learning_rate", "learning_rate.toml", "studies/learning_rate.toml"):
        assert find_study(Path(given_)) == bundled_studies()["learning_rate"]
    (tmp_path / "studies").mkdir()
    own = tmp_path / "studies/learning_rate.toml"
    own.write_text('title = "mine"', encoding="utf-8")
    assert find_study(Path("studies/learning_rate.toml")) == Path("studies/learning_rate.toml")
    for missing in ("learning_rates", "other/learning_rate.toml", "."):
        with pytest.raises(InputError, match=r"no such study.*batch_size, block_size"):
            find_study(Path(missing))


def test_two_by_two_grid_shares_two_pretrained_runs_and_begins_with_both():
    path = next(path for path in FILES if path.stem == "iterations")
    members = Study(*read_study(path), load_recipe(preset="demo"), {}).members()
    assert [(m.recipe.pretrain.max_iters, m.recipe.sft.max_iters) for m in members] == [
        (20_000, 20_000),
        (50_000, 20_000),
        (20_000, 50_000),
        (50_000, 50_000),
    ]
    assert len({member.base for member in members[:2]}) == len({member.base for member in members}) == 2


def test_a_study_takes_the_shelf_from_the_workspace_and_the_rest_from_its_preset():
    shelf = load_recipe(overrides={"tokenizer": {"vocab_size": 500}, "pretrain": {"dropout": 0.9}}, preset="demo")
    member = study({"grid": {"sft.max_iters": [400, 500]}, "preset": "seed"}, shelf=shelf).members()[0]
    assert member.recipe.tokenizer.vocab_size == 500
    assert member.recipe.pretrain == load_recipe(preset="seed").pretrain


def test_key_is_of_everything_that_decides_the_outcome():
    grid = {"grid": {"pretrain.max_iters": [400]}}
    key = study(grid).members()[0].key
    assert study(grid).members()[0].key == key
    assert study(grid | {"settings": {"pretrain": {"dropout": 0.3}}}).members()[0].key != key
    assert study(grid | {"examined": ["best"]}).members()[0].key != key
    other = Study(StudySettings(title="t", **grid), "study", Recipe(), {"book": "another hash"})
    assert other.members()[0].key != key


@settings(deadline=None, max_examples=30)
@given(
    st.dictionaries(
        st.sampled_from(["pretrain.max_iters", "sft.max_iters", "pretrain.batch_size", "model.n_layer"]),
        st.lists(st.integers(200, 10_000), min_size=1, max_size=3, unique=True),
        min_size=1,
    ),
    st.lists(st.floats(1e-6, 1.0), min_size=1, max_size=3, unique=True),
)
def test_members_of_a_grid_have_names_of_their_own_that_can_be_folders(tmp_path_factory, grid, rates):
    root = tmp_path_factory.getbasetemp() / "names"
    root.mkdir(exist_ok=True)
    (root / "jianghu.toml").touch()
    few = {name: values[:2] for name, values in grid.items()}
    wide = study({"grid": few | {"pretrain.learning_rate": [round(rate, 6) for rate in rates]}, "stages": ["pretrain"]})
    members = {member.key: member for member in wide.members()}
    assert len({member.name for member in members.values()}) == len(members)
    for member in members.values():
        assert Workspace(root).run(member.name).name == member.name


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('title = "t"\n[grid]\n"pretrain.blocksize" = [1]', "did you mean block_size?"),
        ('title = "t"\n[grid]\n"pretrain.block_size" = ["wide"]', "block_size = 'wide' cannot be used"),
        ('title = "t"\n[grid]\n"pretrain.min_lr" = [0.5]', "min_lr 0.5 is above learning_rate"),
        ('title = "t"\n[gird]\n"pretrain.block_size" = [64]', "did you mean grid?"),
        ('title = "t"', "exactly one of [grid], [[members]] and [search]"),
        ('title = "t"\ngoal = "accuracy"\n[grid]\n"pretrain.max_iters" = [200]', 'Add "eval" to stages'),
        ('title = "t"\nstages = ["sft"]\n[grid]\n"sft.max_iters" = [200]', 'Begin with "pretrain"'),
        ('title = "t"\n[grid]\n"pretrain.max_iters" = []', "at least 1 item"),
        ("title = ", "not valid TOML"),
    ],
)
def test_faults_of_a_study_file_are_one_line(tmp_path, text, said):
    path = tmp_path / "wrong.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as error:
        Study(*read_study(path), Recipe(), {}).members()
    assert said in str(error.value)
    assert "\n" not in str(error.value)


def test_a_scale_that_is_not_there_is_refused_with_the_nearest(tmp_path):
    path = tmp_path / "s.toml"
    path.write_text('title = "t"\n[grid]\n"pretrain.max_iters" = [200]\n[scale.cpu]\n', encoding="utf-8")
    with pytest.raises(InputError, match="no scale 'cpuu'; did you mean cpu"):
        read_study(path, "cpuu")
    with pytest.raises(InputError, match="no such file"):
        read_study(tmp_path / "missing.toml")
