"""The end of the demo: five questions as a reader would ask them, none of them trained on in these words.

The wordings kept from training go in; the model's answers are printed as they are written.
"""

from __future__ import annotations

from rich.text import Text

from ..chat import question, render
from ..evaluation import Item, grade
from ..generation import Sampling
from ..model import Checkpoint
from ..records import Record, read_records
from ..stats import spread
from ..workspace import Workspace
from . import output
from .ask import write

QUESTIONS = 5
MAX_CHARACTERS = 16
"""Of a question that somebody would type."""
MAX_TOKENS = 64


def untrained_questions(ws: Workspace) -> list[Record]:
    """Brief questions about what is best known, in words kept from training: no two about the same, no two alike in
    their answers, spread over the facts that are asked first."""
    brief: dict[str, Record] = {}
    for record in read_records(ws.records / "paraphrase.jsonl"):
        if record.source == "bundled" and record.chapter and len(record.question) <= MAX_CHARACTERS:
            brief.setdefault(record.short_answer, record)
    first = list(brief.values())[:200]
    return [first[n] for n in spread(len(first), QUESTIONS)]


def ask_untrained(ws: Workspace, checkpoint: Checkpoint) -> str | None:
    """Ask the questions and print each answer as it comes, with a mark.

    Returns:
        The first question that was answered right.
    """
    answered: str | None = None
    for record in untrained_questions(ws):
        output.console.print(Text.assemble(("？ ", "cyan"), (record.question, "bold")))
        prompt = render(checkpoint.tokenizer, question(record.question), prompt=True).ids
        text, _ = write(checkpoint, prompt, Sampling(MAX_TOKENS))
        forms = (record.short_answer, *record.aliases)
        right = grade(Item(record.id, record.question, record.answer, forms, book=record.book), text) == "right"
        mark = ("✓", "green") if right else ("✗", "red")
        output.console.print(Text.assemble("  ", mark, *(() if right else (f" {record.short_answer}",))))
        answered = answered or (record.question if right else None)
    return answered
