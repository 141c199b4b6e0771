"""Which commands the page may start, and how its options become words of a command line: checked one by one, against
the recipe's own types, and never by a shell.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, Literal, get_args

from ..errors import InputError
from ..messages import tr
from ..recipe import Recipe, Strategy
from ..recipe.study import bundled_studies
from ..workspace import BASE, CHAT, DPO, Workspace

Kind = Literal["name", "names", "switch", "number", "checkpoint", "file", "choice"]
_NAME = re.compile(r"\w[\w.@+-]{0,140}")


@dataclass(frozen=True)
class Command:
    """A command that may be started.

    Attributes:
        words: what it is called.
        positional: the option that stands without a flag, if there is one.
        options: its own options by name, and what each must be.
        groups: groups of settings whose keys are options too; keys of several groups are written `group.key`.
        holds: what it writes, from the options.
    """

    words: tuple[str, ...]
    holds: Callable[[Mapping[str, Any]], str]
    positional: str = ""
    options: dict[str, Kind] = field(default_factory=dict)
    groups: tuple[str, ...] = ()


def _always(what: str) -> Callable[[Mapping[str, Any]], str]:
    return lambda options: what


_TRAINING: dict[str, Kind] = {"name": "name", "resume": "switch", "restart": "switch"}
RUNS = {"pretrain": BASE, "sft": CHAT, "dpo": DPO}
"""Commands that train, and the names that their runs have if none is given."""

COMMANDS: dict[str, Command] = {
    "prepare": Command(("prepare",), _always("data"), groups=("tokenizer", "split")),
    "synth": Command(
        ("synth", "run"),
        _always("data/records"),
        options={"strategy": "choice", "limit": "number", "budget": "number", "token_budget": "number"},
        groups=("synth",),
    ),
    "apply": Command(("synth", "apply"), _always("data/records")),
    "reader": Command(("reader",), _always("data/reader"), groups=("reader",)),
    "pretrain": Command(
        ("pretrain",),
        lambda given: f"runs/{given.get('name', BASE)}",
        options={**_TRAINING, "from": "checkpoint"},
        groups=("pretrain", "model"),
    ),
    "sft": Command(
        ("sft",),
        lambda given: f"runs/{given.get('name', CHAT)}",
        options={**_TRAINING, "from": "checkpoint"},
        groups=("sft",),
    ),
    "dpo": Command(
        ("dpo",),
        lambda given: f"runs/{given.get('name', DPO)}",
        options={**_TRAINING, "from": "checkpoint"},
        groups=("dpo",),
    ),
    "eval": Command(
        ("eval",), _always("evals"), "checkpoints", {"checkpoints": "names", "exam": "file"}, groups=("eval",)
    ),
    "compare": Command(
        ("compare",),
        _always("evals/compare.html"),
        "checkpoints",
        {"checkpoints": "names", "questions": "file"},
        groups=("eval",),
    ),
    "judge": Command(
        ("judge",), _always("evals/judge"), "checkpoints", {"checkpoints": "names", "exam": "file", "budget": "number"}
    ),
    "sweep": Command(
        ("sweep",),
        lambda given: f"studies/{given.get('study', '')}",
        "study",
        {"study": "choice", "scale": "name", "workers": "number", "retry_failed": "switch"},
    ),
    "report": Command(("report",), _always("report"), options={"with_model": "checkpoint"}),
    "run": Command(
        ("run",),
        _always("run"),
        options={"by_recipe": "switch"},
        groups=("books", "split", "tokenizer", "synth", "reader", "model", "pretrain", "sft", "eval"),
    ),
}


def words_of(ws: Workspace, command: str, options: Mapping[str, Any]) -> tuple[list[str], str]:
    """The words of a command line, and what the command writes.

    Args:
        options: by name; null counts as not given.

    Raises:
        InputError: the command or an option is unknown, or a value cannot be used; the message names it.
    """
    known = COMMANDS.get(command)
    if known is None:
        raise InputError(tr("{name}: the studio starts no such command.", name=command[:60]))
    given = {name: value for name, value in options.items() if value is not None}
    words: list[str] = []
    ahead: list[str] = []
    settings: dict[str, dict[str, object]] = {}
    for name, value in given.items():
        kind = known.options.get(name)
        if kind is None:
            group, key = _setting(known, name)
            settings.setdefault(group, {})[key] = value
            words += _flags(name, value)
            continue
        checked = _checked(ws, name, kind, value)
        if name == known.positional:
            ahead += checked
        elif kind == "switch":
            words += [f"--{name.replace('_', '-')}"] if value else []
        else:
            words += [f"--{name.replace('_', '-')}={one}" for one in checked]
    if known.positional and not ahead:
        raise InputError(tr("{name} is missing.", name=known.positional))
    if settings:
        ws.recipe(settings)  # refuses what the settings do not allow
    return [*known.words, *ahead, *words], known.holds(given)


def resume_words(ws: Workspace, words: Sequence[str]) -> list[str]:
    """The words that go on with what a command left: training by its saved state, the rest by itself."""
    if words[0] not in RUNS:
        return list(words)
    name = next((word.removeprefix("--name=") for word in words if word.startswith("--name=")), RUNS[words[0]])
    if not (ws.run(name) / "state" / "state.safetensors").exists():
        return [word for word in words if word != "--resume"]
    return [words[0], f"--name={name}", "--resume"]


def _setting(command: Command, name: str) -> tuple[str, str]:
    """The group and key of a setting by the name of its flag."""
    group, _, key = name.rpartition(".")
    for home in [group] if group else command.groups:
        settings = Recipe.model_fields[home].annotation if home in command.groups else None
        info = getattr(settings, "model_fields", {}).get(key)
        if info is not None and "a file" not in info.metadata:
            return home, key
    raise InputError(tr("{name}: not an option of {command}.", name=name[:60], command=" ".join(command.words)))


def _flags(name: str, value: Any) -> list[str]:
    flag = name.replace("_", "-")
    if isinstance(value, bool):
        stage, dot, key = flag.rpartition(".")
        return [f"--{flag}"] if value else [f"--{stage}{dot}no-{key}"]
    if isinstance(value, list):
        return [f"--{flag}={one}" for one in value]
    if isinstance(value, dict):
        raise InputError(tr("{name}: set this in jianghu.toml.", name=name))
    return [f"--{flag}={value}"]


def _checked(ws: Workspace, name: str, kind: Kind, value: Any) -> list[str]:
    """The value of an option as words.

    Raises:
        InputError: it cannot be used.
    """
    refused = InputError(tr("{name} = {value} cannot be used.", name=name, value=str(value)[:80]))
    if kind == "switch":
        if not isinstance(value, bool):
            raise refused
        return []
    if kind == "number":
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e15:
            raise refused
        return [str(value)]
    values = value if isinstance(value, list) and kind in ("names", "choice") else [value]
    if not values or not all(isinstance(one, str) for one in values):
        raise refused
    for one in values:
        if kind == "name" and _NAME.fullmatch(one) is None:
            raise refused
        if kind in ("names", "checkpoint") and not _is_checkpoint(one):
            raise refused
        if kind == "choice" and one not in _choices(name):
            raise InputError(tr("{name}: must be one of {names}.", name=name, names=", ".join(_choices(name))))
    return [str(_inside(ws, one)) for one in values] if kind == "file" else list(values)


def _choices(name: str) -> list[str]:
    return sorted(bundled_studies()) if name == "study" else list(get_args(Strategy))


def _is_checkpoint(name: str) -> bool:
    parts = name.split("/")
    return len(parts) <= 2 and all(_NAME.fullmatch(part) is not None for part in parts)


def _inside(ws: Workspace, name: str) -> Path:
    """A file of the workspace by its path there.

    Raises:
        InputError: it lies elsewhere, or is not there.
    """
    path = (ws.root / PurePosixPath(name)).resolve()
    if not path.is_relative_to(ws.root.resolve()) or not path.is_file():
        raise InputError(tr("{path}: no such file.", path=name[:200]))
    return path
