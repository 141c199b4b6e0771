"""A small Qwen3 model as others make it: by transformers, with a shape, a tokenizer and files unlike jianghu's."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

from jianghu.tokenizer import QWEN2_PATTERN

from .conftest import novel_text

TEMPLATE = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n<think>\n\n</think>\n\n{% endif %}"
)
PADDING = 61
"""Rows of the embedding beyond the tokenizer's ids."""


def stranger_tokenizer() -> Tokenizer:
    """As Qwen's: byte-level BPE behind NFC, special tokens last, and added tokens that are not special."""
    backend = Tokenizer(models.BPE())
    backend.normalizer = normalizers.NFC()
    backend.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(QWEN2_PATTERN), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    backend.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=600, initial_alphabet=alphabet, show_progress=False)
    backend.train_from_iterator([novel_text(3)], trainer)
    backend.add_special_tokens(
        [AddedToken(token, special=True) for token in ("<|endoftext|>", "<|im_start|>", "<|im_end|>")]
    )
    backend.add_tokens([AddedToken("<think>", normalized=False), AddedToken("</think>", normalized=False)])
    return backend


def write_stranger(folder: Path, seed: int = 0, **changes: Any) -> Path:
    """Write the model: head_dim 128 at width 256, a padded vocabulary, an untied head, bfloat16, in two shards.

    Args:
        changes: of transformers' Qwen3Config.
    """
    import torch
    from transformers import Qwen3Config, Qwen3ForCausalLM

    backend = stranger_tokenizer()
    size = backend.get_vocab_size()
    end = backend.token_to_id("<|endoftext|>")
    shape = {
        "vocab_size": size + PADDING, "hidden_size": 256, "intermediate_size": 96, "num_hidden_layers": 2,
        "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 128, "max_position_embeddings": 128,
        "tie_word_embeddings": False, "bos_token_id": end, "eos_token_id": end, "initializer_range": 0.08,
        "rope_parameters": {"rope_type": "default", "rope_theta": 1_000_000.0},
    }  # fmt: skip
    torch.manual_seed(seed)
    model = Qwen3ForCausalLM(Qwen3Config(**{**shape, **changes})).bfloat16()
    folder.mkdir(parents=True, exist_ok=True)
    model.save_pretrained(folder, max_shard_size="1500KB")
    backend.save(str(folder / "tokenizer.json"))
    settings = {"tokenizer_class": "PreTrainedTokenizerFast", "eos_token": "<|endoftext|>", "chat_template": TEMPLATE}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    return folder
