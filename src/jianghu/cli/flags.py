"""Settings as flat typed flags: `--max-iters 120` for `[pretrain] max_iters`. A flag that is not given is None."""

from __future__ import annotations

from dataclasses import asdict, field, make_dataclass
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias, get_args, get_origin

from cyclopts import Parameter
from pydantic import BaseModel

from .. import recipe
from ..recipe import Settings


def flags_of(group: type[Settings]) -> Any:
    """A dataclass type with a flag for each setting of a group; help comes from the settings' docstrings."""
    rows = []
    for name, info in group.model_fields.items():
        kind = info.annotation
        if any(isinstance(part, type) and issubclass(part, BaseModel) for part in (kind, *get_args(kind))):
            continue  # a group of its own, or a list of such
        if get_origin(kind) is UnionType:  # `int | None`, whose own bounds the recipe checks
            kind = next(part for part in get_args(kind) if part is not NoneType)
        help = Parameter(help=info.description, negative=None if kind is bool else "", show_default=False)
        rows.append((name, Annotated[kind | None, help], field(default=None)))  # type: ignore[operator]
    flat = make_dataclass(f"{group.__name__}Flags", rows, kw_only=True)
    flat.__module__ = __name__  # left at `types`, it would be taken for a built-in type
    return Annotated[flat | None, Parameter(name="*")]


def given(flags: Any) -> dict[str, Any]:
    """The flags that were given, as settings."""
    return {name: value for name, value in asdict(flags).items() if value is not None} if flags else {}


Json = Annotated[bool, Parameter(name="--json", negative="", show_default=False, help="Print JSON.")]

if TYPE_CHECKING:  # types made at run time, of which a type checker can know nothing
    BooksFlags: TypeAlias = Any
    EvalFlags: TypeAlias = Any
    JudgeFlags: TypeAlias = Any
    ModelFlags: TypeAlias = Any
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
    EvalFlags = flags_of(recipe.EvalSettings)
    JudgeFlags = flags_of(recipe.JudgeSettings)
    ModelFlags = flags_of(recipe.ModelSettings)
    SampleFlags = flags_of(recipe.SampleSettings)
    ServeFlags = flags_of(recipe.ServeSettings)
    SftFlags = flags_of(recipe.SftSettings)
    SplitFlags = flags_of(recipe.SplitSettings)
    SynthFlags = flags_of(recipe.SynthSettings)
    TeacherFlags = flags_of(recipe.TeacherSettings)
    TokenizerFlags = flags_of(recipe.TokenizerSettings)
    TrainFlags = flags_of(recipe.TrainSettings)
