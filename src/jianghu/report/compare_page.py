"""Answers side by side as one HTML page: lines of `evaluation.compare` go in, a self-contained page comes out."""

from __future__ import annotations

from collections.abc import Sequence

from jinja2 import Environment, PackageLoader, StrictUndefined

from ..evaluation.compare import Line, marked


def compare_page(names: Sequence[str], lines: Sequence[Line], sampled: bool) -> str:
    """One self-contained HTML page, in English and Chinese, light and dark; it asks the network for nothing.

    Args:
        names: of the checkpoints, in the order of each line's answers.
        sampled: whether a sample stands below each greedy answer.
    """
    look = Environment(
        loader=PackageLoader("jianghu", "report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return look.get_template("compare.html.j2").render(names=names, lines=lines, sampled=sampled, marked=marked)
