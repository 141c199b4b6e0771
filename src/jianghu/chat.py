"""Conversations as token ids. Messages go in; ids come out, with the spans on which fine-tuning's loss falls.

The text is ChatML; the ids equal those of `apply_chat_template` of the saved tokenizer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypedDict

from .tokenizer import Tokenizer


class Message(TypedDict):
    """One turn of a conversation."""

    role: Literal["system", "user", "assistant"]
    content: str


@dataclass(frozen=True)
class Rendered:
    """Ids of a conversation; `spans` are the half-open ranges of ids that the assistant writes."""

    ids: list[int]
    spans: list[tuple[int, int]]


def render(tokenizer: Tokenizer, messages: list[Message], prompt: bool = False) -> Rendered:
    """Render a conversation.

    Args:
        messages: the turns; white space around a content is stripped, as the template does.
        prompt: end with the opening of an assistant's turn, for the model to go on.

    Returns:
        The ids, and a span for each assistant turn: its content and its `<|im_end|>`, so that the model
        learns to stop. The content is encoded apart from the role line before it; Qwen2's regex always
        splits there, so that the ids are the same as those of the whole text, in training and in use.
    """
    ids: list[int] = []
    spans: list[tuple[int, int]] = []
    after = tokenizer.encode("\n")
    for message in messages:
        ids += [tokenizer.im_start, *tokenizer.encode(message["role"] + "\n")]
        start = len(ids)
        ids += [*tokenizer.encode(message["content"].strip()), tokenizer.im_end]
        if message["role"] == "assistant":
            spans.append((start, len(ids)))
        ids += after
    if prompt:
        ids += [tokenizer.im_start, *tokenizer.encode("assistant\n")]
    return Rendered(ids, spans)


def question(text: str) -> list[Message]:
    """A conversation of one question."""
    return [{"role": "user", "content": text}]
