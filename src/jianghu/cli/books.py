"""`books add`, `books check`: the user's files."""

from __future__ import annotations

import json as json_module
import shutil
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter
from rich.table import Table

from .. import files
from ..corpus import check_report, load_book, load_shelf
from ..errors import InputError
from ..recipe import BooksSettings
from ..workspace import Workspace
from . import output
from .flags import BooksFlags, given

app = App(name="books", help="Put books on the shelf and look at them.", sort_key=3)


@app.command
def add(*paths: Path) -> None:
    """Copy books into the workspace. Your own files are never changed.

    Args:
        paths: .txt, .md, .html or .epub files.
    """
    ws = Workspace(Path())
    settings = ws.recipe().books
    if not paths:
        raise InputError("name at least one book: jianghu books add NOVEL.txt")
    for path in paths:
        book = load_book(path, settings)
        target = ws.books / path.name
        if target.exists() and files.sha256_file(target) != files.sha256_file(path):
            raise InputError(f"{ws.shown(target)} is already there with other contents. Rename {path} first.")
        with files.atomic_path(target) as temporary:
            shutil.copyfile(path, temporary)
        output.console.print(
            f"{path.name}: {len(book.chapters)} chapters, {sum(len(c.text) for c in book.chapters):,} characters"
        )


@app.command
def check(
    *paths: Path,
    books: BooksFlags = None,
    json: Annotated[bool, Parameter(name="--json", negative="", show_default=False)] = False,
) -> None:
    """Show encoding, chapters, repeats, and what cleaning would remove.

    Args:
        paths: Files to look at; none: the workspace's books.
        json: Print JSON.
    """
    if paths:
        settings = BooksSettings(**given(books))
        shelf = [load_book(path, settings) for path in paths]
    else:
        ws = Workspace(Path())
        shelf = load_shelf(ws.books, ws.recipe({"books": given(books)}).books)
    report = check_report(shelf)
    if json:
        print(json_module.dumps(report, ensure_ascii=False, indent=2))
        return
    for row in report:
        table = Table(title=row["name"], title_justify="left", show_header=False, box=None, padding=(0, 2, 0, 0))
        for key, value in row.items():
            if key in ("name", "removals") or value in (None, [], ""):
                continue
            table.add_row(key.replace("_", " "), f"{value:,}" if isinstance(value, int) else str(value))
        for removal in row["removals"]:
            examples = " ⏐ ".join(removal["examples"])
            table.add_row(
                "removed",
                f"{removal['rule']} × {removal['count']:,} ({removal['characters']:,} characters)  {examples}",
            )
        output.console.print(table)
