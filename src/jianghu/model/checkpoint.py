"""A checkpoint: a Hugging Face model folder, of jianghu or of others. A model and its tokenizer go in and come out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file

from .. import files
from ..errors import InputError
from ..messages import tr
from ..tokenizer import Tokenizer
from .config import ModelConfig
from .decoder import lay_together
from .transformer import Transformer
from .weights import Weights

ABOUT = "jianghu.json"
ADAPTER = "adapter"
"""The folder in a checkpoint that holds the adapter, apart from the weights it is merged into."""
EMBEDDING, HEAD = "model.embed_tokens.weight", "lm_head.weight"


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
    """Write a checkpoint folder atomically: config.json, model.safetensors (float32; a head that is the
    embedding is not repeated), generation_config.json, the tokenizer, and jianghu.json with `about`.

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
                "eos_token_id": [tokenizer.im_end, *sorted(tokenizer.stop_ids - {tokenizer.im_end})],
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
    weights = Weights(path)
    tokenizer = Tokenizer.load(path)
    if tokenizer.vocab_size > config.vocab_size:
        raise InputError(
            tr(
                "{path}: the tokenizer has {vocab_size} tokens but the model {rows} embedding rows.",
                path=path,
                vocab_size=tokenizer.vocab_size,
                rows=config.vocab_size,
            )
        )
    if config.n_layer > len(weights.shapes):  # a layer has several weights; a model of a million would take hours
        raise InputError(
            tr(
                "{weights_path}: holds fewer than the {n_layer} layers of config.json.",
                weights_path=weights.first,
                n_layer=config.n_layer,
            )
        )
    if config.tied and HEAD in weights.shapes and not _repeats_the_embedding(weights):
        config = replace(config, tied=False)  # as transformers does
    with torch.device("meta"):
        model = Transformer(config, dropout)
    expected = {name: tuple(tensor.shape) for name, tensor in model.state_dict().items()}
    found = {name: shape for name, shape in weights.shapes.items() if not (config.tied and name == HEAD)}
    for name in sorted(expected.keys() | found.keys()):
        if expected.get(name) != found.get(name):
            raise InputError(
                tr(
                    "{weights_path}: {name} has shape {shape}, config.json wants {wanted}.",
                    weights_path=weights.first,
                    name=name,
                    shape=found.get(name),
                    wanted=expected.get(name),
                )
            )
    read = {name: tensor.float() for name, tensor in weights.read(expected.keys())}
    model.load_state_dict(read, assign=True)
    model.n_tokens = tokenizer.vocab_size
    model.materialize_rope()
    lay_together(model)
    return Checkpoint(path, model.to(device).eval(), tokenizer, read_about(path))


def _repeats_the_embedding(weights: Weights) -> bool:
    """Whether the head that a file holds is the embedding once more, as in some files of models that share them."""
    if weights.shapes.get(HEAD) != weights.shapes.get(EMBEDDING):
        return False
    first, second = (tensor for _, tensor in weights.read((HEAD, EMBEDDING)))
    return torch.equal(first, second)


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
