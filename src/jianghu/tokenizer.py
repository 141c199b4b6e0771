"""Byte-level BPE trained on the shelf, and a mode with one token a character, both in the file format of
Hugging Face `tokenizers`; and byte-level BPE of others, such as Qwen's. Text goes in, ids come out, and back: exactly,
for every string (for every string in NFC, where a tokenizer of others normalises).
"""

from __future__ import annotations

import codecs
import json
from collections import Counter
from collections.abc import Collection, Iterable
from itertools import chain
from pathlib import Path
from typing import Any, Literal

import numpy as np
from tokenizers import AddedToken, Regex, decoders, models, pre_tokenizers, trainers
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

WORD_PATTERN = r" ?\p{L}+|[^\p{L}]"
"""What words are learned from: letters, with the space before them; a mark is a word by itself. It only ever splits
more finely than Qwen2's pattern."""

_ROLES = ("user", "assistant", "system")


def _byte_letters() -> dict[int, str]:
    """The printable letter that stands for each byte in a byte-level vocabulary (GPT-2's table)."""
    plain = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in plain]
    return {byte: chr(byte) for byte in plain} | {byte: chr(256 + n) for n, byte in enumerate(others)}


_LETTER_OF_BYTE = _byte_letters()
_BYTE_OF_LETTER = {letter: byte for byte, letter in _LETTER_OF_BYTE.items()}
_LETTERS = "".join(_BYTE_OF_LETTER)


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
            table[id] = bytes(_BYTE_OF_LETTER[letter] for letter in token)
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
        "vocab": not _BYTE_OF_LETTER.keys() <= model.get("vocab", {}).keys(),
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


def train_tokenizer(texts: Iterable[str], kind: Literal["bpe", "char"] = "bpe", vocab_size: int = 8192) -> Tokenizer:
    """Train a tokenizer on texts; the same texts give the same tokenizer.

    Both kinds have a token for each character of the texts, and on a Chinese shelf for each common one besides: what
    people ask with (什么, 哪, 啥, 吗) is in no old novel, and spelled in bytes it would be three tokens a character.

    Args:
        texts: the training part of the shelf.
        kind: `char`: one token a character; rare ones fall back to bytes. `bpe`: the same, and the commonest words of
            the texts. Words hold no punctuation mark, so that a name is the same token after a comma as elsewhere.
        vocab_size: ids in all, special tokens and 256 bytes included; `bpe` only. Where it is small, the commonest
            characters take at most three quarters of the room.
    """
    texts = list(texts)
    counts = Counter(chain.from_iterable(texts))
    characters = [*counts, *sorted(_common_characters(counts) - counts.keys())]
    merges = _merges_of_roles()
    if kind == "char":
        return Tokenizer(_backend(_merges_of_characters(characters) + merges))
    room = vocab_size - len(SPECIAL_TOKENS) - 256 - len(merges)
    ranked = sorted(characters, key=lambda character: (-max(counts[character], _COMMON_COUNT), character))
    merges = _merges_of_characters(ranked, room * 3 // 4) + merges
    room = vocab_size - len(SPECIAL_TOKENS) - 256 - len(merges)
    tokens = {left + right for left, right in merges} | set(_BYTE_OF_LETTER)
    known = {character for character in characters if _letters(character) in tokens}
    return Tokenizer(_backend(merges + _merges_of_words(texts, known, room)))


_COMMON_COUNT = 3
"""A common character that the texts lack ranks as if it occurred so often."""


def _common_characters(counts: Counter[str]) -> set[str]:
    """The common characters of the language of a Chinese shelf: level 1 of GB 2312 (3,755), or of Big5 (5,401) where
    the texts are traditional; nothing for other languages."""
    han = {character: count for character, count in counts.items() if "\u4e00" <= character <= "\u9fff"}
    if sum(han.values()) < 0.2 * sum(counts.values()):
        return set()
    simplified = sum(count for character, count in han.items() if _encodable(character, "gb2312"))
    if simplified > 0.9 * sum(han.values()):
        codes = [bytes((row, cell)) for row in range(0xB0, 0xD8) for cell in range(0xA1, 0xFF)]
        return set("".join(code.decode("gb2312", "ignore") for code in codes)) | set("，。？！：；、“”‘’《》（）…—")
    codes = [bytes((row, c)) for row in range(0xA4, 0xC7) for c in (*range(0x40, 0x7F), *range(0xA1, 0xFF))]
    return set("".join(code.decode("big5", "ignore") for code in codes)) | set("，。？！：；、「」『』《》（）…—")


def _encodable(character: str, encoding: str) -> bool:
    try:
        character.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


def _letters(text: str) -> str:
    """A text in the letters that stand for its bytes."""
    return "".join(_LETTER_OF_BYTE[byte] for byte in text.encode("utf-8", "ignore"))


Merges = list[tuple[str, str]]


def _merges_of_characters(characters: Iterable[str], most: int | None = None) -> Merges:
    """Merges that assemble the bytes of single characters, short before long.

    A merge joins a first byte with a continuation byte, never the end of one character with the beginning of the next,
    so that their order does not matter beyond that.

    Args:
        most: take characters in order until there are so many merges.
    """
    merges: dict[tuple[str, str], int] = {}
    for character in characters:
        letters = _letters(character)
        steps = {(letters[:size], letters[size]): size for size in range(1, len(letters))}
        if most is not None and len(merges.keys() | steps.keys()) > most:
            break
        merges |= steps
    return sorted(merges, key=lambda pair: (merges[pair], pair))


def _merges_of_roles() -> Merges:
    """Merges that make each role name one token: a Chinese shelf holds neither "user" nor "assistant", and spelled in
    bytes they would fill a tenth of a short row."""
    return list(dict.fromkeys((role[:n], role[n]) for role in _ROLES for n in range(1, len(role))))


def _merges_of_words(texts: Iterable[str], characters: set[str], most: int) -> Merges:
    """The commonest words of the texts, by byte-pair encoding over whole characters; those of other characters and of
    punctuation marks are left out."""
    if most <= 0:
        return []
    backend = HFTokenizer(models.BPE())
    backend.pre_tokenizer = pre_tokenizers.Split(Regex(WORD_PATTERN), behavior="isolated")
    trainer = trainers.BpeTrainer(vocab_size=len(characters) + 2 * most, show_progress=False)
    plain = ("".join(c if c in characters else "\n" for c in text) for text in texts)
    backend.train_from_iterator(plain, trainer)
    merges = json.loads(backend.to_str())["model"]["merges"]
    pairs = [(_letters(left), _letters(right)) for left, right in merges]
    roles = {left + right for left, right in _merges_of_roles()}
    return [pair for pair in pairs if "".join(pair) not in roles][:most]


def _backend(merges: Merges) -> HFTokenizer:
    """Special tokens, bytes, and what the merges make, in this order of ids."""
    vocabulary = {token: id for id, token in enumerate(SPECIAL_TOKENS)}
    for letter in sorted(_BYTE_OF_LETTER):
        vocabulary[letter] = len(vocabulary)
    for left, right in merges:
        vocabulary.setdefault(left + right, len(vocabulary))
    backend = HFTokenizer(models.BPE(vocab=vocabulary, merges=merges))
    backend.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(QWEN2_PATTERN), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    backend.decoder = decoders.ByteLevel()
    backend.add_special_tokens([AddedToken(t, special=True, normalized=False) for t in SPECIAL_TOKENS])
    return backend
