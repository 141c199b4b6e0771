"""Trials are given out once, by a journal and by a database, whoever dies when."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter

import optuna
import pytest
from sqlalchemy import event

from jianghu.errors import InputError
from jianghu.recipe import Recipe
from jianghu.recipe.study import StudySettings
from jianghu.sweep.storage import database
from jianghu.sweep.study import Study
from jianghu.sweep.trial_queue import TrialQueue

WORKER = """
import sys, time
from pathlib import Path
from tests.sweep.test_trial_queue import make
folder, url, done, seconds, most = sys.argv[1:]
print("ready", flush=True)
sys.stdin.readline()
queue = make(Path(folder), url or None, grid={"pretrain.max_iters": list(range(200, 200 + int(most)))})
queue.fill(queue.study.trials())
while True:
    with queue.lease() as lease:
        if lease is None:
            break
        with open(done, "a") as out:
            print(lease.trial.name, file=out, flush=True)
        time.sleep(float(seconds))
        queue.finish(lease, 1.0, {})
"""


def make(folder, url=None, **values):
    values = values or {"grid": {"pretrain.max_iters": list(range(200, 206))}}
    return TrialQueue(Study(StudySettings(title="t", **values), "study", Recipe(), {}), folder, url)


def workers(count, folders, url, done, seconds, trials):
    """Processes that begin to lease at the same moment, as far as the machine allows."""
    command = [sys.executable, "-c", WORKER]
    rest = [url or "", str(done), str(seconds), str(trials)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "cwd": os.getcwd()}
    started = [subprocess.Popen([*command, str(folders[n % len(folders)]), *rest], **pipes) for n in range(count)]
    for process in started:
        assert process.stdout.readline() == "ready\n"
    for process in started:
        process.stdin.write("\n")
        process.stdin.close()
    return started


@pytest.mark.parametrize("where", ["journal", pytest.param("database", marks=pytest.mark.slow)])
def test_workers_that_begin_at_once_do_each_trial_once(tmp_path, where):
    """On a database each has a workspace of its own, as on several machines, and nothing was made before."""
    url = f"sqlite:///{tmp_path}/study.db" if where == "database" else None
    done, trials = tmp_path / "done", 9
    folders = [tmp_path / f"machine-{number}" for number in range(3)] if url else [tmp_path / "study"]
    for process in workers(3, folders, url, done, 0, trials):
        assert process.wait(timeout=240) == 0
        process.stdout.close()
    queue = make(folders[0], url, grid={"pretrain.max_iters": list(range(200, 200 + trials))})
    assert Counter(done.read_text().split()) == Counter(trial.name for trial in queue.study.trials())
    assert [row["state"] for row in queue.rows()] == ["done"] * trials


def test_a_waiting_trial_goes_to_one_of_two_that_look_at_it_at_the_same_moment(tmp_path):
    """The other begins to take it when the one has read that it waits, and has not taken it yet."""
    one, other = (database(f"sqlite:///{tmp_path}/study.db") for _ in range(2))
    study = optuna.create_study(storage=one)
    study.enqueue_trial({})
    [trial] = study.get_trials()
    took = {}

    def take(name, storage):
        took[name] = storage.set_trial_state_values(trial._trial_id, optuna.trial.TrialState.RUNNING)

    rival = threading.Thread(target=take, args=("other", other))

    def looked(connection, cursor, statement, *rest):
        if statement.startswith("SELECT") and "FROM trials" in statement and rival.ident is None:
            rival.start()
            rival.join(1)  # a rival that may not begin yet waits; one that may is done long before

    event.listen(one.engine, "after_cursor_execute", looked)
    take("one", one)
    rival.join()
    assert took == {"one": True, "other": False}


@pytest.mark.parametrize("where", ["journal", pytest.param("database", marks=pytest.mark.slow)])
def test_the_member_of_a_killed_worker_is_given_out_again_and_no_other_is(tmp_path, where):
    url = f"sqlite:///{tmp_path}/study.db" if where == "database" else None
    [process] = workers(1, [tmp_path], url, tmp_path / "done", 60, 6)
    while not (tmp_path / "done").exists() or not (tmp_path / "done").read_text():
        time.sleep(0.02)
    began = (tmp_path / "done").read_text().strip()
    alive = make(tmp_path, url)
    with alive.lease() as lease:
        assert lease is not None
        assert lease.trial.name != began  # the worker lives and holds it
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    again = []
    while True:
        with alive.lease() as lease:
            if lease is None:
                break
            again.append(lease.trial.name)
            alive.finish(lease, 1.0, {})
    assert Counter(again) == Counter(trial.name for trial in alive.study.trials())
    assert {row["state"] for row in alive.rows()} == {"done"}


def test_a_member_that_failed_is_tried_again_only_when_asked(tmp_path):
    queue = make(tmp_path, grid={"pretrain.max_iters": [200]})
    trials = queue.study.trials()
    queue.fill(trials)
    with queue.lease() as lease:
        queue.fail(lease, "the loss was not a number")
    queue.fill(trials)
    with queue.lease() as lease:
        assert lease is None
    (row,) = queue.rows()
    assert (row["state"], row["error"]) == ("failed", "the loss was not a number")
    queue.fill(trials, retry_failed=True)
    with queue.lease() as lease:
        queue.finish(lease, 2.5, {"run": lease.trial.name})
    (row,) = queue.rows()
    assert (row["state"], row["value"], row["error"]) == ("done", 2.5, None)


def test_a_member_entered_by_two_machines_at_once_is_done_and_fails_once(tmp_path):
    """Neither saw what the other entered, so every trial is twice in the queue."""
    url = f"sqlite:///{tmp_path}/study.db"
    one, other = (make(tmp_path / name, url, grid={"pretrain.max_iters": [200, 300]}) for name in ("one", "other"))
    trials = one.study.trials()
    one.fill(trials)
    queue = optuna.load_study(study_name="study", storage=url)
    queue.add_trials(queue.get_trials())
    with one.lease() as lease:
        one.fail(lease, "the loss was not a number")
    with other.lease() as lease:
        other.finish(lease, 1.0, {})
    with other.lease() as lease:
        assert lease is None
    assert [row["state"] for row in one.rows()] == ["failed", "done"]
    one.fill(trials, retry_failed=True)
    with one.lease() as lease:
        assert lease.trial == trials[0]


def test_changed_settings_make_a_new_member_and_the_old_result_stays_in_the_journal(tmp_path):
    first = make(tmp_path, grid={"pretrain.max_iters": [200]})
    first.fill(first.study.trials())
    with first.lease() as lease:
        first.finish(lease, 1.0, {})
    second = make(tmp_path, grid={"pretrain.max_iters": [200]}, settings={"pretrain": {"dropout": 0.5}})
    second.fill(second.study.trials())
    with second.lease() as lease:
        assert lease.trial.recipe.pretrain.dropout == 0.5
    assert [row["state"] for row in second.rows()] == ["done", "running"]


def test_the_member_of_a_dead_process_can_be_entered_as_failed(tmp_path):
    queue = make(tmp_path, grid={"pretrain.max_iters": [200]})
    queue.fill(queue.study.trials())
    with queue.lease():
        pass  # left without a word, as by a process that was killed
    assert not queue.fail_process(os.getpid() + 1, "killed")
    assert queue.fail_process(os.getpid(), "killed")
    assert queue.rows()[0]["error"] == "killed"


def test_members_wait_for_room_but_one_that_is_alone_may_always_begin(tmp_path):
    queue = make(tmp_path, grid={"pretrain.max_iters": [200, 300]})
    queue.fill(queue.study.trials())
    with queue.lease() as first, queue.lease() as second:
        assert queue.admit(first, needs=900, limit=500)
        assert not queue.admit(second, needs=100, limit=500)
        queue.finish(first, 1.0, {})
        assert queue.admit(second, needs=100, limit=500)


def test_a_search_proposes_within_its_space_and_ends_at_its_count(tmp_path):
    space = {
        "pretrain.learning_rate": {"low": 1e-4, "high": 1e-2, "log": True},
        "pretrain.max_iters": {"low": 200.0, "high": 300.0, "whole": True},
        "pretrain.optimizer": ["adamw", "muon"],
    }
    queue = make(tmp_path, search={"trials": 6, "space": space})
    rates = []
    while True:
        with queue.lease() as lease:
            if lease is None:
                break
            settings = lease.trial.recipe.pretrain
            assert 200 <= settings.max_iters <= 300
            rates.append(settings.learning_rate)
            if len(rates) != 3:  # the third is left as by a killed worker, and comes again
                queue.finish(lease, settings.learning_rate, {})
    assert len(rates) == 7
    assert rates[2] == rates[3]
    assert all(1e-4 <= rate <= 1e-2 for rate in rates)
    assert len(set(rates)) == 6
    assert [row["state"] for row in queue.rows()] == ["done"] * 6


def test_entries_of_an_older_study_keep_their_name_and_come_again(tmp_path):
    queue = make(tmp_path)
    (first, *_) = queue.study.trials()
    older = {"member": first.name, "key": first.key, "values": first.values, "after": -1}
    optuna.load_study(study_name="study", storage=queue._storage).enqueue_trial(dict(first.values), older)
    assert [row["name"] for row in queue.rows()] == [first.name]
    with queue.lease() as lease:  # left as by a killed worker
        assert lease is not None
        assert lease.trial.name == first.name
    queue.fill([])
    assert [(row["name"], row["state"]) for row in queue.rows()] == [(first.name, "waiting")]


def test_a_database_that_cannot_be_opened_is_one_line(tmp_path):
    with pytest.raises(InputError, match="database of the study cannot be opened"):
        make(tmp_path, "nosuchdatabase://here/study")
