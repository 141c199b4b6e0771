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


def newest_turns(tokenizer: Tokenizer, messages: list[Message], room: int) -> list[Message]:
    """The end of a conversation that is short enough to be read: as a prompt, it has at most `room` ids.

    The oldest turns are left out, each question together with its answer. A system message stays in front as long as
    there is room for it, and the last message in any case.
    """
    sizes = [len(render(tokenizer, [message]).ids) for message in messages]
    size = sum(sizes) + len(render(tokenizer, [], prompt=True).ids)
    if size <= room:
        return messages
    last = len(messages) - 1
    start = system = int(last > 0 and messages[0]["role"] == "system")
    while start < last and (size > room or messages[start]["role"] == "assistant"):
        size -= sizes[start]
        start += 1
    return messages[: system if size <= room else 0] + messages[start:]


def question(text: str) -> list[Message]:
    """A conversation of one question."""
    return [{"role": "user", "content": text}]
