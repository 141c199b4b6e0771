"""Byte-level BPE trained on the shelf, and a mode with one token a character, both in the file format of
Hugging Face `tokenizers`. Text goes in, ids come out, and back: exactly, for every string.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Literal

import numpy as np
from tokenizers import AddedToken, Regex, decoders, models, pre_tokenizers, trainers
from tokenizers import Tokenizer as HFTokenizer

from . import files
from .errors import InputError

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

_ROLES = "user\nassistant\nsystem\n"


def _byte_letters() -> dict[int, str]:
    """The printable letter that stands for each byte in a byte-level vocabulary (GPT-2's table)."""
    plain = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in plain]
    return {byte: chr(byte) for byte in plain} | {byte: chr(256 + n) for n, byte in enumerate(others)}


_LETTER_OF_BYTE = _byte_letters()
_BYTE_OF_LETTER = {letter: byte for byte, letter in _LETTER_OF_BYTE.items()}


class Tokenizer:
    """A trained tokenizer: `encode` text to ids, `decode` ids to text, `save` it for Hugging Face.

    Attributes:
        vocab_size: number of ids.
        end_of_text, im_start, im_end: ids of the special tokens.
        stop_ids: the ids at which a model has finished writing.
        token_bytes: the bytes of every id; special tokens have none.
        chars_per_token: int64 array (vocab_size,): characters that *begin* in a token. Their sum over the
            tokens of a text is the text's number of characters, even where a token is half a character.
    """

    def __init__(self, backend: HFTokenizer) -> None:
        self.backend = backend
        self.backend.encode_special_tokens = True  # "<|im_end|>" typed by a user is plain text
        self.vocab_size = backend.get_vocab_size()
        self.end_of_text, self.im_start, self.im_end = (self._special(t) for t in (END_OF_TEXT, IM_START, IM_END))
        self.stop_ids = {self.im_end, self.end_of_text}
        self.token_bytes = [b""] * self.vocab_size
        special = {id for id, token in backend.get_added_tokens_decoder().items() if token.special}
        for token, id in backend.get_vocab().items():
            if id not in special:
                self.token_bytes[id] = bytes(_BYTE_OF_LETTER[letter] for letter in token)
        self.chars_per_token = np.array(
            [sum(byte & 0xC0 != 0x80 for byte in token) for token in self.token_bytes], dtype=np.int64
        )

    def _special(self, token: str) -> int:
        id = self.backend.token_to_id(token)
        if id is None:
            raise InputError(f"the tokenizer has no {token}; it was not made by jianghu.")
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
        files.write_text(folder / "chat_template.jinja", CHAT_TEMPLATE)
        files.write_json(
            folder / "tokenizer_config.json",
            {
                "tokenizer_class": "PreTrainedTokenizerFast",
                "eos_token": IM_END,
                "pad_token": END_OF_TEXT,
                "additional_special_tokens": [IM_START],
                "clean_up_tokenization_spaces": False,
                "model_max_length": 1_000_000_000,
                "chat_template": CHAT_TEMPLATE,
            },
        )

    @classmethod
    def load(cls, folder: Path) -> Tokenizer:
        """Read what `save` wrote.

        Raises:
            InputError: the file is missing or cannot be read.
        """
        path = folder / "tokenizer.json"
        try:
            text = path.read_text(encoding="utf-8")
        except FileNotFoundError:
            raise InputError(f"{path}: no such file. `jianghu prepare` makes the tokenizer.") from None
        try:
            return cls(HFTokenizer.from_str(text))
        except InputError as error:
            raise InputError(f"{path}: {error}") from None
        except Exception as error:  # tokenizers raises bare Exception for every fault
            raise InputError(f"{path}: not a tokenizer ({error}).") from None


class StreamDecoder:
    """Turns ids into text as they come, holding back bytes until their character is whole."""

    def __init__(self, token_bytes: list[bytes]) -> None:
        self._token_bytes = token_bytes
        self._decoder = codecs.getincrementaldecoder("utf-8")("ignore")

    def push(self, id: int) -> str:
        """The text that this id completes; may be empty."""
        return self._decoder.decode(self._token_bytes[id]).replace("\ufffd", "")


def train_tokenizer(texts: Iterable[str], kind: Literal["bpe", "char"] = "bpe", vocab_size: int = 8192) -> Tokenizer:
    """Train a tokenizer on texts; the same texts give the same tokenizer.

    Args:
        texts: the training part of the shelf.
        kind: `bpe`, or `char`: one token for each character that occurs; others fall back to bytes.
        vocab_size: ids in all, special tokens and 256 bytes included; `bpe` only.
    """
    backend = _empty_backend(_character_model(texts) if kind == "char" else models.BPE())
    if kind == "bpe":
        trainer = trainers.BpeTrainer(
            vocab_size=vocab_size,
            special_tokens=[AddedToken(t, special=True, normalized=False) for t in SPECIAL_TOKENS],
            initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
            show_progress=False,
        )
        backend.train_from_iterator(_with_roles(texts), trainer)
    return Tokenizer(backend)


def _empty_backend(model: models.BPE) -> HFTokenizer:
    backend = HFTokenizer(model)
    backend.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(QWEN2_PATTERN), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    backend.decoder = decoders.ByteLevel()
    backend.add_special_tokens([AddedToken(t, special=True, normalized=False) for t in SPECIAL_TOKENS])
    return backend


def _with_roles(texts: Iterable[str]) -> Iterator[str]:
    """The texts, and the role names often enough that each becomes one token: a Chinese shelf holds neither
    "user" nor "assistant", and spelled in bytes they would fill a tenth of a short row."""
    for count, text in enumerate(texts):
        yield text
        if count % 8 == 0:
            yield _ROLES * 200


def _character_model(texts: Iterable[str]) -> models.BPE:
    """A BPE whose merges only assemble the bytes of single characters.

    A merge joins a first byte with a continuation byte, never the end of one character with the beginning
    of the next, so the order of the merges does not matter beyond "short before long".
    """
    characters = sorted({character for text in texts for character in text})
    vocabulary = {token: id for id, token in enumerate(SPECIAL_TOKENS)}
    for letter in sorted(_BYTE_OF_LETTER):
        vocabulary[letter] = len(vocabulary)
    merges: dict[tuple[str, str], int] = {}
    for character in characters:
        letters = [_LETTER_OF_BYTE[byte] for byte in character.encode("utf-8")]
        for size in range(1, len(letters)):
            merges[("".join(letters[:size]), letters[size])] = size
    ordered = sorted(merges, key=lambda pair: merges[pair])
    for left, right in ordered:
        vocabulary.setdefault(left + right, len(vocabulary))
    return models.BPE(vocab=vocabulary, merges=ordered)
