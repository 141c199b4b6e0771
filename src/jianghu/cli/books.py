"""`books add`, `books check`: the user's files."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cyclopts import App
from rich.markup import escape
from rich.table import Table

from .. import files
from ..corpus import Book, check_report, load_book, load_shelf
from ..errors import InputError
from ..messages import tr
from ..recipe import BooksSettings
from ..workspace import Workspace
from . import output, place
from .flags import BooksFlags, Json, given

app = App(name="books", help="Put books on the shelf and look at them.", sort_key=3)


@app.command
def add(*paths: Path) -> None:
    """Copy books into the workspace. Your own files are never changed.

    Args:
        paths: .txt, .md, .html or .epub files.
    """
    ws = place.workspace()
    settings = ws.recipe().books
    if not paths:
        raise InputError(tr("name at least one book: {jianghu} books add NOVEL.txt"))

    def put(path: Path) -> None:
        book = load_book(path, settings)
        _copy(ws, path)
        output.console.print(
            tr(
                "{file}: {chapters:,} chapters, {characters:,} characters",
                file=escape(path.name),
                chapters=len(book.chapters),
                characters=sum(len(chapter.text) for chapter in book.chapters),
            )
        )

    _each(paths, put)


@app.command
def check(*paths: Path, books: BooksFlags = None, json: Json = False) -> None:
    """Show encoding, chapters, repeats, and what cleaning would remove.

    Args:
        paths: Files to look at; none: the workspace's books.
    """
    flags = given(books)
    shelf: list[Book] = []
    refused = None
    if paths:
        settings = BooksSettings(**flags)
        try:
            _each(paths, lambda path: shelf.append(load_book(path, settings)))
        except InputError as error:
            refused = error
    else:
        ws = place.workspace()
        shelf = load_shelf(ws.books, ws.recipe({"books": flags}).books)
    report = check_report(shelf)
    if json:
        output.as_json(report)
    else:
        for row in report:
            output.console.print(_table(row))
    if refused:
        raise refused


def _each(paths: tuple[Path, ...], work: Callable[[Path], None]) -> None:
    """Do the work for every file; those that cannot be used are named together at the end.

    Raises:
        InputError: at least one cannot be used.
    """
    refused: list[str] = []
    for path in paths:
        try:
            work(path)
        except InputError as error:
            refused.append(str(error))
    if len(paths) == 1 and refused:
        raise InputError(refused[0])
    if refused:
        raise InputError(
            tr(
                "{refused} of {files} files cannot be used, the others are done: {reasons}",
                refused=len(refused),
                files=len(paths),
                reasons=" ".join(refused),
            )
        )


def _copy(ws: Workspace, path: Path) -> None:
    """Copy a file onto the shelf.

    Raises:
        InputError: another book has its name.
    """
    target = ws.books / path.name
    if target.exists() and files.sha256_file(target) != files.sha256_file(path):
        raise InputError(
            tr("{target} is already there with other contents. Rename {path} first.", target=target, path=path)
        )
    with files.atomic_path(target) as temporary:
        shutil.copyfile(path, temporary)


def _table(row: dict[str, Any]) -> Table:
    """What was found in one book."""
    table = Table(title=row["name"], title_justify="left", show_header=False, box=None, padding=(0, 2, 0, 0))
    for key, value in row.items():
        if key in ("name", "removals") or value in (None, [], ""):
            continue
        table.add_row(key.replace("_", " "), f"{value:,}" if isinstance(value, int) else str(value))
    for removal in row["removals"]:
        examples = " ⏐ ".join(removal["examples"])
        table.add_row(
            "removed", f"{removal['rule']} × {removal['count']:,} ({removal['characters']:,} characters)  {examples}"
        )
    return table
