"""A checkpoint as the page's JavaScript reads it: numbers in JSON, weights and tokenizer in one safetensors file."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import gguf
import numpy as np
from safetensors.numpy import save
from tokenizers import Regex
from tokenizers.normalizers import Replace

from ...errors import InputError
from ...messages import tr
from ...model import Checkpoint, ModelConfig
from ...tokenizer import Tokenizer
from ..gguf import Kind
from ..qwen2_tokenizer import tokenizer_state

LONGEST = 4096
"""Tokens of context, at most: the page makes room for all of them at once."""
LARGEST = 400_000_000
"""Parameters, at most: a browser gives a page 4 GB, and each takes 4 bytes there."""


@dataclass(frozen=True)
class Packed:
    """What `engine/writer.js` is made from.

    Attributes:
        about: {"model": …, "tokenizer": …}.
        weights: a safetensors file.
    """

    about: dict[str, Any]
    weights: bytes


def pack(checkpoint: Checkpoint, kind: Kind = "q8_0") -> Packed:
    """Pack a checkpoint.

    Args:
        kind: how the matrices are stored, as in `write_gguf`: a matrix whose rows are no multiple of q8_0's block of 32
            becomes f16.

    Raises:
        InputError: the tokenizer is not of jianghu's kind, or the model is too large for a page.
    """
    state = tokenizer_state(checkpoint)
    if state is None:
        raise InputError(
            tr(
                "{value}: not a tokenizer of jianghu's; the page would read other ids.",
                value=checkpoint.path / "tokenizer.json",
            )
        )
    config = checkpoint.model.config
    if config.parameters > LARGEST:
        raise InputError(
            tr(
                "{path}: {parameters:,} parameters are too many for a page; it can hold {most:,}. "
                "Export it as GGUF: --to gguf.",
                path=checkpoint.path,
                parameters=config.parameters,
                most=LARGEST,
            )
        )
    tensors = _tokens(checkpoint.tokenizer, state["model"]["merges"])
    for name, tensor in checkpoint.model.state_dict().items():
        values = tensor.detach().float().cpu().numpy()
        if name in ("model.embed_tokens.weight", "lm_head.weight"):  # rows beyond the ids are never written
            values = values[: checkpoint.tokenizer.vocab_size]
        tensors |= _stored(name, values, kind)
    tokenizer = checkpoint.tokenizer
    about = {"model": _shape(config, tokenizer.vocab_size), "tokenizer": _tokenizer(tokenizer, state)}
    return Packed(about, save(tensors))


def _shape(config: ModelConfig, vocabulary: int) -> dict[str, int | float]:
    return {
        "vocabulary": vocabulary,
        "context": min(config.block_size, LONGEST),
        "layers": config.n_layer,
        "heads": config.n_head,
        "keyHeads": config.n_kv_head,
        "headWidth": config.head_dim,
        "width": config.n_embd,
        "inner": config.n_inner,
        "theta": config.rope_theta,
        "epsilon": config.norm_eps,
    }


def _tokenizer(tokenizer: Tokenizer, state: dict[str, Any]) -> dict[str, object]:
    return {
        "nfc": state["normalizer"] is not None,
        "added": {token["content"]: token["id"] for token in state["added_tokens"] if not token["special"]},
        "stop": sorted(tokenizer.stop_ids),
        "letters": ranges(r"\p{L}"),
        "numbers": ranges(r"\p{N}"),
        "endOfText": tokenizer.end_of_text,
        "imStart": tokenizer.im_start,
        "imEnd": tokenizer.im_end,
    }


def _tokens(tokenizer: Tokenizer, merges: list[list[str]]) -> dict[str, np.ndarray]:
    """The bytes of every id, one after the other, and the merges as (left, right, what they become)."""
    ids = tokenizer.backend.get_vocab()
    width = np.uint16 if tokenizer.vocab_size <= 1 << 16 else np.uint32
    rows = [(ids[left], ids[right], ids[left + right]) for left, right in merges]
    return {
        "tokens.bytes": np.frombuffer(b"".join(tokenizer.token_bytes), np.uint8),
        "tokens.lengths": np.array([len(token) for token in tokenizer.token_bytes], np.uint16),
        "merges": np.array(rows, width).reshape(-1, 3),
    }


def _stored(name: str, values: np.ndarray, kind: Kind) -> dict[str, np.ndarray]:
    """A weight as one array, or as int8 with a float16 scale for each block of a row."""
    if values.ndim < 2 or kind == "f32":
        return {name: values}
    block, size = gguf.GGML_QUANT_SIZES[gguf.GGMLQuantizationType.Q8_0]
    if kind == "f16" or values.shape[-1] % block:
        return {name: values.astype(np.float16)}
    blocks = gguf.quantize(values, gguf.GGMLQuantizationType.Q8_0).reshape(-1, size)  # a scale, then 32 numbers, each
    scales = blocks[:, : size - block].copy().view(np.float16).reshape(len(values), -1)
    return {name: blocks[:, size - block :].copy().view(np.int8).reshape(values.shape), f"{name}.scale": scales}


@cache
def ranges(pattern: str) -> str:
    """The characters that a pattern of `tokenizers` matches, for a class of a JavaScript regular expression with the
    flag u: a browser may know another Unicode, in which other characters are letters."""
    characters = [chr(code) for code in range(0x110000) if not 0xD800 <= code < 0xE000]
    others = set(Replace(Regex(pattern), "").normalize_str("".join(characters)))
    spans: list[list[int]] = []
    for code in (ord(character) for character in characters if character not in others):
        if spans and code == spans[-1][1] + 1:
            spans[-1][1] = code
        else:
            spans.append([code, code])
    return "".join(_escaped(first) + (f"-{_escaped(last)}" if last > first else "") for first, last in spans)


def _escaped(code: int) -> str:
    return f"\\u{code:04x}" if code < 0x10000 else f"\\u{{{code:x}}}"
