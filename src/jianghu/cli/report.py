"""`report`: one page with everything that was done."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from ..errors import InputError
from ..messages import tr
from ..progress import size_words
from . import output, place

if TYPE_CHECKING:
    from ..model import Checkpoint


def report(*, format: Literal["html", "md"] = "html", with_model: str | None = None, out: Path | None = None) -> None:
    """One file that shows everything that was done, and works offline.

    Args:
        format: html: one interactive page. md: a document with plots as PNG and SVG.
        with_model: A checkpoint that answers in the page, without network: a run's name, RUN/last or a folder. The page
            grows by 1.4 bytes a weight.
        out: The folder to write to; default: report in the workspace.
    """
    if with_model and format == "md":
        raise InputError(tr("--with-model needs a page: leave --format md out."))
    try:
        from ..report.answering import answering
        from ..report.gather import gather
        from ..report.markdown import write_markdown
        from ..report.page import write_page
    except ModuleNotFoundError as error:
        raise InputError(tr('the report needs {name}: pip install "jianghu[report]"', name=error.name)) from None

    ws = place.workspace()
    facts = gather(ws)
    path = place.path_in(ws, out, "report") / ("index.html" if format == "html" else "report.md")
    if format == "md":
        write_markdown(path, facts)
    else:
        write_page(path, facts, answering(with_model, _loaded(with_model), facts) if with_model else None)
    output.say(tr("Wrote {path} ({size}).", path=path, size=size_words(path.stat().st_size)))


def _loaded(reference: str) -> Checkpoint:
    from ..model import load_checkpoint

    return load_checkpoint(place.workspace().checkpoint(reference))
