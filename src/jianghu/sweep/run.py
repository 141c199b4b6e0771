"""A study from its file to its results: a worker does one trial after another, and several may work at once."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable
from pathlib import Path

from .. import files
from ..dataset.stage import book_files
from ..errors import InputError, InterruptedByUser, JianghuError
from ..machine import pick_device
from ..messages import tr
from ..progress import Progress
from ..recipe.study import read_study
from ..signals import stoppable
from ..workspace import Workspace
from .memory import memory_limit, trial_bytes
from .results import StudyResults, write_results
from .study import Study
from .trial import run_trial
from .trial_queue import TrialQueue, TrialRow
from .workers import Workers, cores

POLL = 0.5
"""Seconds between two looks at the workers, or at whether there is room for another trial."""


def open_study(ws: Workspace, file: Path, scale: str | None = None) -> Study:
    """A study file as a study of this workspace.

    Raises:
        InputError: the file cannot be used, names settings that do not exist, or the workspace has no books.
    """
    settings, name = read_study(file, scale)
    ws.run(name)  # refuses a name that cannot be a folder's
    books = ws.hashes(book_files(ws))
    if not books:
        raise InputError(tr("{books}: no books. Add one with `{jianghu} books add NOVEL.txt`.", books=ws.books))
    study = Study(settings, name, ws.recipe(), books)
    study.trials()  # so that a wrong setting is refused before anything begins
    return study


def study_folder(ws: Workspace, study: Study) -> Path:
    """Where a study's journal, locks, logs and results lie."""
    return ws.studies / study.name


def work(ws: Workspace, study: Study, url: str | None = None, limit: int | None = None) -> None:
    """Do trials until none is left to begin. One that fails is entered as failed, with the reason.

    Args:
        url: of the database that machines share; None for the journal in the workspace.
        limit: bytes that all trials under way on this machine may take together; None: see `memory_limit`.

    Raises:
        InterruptedByUser: stopped; the trial that was under way is gone on with by the next worker.
    """
    queue = TrialQueue(study, study_folder(ws, study), url)
    while True:
        with queue.lease() as lease:
            if lease is None:
                return
            recipe = lease.trial.recipe
            try:
                device = pick_device(recipe.pretrain.device)
                needs = trial_bytes(recipe, list(study.settings.stages), recipe.tokenizer.vocab_size, device)
                while not queue.admit(lease, needs, limit or memory_limit(device)):
                    time.sleep(POLL)
                value, facts = run_trial(ws, study, lease.trial)
            except InterruptedByUser:
                raise
            except Exception as error:  # of whatever kind: the other trials are to be done
                traceback.print_exc()
                queue.fail(lease, str(error) if isinstance(error, JianghuError) else f"{type(error).__name__}: {error}")
            else:
                queue.finish(lease, value, facts)


def run_study(
    ws: Workspace,
    study: Study,
    file: str,
    command: list[str],
    workers: int = 0,
    url: str | None = None,
    retry_failed: bool = False,
    say: Callable[[str], None] = lambda text: None,
) -> StudyResults:
    """Run a study to its end with several workers, or go on with one that was left.

    Args:
        file: the study file as the user gave it, for the results.
        command: starts one worker.
        workers: how many; 0: one for each core, two on a GPU; never more than trials.
        retry_failed: try failed trials again.
        say: told of each trial that ends.

    Returns:
        The results, see `write_results`.

    Raises:
        InterruptedByUser: stopped; all that was trained is saved.
        RunError: a worker could not work.
    """
    folder = study_folder(ws, study)
    queue = TrialQueue(study, folder, url)
    trials = study.trials()
    queue.fill(trials, retry_failed)
    total = study.settings.search.trials if study.settings.search else len(trials)
    on_gpu = pick_device(study.trial({}).recipe.pretrain.device).type != "cpu"
    processes = Workers(command, min(workers or (2 if on_gpu else cores()), total), ws.root, folder)
    known: dict[str, str] = {}

    def look() -> StudyResults:
        results = write_results(folder, study, queue, file)
        for row in results["trials"]:
            if row["state"] in ("done", "failed") and known.get(row["key"], row["state"]) != row["state"]:
                say(f"{row['name']}: {told(row)}")
            known[row["key"]] = row["state"]
        return results

    try:
        with stoppable() as stopped, Progress(study.settings.title, total) as progress:
            works = True
            while works and not stopped.is_set():
                works = processes.works()  # before the killed are looked for, so that the last one is not overlooked
                for number, process, name in processes.killed():
                    if queue.fail_process(
                        process, tr("its process was ended by {name}; was there too little memory?", name=name)
                    ):
                        processes.replace(number)
                        works = True
                running = [row["name"] for row in look()["trials"] if row["state"] == "running"]
                ended = sum(state in ("done", "failed") for state in known.values())
                progress.update(ended, now=", ".join(_place(ws, name) for name in running) or "-")
                stopped.wait(POLL)
    finally:
        processes.stop()
    results = look()
    if stopped.is_set():
        raise InterruptedByUser(tr("Stopped. What was trained is saved."), same_command=True)
    return results


def told(row: TrialRow) -> str:
    """What came of a trial, in words."""
    if row["state"] == "failed":
        return tr("failed: {error}", error=row["error"])
    outcome = row["outcome"] or {}
    words = tr("{bits:.3f} bits per character at step {step}", bits=outcome["best_val"], step=outcome["best_step"])
    if "accuracy" not in outcome:
        return words
    return words + tr(", {share:.1%} right", share=outcome["accuracy"])


def _place(ws: Workspace, name: str) -> str:
    """A trial under way, with the step that it has reached."""
    rows = files.read_log(ws.run(name) / "metrics.jsonl")
    return tr("{name} at step {step}", name=name, step=rows[-1]["step"]) if rows else name
