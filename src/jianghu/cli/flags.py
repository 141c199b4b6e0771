"""Settings as flat typed flags: `--max-iters 120` for `[pretrain] max_iters`. A flag that is not given is None."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, field, make_dataclass
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias, get_args, get_origin

from cyclopts import Group, Parameter
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from .. import recipe
from ..errors import InputError
from ..messages import tr
from ..recipe import Settings

NAMES = {"init_from": ("--from", "--init-from")}
"""Flags that are not called as their settings: `from` cannot name a field."""


def flags_of(group: type[Settings]) -> Any:
    """A dataclass type with a flag for each setting of a group; help comes from the settings' docstrings."""
    rows = []
    for name, info, kind in _settings(group):
        about = Parameter(NAMES.get(name), help=info.description, negative=_negative(kind), show_default=False)
        rows.append(_row(name, kind, about))
    return _flat(f"{group.__name__}Flags", rows)


def flags_of_stages(groups: dict[str, type[Settings]], short: bool = True) -> Any:
    """A dataclass type with a flag for each setting of several groups: `--pretrain.max-iters`, and if `short`,
    `--vocab-size` too where one group alone has a setting of that name."""
    homes: dict[str, list[str]] = {}
    for group, settings in groups.items():
        for name, _, _ in _settings(settings):
            homes.setdefault(name, []).append(group)
    rows = []
    for group, settings in groups.items():
        panel = Group(group, sort_key=list(groups).index(group))
        for name, info, kind in _settings(settings):
            flag = name.replace("_", "-")
            names = (f"--{group}.{flag}", *((f"--{flag}",) if short and len(homes[name]) == 1 else ()))
            about = Parameter(names, help=info.description, negative="", show_default=False, group=panel)
            rows.append(_row(f"{group}.{name}".replace(".", "__"), kind, about))
    for name, several in homes.items():
        if len(several) > 1:  # refused by `given_to_stages`, which names the right ones
            hidden = Parameter(f"--{name.replace('_', '-')}", show=False, negative="")
            rows.append(_row(f"several__{name}", str, hidden))
    return _flat("RunFlags", rows)


def _settings(group: type[Settings]) -> Iterator[tuple[str, FieldInfo, Any]]:
    """Name, field and type of each setting that can be a flag: no group of its own, no list of such, no table."""
    for name, info in group.model_fields.items():
        kind = info.annotation
        if any(isinstance(part, type) and issubclass(part, BaseModel) for part in (kind, *get_args(kind))):
            continue
        if get_origin(kind) is dict:
            continue
        if get_origin(kind) is UnionType:  # `int | None`, whose own bounds the recipe checks
            kind = next(part for part in get_args(kind) if part is not NoneType)
        yield name, info, kind


def _negative(kind: Any) -> str | None:
    return None if kind is bool else ""


def _row(name: str, kind: Any, about: Parameter) -> tuple[str, Any, Any]:
    return name, Annotated[kind | None, about], field(default=None)


def _flat(name: str, rows: list[tuple[str, Any, Any]]) -> Any:
    flat = make_dataclass(name, rows, kw_only=True)
    flat.__module__ = __name__  # left at `types`, it would be taken for a built-in type
    return Annotated[flat | None, Parameter(name="*")]


def given(flags: Any) -> dict[str, object]:
    """The flags that were given, as settings."""
    return {name: value for name, value in asdict(flags).items() if value is not None} if flags else {}


Json = Annotated[bool, Parameter(name="--json", negative="", show_default=False, help="Print JSON.")]


def given_to_stages(flags: Any) -> dict[str, object]:
    """The flags of `flags_of_stages` that were given, as nested dictionaries.

    Raises:
        InputError: a flag without its stage that several stages have.
    """
    settings: dict[str, object] = {}
    for name, value in given(flags).items():
        *groups, key = name.split("__")
        if groups == ["several"]:
            flag = key.replace("_", "-")
            homes = [group for group, kind in STAGE_GROUPS.items() if key in kind.model_fields]
            choices = ", ".join(f"--{group}.{flag}" for group in homes)
            raise InputError(
                tr(
                    "--{flag}: more than one stage has this setting. Write one of {choices}.",
                    flag=flag,
                    choices=choices,
                )
            )
        nested: dict[str, object] = {key: value}
        for group in reversed(groups):
            nested = {group: nested}
        settings = recipe.merge(settings, nested)
    return settings


STAGE_GROUPS: dict[str, type[Settings]] = {
    "books": recipe.BooksSettings,
    "split": recipe.SplitSettings,
    "tokenizer": recipe.TokenizerSettings,
    "synth": recipe.SynthSettings,
    "synth.teacher": recipe.TeacherSettings,
    "reader": recipe.ReaderSettings,
    "model": recipe.ModelSettings,
    "pretrain": recipe.PretrainSettings,
    "pretrain.lora": recipe.LoraSettings,
    "sft": recipe.SftSettings,
    "sft.lora": recipe.LoraSettings,
    "eval": recipe.EvalSettings,
}
"""The groups of settings that `run` takes as flags."""

if TYPE_CHECKING:  # types made at run time, of which a type checker can know nothing
    BooksFlags: TypeAlias = Any
    DpoFlags: TypeAlias = Any
    EvalFlags: TypeAlias = Any
    JudgeFlags: TypeAlias = Any
    LoraFlags: TypeAlias = Any
    ModelFlags: TypeAlias = Any
    PairFlags: TypeAlias = Any
    ReaderFlags: TypeAlias = Any
    RunFlags: TypeAlias = Any
    SampleFlags: TypeAlias = Any
    ServeFlags: TypeAlias = Any
    SftFlags: TypeAlias = Any
    SplitFlags: TypeAlias = Any
    SynthFlags: TypeAlias = Any
    TeacherFlags: TypeAlias = Any
    TokenizerFlags: TypeAlias = Any
    TrainFlags: TypeAlias = Any
else:
    BooksFlags = flags_of(recipe.BooksSettings)
    DpoFlags = flags_of(recipe.DpoSettings)
    EvalFlags = flags_of(recipe.EvalSettings)
    JudgeFlags = flags_of(recipe.JudgeSettings)
    LoraFlags = flags_of_stages({"lora": recipe.LoraSettings}, short=False)
    ModelFlags = flags_of(recipe.ModelSettings)
    PairFlags = flags_of(recipe.PairSettings)
    ReaderFlags = flags_of(recipe.ReaderSettings)
    RunFlags = flags_of_stages(STAGE_GROUPS)
    SampleFlags = flags_of(recipe.SampleSettings)
    ServeFlags = flags_of(recipe.ServeSettings)
    SftFlags = flags_of(recipe.SftSettings)
    SplitFlags = flags_of(recipe.SplitSettings)
    SynthFlags = flags_of(recipe.SynthSettings)
    TeacherFlags = flags_of(recipe.TeacherSettings)
    TokenizerFlags = flags_of(recipe.TokenizerSettings)
    TrainFlags = flags_of(recipe.PretrainSettings)
