"""The card of a trained reader: README.md in its folder."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..stats import wilson


def card(about: dict[str, Any], books: Sequence[str]) -> str:
    """What the reader is, what it was trained on, how good it was on validation questions."""
    lines = [
        "# A reader of " + ", ".join(f"《{book}》" for book in books),
        "",
        "Made by Jianghu (`jianghu reader`): a small network that chooses, among the spans of the passages that an",
        "index found for a question, the one that answers it, or says that none does. It was trained from nothing on",
        "this shelf's own questions. It holds no text of the books; without `data/openbook.sqlite` it is of no use.",
        "",
        f"- training questions: {about['questions']:,}",
        f"- passages read for a question: {about['passages']}",
    ]
    if "validation" in about:
        own = about["validation"]
        if own["questions"]:
            low, high = wilson(own["right"], own["questions"])
            lines.append(
                f"- validation: {own['right']} of {own['questions']} questions right "
                f"({own['right'] / own['questions']:.1%}, 95 % interval {low:.1%} to {high:.1%})"
            )
        lines.append(
            f"- questions with nothing to find that got no answer: {own['refused']} of {own['nothing_to_find']}"
        )
        lines += ["", "| probability that it states | share that was right | questions |", "|---|---|---|"]
        lines += [
            f"| {row['probability']:.2f} | {row['right']:.2f} | {row['questions']} |" for row in about["reliability"]
        ]
    else:
        lines.append("- no network: the records gave too few questions that can be read from a passage")
    return "\n".join(lines) + "\n"
