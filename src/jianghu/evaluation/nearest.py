"""Whether a checkpoint knows more than its training questions' answers: its own beside the nearest-question baseline,
in words. A result goes in; a sentence in both languages comes out.
"""

from __future__ import annotations

from ..messages import Both, both
from ..stats import Versus, p_text
from .build_exam import MAIN_GROUP
from .columns import group_name
from .results import ExamResult
from .scores import better_than_nearest


def against_nearest(result: ExamResult) -> Versus:
    """The checkpoint (second) beside the answer of the taught question that is most alike (first), on the main group
    where the exam has it."""
    group = MAIN_GROUP if MAIN_GROUP in result.groups else ""
    return better_than_nearest([answer for answer in result.answers if not group or answer.group == group])


def nearest_verdict(result: ExamResult) -> Both | None:
    """Whether the checkpoint beats the answer of the taught question that is most alike, on the main group where the
    exam has it; None where nothing was taught."""
    against = against_nearest(result)
    if not against.questions:
        return None
    figures = {
        "group": group_name(MAIN_GROUP if MAIN_GROUP in result.groups else "all"),
        "own": f"{against.second:.1%}",
        "nearest": f"{against.first:.1%}",
        "points": f"{100 * abs(against.difference):.0f}",
        "p": p_text(against.p),
    }
    if against.verdict == "better":
        return both(
            "It beats the nearest taught question ({group}): {own} right, where repeating the answer of the most "
            "similar taught question gives {nearest}; {points} points more ({p}).",
            **figures,
        )
    if against.verdict == "worse":
        return both(
            "It does not beat the nearest taught question ({group}): {own} right, where repeating the answer of the "
            "most similar taught question gives {nearest}; {points} points less ({p}).",
            **figures,
        )
    return both(
        "Nothing shows that it beats the nearest taught question ({group}): {own} right, where repeating the answer of "
        "the most similar taught question gives {nearest} ({p}).",
        **figures,
    )


def verdict_name(verdict: str) -> Both:
    """A verdict of a comparison, in the reader's language."""
    return {"better": both("better"), "worse": both("worse")}.get(verdict, both("no difference shown"))
