"""Training in the studio: what is to be done, how runs stand, what a plan says; and what is killed goes on."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from jianghu.jobs import Jobs
from jianghu.workspace import Workspace

from .running import Site, new_workspace, until


@pytest.fixture(scope="module")
def root(shelf: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return shutil.copytree(shelf, tmp_path_factory.mktemp("training") / "shelf")


@pytest.fixture(scope="module")
def site(root: Path) -> Iterator[Site]:
    with Site(Workspace(root)) as site:
        yield site


def test_where_everything_stands(site: Site):
    now = site.get("/training")
    assert [stage["name"] for stage in now["stages"]] == ["prepare", "synth", "reader", "pretrain", "sft", "eval"]
    assert all(stage["fresh"] for stage in now["stages"])
    assert {run["name"]: run["state"] for run in now["runs"]} == {"base": "done", "chat": "done"}
    assert "base/best" in now["checkpoints"] or "base" in now["checkpoints"]
    assert {"learning_rate", "batch_size"} <= {study["name"] for study in now["studies"]}
    assert now["preset"]["edited"]
    assert site.client.post("/training/preset", json={"preset": "demo"}).status_code == 400


def test_an_empty_shelf_says_what_to_do(tmp_path: Path):
    with Site(new_workspace(tmp_path / "new")) as site:
        now = site.get("/training")
        assert "shelf is empty" in now["problem"]
        assert all(stage["why"] is None for stage in now["stages"] if stage["name"] != "eval")
        assert now["preset"] == {"name": "demo", "edited": False, "all": ["demo", "evening", "seed", "modern"]}
        assert site.post("/training/preset", {"preset": "evening"})["name"] == "evening"
        assert site.get("/training")["steps"]["pretrain"] > now["steps"]["pretrain"]
        assert (tmp_path / "new" / "jianghu.old.toml").exists()


def test_a_run_with_its_curve(site: Site):
    run = site.get("/training/run/base")
    assert run["step"] == run["steps"] == run["rows"][-1]["step"]
    assert any("val_bpc" in row for row in run["rows"])
    assert run["samples"][-1]["text"]
    assert site.client.get("/training/run/nothing").status_code == 400


@pytest.mark.slow
def test_what_it_will_cost(site: Site):
    plan = site.post("/training/plan", {"options": {"max_iters": 40}})["plan"]
    assert plan["pretrain"]["seconds"] > 0
    assert plan["pretrain"]["tokens"] == 40 * plan["pretrain"]["tokens_per_step"]


def test_a_plan_with_a_setting_that_is_none(site: Site):
    assert site.client.post("/training/plan", json={"options": {"max_iters": "many"}}).status_code == 400


def train(site: Site, name: str, steps: int) -> dict[str, str]:
    given = {"name": name, "max_iters": steps, "log_interval": 2, "eval_interval": steps, "save_interval": 4}
    return site.post("/jobs", {"command": "pretrain", "options": given})


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="Windows has no signals")
@pytest.mark.slow
def test_a_killed_stage_is_shown_and_goes_on_to_the_same_bits(site: Site, root: Path):
    whole, job = train(site, "whole", 60), train(site, "killed", 60)
    until((root / "runs/killed/state/state.safetensors").exists, 120)
    process = Jobs(root).folder / job["id"] / "process.json"
    os.kill(json.loads(process.read_text())["pid"], signal.SIGKILL)
    until(lambda: jobs(site)[job["id"]] == "killed", 5)
    assert site.get("/training/run/killed")["state"] == "left"
    again = site.post(f"/jobs/{job['id']}/resume")
    assert again["words"] == ["pretrain", "--name=killed", "--resume"]
    assert ended(site, again) == ended(site, whole) == "done"
    weights = [root / f"runs/{name}/checkpoints/last/model.safetensors" for name in ("whole", "killed")]
    assert weights[0].read_bytes() == weights[1].read_bytes()


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="Windows has no signals")
@pytest.mark.slow
def test_a_killed_server_stops_nothing_and_a_new_one_shows_it(root: Path):
    command = [sys.executable, "-m", "jianghu", "studio", str(root), "--port", "0", "--no-browser"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    url = re.findall(r"http://\S+/", server.stdout.readline())[0]
    token = re.findall(r'studio-token" content="([^"]+)"', httpx.get(url).text)[0]
    body = {"command": "pretrain", "options": {"name": "alone", "max_iters": 30, "save_interval": 4}}
    job = httpx.post(f"{url}studio/jobs", json=body, headers={"X-Studio-Token": token}, timeout=60).json()
    until((root / "runs/alone/state/state.safetensors").exists, 120)
    server.kill()
    server.wait()
    with Site(Workspace(root)) as new:
        assert jobs(new)[job["id"]] in ("running", "done")
        assert ended(new, job) == "done"
        assert new.get("/training/run/alone")["step"] == 30


def jobs(site: Site) -> dict[str, str]:
    return {job["id"]: job["state"] for job in site.get("/jobs")["jobs"]}


def ended(site: Site, job: dict[str, str]) -> str:
    """How a job ends."""
    until(lambda: jobs(site)[job["id"]] != "running", 200)
    return jobs(site)[job["id"]]
