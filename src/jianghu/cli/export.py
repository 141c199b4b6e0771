"""`export` and `push`: a checkpoint for other programs and other people."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from .. import files
from ..errors import InputError
from ..messages import tr
from ..progress import size_words
from . import output, place

if TYPE_CHECKING:
    from ..model import Checkpoint
    from ..recipe import Recipe
    from ..workspace import Workspace

Kind = Literal["f32", "f16", "q8_0"]

EXPORTS = "exports"
EXAMPLES = 24
"""Questions, and beginnings of chapters, that a page proposes."""


def export(
    checkpoint: str,
    *,
    to: Literal["gguf", "ollama", "html"] = "gguf",
    type_: Annotated[Kind | None, Parameter(name="--type")] = None,
    with_book: Annotated[bool, Parameter(negative="", show_default=False)] = False,
    out: Path | None = None,
) -> None:
    """Write a checkpoint for llama.cpp, for Ollama, or as an HTML page.

    For transformers, vLLM and SGLang the checkpoint's folder is enough as it is.

    Args:
        checkpoint: A run's name, RUN/last, RUN/step-020000, or a folder.
        to: gguf: one file. ollama: that file and a Modelfile beside it. html: a page to open from disk, no network.
        type_: How the weights are stored: 4, 2 or 1.06 bytes each; default: f16, and q8_0 for html.
        with_book: For html: put the books' text into the page, and the reader of the open book, so that it shows what
            the book says and the passages that match a question. Mind the rights in your books.
        out: The folder to write to; default: exports in the workspace.
    """
    from ..export import modelfile

    if with_book and to != "html":
        raise InputError(tr("--with-book is for a page: add --to html."))

    ws, recipe, loaded = _open(checkpoint)
    folder = place.path_in(ws, out, EXPORTS)
    if to == "html":
        _write_html(loaded, type_ or "q8_0", folder, ws, recipe, with_book)
        return
    path = _write_gguf(loaded, type_ or "f16", folder)
    if to == "ollama":
        about = path.with_suffix(".Modelfile")
        files.write_text(about, modelfile(loaded, path.name, recipe.sample))
        output.console.print(f"{about}: ollama create {path.stem.lower()} -f {about}", soft_wrap=True)


def push(
    checkpoint: str,
    repository: str,
    *,
    to: Literal["huggingface", "modelscope"] = "huggingface",
    gguf: Annotated[list[Kind] | None, Parameter(negative="")] = None,
    public: Annotated[bool, Parameter(negative="", show_default=False)] = False,
    license: str = "",
    dry_run: Annotated[bool, Parameter(negative="", show_default=False)] = False,
) -> None:
    """Send a checkpoint to the Hugging Face Hub or to ModelScope.

    Args:
        checkpoint: A run's name, RUN/last, RUN/step-020000, or a folder.
        repository: OWNER/NAME there; made if it is not there yet.
        to: huggingface, or a server that HF_ENDPOINT names; modelscope (魔搭社区), or one that MODELSCOPE_ENDPOINT
            names.
        gguf: Send GGUF files of these types too; may be given several times.
        public: Let everybody see a new repository. Mind the rights in your books: a model can recite them.
        license: The licence to name in the card, such as apache-2.0.
        dry_run: Print the card and the files' names; send nothing.
    """
    from ..export import files_to_push, gguf_name, model_card, push, push_to_modelscope

    ws, _, loaded = _open(checkpoint)
    card = model_card(loaded, ws, repository, license, bool(gguf), to)
    if dry_run:
        names = ["README.md", *(path.name for path in files_to_push(loaded))]
        print(card + "\n" + "\n".join([*names, *(gguf_name(loaded.path, kind) for kind in gguf or [])]))
        return
    ggufs = [_write_gguf(loaded, kind, place.path_in(ws, None, EXPORTS)) for kind in gguf or []]
    if to == "modelscope":
        address = push_to_modelscope(loaded, repository, card, ggufs, public, license)
    else:
        address = push(loaded, repository, card, ggufs, public)
    output.console.print(address, soft_wrap=True)


def _open(reference: str) -> tuple[Workspace | None, Recipe, Checkpoint]:
    """A checkpoint by short name (in a workspace) or by path (anywhere)."""
    from ..model import load_checkpoint

    ws, recipe, path = place.find_checkpoint(reference, {})
    return ws, recipe, load_checkpoint(path)


def _write_gguf(loaded: Checkpoint, kind: Kind, out: Path) -> Path:
    from ..export import gguf_name, write_gguf

    path = out / gguf_name(loaded.path, kind)
    write_gguf(loaded, path, kind)
    output.console.print(f"{path}: {size_words(path.stat().st_size)}", soft_wrap=True)
    return path


def _write_html(
    loaded: Checkpoint, kind: Kind, out: Path, ws: Workspace | None, recipe: Recipe, with_book: bool
) -> None:
    from ..evaluation.columns import group_name
    from ..export import model_facts
    from ..export.html import Examples, html_name, write_html
    from ..reader.stage import reader_of
    from ..retrieval import open_book
    from ..serving.lookup import read_shelf

    if with_book and ws is None:
        raise InputError(tr("--with-book: there are no books here. Run it in the workspace, or name that by -C."))
    book = open_book(ws) if with_book and ws else None
    reader = reader_of(ws, book) if book and ws else None
    path = out / html_name(loaded.path, kind)
    facts = model_facts(loaded, ws)
    shelf = read_shelf(ws) if ws is not None and facts.books else None  # books that it has not read are none of its own
    examples = Examples(shelf.books, **shelf.examples(EXAMPLES, 0)) if shelf else None
    write_html(loaded, path, facts, group_name, examples, recipe.sample, kind, book, reader)
    output.console.print(f"{path}: {size_words(path.stat().st_size)}", soft_wrap=True)
    if book:
        titles = "".join(f"《{title}》" for title in book.books)
        output.say(tr("It holds the whole text of {titles}: pass it on only if their rights allow it.", titles=titles))
