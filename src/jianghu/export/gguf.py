"""A checkpoint as one GGUF file, for llama.cpp, Ollama, LM Studio and whatever else reads it.

The names and numbers are those that llama.cpp's own converter writes for Qwen3. llama.cpp then computes what our
model computes, and splits text as our tokenizer does.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import gguf
import numpy as np
from gguf import GGMLQuantizationType, LlamaFileType, TokenType

from .. import files
from ..errors import InputError
from ..messages import tr
from ..model import Checkpoint
from ..tokenizer import Tokenizer
from .qwen2_tokenizer import tokenizer_state

Kind = Literal["f32", "f16", "q8_0"]
"""How the matrices are stored: 4, 2 or 1.0625 bytes a weight. Norms are always float32."""

_KINDS: dict[Kind, tuple[LlamaFileType, GGMLQuantizationType]] = {
    "f32": (LlamaFileType.ALL_F32, GGMLQuantizationType.F32),
    "f16": (LlamaFileType.MOSTLY_F16, GGMLQuantizationType.F16),
    "q8_0": (LlamaFileType.MOSTLY_Q8_0, GGMLQuantizationType.Q8_0),
}


def short_name(checkpoint: Path) -> str:
    """`chat-last` for runs/chat/checkpoints/last; the folder's name for any other."""
    path = checkpoint.resolve()
    return f"{path.parents[1].name}-{path.name}" if path.parent.name == "checkpoints" else path.name


def gguf_name(checkpoint: Path, kind: Kind) -> str:
    """File name that ends in the kind as llama.cpp and the Hub look for it: chat-last-Q8_0.gguf."""
    return f"{short_name(checkpoint)}-{kind.upper()}.gguf"


def write_gguf(checkpoint: Checkpoint, path: Path, kind: Kind = "f16") -> None:
    """Write a checkpoint as GGUF, atomically.

    Args:
        path: the file to write.
        kind: how the matrices are stored. A matrix whose rows are no multiple of q8_0's block of 32 becomes f16.

    Raises:
        InputError: the checkpoint's tokenizer is not of jianghu's kind: llama.cpp would read other ids.
    """
    state = _tokenizer_state(checkpoint)
    files.sweep(path)
    with files.atomic_path(path) as temporary:
        writer = gguf.GGUFWriter(temporary, gguf.MODEL_ARCH_NAMES[gguf.MODEL_ARCH.QWEN3])
        writer.add_type("model")
        writer.add_name(short_name(checkpoint.path))
        writer.add_file_type(_KINDS[kind][0])
        writer.add_quantization_version(gguf.GGML_QUANT_VERSION)
        _add_shape(writer, checkpoint)
        _add_tokenizer(writer, checkpoint.tokenizer, state)
        _add_weights(writer, checkpoint, _KINDS[kind][1])
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()


def _tokenizer_state(checkpoint: Checkpoint) -> dict[str, Any]:
    """tokenizer.json as a dictionary, if llama.cpp's "qwen2" means the same."""
    state = tokenizer_state(checkpoint)
    if state is None:
        raise InputError(
            tr(
                "{value}: not a tokenizer of jianghu's; llama.cpp would read other ids. "
                "Convert this model with llama.cpp's own converter.",
                value=checkpoint.path / "tokenizer.json",
            )
        )
    return state


def _add_shape(writer: gguf.GGUFWriter, checkpoint: Checkpoint) -> None:
    config = checkpoint.model.config
    writer.add_vocab_size(checkpoint.tokenizer.vocab_size)
    writer.add_context_length(config.block_size)
    writer.add_embedding_length(config.n_embd)
    writer.add_block_count(config.n_layer)
    writer.add_feed_forward_length(config.n_inner)
    writer.add_head_count(config.n_head)
    writer.add_head_count_kv(config.n_kv_head)
    writer.add_key_length(config.head_dim)
    writer.add_value_length(config.head_dim)
    writer.add_rope_dimension_count(config.head_dim)
    writer.add_rope_freq_base(config.rope_theta)
    writer.add_layer_norm_rms_eps(config.norm_eps)


def _add_tokenizer(writer: gguf.GGUFWriter, tokenizer: Tokenizer, state: dict[str, Any]) -> None:
    added = {token["id"]: TokenType.CONTROL if token["special"] else TokenType.USER_DEFINED
             for token in state["added_tokens"]}  # fmt: skip
    vocabulary = tokenizer.backend.get_vocab()
    tokens = sorted(vocabulary, key=vocabulary.__getitem__)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("qwen2")
    writer.add_token_list(tokens)
    writer.add_token_types([added.get(id, TokenType.NORMAL) for id in range(len(tokens))])
    writer.add_token_merges([" ".join(pair) for pair in state["model"]["merges"]])
    writer.add_bos_token_id(tokenizer.end_of_text)
    writer.add_eos_token_id(tokenizer.im_end)
    writer.add_pad_token_id(tokenizer.end_of_text)
    writer.add_add_bos_token(False)
    writer.add_add_eos_token(False)
    writer.add_chat_template(tokenizer.chat_template)


def _add_weights(writer: gguf.GGUFWriter, checkpoint: Checkpoint, wanted: GGMLQuantizationType) -> None:
    """A head that is the embedding is not written: llama.cpp takes that where there is no `output.weight`. Nor are rows
    beyond the tokenizer's ids, so that they cannot be sampled."""
    names = gguf.get_tensor_name_map(gguf.MODEL_ARCH.QWEN3, checkpoint.model.config.n_layer)
    block = gguf.GGML_QUANT_SIZES[wanted][0]
    for name, tensor in checkpoint.model.state_dict().items():
        new = names.get_name(name, try_suffixes=(".weight",))
        assert new is not None, name  # every parameter of the model has a name in GGUF
        values: np.ndarray = tensor.detach().float().cpu().numpy()
        if name in ("model.embed_tokens.weight", "lm_head.weight"):
            values = values[: checkpoint.tokenizer.vocab_size]
        stored = wanted if values.shape[-1] % block == 0 else GGMLQuantizationType.F16
        if values.ndim < 2:
            stored = GGMLQuantizationType.F32
        writer.add_tensor(new, gguf.quantize(values, stored), raw_dtype=stored)
