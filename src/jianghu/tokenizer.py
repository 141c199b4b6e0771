"""Byte-level BPE, our own (see `tokenizer_training`) and that of others, such as Qwen's, in the file format of Hugging
Face `tokenizers`. Text goes in, ids come out, and back: exactly, for every string (for every string in NFC, where a
tokenizer of others normalises).
"""

from __future__ import annotations

import codecs
import json
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any

import numpy as np
from tokenizers import Tokenizer as HFTokenizer

from . import files
from .errors import InputError
from .messages import tr

END_OF_TEXT = "<|endoftext|>"
IM_START = "<|im_start|>"
IM_END = "<|im_end|>"
SPECIAL_TOKENS = (END_OF_TEXT, IM_START, IM_END, *(f"<|spare_{n}|>" for n in range(5)))
"""Present before pretraining, so that fine-tuning never resizes the embedding. Their ids are 0, 1, 2 …"""

QWEN2_PATTERN = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
"""Qwen2's split regex: llama.cpp splits alike under the name "qwen2"."""

CHAT_TEMPLATE = (
    "{%- for message in messages -%}"
    "{{- '<|im_start|>' + message['role'] + '\\n' + (message['content'] | trim) + '<|im_end|>' + '\\n' -}}"
    "{%- endfor -%}"
    "{%- if add_generation_prompt -%}{{- '<|im_start|>assistant\\n' -}}{%- endif -%}"
)
"""ChatML, as Qwen and many others write it."""


def _byte_letters() -> dict[int, str]:
    """The printable letter that stands for each byte in a byte-level vocabulary (GPT-2's table)."""
    plain = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in plain]
    return {byte: chr(byte) for byte in plain} | {byte: chr(256 + n) for n, byte in enumerate(others)}


LETTER_OF_BYTE = _byte_letters()
BYTE_OF_LETTER = {letter: byte for byte, letter in LETTER_OF_BYTE.items()}
_LETTERS = "".join(BYTE_OF_LETTER)


class Tokenizer:
    """A trained tokenizer: `encode` text to ids, `decode` ids to text, `save` it for Hugging Face.

    Args:
        backend: byte-level BPE.
        chat_template: in Jinja, which other programs speak to the model by.
        stop_ids: further ids at which a model has finished writing.

    Attributes:
        vocab_size: number of ids.
        end_of_text, im_start, im_end: ids of the special tokens.
        stop_ids: the ids at which a model has finished writing.
        token_bytes: the bytes of every id; special tokens have none.
        longest_token: the most bytes that one of them has.
        chars_per_token: int64 array (vocab_size,): characters that *begin* in a token. Their sum over the
            tokens of a text is the text's number of characters, even where a token is half a character.

    Raises:
        InputError: a special token is missing, or tokens are not made of bytes.
    """

    def __init__(
        self, backend: HFTokenizer, chat_template: str = CHAT_TEMPLATE, stop_ids: Collection[int] = ()
    ) -> None:
        self.backend, self.chat_template = backend, chat_template
        self.backend.encode_special_tokens = True  # "<|im_end|>" typed by a user is plain text
        self.backend.no_truncation()  # which files of others may ask for
        self.backend.no_padding()
        self.vocab_size = backend.get_vocab_size()
        stops = {id for id in stop_ids if 0 <= id < self.vocab_size}
        self.im_start, self.im_end = self._special(IM_START), self._special(IM_END)
        named = self.backend.token_to_id(END_OF_TEXT)
        self.end_of_text = min(stops - {self.im_end}, default=self.im_end) if named is None else named
        self.stop_ids = {self.im_end, self.end_of_text} | stops
        self.token_bytes = _bytes_of_tokens(backend)
        self.longest_token = max(map(len, self.token_bytes))
        self.chars_per_token = np.array(
            [sum(byte & 0xC0 != 0x80 for byte in token) for token in self.token_bytes], dtype=np.int64
        )

    def _special(self, token: str) -> int:
        id = self.backend.token_to_id(token)
        if id is None:
            raise InputError(
                tr("the tokenizer has no {token}; jianghu speaks to models in ChatML, as Qwen's do.", token=token)
            )
        return id

    def encode(self, text: str) -> list[int]:
        """Ids of a text. Special tokens written in it are treated as plain text."""
        return self.encode_many([text])[0]

    def encode_many(self, texts: list[str]) -> list[list[int]]:
        """Ids of several texts, in parallel."""
        texts = [text.encode("utf-8", "ignore").decode("utf-8") for text in texts]  # a shell may pass lone surrogates
        return [encoding.ids for encoding in self.backend.encode_batch_fast(texts, add_special_tokens=False)]

    def decode(self, ids: Iterable[int]) -> str:
        """Text of ids, without special tokens. Bytes that form no whole character are left out."""
        return b"".join(self.token_bytes[id] for id in ids).decode("utf-8", "ignore")

    def written(self, ids: Iterable[int]) -> str:
        """Text that a model wrote, all at once: what `stream` gives piece by piece; never holds U+FFFD."""
        return self.decode(ids).replace("\ufffd", "")

    def stream(self) -> StreamDecoder:
        """A decoder that takes ids one by one."""
        return StreamDecoder(self.token_bytes)

    def save(self, folder: Path) -> None:
        """Write tokenizer.json, tokenizer_config.json and chat_template.jinja, as transformers v4 and v5 read them."""
        folder.mkdir(parents=True, exist_ok=True)
        files.write_text(folder / "tokenizer.json", self.backend.to_str(pretty=False))
        files.write_text(folder / "chat_template.jinja", self.chat_template)
        files.write_json(
            folder / "tokenizer_config.json",
            {
                "tokenizer_class": "PreTrainedTokenizerFast",
                "eos_token": IM_END,
                "pad_token": self.backend.id_to_token(self.end_of_text),
                "additional_special_tokens": [IM_START],
                "clean_up_tokenization_spaces": False,
                "model_max_length": 1_000_000_000,
                "chat_template": self.chat_template,
            },
        )

    @classmethod
    def load(cls, folder: Path) -> Tokenizer:
        """Read what `save` wrote, or the tokenizer of a model of others.

        The ids that end a text are those of generation_config.json and config.json, if they are there.

        Raises:
            InputError: the file is missing, cannot be read, or is no byte-level BPE.
        """
        path = folder / "tokenizer.json"
        if not path.exists():
            raise InputError(tr("{path}: no such file. `{jianghu} prepare` makes the tokenizer.", path=path))
        text = files.read_text(path)
        try:
            if fault := _fault(json.loads(text)):
                raise InputError(tr("not byte-level BPE as GPT-2's and Qwen's are: {fault}.", fault=fault))
            return cls(HFTokenizer.from_str(text), _template(folder), _ends(folder))
        except InputError as error:
            raise InputError(f"{path}: {error}") from None
        except Exception as error:  # tokenizers raises bare Exception for every fault
            raise InputError(tr("{path}: not a tokenizer ({error}).", path=path, error=error)) from None


def _bytes_of_tokens(backend: HFTokenizer) -> list[bytes]:
    """The bytes of every id; special tokens have none, and other added tokens are their own text."""
    table = [b""] * backend.get_vocab_size()
    added = backend.get_added_tokens_decoder()
    for token, id in backend.get_vocab().items():
        if id >= len(table):
            raise InputError(tr("its ids have gaps: {id} of {count}.", id=id, count=len(table)))
        if id in added:
            table[id] = b"" if added[id].special else added[id].content.encode("utf-8")
        elif token.strip(_LETTERS):
            raise InputError(tr("the token {token!r:.40} is not made of bytes.", token=token))
        else:
            table[id] = bytes(BYTE_OF_LETTER[letter] for letter in token)
    return table


def _fault(state: dict[str, Any]) -> str | None:
    """What of a tokenizer.json is not byte-level BPE, in its own words; None if all is."""
    model, steps = state["model"], state["pre_tokenizer"] or {}
    levels = [step for step in steps.get("pretokenizers", [steps]) if step.get("type") == "ByteLevel"]
    faults = {
        f"model {model['type']}": model["type"] != "BPE",
        "normalizer": (state["normalizer"] or {"type": "NFC"})["type"] != "NFC",
        "pre_tokenizer": not levels or any(step.get("add_prefix_space") for step in levels),
        "continuing_subword_prefix": model.get("continuing_subword_prefix"),
        "end_of_word_suffix": model.get("end_of_word_suffix"),
        "dropout": model.get("dropout"),
        "vocab": not BYTE_OF_LETTER.keys() <= model.get("vocab", {}).keys(),
    }
    return next((name for name, wrong in faults.items() if wrong), None)


def _template(folder: Path) -> str:
    """The chat template of a model's folder; ours if it has none."""
    if (path := folder / "chat_template.jinja").exists():
        return files.read_text(path)
    settings = files.read_json(path) if (path := folder / "tokenizer_config.json").exists() else None
    template = settings.get("chat_template") if isinstance(settings, dict) else None
    return template if isinstance(template, str) else CHAT_TEMPLATE


def _ends(folder: Path) -> set[int]:
    """The ids at which a model's folder says that it has finished."""
    ids: set[int] = set()
    for name in ("generation_config.json", "config.json"):
        settings = files.read_json(folder / name) if (folder / name).exists() else None
        value = settings.get("eos_token_id") if isinstance(settings, dict) else None
        ids |= {id for id in (value if isinstance(value, list) else [value]) if isinstance(id, int)}
    return ids


class StreamDecoder:
    """Turns ids into text as they come, holding back bytes until their character is whole."""

    def __init__(self, token_bytes: list[bytes]) -> None:
        self._token_bytes = token_bytes
        self._decoder = codecs.getincrementaldecoder("utf-8")("ignore")

    def push(self, id: int) -> str:
        """The text that this id completes; may be empty."""
        return self._decoder.decode(self._token_bytes[id]).replace("\ufffd", "")
