"""Trains a tokenizer on the shelf: byte-level BPE, or one token a character."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from itertools import chain
from typing import Literal

from tokenizers import AddedToken, Regex, decoders, models, pre_tokenizers, trainers
from tokenizers import Tokenizer as HFTokenizer

from .tokenizer import BYTE_OF_LETTER, LETTER_OF_BYTE, QWEN2_PATTERN, SPECIAL_TOKENS, Tokenizer

WORD_PATTERN = r" ?\p{L}+|[^\p{L}]"
"""What words are learned from: letters, with the space before them; a mark is a word by itself. It only ever splits
more finely than Qwen2's pattern."""

_ROLES = ("user", "assistant", "system")


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
    tokens = {left + right for left, right in merges} | set(BYTE_OF_LETTER)
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
    return "".join(LETTER_OF_BYTE[byte] for byte in text.encode("utf-8", "ignore"))


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
    for letter in sorted(BYTE_OF_LETTER):
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
