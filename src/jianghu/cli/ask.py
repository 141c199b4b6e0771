"""`sample`, `ask`, `chat`: a checkpoint writes."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from ..chat import Message, newest_turns, question, render
from ..errors import InputError
from . import output, place
from .flags import SampleFlags, given

if TYPE_CHECKING:
    from ..generation import Sampling
    from ..model import Checkpoint
    from ..retrieval import Found


def sample(checkpoint: str, *, prompt: str = "", settings: SampleFlags = None) -> None:
    """Continue a text.

    Args:
        checkpoint: A run's name, RUN/last, RUN/step-020000, or a folder.
        prompt: The beginning; empty: a fresh start.
    """
    loaded, sampling = _open(checkpoint, settings)
    ids = loaded.tokenizer.encode(prompt) or [loaded.tokenizer.end_of_text]
    print(prompt, end="")
    write_out(loaded, ids, sampling)


def ask(
    checkpoint: str,
    question_text: Annotated[str, Parameter(name="question")],
    *,
    greedy: Annotated[
        bool, Parameter(negative="", show_default=False, help="Take the likeliest token each time.")
    ] = False,
    open_book: Annotated[
        bool, Parameter(negative="", show_default=False, help="Show the passages of the books that match the question.")
    ] = False,
    settings: SampleFlags = None,
) -> None:
    """Answer one question.

    Args:
        checkpoint: A run's name, RUN/last, RUN/step-020000, or a folder.
        question_text: The question.
    """
    if not question_text.strip():
        raise InputError("the question is empty.")
    loaded, sampling = _open(checkpoint, settings, greedy)
    found = _look_up(question_text) if open_book else None
    write_out(loaded, _prompt(loaded, question(question_text)), sampling)
    if found is not None:
        output.passages(found)


def chat(checkpoint: str, *, settings: SampleFlags = None) -> None:
    """Talk to a checkpoint. An empty line or Ctrl-D ends; /new forgets what was said.

    Args:
        checkpoint: A run's name, RUN/last, RUN/step-020000, or a folder.
    """
    loaded, sampling = _open(checkpoint, settings)
    talk: list[Message] = []
    output.console.print(f"{loaded.path} · /new: forget · empty line: end", style="dim")
    while True:
        try:
            said = input("> ").strip()
        except EOFError:
            return
        if not said:
            return
        if said == "/new":
            talk = []
            continue
        talk.append({"role": "user", "content": said})
        talk = newest_turns(loaded.tokenizer, talk, loaded.model.config.block_size // 2)  # the rest is for the answer
        talk.append({"role": "assistant", "content": write_out(loaded, _prompt(loaded, talk), sampling)})


def _open(reference: str, flags: object, greedy: bool = False) -> tuple[Checkpoint, Sampling]:
    """Load a checkpoint by short name (inside a workspace) or by path (anywhere)."""
    from ..generation import Sampling
    from ..machine import pick_device
    from ..model import load_checkpoint

    _, recipe, path = place.find_checkpoint(reference, {"sample": given(flags)})
    own = recipe.sample
    sampling = Sampling(
        own.max_new_tokens,
        0.0 if greedy else own.temperature,
        own.top_k,
        own.top_p,
        1.0 if greedy else own.repetition_penalty,
        own.seed,
    )
    return load_checkpoint(path, str(pick_device("auto"))), sampling


def _look_up(question_text: str) -> list[Found]:
    """The passages that match a question best; the model does not see them."""
    from ..retrieval import open_book

    return open_book(place.workspace()).search(question_text)


def _prompt(loaded: Checkpoint, messages: list[Message]) -> list[int]:
    ids = render(loaded.tokenizer, messages, prompt=True).ids
    room = loaded.model.config.block_size - 1
    if len(ids) > room:
        raise InputError(f"the question is {len(ids)} tokens long; this checkpoint reads {room}. Ask a shorter one.")
    return ids


def write_out(loaded: Checkpoint, ids: list[int], sampling: Sampling) -> str:
    """Print the continuation as it comes, whole characters only; return it."""
    from ..generation import stream

    decoder, text = loaded.tokenizer.stream(), ""
    try:
        for step in stream(loaded.model, [ids], sampling, loaded.tokenizer.stop_ids):
            piece = decoder.push(step[0][1])
            text += piece
            sys.stdout.write(piece)
            sys.stdout.flush()
    finally:
        print()
    return text
