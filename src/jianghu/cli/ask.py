"""`sample` and `ask`: a checkpoint writes."""

from __future__ import annotations

import sys
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from ..chat import Message, question, render
from ..errors import InputError
from ..messages import command, tr
from . import both_answers, output, place
from .flags import Json, SampleFlags, given

if TYPE_CHECKING:
    from ..generation import Sampling
    from ..model import Checkpoint
    from ..reader import Reader
    from ..retrieval import Match


def sample(checkpoint: str, *, prompt: str = "", settings: SampleFlags = None) -> None:
    """Continue a text.

    Args:
        checkpoint: A run's name, RUN/last, RUN/step-020000, or a folder.
        prompt: The beginning; empty: a fresh start.
    """
    loaded, sampling = open_checkpoint(checkpoint, settings)
    ids = loaded.tokenizer.encode(prompt) or [loaded.tokenizer.end_of_text]
    print(prompt, end="")
    write(loaded, ids, sampling)


def ask(
    *words: Annotated[str, Parameter(name="[CHECKPOINT] QUESTION")],
    greedy: Annotated[
        bool, Parameter(negative="", show_default=False, help="Take the likeliest token each time.")
    ] = False,
    open_book: Annotated[
        bool, Parameter(negative="", show_default=False, help="Show the passages of the books that match the question.")
    ] = False,
    closed_book: both_answers.ClosedBook = False,
    settings: SampleFlags = None,
    json: Json = False,
) -> None:
    """Answer one question, by heart and from the books.

    What the model says stands first, or, where a reader was trained and is surer, what the book says.

    Args:
        words: The question; before it a run's name, RUN/last, RUN/step-020000, or a folder. Default: the newest
            fine-tuned run.
    """
    if len(words) not in (1, 2) or (len(words) == 1 and _is_checkpoint(words[0])):
        raise InputError(
            tr(
                "give a checkpoint and a question, or a question alone, in quotes if it has blanks: {example}",
                example=command("ask", *words[:-1][:1], "诸葛亮是谁？"),
            )
        )
    asked = words[-1]
    if not asked.strip():
        raise InputError(tr("the question is empty."))
    name = words[0] if len(words) == 2 else place.newest_fine_tuned()
    loaded, sampling = open_checkpoint(name, settings, greedy)
    found = _look_up(asked) if open_book else None
    reader = both_answers.reader_here(closed_book)
    prompt = prompt_ids(loaded, question(asked))
    if json:
        text, ids = write(loaded, prompt, sampling, show=False)
        answer: dict[str, object] = {"question": asked, "answer": text, "checkpoint": name}
        if reader is not None:
            answer |= {"sureness": sure(loaded, prompt, ids), "book": reader.read(asked).to_dict()}
        output.as_json({**answer, **({"passages": [asdict(row) for row in found]} if found is not None else {})})
        return
    if len(words) == 1:
        print(tr("{name} answers", name=name), file=sys.stderr)
    answer_and_show(loaded, prompt, sampling, reader, asked)
    if found is not None:
        output.passages(found)


def _is_checkpoint(word: str) -> bool:
    """Whether a single word is the name of a checkpoint, so that the question was forgotten."""
    ws = place.workspace_if_any()
    return ws is not None and (word in ws.checkpoints() or f"{word}/last" in ws.checkpoints())


def open_checkpoint(reference: str, flags: object, greedy: bool = False) -> tuple[Checkpoint, Sampling]:
    """Load a checkpoint by short name (inside a workspace) or by path (anywhere)."""
    from ..generation import Sampling
    from ..machine import pick_device
    from ..model import load_checkpoint

    _, recipe, path = place.find_checkpoint(reference, {"sample": given(flags)})
    sampling = Sampling.from_settings(recipe.sample)
    if greedy:
        sampling = replace(sampling, temperature=0.0, repetition_penalty=1.0)
    return load_checkpoint(path, str(pick_device("auto"))), sampling


def _look_up(question_text: str) -> list[Match]:
    """The passages that match a question best; the model does not see them."""
    from ..retrieval import open_book

    return open_book(place.workspace()).search(question_text)


def prompt_ids(loaded: Checkpoint, messages: list[Message]) -> list[int]:
    ids = render(loaded.tokenizer, messages, prompt=True).ids
    room = loaded.model.config.block_size - 1
    if len(ids) > room:
        raise InputError(
            tr(
                "the question is {length} tokens long; this checkpoint reads {room}. Ask a shorter one.",
                length=len(ids),
                room=room,
            )
        )
    return ids


def answer_and_show(
    loaded: Checkpoint, prompt: list[int], sampling: Sampling, reader: Reader | None, asked: str
) -> str:
    """Print the model's answer, and that of the book where there is a reader; return the model's."""
    text, ids = write(loaded, prompt, sampling, show=reader is None)
    if reader is not None:
        both_answers.show_both(text, sure(loaded, prompt, ids), reader.read(asked))
    return text


def sure(loaded: Checkpoint, prompt: list[int], ids: list[int]) -> float:
    """How sure the model is of an answer."""
    from ..generation import sureness

    return sureness(loaded.model, loaded.tokenizer, [(prompt, ids)])[0]


def write(loaded: Checkpoint, ids: list[int], sampling: Sampling, show: bool = True) -> tuple[str, list[int]]:
    """Continue ids, and print the text as it comes, whole characters only, unless `show` is off; return text and
    ids."""
    from ..generation import stream

    decoder, text, written = loaded.tokenizer.stream(), "", []
    try:
        for step in stream(loaded.model, [ids], sampling, loaded.tokenizer.stop_ids):
            written.append(step[0][1])
            piece = decoder.push(step[0][1])
            text += piece
            if show:
                sys.stdout.write(piece)
                sys.stdout.flush()
    finally:
        if show:
            print()
    return text, written
