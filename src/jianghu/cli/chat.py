"""`chat`: questions in the terminal, with arrows and a history. Each is asked alone unless the reader wants otherwise,
since the records that models are taught with are single questions.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..chat import Message, newest_turns
from ..messages import tr
from . import both_answers, output, place
from .ask import answer_and_show, open_checkpoint, prompt_ids
from .flags import SampleFlags

if TYPE_CHECKING:
    from ..tokenizer import Tokenizer


def chat(
    checkpoint: str | None = None, *, closed_book: both_answers.ClosedBook = False, settings: SampleFlags = None
) -> None:
    """Talk to a checkpoint.

    Where a reader was trained, what the book says stands beside each answer.

    Each question is asked alone; /memory 2 sends the two before it along. /help lists what can be typed. An empty line
    or Ctrl-D ends.

    Args:
        checkpoint: A run's name, RUN/last, RUN/step-020000, or a folder. Default: the newest fine-tuned run.
    """
    name = checkpoint or place.newest_fine_tuned()
    loaded, sampling = open_checkpoint(name, settings)
    opening = tr("{name} ({path}) · /help · an empty line ends", name=name, path=loaded.path)
    output.console.print(opening, style="dim", highlight=False, soft_wrap=True)
    read, talk, book = _reader(), Talk(), both_answers.reader_here(closed_book)
    while said := read().strip():
        if said.startswith("/"):
            output.console.print(talk.obey(said), style="dim", highlight=False)
            continue
        asked = talk.messages(said, loaded.tokenizer, loaded.model.config.block_size // 2)  # the rest is the answer's
        try:
            talk.keep(said, answer_and_show(loaded, prompt_ids(loaded, asked), sampling, book, said))
        except KeyboardInterrupt:  # ends the answer, not the conversation
            continue


@dataclass
class Talk:
    """What was said so far, and how much of it the model is sent.

    Attributes:
        memory: pairs of question and answer that are sent along with the next question.
    """

    memory: int = 0
    pairs: list[tuple[str, str]] = field(default_factory=list)

    def messages(self, asked: str, tokenizer: Tokenizer, room: int) -> list[Message]:
        """What the model reads for the next question: at most `room` ids, the oldest pairs left out."""
        before: list[Message] = []
        for question, answer in self.pairs[len(self.pairs) - self.memory :] if self.memory else []:
            before += [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]
        return newest_turns(tokenizer, [*before, {"role": "user", "content": asked}], room)

    def keep(self, asked: str, answer: str) -> None:
        """Remember a question with its answer."""
        self.pairs.append((asked, answer))

    def obey(self, line: str) -> str:
        """Do what a line that begins with a slash says; return what to tell the reader."""
        word, *rest = line.split()
        if word == "/new":
            self.pairs.clear()
            return tr("Forgotten.")
        if word == "/memory" and len(rest) <= 1:
            if rest and not rest[0].isdecimal():
                return tr("/memory takes a number: how many questions before are sent along.")
            self.memory = int(rest[0]) if rest else self.memory
            if self.memory:
                return tr("The last {count} questions and answers are sent along.", count=self.memory)
            return tr("Each question is sent alone.")
        if word == "/help":
            return tr(
                "/memory N   send the last N questions and answers along (now {memory}); models are taught single "
                "questions, and most answer best with 0\n/new        forget what was said\n/help       this\nAn empty "
                "line or Ctrl-D ends; Ctrl-C ends an answer; arrows move in the line and through earlier lines.",
                memory=self.memory,
            )
        return tr("{word}: no such command. /help lists them.", word=word)


def _reader() -> Callable[[], str]:
    """Reads a line; empty at the end. On a terminal with arrows, and with the lines of earlier conversations."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return _plain_line
    from prompt_toolkit import PromptSession
    from prompt_toolkit.history import FileHistory, InMemoryHistory

    ws = place.workspace_if_any()
    history = FileHistory(str(ws.root / ".chat_history")) if ws else InMemoryHistory()
    session: PromptSession[str] = PromptSession(history=history)

    def read() -> str:
        try:
            return session.prompt("> ")
        except (EOFError, KeyboardInterrupt):
            return ""

    return read


def _plain_line() -> str:
    try:
        return input("> ")
    except EOFError:
        return ""
