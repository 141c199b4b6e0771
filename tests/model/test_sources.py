"""Where a run may start from: runs, folders, and models at Hugging Face and ModelScope, fetched once."""

import json
import os
import shutil
import subprocess
import sys

import pytest

from jianghu.errors import InputError, RunError
from jianghu.model import load_checkpoint
from jianghu.model.sources import find_source, is_own, source_name
from jianghu.pipeline import plan_run, stages, with_times
from jianghu.workspace import Workspace

from ..strangers import write_stranger
from .model_hub import ModelHub


@pytest.fixture(scope="module")
def stranger(tmp_path_factory):
    return write_stranger(tmp_path_factory.mktemp("small"), hidden_size=64, head_dim=32, num_hidden_layers=1)


@pytest.fixture
def ws(tmp_path):
    (tmp_path / "shelf").mkdir()
    (tmp_path / "shelf" / "jianghu.toml").write_text('preset = "demo"\n', encoding="utf-8")
    return Workspace(tmp_path / "shelf")


@pytest.fixture
def hub(stranger, tmp_path, monkeypatch):
    with ModelHub(stranger) as server:
        monkeypatch.setenv("MODELSCOPE_URL_SCHEME", "http://")
        monkeypatch.setenv("MODELSCOPE_DOMAIN", server.place)
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
        yield server


def test_a_model_of_modelscope_is_fetched_once(ws, hub):
    said: list[str] = []
    with pytest.raises(InputError, match=r"modelscope:me/small: not on this machine yet; training fetches it\."):
        find_source(ws, "modelscope:me/small")
    folder = find_source(ws, "modelscope:me/small", fetch=True, say=said.append)
    assert said[0].startswith("fetching me/small from ModelScope: ")
    assert hub.asked[1].endswith("FilePath=config.json")
    assert load_checkpoint(folder).model.config.n_embd == 64
    asked = len(hub.asked)
    assert find_source(ws, "modelscope:me/small") == folder
    assert len(hub.asked) == asked
    assert source_name(ws.shown(folder)) == "modelscope:me/small"
    assert not is_own(folder)


def test_a_download_that_broke_off_goes_on_where_it_was(ws, hub):
    hub.cut = 3000
    with pytest.raises(RunError, match=r"me/small: ModelScope could not be reached .* give a folder"):
        find_source(ws, "modelscope:me/small", fetch=True)
    hub.cut = None
    folder = find_source(ws, "modelscope:me/small", fetch=True)
    assert any(" bytes=3000-" in asked for asked in hub.asked)
    load_checkpoint(folder)


def test_what_arrives_damaged_is_not_kept(ws, hub, stranger, tmp_path):
    part = tmp_path / "cache" / "jianghu" / "modelscope" / "me" / "small" / ".config.json.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(b"\0" * 20)
    with pytest.raises(RunError, match=r"config\.json: arrived damaged, and is removed"):
        find_source(ws, "modelscope:me/small", fetch=True)
    load_checkpoint(find_source(ws, "modelscope:me/small", fetch=True))


def test_a_model_that_is_not_read_costs_no_download(ws, stranger, tmp_path, monkeypatch):
    other = tmp_path / "other"
    other.mkdir()
    for path in stranger.iterdir():
        (other / path.name).write_bytes(path.read_bytes())
    (other / "config.json").write_text(json.dumps({"model_type": "llama"}))
    monkeypatch.setenv("MODELSCOPE_URL_SCHEME", "http://")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    with ModelHub(other) as server:
        monkeypatch.setenv("MODELSCOPE_DOMAIN", server.place)
        with pytest.raises(InputError, match=r"config\.json: model_type is 'llama'; jianghu reads dense Qwen3"):
            find_source(ws, "modelscope:me/small", fetch=True)
        assert not [asked for asked in server.asked if "safetensors" in asked]
        (other / "tokenizer.json").unlink()
        with pytest.raises(InputError, match=r"me/small: has no tokenizer\.json"):
            find_source(ws, "modelscope:me/small", fetch=True)


def test_a_pipeline_says_what_it_will_fetch_and_fetches_it_when_it_trains(shelf, tmp_path, hub):
    shutil.copytree(shelf, tmp_path / "copy", ignore=shutil.ignore_patterns("runs", "evals"))
    ws = Workspace(tmp_path / "copy")
    flags = {"init_from": "modelscope:me/small", "max_iters": 2, "warmup_iters": 1, "learning_rate": "auto"}
    recipe = ws.recipe({"pretrain": flags})
    planned = {row.name: row for row in with_times(ws, recipe, plan_run(ws, recipe))}
    assert planned["pretrain"].why == "modelscope:me/small: not on this machine yet; training fetches it."
    (stage,) = (stage for stage in stages(ws, recipe) if stage.name == "pretrain")
    stage.work()
    assert stage.stale() is None
    assert load_checkpoint(ws.checkpoint("base")).model.config.n_embd == 64
    assert "pretrain" not in {stage.name for stage in stages(ws, ws.recipe({"sft": {"init_from": "me/small"}}))}


def test_what_is_nowhere_is_said_with_all_ways(ws, hub):
    for reference, said in (
        ("modelscope:me/other", r"me/other: ModelScope does not give it \(status 404\)"),
        ("modelscope:small", "modelscope:small: write modelscope:OWNER/NAME"),
        ("bse", r"bse: no such checkpoint.* from OWNER/NAME at Hugging Face, or from modelscope:OWNER/NAME"),
    ):
        with pytest.raises(InputError, match=said) as caught:
            find_source(ws, reference, fetch=True)
        assert "\n" not in str(caught.value)


def test_a_folder_beside_the_recipe_and_a_whole_path_are_found(ws, stranger, monkeypatch, tmp_path):
    (ws.root / "small").symlink_to(stranger, target_is_directory=True)
    assert find_source(ws, "small") == ws.root / "small"
    assert find_source(ws, str(stranger)) == stranger


SCRIPT = """
import sys
from pathlib import Path
from jianghu.errors import JianghuError
from jianghu.model.sources import find_source, source_name
from jianghu.workspace import Workspace
ws = Workspace(Path(sys.argv[1]))
for reference in sys.argv[2:]:
    try:
        folder = find_source(ws, reference, fetch=True, say=print)
        print(source_name(ws.shown(folder)), sorted(path.name for path in folder.iterdir()))
    except JianghuError as error:
        print(type(error).__name__, error)
"""


# One start of the program, since huggingface_hub reads its environment once: about four seconds.
def test_a_model_of_hugging_face_comes_from_where_hf_endpoint_says_and_then_from_the_cache(ws, stranger, tmp_path):
    base = {name: value for name, value in os.environ.items() if not name.startswith("HF_")}
    base |= {"HF_HOME": str(tmp_path / "home"), "HF_HUB_DISABLE_XET": "1", "HF_HUB_DISABLE_PROGRESS_BARS": "1"}
    with ModelHub(stranger) as hub:
        command = [sys.executable, "-c", SCRIPT, str(ws.root), "me/small", "me/small", "me/other"]
        environment = {**base, "HF_ENDPOINT": f"http://{hub.place}"}
        ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    fetched, got, cached, other = ended.stdout.splitlines()
    assert fetched.startswith("fetching me/small from Hugging Face: ")
    assert got.startswith("me/small [")
    assert "'model.safetensors'" in got
    assert "'tokenizer.json'" in got
    assert cached == got
    assert sum("model.safetensors" in asked for asked in hub.asked) <= 2  # its head, and itself once
    assert other.startswith("InputError me/other: Hugging Face does not give it (")
