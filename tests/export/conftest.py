"""Checkpoints as GGUF files, and texts that a tokenizer may stumble over."""

import os
from pathlib import Path

import pytest
import torch

from benchmarks.llama import Llama
from jianghu.export import write_gguf
from jianghu.model import ModelConfig, load_checkpoint, save_checkpoint
from jianghu.tokenizer_training import train_tokenizer

from ..conftest import novel_text
from ..model.test_transformer import random_model

HARD_TEXTS = [
    "".join(map(chr, range(128))),
    "it's IT'S we'Ll they'VE I'm 'ſ 'K don''t",
    "0 12 345 6,789.01 １２３ ④ 三百六十五 ½ ٣٤",
    "🙂🙂🏽👨‍👩‍👧‍👦🇨🇳❤️‍🔥 a🙂b ☯️",
    "龘靐齉𠀀𪚥㐀𰻞〇〻々",
    "這個俠客從長白山來，輕輕嘆了一聲：「後會有期。」",
    "江湖\u3000\u3000夜\u00a0雨 \u200b\u2028十\ufeff年\u0301灯",
    " \n\n \t\r\n  x \r\r\n\n   ",
    "a  b   c    d\n\n\n\ne \n f",
    "<|im_end|> <|im_start|>user\n<|endoftext|><|spare_0|>",
    "……——“‘’”《》、；：！？【】（）",
    "é e\u0301 ﬁ Å Å ﷺ ก็ हिन्दी 한국어 かな",
    "\ufffd\u0000\u007f\U0010ffff",
]
"""ASCII, contractions, digits, emoji, rare and traditional characters, white space, marks, other scripts."""


def shelf_text() -> str:
    """The made-up novel; or the .txt books of the folder that JIANGHU_NOVELS names."""
    folder = os.environ.get("JIANGHU_NOVELS")
    if folder is None:
        return novel_text()
    return "".join(path.read_text(encoding="utf-8") for path in sorted(Path(folder).glob("*.txt")))


@pytest.fixture(scope="session", params=["bpe", "char"])
def pair(request, tmp_path_factory):
    """A tokenizer of each kind, and llama.cpp with the same one."""
    folder = tmp_path_factory.mktemp(request.param)
    lines = shelf_text().splitlines(keepends=True)
    tokenizer = train_tokenizer(lines[:: max(1, len(lines) // 2000)], request.param, 2000)
    model = random_model(ModelConfig(tokenizer.vocab_size, 64, 1, 2, 2, 32, 64))
    save_checkpoint(folder / "model", model, tokenizer, {})
    write_gguf(load_checkpoint(folder / "model"), folder / "model.gguf", "q8_0")
    return tokenizer, Llama(folder / "model.gguf", context=64)


@pytest.fixture(scope="session")
def chat(shelf):
    """The fine-tuned checkpoint of the small shelf."""
    return load_checkpoint(shelf / "runs" / "chat" / "checkpoints" / "last")


@pytest.fixture(scope="session")
def gguf_of(chat, tmp_path_factory):
    """The fine-tuned checkpoint as GGUF: a function of the kind."""
    folder = tmp_path_factory.mktemp("gguf")

    def write(kind):
        path = folder / f"{kind}.gguf"
        if not path.exists():
            write_gguf(chat, path, kind)
        return path

    return write


@pytest.fixture(scope="session")
def lively(chat, tmp_path_factory):
    """A checkpoint that says something else on each prompt, its scores so far apart that rounding decides nothing."""
    folder = tmp_path_factory.mktemp("lively")
    model = random_model(ModelConfig(chat.tokenizer.vocab_size, 128, 3, 4, 2, 64, 128, rope_theta=5000.0))
    with torch.no_grad():
        model.model.norm.weight.mul_(5)
    save_checkpoint(folder / "model", model, chat.tokenizer, {})
    return load_checkpoint(folder / "model")
