"""Study files → trials: names, settings, what they share; faults in one line."""

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
    trials = Study(*read_study(path, scale), load_recipe(preset="demo"), {}).trials()
    assert len({trial.name for trial in trials}) == len({trial.key for trial in trials}) == len(trials) >= 2
    words = tomllib.loads(path.read_text(encoding="utf-8"))
    assert all(words[name] for name in ("title_zh", "question", "question_zh"))
    for trial in trials:
        assert trial.recipe.model.size == ("tiny" if scale else "seed")


@pytest.mark.parametrize("name", ORIGINAL)
def test_members_have_the_values_of_the_original(name):
    group, setting, values = ORIGINAL[name]
    path = next(path for path in FILES if path.stem == name)
    trials = Study(*read_study(path), load_recipe(preset="demo"), {}).trials()
    assert [getattr(getattr(trial.recipe, group), setting) for trial in trials] == values
    assert {trial.recipe.pretrain.optimizer for trial in trials} == {"adamw"}


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
    trials = Study(*read_study(path), load_recipe(preset="demo"), {}).trials()
    assert [(m.recipe.pretrain.max_iters, m.recipe.sft.max_iters) for m in trials] == [
        (20_000, 20_000),
        (50_000, 20_000),
        (20_000, 50_000),
        (50_000, 50_000),
    ]
    assert len({trial.base for trial in trials[:2]}) == len({trial.base for trial in trials}) == 2


def test_a_study_takes_the_shelf_from_the_workspace_and_the_rest_from_its_preset():
    shelf = load_recipe(overrides={"tokenizer": {"vocab_size": 500}, "pretrain": {"dropout": 0.9}}, preset="demo")
    trial = study({"grid": {"sft.max_iters": [400, 500]}, "preset": "seed"}, shelf=shelf).trials()[0]
    assert trial.recipe.tokenizer.vocab_size == 500
    assert trial.recipe.pretrain == load_recipe(preset="seed").pretrain


def test_key_is_of_everything_that_decides_the_outcome():
    grid = {"grid": {"pretrain.max_iters": [400]}}
    key = study(grid).trials()[0].key
    assert study(grid).trials()[0].key == key
    assert study(grid | {"settings": {"pretrain": {"dropout": 0.3}}}).trials()[0].key != key
    assert study(grid | {"examined": ["best"]}).trials()[0].key != key
    other = Study(StudySettings(title="t", **grid), "study", Recipe(), {"book": "another hash"})
    assert other.trials()[0].key != key


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
    trials = {trial.key: trial for trial in wide.trials()}
    assert len({trial.name for trial in trials.values()}) == len(trials)
    for trial in trials.values():
        assert Workspace(root).run(trial.name).name == trial.name


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('title = "t"\n[grid]\n"pretrain.blocksize" = [1]', "did you mean block_size?"),
        ('title = "t"\n[grid]\n"pretrain.block_size" = ["wide"]', "block_size = 'wide' cannot be used"),
        ('title = "t"\n[grid]\n"pretrain.min_lr" = [0.5]', "min_lr 0.5 is above learning_rate"),
        ('title = "t"\n[gird]\n"pretrain.block_size" = [64]', "did you mean grid?"),
        ('title = "t"', "exactly one of [grid], [[trials]] and [search]"),
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
        Study(*read_study(path), Recipe(), {}).trials()
    assert said in str(error.value)
    assert "\n" not in str(error.value)


def test_a_scale_that_is_not_there_is_refused_with_the_nearest(tmp_path):
    path = tmp_path / "s.toml"
    path.write_text('title = "t"\n[grid]\n"pretrain.max_iters" = [200]\n[scale.cpu]\n', encoding="utf-8")
    with pytest.raises(InputError, match="no scale 'cpuu'; did you mean cpu"):
        read_study(path, "cpuu")
    with pytest.raises(InputError, match="no such file"):
        read_study(tmp_path / "missing.toml")


def test_a_study_in_older_words_is_read_with_a_line_that_names_the_new_one(tmp_path, capsys):
    path = tmp_path / "older.toml"
    path.write_text(
        'title = "t"\n[scale.small.search]\nmembers = 2\n[search]\nmembers = 9\n'
        'space = { "pretrain.optimizer" = ["adamw", "muon"] }\n',
        encoding="utf-8",
    )
    whole, _ = read_study(path)
    small, _ = read_study(path, "small")
    assert whole.search is not None
    assert small.search is not None
    assert (whole.search.trials, small.search.trials) == (9, 2)
    assert "members is now called trials; the old name still counts" in capsys.readouterr().err
