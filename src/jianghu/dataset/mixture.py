"""Other texts to mix into pretraining, as ids: question-answer records, and texts rewritten from the books."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain

import numpy as np

from ..chat import Message, render
from ..errors import InputError
from ..messages import tr
from ..tokenizer import Tokenizer
from .batches import permutation
from .records import Pair


def record_stream(tokenizer: Tokenizer, pairs: Sequence[Pair], seed: int, statements: Sequence[str] = ()) -> np.ndarray:
    """Records as running text, each rendered as a conversation behind an `<|endoftext|>`, in shuffled order so that
    the wordings of one fact stand apart. Statements of the facts stand among them as plain text.

    In pretraining the loss falls on questions too: they are text about the books like any other.

    Raises:
        InputError: there are no records.
    """
    conversations: list[list[Message]] = [
        [{"role": "user", "content": pair.question}, {"role": "assistant", "content": pair.answer}] for pair in pairs
    ]
    documents = [render(tokenizer, talk).ids for talk in conversations]
    return _stream(tokenizer, documents + tokenizer.encode_many(list(statements)), seed, "records")


def text_stream(tokenizer: Tokenizer, texts: Iterable[str], seed: int) -> np.ndarray:
    """Texts as one stream, each behind an `<|endoftext|>`, shuffled.

    Raises:
        InputError: there are none.
    """
    return _stream(tokenizer, tokenizer.encode_many(list(texts)), seed, "rewrites")


def _stream(tokenizer: Tokenizer, documents: list[list[int]], seed: int, what: str) -> np.ndarray:
    if not documents:
        raise InputError(
            tr("[pretrain] mixture asks for {what}, and there are none. `{jianghu} synth run` makes them.", what=what)
        )
    order = permutation(len(documents), seed, 0, 11)
    ids = chain.from_iterable([tokenizer.end_of_text, *documents[i]] for i in order)
    return np.fromiter(ids, np.int32)
