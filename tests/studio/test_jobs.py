"""Jobs: processes of their own with a journal, whatever is killed."""

import json
import os
import signal
import threading
from pathlib import Path

import pytest

from jianghu.errors import InputError
from jianghu.jobs import Job, Jobs, began

from ..conftest import jianghu
from .running import new_workspace, until


@pytest.fixture
def jobs(tmp_path: Path) -> Jobs:
    ws = new_workspace(tmp_path / "shelf")
    (ws.books / "雪山录.txt").write_text("雪落在山上。\n" * 100, encoding="utf-8")
    return Jobs(ws.root)


def pid_of(jobs: Jobs, job: Job) -> int:
    path = jobs.folder / job.id / "process.json"
    until(path.exists, 60)
    return json.loads(path.read_text())["pid"]


def ended(jobs: Jobs, job: Job) -> Job:
    return until(lambda: (now := jobs.get(job.id)).state != "running" and now, 60)


def waiting(jobs: Jobs, holds: str = "") -> Job:
    """A job that runs until it is ended."""
    return jobs.start(["synth", "status", "--watch"], holds)


def started(jobs: Jobs, job: Job) -> None:
    pid_of(jobs, job)


def test_a_command_that_ends_well_and_one_that_is_refused(jobs: Jobs):
    done = jobs.start(["books", "list"])
    refused = jobs.start(["books", "remove", "红楼梦"])
    assert ended(jobs, done).state == "done"
    assert (ended(jobs, refused).state, jobs.get(refused.id).code) == ("failed", 2)
    assert "红楼梦" in jobs.get(refused.id).last
    assert jobs.get(refused.id).last in jobs.log(refused.id)
    assert [job.id for job in Jobs(jobs.root).all()] == sorted([done.id, refused.id], reverse=True)


def test_another_starter_sees_it_and_stops_it_in_order(jobs: Jobs):
    job = waiting(jobs)
    started(jobs, job)
    other = Jobs(jobs.root)
    assert other.get(job.id).state == "running"
    other.stop(job.id)
    assert ended(other, job).state == "stopped"
    assert ended(jobs, job).state == "stopped"


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="Windows has no signals")
def test_what_is_killed_is_told_whether_or_not_its_keeper_lives(jobs: Jobs):
    one, two = waiting(jobs), waiting(jobs)
    os.kill(pid_of(jobs, one), signal.SIGKILL)
    assert (ended(jobs, one).state, jobs.get(one.id).code) == ("killed", -9)
    pid_of(jobs, two)
    keeper = json.loads((jobs.folder / two.id / "process.json").read_text())["keeper"]["pid"]
    os.kill(keeper, signal.SIGKILL)
    until(lambda: began(keeper) is None)
    assert jobs.get(two.id).state == "running"
    os.kill(pid_of(jobs, two), signal.SIGKILL)
    assert (ended(jobs, two).state, jobs.get(two.id).code) == ("killed", None)


def test_two_that_write_the_same_do_not_run_at_once_however_they_are_started(jobs: Jobs):
    said: list[str] = []

    def start() -> None:
        try:
            waiting(jobs, "runs/base")
        except InputError as error:
            said.append(str(error))

    threads = [threading.Thread(target=start) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(said) == 3
    assert all("runs/base" in line for line in said)
    (job,) = jobs.all()
    started(jobs, job)
    jobs.stop(job.id, force=True)
    assert ended(jobs, job).state == "stopped"
    again = jobs.start(["books", "list"], "runs/base", goes_on_with=job.id)
    assert jobs.get(job.id).resumed == again.id
    ended(jobs, again)
    with pytest.raises(InputError, match="gone on with"):
        jobs.start(["books", "list"], "runs/base", goes_on_with=job.id)


def test_a_process_number_that_is_used_again_is_another_process(jobs: Jobs):
    job = jobs.start(["books", "list"])
    ended(jobs, job)
    (jobs.folder / job.id / "end.json").unlink()
    (jobs.folder / job.id / "process.json").write_text(
        json.dumps({"pid": os.getpid(), "began": "another time", "keeper": {"pid": os.getpid(), "began": "too"}})
    )
    assert Jobs(jobs.root).get(job.id).state == "killed"


def test_status_tells_what_runs_and_what_fell(jobs: Jobs):
    fallen = jobs.start(["books", "remove", "红楼梦"], "books")
    ended(jobs, fallen)
    assert [job.id for job in jobs.news()] == [fallen.id]
    told = jianghu("-C", jobs.root, "status", cwd=jobs.root)
    assert ": failed (jianghu: 红楼梦: no such book" in told.stdout
    (told_as_json,) = json.loads(jianghu("-C", jobs.root, "status", "--json", cwd=jobs.root).stdout)["jobs"]
    assert told_as_json["state"] == "failed"
    ended(jobs, jobs.start(["books", "list"], "books"))
    assert jobs.news() == []


@pytest.mark.parametrize("id", ["", "..", "../../etc", "20260101-000000-abcdef"])
def test_numbers_that_are_none(jobs: Jobs, id: str):
    with pytest.raises(InputError, match="no such job"):
        jobs.get(id)
