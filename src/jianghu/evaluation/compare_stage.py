"""Checkpoints side by side: answers to free questions, verdicts on exam results, the exam for another program."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from ..errors import InputError
from ..generation import Sampling
from ..machine import pick_device
from ..messages import tr
from ..model import load_checkpoint
from ..progress import Progress
from ..recipe import Recipe
from ..stats import Versus
from ..workspace import Workspace
from .compare import Line, ask_all
from .free_questions import free_questions
from .harness import export_tasks
from .questions import read_questions
from .results import Answer, ExamResult
from .scores import compare_answers
from .stage import background_of, exam_items


def compare(
    ws: Workspace, recipe: Recipe, references: Sequence[str], questions: Path | None, sampled: bool
) -> list[Line]:
    """Ask every checkpoint the same questions.

    Args:
        questions: a file of them; else free questions about the shelf's books.
        sampled: ask once more at the recipe's temperature.

    Raises:
        InputError: no such checkpoint or file, or nothing is known of any book.
    """
    folders = [ws.checkpoint(reference) for reference in references]
    background = background_of(ws)
    if questions is not None:
        items = read_questions(questions)
    elif background.people is not None:
        items = free_questions(background.people)
    else:
        raise InputError(tr("there is no book to ask about. `{jianghu} prepare` makes it, or give --questions FILE."))
    sampling = replace(Sampling.from_settings(recipe.sample), max_new_tokens=recipe.eval.max_new_tokens)
    columns = []
    for reference, folder in zip(references, folders, strict=True):
        checkpoint = load_checkpoint(folder, str(pick_device("auto")))
        with Progress(tr("ask {reference}", reference=reference), len(items) * (1 + sampled)) as progress:
            columns.append(
                ask_all(checkpoint, items, recipe.eval, sampling if sampled else None, background, progress.update)
            )
    return [Line(item, answers) for item, answers in zip(items, zip(*columns, strict=True), strict=True)]


def verdicts(results: Sequence[ExamResult]) -> list[dict[str, Versus]]:
    """For each result but the first, {group: is it better than the first?}; the group "" is the whole exam where it
    has no others."""
    first, *others = results
    return [
        {
            group: compare_answers(_of_group(first, group), _of_group(other, group))
            for group in (other.groups if len(other.groups) > 1 else [""])
        }
        for other in others
    ]


def _of_group(result: ExamResult, group: str) -> list[Answer]:
    return [answer for answer in result.answers if not group or answer.group == group]


def export_harness(ws: Workspace, recipe: Recipe, folder: Path, exam: Path | None) -> dict[str, object]:
    """Write an exam as tasks of lm-evaluation-harness, without the questions that stand in training.

    Raises:
        InputError: no such exam, or see `exam_items`.
    """
    name, items, leaks = exam_items(ws, exam, recipe.eval, background_of(ws))
    counts = export_tasks(items, folder, name, recipe.eval.max_new_tokens)
    return {"folder": str(folder), **counts, "left_out": leaks.exact + leaks.near}
