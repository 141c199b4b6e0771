"""What goes into the store and comes out of it: requests, replies, and the items read out of replies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, TypedDict

from ... import files
from ...corpus import Passage

Kind = Literal["record", "fact", "name", "text", "verdict"]


class Body(TypedDict, total=False):
    """What a request says, before an endpoint's dialect is known.

    Attributes:
        schema: of the reply's JSON; None where plain text is wanted.
        about: what reading the reply needs to know; kept and not sent.
    """

    messages: list[dict[str, str]]
    max_tokens: int
    temperature: float
    schema: dict[str, object] | None
    about: dict[str, Any]


@dataclass(frozen=True)
class Request:
    """One thing to ask the teacher. `ask` makes one with its key.

    Attributes:
        key: sha256 of model, messages, parameters, schema and slot: the same question is never paid twice.
        strategy, stage: who asks, and at which of its steps.
        slot: tells apart several askings in the same words.
        passage: what it is about; None where it is about no single passage.
        parent: key of the request whose reply made this one possible.
        prompt: hash of the prompt file, entered by `Store.add_prompt`.
        body: messages, max_tokens, temperature and schema.
        rank: order of asking; lower first.
    """

    key: str
    strategy: str
    stage: str
    slot: str
    passage: Passage | None
    parent: str | None
    prompt: str | None
    model: str
    body: Body
    rank: int


def ask(
    strategy: str,
    stage: str,
    model: str,
    body: Body,
    *,
    passage: Passage | None = None,
    slot: str = "",
    rank: int = 0,
    parent: str | None = None,
    prompt: str | None = None,
) -> Request:
    """A request with its key.

    Args:
        body: messages, max_tokens, temperature and schema.
    """
    key = files.sha256_json({"model": model, "slot": slot, **body})
    return Request(key, strategy, stage, slot, passage, parent, prompt, model, body, rank)


@dataclass(frozen=True)
class LeasedRequest:
    """A request that was taken to be sent.

    Attributes:
        id: its number in this store.
        tries: failed tries of this run.
        avoid: short hash of the key with which it failed last; empty if it did not.
    """

    id: int
    request: Request
    tries: int = 0
    avoid: str = ""


@dataclass(frozen=True)
class Batch:
    """Requests that travel in one file; `packed`, then `uploaded`, then `running`, at last `fetched` or `lost`.

    Attributes:
        file: what the provider calls the uploaded file; None before.
        remote: what the provider calls the batch; None before.
    """

    id: int
    state: str
    file: str | None = None
    remote: str | None = None


@dataclass(frozen=True)
class Reply:
    """What came of one sending.

    Attributes:
        outcome: ok, truncated, empty, filtered, invalid, rate_limited, server_error, timeout, unreachable,
            quota_exhausted, invalid_key, account_blocked,
            not_found, too_long or bad_request.
        content: the teacher's text; empty unless the outcome is ok or truncated.
        detail: the status and the server's words, for what failed; never holds a key.
        tokens_in, tokens_out: as the server counts them; None where it does not say.
        cost: money, by the prices of the settings.
        seconds: from sending to the last byte.
        wait: seconds the server asks to wait before the next try.
        key_hash: short hash of the key that was used.
        tokens_cached: of tokens_in, those that the endpoint had in its cache.
        estimated: the tokens are estimated, since the server's counts are missing or cannot be right.
        thought: the model thought before it answered; not kept.
    """

    outcome: str
    content: str = ""
    finish_reason: str | None = None
    detail: str = ""
    tokens_in: int | None = None
    tokens_out: int | None = None
    cost: float = 0.0
    seconds: float = 0.0
    wait: float | None = None
    key_hash: str = ""
    tokens_cached: int = 0
    estimated: bool = False
    thought: bool = False

    @property
    def accepted(self) -> bool:
        """Whether the request is answered: there is text, whole or cut off at the length limit."""
        return self.outcome in ("ok", "truncated") and bool(self.content.strip())


@dataclass(frozen=True)
class Item:
    """One thing that was read out of a reply.

    Attributes:
        verdict: `accepted`, or the reason against it.
        content: its fields.
        kind: record, fact (something that wordings can be made of), name (of the lexicon), text (for pretraining),
            verdict (of a judge).
    """

    verdict: str
    content: dict[str, Any]
    kind: Kind = "record"


@dataclass(frozen=True)
class Kept:
    """An accepted item with the request that it came from.

    Attributes:
        request: number of the request in this store.
        item: its number in the reply, from 0.
        key: key of the request; the same in every store.
    """

    request: int
    item: int
    key: str
    strategy: str
    stage: str
    slot: str
    parent: str | None
    passage: Passage | None
    content: dict[str, Any]
