"""Answers side by side as one HTML page: lines of `evaluation.compare` go in, a self-contained page comes out."""

from __future__ import annotations

from collections.abc import Sequence

from ..evaluation.columns import group_name
from ..evaluation.compare import Line, marked
from ..messages import both
from ..pages import templates


def compare_page(names: Sequence[str], lines: Sequence[Line], sampled: bool) -> str:
    """One self-contained HTML page, in English and Chinese, light and dark; it asks the network for nothing.

    Args:
        names: of the checkpoints, in the order of each line's answers.
        sampled: whether a sample stands below each greedy answer.
    """
    page = templates("report").get_template("compare.html.j2")
    about = {"marked": marked, "group_name": group_name, "all_groups": both("all groups")}
    return page.render(names=names, lines=lines, sampled=sampled, **about)
