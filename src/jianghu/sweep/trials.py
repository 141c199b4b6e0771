"""Who does which member of a study, and what came of it: Optuna's trials, kept as `storage.py` says.

A member is one trial. It is claimed by one worker, which holds a lock file while it works; the system frees the
lock when the worker ends, however it ends, so the member of a killed worker is known at once and given out again.
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
from typing import Any

import optuna
from optuna.exceptions import ExperimentalWarning, UpdateFinishedTrialError
from optuna.storages import RDBStorage
from optuna.trial import FrozenTrial, TrialState

from .. import files
from ..errors import RunError
from ..recipe.study import Range
from .storage import HEARTBEAT, database, journal, signs_of_life
from .study import Member, Study

_OPEN = (TrialState.WAITING, TrialState.RUNNING, TrialState.COMPLETE)
_ABOUT = ("member", "key", "values")
"""What a trial says of its member."""


@dataclass(frozen=True)
class Claim:
    """A member that this process is to do."""

    member: Member
    trial: optuna.Trial


class Ledger:
    """The trials of one study.

    Args:
        study: whose members they are.
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

    def fill(self, members: Sequence[Member], retry_failed: bool = False) -> None:
        """Enter every member that no trial stands for; with `retry_failed` also those that failed."""
        with self._turn():
            self._free_lost()
            trials = self._trials()
            there = {t.user_attrs.get("key") for t in trials if t.state in _OPEN or (_failed(t) and not retry_failed)}
            for member in members:
                if member.key not in there:
                    self._enter(_about(member), after=len(trials) - 1)

    @contextmanager
    def claim(self) -> Iterator[Claim | None]:
        """Take the next member, and hold it while the block lasts; None if none is left to begin.

        Ends with the trial finished if `finish` or `fail` was called in the block, else with the member free again.
        """
        with ExitStack() as held:
            with self._turn():
                self._free_lost()
                claim = self._next()
                if claim is not None:
                    held.enter_context(files.lock(self._lock(claim.trial.number), claim.member.name))
                    claim.trial.set_user_attr("owner", {**self._here, "process": os.getpid()})
            if claim is not None and isinstance(self._storage, RDBStorage):
                held.enter_context(signs_of_life(self._storage, claim.trial))
            yield claim

    def finish(self, claim: Claim, value: float, outcome: dict[str, Any]) -> None:
        """Enter what came of a member: the value of the goal, and facts for the table."""
        claim.trial.set_user_attr("outcome", outcome)
        self._optuna.tell(claim.trial, value)

    def fail(self, claim: Claim, error: str) -> None:
        """Enter that a member failed, and why; the study goes on."""
        claim.trial.set_user_attr("error", error)
        self._optuna.tell(claim.trial, state=TrialState.FAIL)

    def fail_process(self, process: int, error: str) -> bool:
        """Enter that the member of a worker on this machine, known to be dead, failed with it; False if it had none."""
        with self._turn():
            for trial in self._trials(TrialState.RUNNING):
                if trial.user_attrs.get("owner") == {**self._here, "process": process}:
                    # Optuna has no other way to write to a trial that another process began.
                    optuna.Trial(self._optuna, trial._trial_id).set_user_attr("error", error)
                    self._optuna.tell(trial.number, state=TrialState.FAIL)
                    return True
        return False

    def admit(self, claim: Claim, needs: int, limit: int) -> bool:
        """Whether a member may begin now: it fits into `limit` bytes with those under way on this machine, or none is.

        A member that is admitted counts until it ends.
        """
        with self._turn():
            here = [trial for trial in self._trials(TrialState.RUNNING) if self._is_here(trial)]
            used = sum(t.user_attrs.get("memory", 0) for t in here if t.number != claim.trial.number)
            if used and used + needs > limit:
                return False
            claim.trial.set_user_attr("memory", needs)
            return True

    def rows(self) -> list[dict[str, Any]]:
        """A row a member: number, name, key, values, state (waiting, running, done, failed), host, value, outcome,
        error. Trials that were lost with their worker, and doubles, are left out."""
        rows = []
        for trial in self._trials():
            about = trial.user_attrs
            state = {
                TrialState.WAITING: "waiting",
                TrialState.RUNNING: "running",
                TrialState.COMPLETE: "done",
                TrialState.FAIL: "failed" if _failed(trial) else "",
            }.get(trial.state, "")
            if state and "member" in about:
                rows.append(
                    {
                        "number": trial.number,
                        "name": about["member"],
                        "key": about["key"],
                        "values": about["values"],
                        "state": state,
                        "host": about.get("owner", {}).get("host"),
                        "value": trial.value if state == "done" else None,
                        "outcome": about.get("outcome"),
                        "error": about.get("error"),
                    }
                )
        return list({row["key"]: row for row in rows}.values())

    def _enter(self, about: dict[str, Any], after: int) -> None:
        """Add a trial for a member to the queue; its settings are Optuna's parameters, except those of a list.

        Args:
            after: number of the last trial that was known when this one was decided on.
        """
        varied = {} if self.study.settings.members else about["values"]
        params = {name: _word(value) for name, value in varied.items()}
        self._optuna.enqueue_trial(params, {**{name: about[name] for name in _ABOUT}, "after": after})

    def _trials(self, *states: TrialState) -> list[FrozenTrial]:
        return self._optuna.get_trials(deepcopy=False, states=states or None)

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """One process of this machine at a time: between taking a trial and marking whose it is nobody may look."""
        with files.lock(self.folder / "turn", "the study", wait=-1):
            yield

    def _lock(self, number: int) -> Path:
        return self.folder / "members" / str(number)

    def _next(self) -> Claim | None:
        """The next trial, with its member; whatever others took or entered twice is passed over."""
        space = self.study.settings.search
        members = {} if space else {member.key: member for member in self.study.members()}
        while True:
            if not self._trials(TrialState.WAITING):
                if space is None or sum(t.state in _OPEN or _failed(t) for t in self._trials()) >= space.members:
                    return None
                seed = space.seed + len(self._trials())  # so that two workers do not propose the same
                self._optuna.sampler = optuna.samplers.TPESampler(seed=seed, constant_liar=True)
            trial = self._optuna.ask()
            if space:
                member = self.study.member({name: _suggest(trial, name, of) for name, of in space.space.items()})
                for name, value in _about(member).items():
                    trial.set_user_attr(name, value)
                return Claim(member, trial)
            found = members.get(trial.user_attrs.get("key", ""))
            if found is not None and not self._is_double(trial):
                for name, choices in self.study.settings.grid.items():
                    trial.suggest_categorical(name, [_word(choice) for choice in choices])
                return Claim(found, trial)
            self._optuna.tell(trial, state=TrialState.PRUNED)

    def _is_double(self, trial: optuna.Trial) -> bool:
        """Whether an earlier trial stands for the same member: two machines may have entered it at the same moment.

        One that failed stands for it too, unless this one was entered because of that.
        """
        key, after = trial.user_attrs["key"], trial.user_attrs["after"]
        earlier = [t for t in self._trials() if t.number < trial.number and t.user_attrs.get("key") == key]
        return any(t.state in _OPEN or (_failed(t) and t.number > after) for t in earlier)

    def _free_lost(self) -> None:
        """Give up the trials whose worker is gone, and enter their members again."""
        running = self._trials(TrialState.RUNNING)
        if self.shared:
            optuna.storages.fail_stale_trials(self._optuna)
        silent = {trial.number for trial in self._trials(TrialState.FAIL) if not _failed(trial)}
        for trial in running:
            if (trial.number in silent or self._give_up(trial)) and "key" in trial.user_attrs:
                self._enter(trial.user_attrs, after=trial.number)

    def _give_up(self, trial: FrozenTrial) -> bool:
        """End a trial if its worker is gone; whether that was so."""
        if self._is_here(trial):
            try:
                with files.lock(self._lock(trial.number), "a member"):
                    return self._end(trial)
            except RunError:
                return False
        # Killed between taking the trial and signing it; on a shared database another machine may be about to sign.
        unsigned, began = not trial.user_attrs.get("owner"), trial.datetime_start
        old = began is None or datetime.now() - began > timedelta(seconds=10 * HEARTBEAT)
        return unsigned and (not self.shared or old) and self._end(trial)

    def _end(self, trial: FrozenTrial) -> bool:
        """Enter that a trial is lost; False if its worker has ended it in order since it was looked up."""
        try:
            ended = self._optuna.tell(trial.number, state=TrialState.FAIL, skip_if_finished=True)
        except UpdateFinishedTrialError:  # another machine gave it up at the same moment
            return False
        return ended.state == TrialState.FAIL and not _failed(ended)

    def _is_here(self, trial: FrozenTrial) -> bool:
        """Whether a worker of this workspace on this machine has the trial: its lock file can be looked at."""
        owner = trial.user_attrs.get("owner", {})
        return {name: owner.get(name) for name in self._here} == self._here


def _about(member: Member) -> dict[str, Any]:
    return dict(zip(_ABOUT, (member.name, member.key, member.values), strict=True))


def _failed(trial: FrozenTrial) -> bool:
    return trial.state == TrialState.FAIL and "error" in trial.user_attrs


def _word(value: Any) -> Any:
    """A value as Optuna takes it: numbers and words as they are, lists and tables as JSON."""
    return value if isinstance(value, str | int | float | bool) else json.dumps(value, ensure_ascii=False)


def _suggest(trial: optuna.Trial, name: str, choice: Range | list[Any]) -> Any:
    if isinstance(choice, Range):
        if choice.whole:
            return trial.suggest_int(name, int(choice.low), int(choice.high), log=choice.log)
        return trial.suggest_float(name, choice.low, choice.high, log=choice.log)
    words = [_word(value) for value in choice]
    return choice[words.index(trial.suggest_categorical(name, words))]
