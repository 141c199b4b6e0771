"""What a reply has cost: the server's counts where they can be believed, else counts from the text."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

PER_CHARACTER = 0.75  # tokens of a Chinese character, before anything is known; most tokenizers lie between 0.5 and 1
PER_LETTER = 0.3  # tokens of any other character
MAX_TOKENS = 10_000_000  # of a prompt or a reply; a count above is no count


@dataclass(frozen=True)
class Usage:
    """Tokens of one reply.

    Attributes:
        cached: of tokens_in, those that the endpoint had in its cache.
        estimated: the server gave no counts that can be believed, so these are from the text.
    """

    tokens_in: int
    tokens_out: int
    cached: int = 0
    estimated: bool = False


def read_usage(usage: Any, asked: str, said: str) -> Usage:
    """The tokens of a reply.

    Args:
        usage: what the server says; anything.
        asked, said: the text of the prompt and of the reply, thoughts included, from which they are estimated where
            the server's counts are missing or are no counts: negative, not finite, no whole numbers, beyond belief.
    """
    found = usage if isinstance(usage, dict) else {}
    tokens_in, tokens_out = count_of(found.get("prompt_tokens")), count_of(found.get("completion_tokens"))
    # No prompt is empty, so a count of 0 for it says that nothing was counted.
    if not tokens_in or tokens_out is None or (said.strip() and not tokens_out):
        return Usage(tokens_of(asked), tokens_of(said), estimated=True)
    return Usage(tokens_in, tokens_out, min(_cached(found), tokens_in))


def _cached(usage: dict[str, object]) -> int:
    """Tokens of the prompt that came out of the cache: DeepSeek's name, OpenAI's, and that of Moonshot and Qianfan."""
    details = usage.get("prompt_tokens_details")
    inner = details.get("cached_tokens") if isinstance(details, dict) else None
    found = (usage.get("prompt_cache_hit_tokens"), inner, usage.get("cached_tokens"))
    return next((count for value in found if (count := count_of(value))), 0)


def count_of(value: Any) -> int | None:
    """A count of tokens, or None where it cannot be one."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= MAX_TOKENS:
        return None
    return int(value) if math.isfinite(value) and value == int(value) else None


def tokens_of(text: str) -> int:
    """About how many tokens a text has, for any tokenizer."""
    wide = sum(unicodedata.east_asian_width(character) in "WF" for character in text)
    return math.ceil(wide * PER_CHARACTER + (len(text) - wide) * PER_LETTER)


def asked_text(messages: Sequence[dict[str, str]]) -> str:
    """All that is said in the messages of a request."""
    return "\n".join(message["content"] for message in messages)
