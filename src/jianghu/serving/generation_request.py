"""What one request wants written, and how the pieces of it come back to the request."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Literal

from ..generation import Detokenizer, Likelihood, Row, Sampling
from ..model import Checkpoint
from .errors import ApiError

Ending = Literal["stop", "length"]


@dataclass(frozen=True)
class Token:
    """A written token, how likely it was, and the character of its text at which it begins."""

    id: int
    likelihood: Likelihood
    start: int


@dataclass(frozen=True)
class TextDelta:
    """What one step added to a text: characters, the tokens that lie in them (if they were asked for), the count of
    new tokens, and why the text ended, if it did."""

    text: str
    tokens: list[Token]
    count: int
    ending: Ending | None

    @property
    def size(self) -> int:
        """Tokens told of, likely ones included: what a piece takes of memory."""
        return 1 + sum(1 + len(token.likelihood.top) for token in self.tokens)


@dataclass(eq=False)
class Text:
    """One text to be written; used by the thread that writes.

    Attributes:
        index: its number in the request.
        stop: ids that end it, which are no part of its text.
        draws: seeds its random numbers; None: from the system.
    """

    index: int
    prompt: list[int]
    sampling: Sampling
    stop: set[int]
    draws: list[int] | None
    writer: Detokenizer
    row: Row | None = None
    tokens: list[Token] = field(default_factory=list)  # written, but not in the text shown yet

    def push(self, id: int, likelihood: Likelihood | None) -> TextDelta:
        """Take the next token; `self.row` says whether it was the last."""
        assert self.row is not None
        ending: Ending | None = None
        text = ""
        if id not in self.stop:
            if likelihood is not None:
                self.tokens.append(Token(id, likelihood, self.writer.decoded))
            text = self.writer.push(id)
        if self.writer.stopped:
            ending = "stop"
        elif self.row.ending:
            ending = "length" if self.row.ending == "length" else "stop"
            text += self.writer.close()
        keep = self.writer.shown if not ending or self.writer.stopped else self.writer.decoded + 1
        shown = [token for token in self.tokens if token.start < keep]
        self.tokens = self.tokens[len(shown) :]
        return TextDelta(text, shown, 1, ending)


@dataclass(eq=False)
class GenerationRequest:
    """All texts of one request.

    Attributes:
        model: name of the checkpoint.
        checkpoint: that one, as it was when the request came.
        prompt_tokens: of all its prompts, each counted once.
        deadline: on the clock of the event loop; a text that is not done by then ends where it is.
        unfinished: texts that are still to be written; counted in the event loop.
        given, taken: sizes of the pieces that the writing thread has made, and that the request has taken.
        paused: the writing thread has stopped, since too much of what it wrote has not been taken.
        paused_at: when it did, on the clock of the event loop.
        let_go: closes the client's connection at once.
    """

    model: str
    checkpoint: Checkpoint
    texts: list[Text]
    prompt_tokens: int
    deadline: float
    arrived: asyncio.Queue[tuple[int, TextDelta] | ApiError] = field(default_factory=asyncio.Queue)
    unfinished: int = 0
    given: int = 0
    taken: int = 0
    paused: bool = False
    paused_at: float = 0.0
    let_go: Callable[[], None] | None = None

    @property
    def backlog(self) -> int:
        """Size of what was written and not taken."""
        return self.given - self.taken

    async def pieces(self) -> AsyncIterator[list[tuple[int, TextDelta]]]:
        """Pieces with the number of their text, as they come; what came together is given together.

        Raises:
            ApiError: the server failed or stops, or time was up before anything was written.
        """
        open_texts, begun = {text.index for text in self.texts}, False
        while open_texts:
            try:
                async with asyncio.timeout_at(self.deadline):
                    found = [await self.arrived.get()]
            except TimeoutError:
                if not begun:
                    raise ApiError(
                        503, "The request waited too long for its turn.", "timeout", type="server_error"
                    ) from None
                yield [(index, TextDelta("", [], 0, "length")) for index in sorted(open_texts)]
                return
            while not self.arrived.empty():
                found.append(self.arrived.get_nowait())
            if errors := [item for item in found if isinstance(item, ApiError)]:
                raise errors[0]
            pieces = [item for item in found if not isinstance(item, ApiError)]
            self.taken += sum(piece.size for _, piece in pieces)
            begun = True
            open_texts -= {index for index, piece in pieces if piece.ending}
            yield pieces
