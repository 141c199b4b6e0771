"""`report`: one page with everything that was done."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from ..errors import InputError
from ..messages import tr
from ..progress import size_words
from . import output, place


def report(*, format: Literal["html", "md"] = "html", out: Path | None = None) -> None:
    """One file with everything that was done: works offline, light and dark, English and Chinese.

    Args:
        format: html: one interactive page. md: a document with plots as PNG and SVG.
        out: The folder to write to; default: report in the workspace.
    """
    try:
        from ..report.gather import gather
        from ..report.markdown import write_markdown
        from ..report.page import write_page
    except ModuleNotFoundError as error:
        raise InputError(tr('the report needs {name}: pip install "jianghu[report]"', name=error.name)) from None

    ws = place.workspace()
    facts = gather(ws)
    path = place.path_in(ws, out, "report") / ("index.html" if format == "html" else "report.md")
    (write_page if format == "html" else write_markdown)(path, facts)
    output.say(tr("Wrote {path} ({size}).", path=path, size=size_words(path.stat().st_size)))
