"""Who does which trial of a study, and what came of it: entries of Optuna's storage, kept as `storage.py` says.

A trial is one entry (Optuna calls both a trial). It is leased by one worker, which holds a lock file while it works;
the system frees the lock when the worker ends, however it ends, so the trial of a killed worker is known at once and
given out again.
"""

from __future__ import annotations

import json
import os
import socket
import warnings
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypedDict

import optuna
from optuna.exceptions import ExperimentalWarning, UpdateFinishedTrialError
from optuna.storages import RDBStorage
from optuna.trial import FrozenTrial, TrialState

from .. import files
from ..errors import RunError
from ..recipe.study import Range
from .storage import HEARTBEAT, database, journal, signs_of_life
from .study import Study, Trial

_OPEN = (TrialState.WAITING, TrialState.RUNNING, TrialState.COMPLETE)
_ABOUT = ("trial", "key", "values")
"""What an entry says of its trial."""
_NAME_ONCE = "member"
"""What older studies call `trial`."""


@dataclass(frozen=True)
class Lease:
    """A trial that this process is to do."""

    trial: Trial
    entry: optuna.Trial


class Outcome(TypedDict, total=False):
    """What came of a trial.

    Attributes:
        base, run: names of its runs. step, best_step, best_val: of the last one. seconds: of training.
        curve: rows of its metrics with a validation loss. exams: files. accuracy: of the last checkpoint.
    """

    base: str
    run: str
    step: int
    best_step: int
    best_val: float
    seconds: float
    curve: list[dict[str, float]]
    exams: list[str]
    accuracy: float


class TrialRow(TypedDict):
    """A trial of a study; `state` is waiting, running, done or failed."""

    number: int
    name: str
    key: str
    values: dict[str, object]
    state: str
    host: str | None
    value: float | None
    outcome: Outcome | None
    error: str | None


class TrialQueue:
    """The entries of one study.

    Args:
        study: whose trials they are.
        folder: of the study in the workspace; holds the journal and the locks.
        url: of a database that machines share, as Optuna takes it; None for the journal.

    Raises:
        InputError: the database cannot be opened.
    """

    def __init__(self, study: Study, folder: Path, url: str | None = None) -> None:
        self.study, self.folder, self.shared = study, folder, url is not None
        self._here = {"host": socket.gethostname(), "folder": str(folder.resolve())}
        folder.mkdir(parents=True, exist_ok=True)
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        warnings.filterwarnings("ignore", module="optuna", category=Warning)  # of ask()
        warnings.filterwarnings("ignore", category=ExperimentalWarning)
        self._storage = database(url) if url else journal(folder / "journal.log")
        self._optuna = optuna.create_study(
            study_name=study.name,
            storage=self._storage,
            direction="minimize" if study.settings.goal == "val_bpc" else "maximize",
            load_if_exists=True,
        )

    def fill(self, trials: Sequence[Trial], retry_failed: bool = False) -> None:
        """Enter every trial that no entry stands for; with `retry_failed` also those that failed."""
        with self._turn():
            self._free_lost()
            entries = self._entries()
            there = {t.user_attrs.get("key") for t in entries if t.state in _OPEN or (_failed(t) and not retry_failed)}
            for trial in trials:
                if trial.key not in there:
                    self._enter(_about(trial), after=len(entries) - 1)

    @contextmanager
    def lease(self) -> Iterator[Lease | None]:
        """Take the next trial, and hold it while the block lasts; None if none is left to begin.

        Ends with the entry finished if `finish` or `fail` was called in the block, else with the trial free again.
        """
        with ExitStack() as held:
            with self._turn():
                self._free_lost()
                lease = self._next()
                if lease is not None:
                    held.enter_context(files.lock(self._lock(lease.entry.number), lease.trial.name))
                    lease.entry.set_user_attr("owner", {**self._here, "process": os.getpid()})
            if lease is not None and isinstance(self._storage, RDBStorage):
                held.enter_context(signs_of_life(self._storage, lease.entry))
            yield lease

    def finish(self, lease: Lease, value: float, outcome: Outcome) -> None:
        """Enter what came of a trial: the value of the goal, and facts for the table."""
        lease.entry.set_user_attr("outcome", outcome)
        self._optuna.tell(lease.entry, value)

    def fail(self, lease: Lease, error: str) -> None:
        """Enter that a trial failed, and why; the study goes on."""
        lease.entry.set_user_attr("error", error)
        self._optuna.tell(lease.entry, state=TrialState.FAIL)

    def fail_process(self, process: int, error: str) -> bool:
        """Enter that the trial of a worker on this machine, known to be dead, failed with it; False if it had none."""
        with self._turn():
            for entry in self._entries(TrialState.RUNNING):
                if entry.user_attrs.get("owner") == {**self._here, "process": process}:
                    # Optuna has no other way to write to an entry that another process began.
                    optuna.Trial(self._optuna, entry._trial_id).set_user_attr("error", error)
                    self._optuna.tell(entry.number, state=TrialState.FAIL)
                    return True
        return False

    def admit(self, lease: Lease, needs: int, limit: int) -> bool:
        """Whether a trial may begin now: it fits into `limit` bytes with those under way on this machine, or none is.

        A trial that is admitted counts until it ends.
        """
        with self._turn():
            here = [entry for entry in self._entries(TrialState.RUNNING) if self._is_here(entry)]
            used = sum(t.user_attrs.get("memory", 0) for t in here if t.number != lease.entry.number)
            if used and used + needs > limit:
                return False
            lease.entry.set_user_attr("memory", needs)
            return True

    def rows(self) -> list[TrialRow]:
        """A row a trial. Entries that were lost with their worker, and doubles, are left out."""
        rows: list[TrialRow] = []
        for entry in self._entries():
            about = entry.user_attrs
            state = {
                TrialState.WAITING: "waiting",
                TrialState.RUNNING: "running",
                TrialState.COMPLETE: "done",
                TrialState.FAIL: "failed" if _failed(entry) else "",
            }.get(entry.state, "")
            if state and (name := about.get("trial") or about.get(_NAME_ONCE)):
                rows.append(
                    {
                        "number": entry.number,
                        "name": name,
                        "key": about["key"],
                        "values": about["values"],
                        "state": state,
                        "host": about.get("owner", {}).get("host"),
                        "value": entry.value if state == "done" else None,
                        "outcome": about.get("outcome"),
                        "error": about.get("error"),
                    }
                )
        return list({row["key"]: row for row in rows}.values())

    def _enter(self, about: dict[str, Any], after: int) -> None:
        """Add an entry for a trial to the queue; its settings are Optuna's parameters, except those of a list.

        Args:
            after: number of the last entry that was known when this one was decided on.
        """
        varied = {} if self.study.settings.trials else about["values"]
        params = {name: _word(value) for name, value in varied.items()}
        name = about.get("trial") or about[_NAME_ONCE]
        said = {"trial": name, "key": about["key"], "values": about["values"], "after": after}
        self._optuna.enqueue_trial(params, said)

    def _entries(self, *states: TrialState) -> list[FrozenTrial]:
        return self._optuna.get_trials(deepcopy=False, states=states or None)

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """One process of this machine at a time: between taking an entry and marking whose it is nobody may look."""
        with files.lock(self.folder / "turn", "the study", wait=-1):
            yield

    def _lock(self, number: int) -> Path:
        return self.folder / "trials" / str(number)

    def _next(self) -> Lease | None:
        """The next entry, with its trial; whatever others took or entered twice is passed over."""
        space = self.study.settings.search
        trials = {} if space else {trial.key: trial for trial in self.study.trials()}
        while True:
            if not self._entries(TrialState.WAITING):
                if space is None or sum(t.state in _OPEN or _failed(t) for t in self._entries()) >= space.trials:
                    return None
                seed = space.seed + len(self._entries())  # so that two workers do not propose the same
                self._optuna.sampler = optuna.samplers.TPESampler(seed=seed, constant_liar=True)
            entry = self._optuna.ask()
            if space:
                trial = self.study.trial({name: _suggest(entry, name, of) for name, of in space.space.items()})
                for name, value in _about(trial).items():
                    entry.set_user_attr(name, value)
                return Lease(trial, entry)
            found = trials.get(entry.user_attrs.get("key", ""))
            if found is not None and not self._is_double(entry):
                for name, choices in self.study.settings.grid.items():
                    entry.suggest_categorical(name, [_word(choice) for choice in choices])
                return Lease(found, entry)
            self._optuna.tell(entry, state=TrialState.PRUNED)

    def _is_double(self, entry: optuna.Trial) -> bool:
        """Whether an earlier entry stands for the same trial: two machines may have entered it at the same moment.

        One that failed stands for it too, unless this one was entered because of that.
        """
        key, after = entry.user_attrs["key"], entry.user_attrs["after"]
        earlier = [t for t in self._entries() if t.number < entry.number and t.user_attrs.get("key") == key]
        return any(t.state in _OPEN or (_failed(t) and t.number > after) for t in earlier)

    def _free_lost(self) -> None:
        """Give up the entries whose worker is gone, and enter their trials again."""
        running = self._entries(TrialState.RUNNING)
        if self.shared:
            optuna.storages.fail_stale_trials(self._optuna)
        silent = {entry.number for entry in self._entries(TrialState.FAIL) if not _failed(entry)}
        for entry in running:
            if (entry.number in silent or self._give_up(entry)) and "key" in entry.user_attrs:
                self._enter(entry.user_attrs, after=entry.number)

    def _give_up(self, entry: FrozenTrial) -> bool:
        """End an entry if its worker is gone; whether that was so."""
        if self._is_here(entry):
            try:
                with files.lock(self._lock(entry.number), "a trial"):
                    return self._end(entry)
            except RunError:
                return False
        # Killed between taking the entry and signing it; on a shared database another machine may be about to sign.
        unsigned, began = not entry.user_attrs.get("owner"), entry.datetime_start
        old = began is None or datetime.now() - began > timedelta(seconds=10 * HEARTBEAT)
        return unsigned and (not self.shared or old) and self._end(entry)

    def _end(self, entry: FrozenTrial) -> bool:
        """Enter that an entry is lost; False if its worker has ended it in order since it was looked up."""
        try:
            ended = self._optuna.tell(entry.number, state=TrialState.FAIL, skip_if_finished=True)
        except UpdateFinishedTrialError:  # another machine gave it up at the same moment
            return False
        return ended.state == TrialState.FAIL and not _failed(ended)

    def _is_here(self, entry: FrozenTrial) -> bool:
        """Whether a worker of this workspace on this machine has the entry: its lock file can be looked at."""
        owner = entry.user_attrs.get("owner", {})
        return {name: owner.get(name) for name in self._here} == self._here


def _about(trial: Trial) -> dict[str, Any]:
    return dict(zip(_ABOUT, (trial.name, trial.key, trial.values), strict=True))


def _failed(entry: FrozenTrial) -> bool:
    return entry.state == TrialState.FAIL and "error" in entry.user_attrs


def _word(value: Any) -> Any:
    """A value as Optuna takes it: numbers and words as they are, lists and tables as JSON."""
    return value if isinstance(value, str | int | float | bool) else json.dumps(value, ensure_ascii=False)


def _suggest(entry: optuna.Trial, name: str, choice: Range | list[Any]) -> Any:
    if isinstance(choice, Range):
        if choice.whole:
            return entry.suggest_int(name, int(choice.low), int(choice.high), log=choice.log)
        return entry.suggest_float(name, choice.low, choice.high, log=choice.log)
    words = [_word(value) for value in choice]
    return choice[words.index(entry.suggest_categorical(name, words))]
