"""A checkpoint: a Hugging Face model folder. A model and its tokenizer go in and come out again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from .. import files
from ..errors import InputError
from ..messages import tr
from ..tokenizer import Tokenizer
from .config import ModelConfig
from .decoder import lay_together
from .transformer import Transformer

ABOUT = "jianghu.json"
ADAPTER = "adapter"
"""The folder in a checkpoint that holds the adapter, apart from the weights it is merged into."""


@dataclass(frozen=True)
class Checkpoint:
    """A loaded checkpoint; `about` says which run and step it comes from (empty for a model not made here)."""

    path: Path
    model: Transformer
    tokenizer: Tokenizer
    about: dict[str, Any]


def save_checkpoint(
    path: Path,
    model: Transformer,
    tokenizer: Tokenizer,
    about: dict[str, object],
    adapter: Callable[[Path], None] | None = None,
) -> None:
    """Write a checkpoint folder atomically: config.json, model.safetensors (float32; the tied head is not
    repeated), generation_config.json, the tokenizer, and jianghu.json with `about`.

    Args:
        adapter: writes the adapter that the weights hold already, apart, into the folder `adapter` of it.
    """
    weights = {name: tensor.detach().float().cpu().contiguous() for name, tensor in model.state_dict().items()}
    with files.atomic_folder(path) as folder:
        save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
        config = model.config.to_hugging_face(tokenizer.end_of_text, tokenizer.im_end)
        files.write_json(folder / "config.json", config)
        files.write_json(
            folder / "generation_config.json",
            {
                "bos_token_id": tokenizer.end_of_text,
                "eos_token_id": [tokenizer.im_end, tokenizer.end_of_text],
                "pad_token_id": tokenizer.end_of_text,
            },
        )
        tokenizer.save(folder)
        files.write_json(folder / ABOUT, about)
        if adapter is not None:
            adapter(folder / ADAPTER)


def load_checkpoint(path: Path, device: str = "cpu", dropout: float = 0.0) -> Checkpoint:
    """Read a checkpoint folder; the model is in evaluation mode.

    Raises:
        InputError: the folder or a file of it is missing, damaged, or of another architecture.
    """
    files.recover_folder(path)
    if not path.is_dir():
        raise InputError(tr("{path}: no such checkpoint.{others}", path=path, others=_others(path)))
    config = ModelConfig.from_hugging_face(files.read_json(path / "config.json"), str(path / "config.json"))
    weights_path = path / "model.safetensors"
    try:
        weights = load_file(weights_path)
    except FileNotFoundError:
        raise InputError(
            tr("{weights_path}: no such file; the checkpoint is not whole.", weights_path=weights_path)
        ) from None
    except OSError as error:
        raise InputError(f"{weights_path}: {error.strerror or error}.") from None
    except SafetensorError as error:
        raise InputError(
            tr(
                "{weights_path}: damaged ({error}). Take another checkpoint of the run.",
                weights_path=weights_path,
                error=error,
            )
        ) from None
    tokenizer = Tokenizer.load(path)
    if tokenizer.vocab_size != config.vocab_size:
        raise InputError(
            tr(
                "{path}: the tokenizer has {vocab_size} tokens but the model {rows} embedding rows.",
                path=path,
                vocab_size=tokenizer.vocab_size,
                rows=config.vocab_size,
            )
        )
    if config.n_layer > len(weights):  # a layer has several weights; a model of a million would be built for hours
        raise InputError(
            tr(
                "{weights_path}: holds fewer than the {n_layer} layers of config.json.",
                weights_path=weights_path,
                n_layer=config.n_layer,
            )
        )
    with torch.device("meta"):
        model = Transformer(config, dropout)
    expected = {name: tuple(tensor.shape) for name, tensor in model.state_dict().items()}
    found = {name: tuple(tensor.shape) for name, tensor in weights.items()}
    for name in sorted(expected.keys() | found.keys()):
        if expected.get(name) != found.get(name):
            raise InputError(
                tr(
                    "{weights_path}: {name} has shape {shape}, config.json wants {wanted}.",
                    weights_path=weights_path,
                    name=name,
                    shape=found.get(name),
                    wanted=expected.get(name),
                )
            )
    model.load_state_dict({name: tensor.float() for name, tensor in weights.items()}, assign=True)
    model.materialize_rope()
    lay_together(model)
    return Checkpoint(path, model.to(device).eval(), tokenizer, read_about(path))


def read_about(path: Path) -> dict[str, Any]:
    """What a checkpoint's folder says of where it comes from; empty for a model not made here."""
    about = files.read_json(path / ABOUT) if (path / ABOUT).exists() else {}
    return about if isinstance(about, dict) else {}


def _others(path: Path) -> str:
    """The checkpoints that lie where this one was looked for."""
    if not path.parent.is_dir():
        return ""
    names = sorted(other.name for other in path.parent.iterdir() if (other / "config.json").exists())
    return tr(" There are: {names}.", names=", ".join(names)) if names else ""
