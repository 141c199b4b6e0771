"""The weights of a checkpoint folder: one safetensors file, or several that model.safetensors.index.json lists."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from safetensors import SafetensorError, safe_open
from torch import Tensor

from .. import files
from ..errors import InputError
from ..messages import tr

WEIGHTS, INDEX = "model.safetensors", "model.safetensors.index.json"
MOST_SHARDS = 1000
TYPES = ("F32", "BF16", "F16")


def weight_files(folder: Path) -> list[Path]:
    """The files that hold a model's weights, by name; they need not be there.

    Raises:
        InputError: the index is damaged, or names files outside the folder.
    """
    index = folder / INDEX
    if (folder / WEIGHTS).exists() or not index.exists():
        return [folder / WEIGHTS]
    data = files.read_json(index)
    table = data.get("weight_map") if isinstance(data, dict) else None
    names = set(table.values()) if isinstance(table, dict) and all(isinstance(n, str) for n in table.values()) else None
    if not names or len(names) > MOST_SHARDS:
        raise InputError(tr("{path}: no table `weight_map` of tensors and their files.", path=index))
    for name in names:
        if "/" in name or "\\" in name or name.startswith(".") or not name.endswith(".safetensors"):
            raise InputError(
                tr(
                    "{path}: {name!r:.60} is no safetensors file of this folder; no other is read.",
                    path=index,
                    name=name,
                )
            )
    return sorted(folder / name for name in names)


class Weights:
    """Tensors of a checkpoint folder, read one by one.

    Raises:
        InputError: a file is missing or damaged, or two hold one tensor.
    """

    def __init__(self, folder: Path) -> None:
        self._places: dict[str, Path] = {}
        self.shapes: dict[str, tuple[int, ...]] = {}
        self.first = folder / WEIGHTS
        for path in weight_files(folder):
            if path.name != WEIGHTS:
                self.first = folder / INDEX
            with _readable(path) as source:
                for name in source.keys():  # noqa: SIM118 - no dictionary
                    if name in self._places:
                        raise InputError(tr("{path}: {name} stands in two files.", path=path, name=name))
                    self._places[name] = path
                    part = source.get_slice(name)
                    if part.get_dtype() not in TYPES:
                        raise InputError(
                            tr(
                                "{path}: {name} is stored as {kind}; jianghu reads {kinds}, not quantised weights.",
                                path=path,
                                name=name,
                                kind=part.get_dtype(),
                                kinds=", ".join(TYPES),
                            )
                        )
                    self.shapes[name] = tuple(part.get_shape())

    def read(self, names: Collection[str]) -> Iterator[tuple[str, Tensor]]:
        """These tensors as they are stored, file by file."""
        for path in sorted(set(self._places.values())):
            with _readable(path) as source:
                for name, place in self._places.items():
                    if place == path and name in names:
                        yield name, source.get_tensor(name)


@contextmanager
def _readable(path: Path) -> Iterator[safe_open]:
    """An open safetensors file, its faults in one line."""
    try:
        with safe_open(path, framework="pt") as source:
            yield source
    except FileNotFoundError:
        raise InputError(tr("{weights_path}: no such file; the checkpoint is not whole.", weights_path=path)) from None
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or error}.") from None
    except SafetensorError as error:
        raise InputError(
            tr("{weights_path}: damaged ({error}). Take another checkpoint of the run.", weights_path=path, error=error)
        ) from None
