"""`books add|check|list|rename|remove`: the user's books."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

from cyclopts import App, Parameter

from ..corpus import Book, book_name, check_report, load_book, load_shelf, read_chapters, shelf_files
from ..corpus.adding import REMOVED, copy_book, remove_books, rename_book
from ..corpus.sidecar import check_heading, write_heading
from ..corpus.titles import title_of_name
from ..errors import InputError
from ..messages import tr
from ..recipe import BooksSettings
from . import books_output, output, place
from .flags import BooksFlags, Json, given

app = App(name="books", help="Put books on the shelf and look at them.", sort_key=3)


@app.command
def add(*paths: Path, title: str = "", heading: str = "", json: Json = False) -> None:
    """Copy books into the workspace, named by their titles. Your own files are never changed.

    Args:
        paths: .txt, .md, .html, .epub, .docx, .pdf or .zip files.
        title: The book's title, where it is not found in the file; for one book.
        heading: A regular expression for the lines that are headings, where they are not found.
    """
    ws = place.workspace()
    settings = ws.recipe().books
    if not paths:
        raise InputError(tr("name at least one book: {jianghu} books add NOVEL.txt"))
    if title and len(paths) > 1:
        raise InputError(tr("--title is for one book. Add the others without it."))
    check_heading(heading, "--heading")

    rows: list[dict[str, Any]] = []

    def put(path: Path) -> None:
        book = load_book(path, settings, heading)
        target = copy_book(ws, path, title or book.title or title_of_name(book.name))
        if heading:
            write_heading(target, heading)
        characters = sum(len(chapter.text) for chapter in book.chapters)
        rows.append(
            {"name": target.stem, "file": target.name, "chapters": len(book.chapters), "characters": characters}
        )
        if json:
            return
        output.say(
            tr(
                "{file}: {chapters:,} chapters, {characters:,} characters",
                file=target.name if target.name == path.name else f"{book_name(path)} → {target.name}",
                chapters=len(book.chapters),
                characters=characters,
            )
        )
        books_output.structure(check_report([book])[0], target.name)

    _each(paths, put)
    if json:
        output.as_json(rows)


@app.command
def check(
    *paths: Path,
    books: BooksFlags = None,
    removed: Annotated[bool, Parameter(negative="", show_default=False)] = False,
    json: Json = False,
) -> None:
    """Show encoding, chapters, copies, and what cleaning takes away.

    Args:
        paths: Files to look at; none: the workspace's books.
        removed: Show everything that cleaning takes away, with the words around it.
    """
    flags = given(books)
    shelf: list[Book] = []
    refused = None
    if paths:
        settings = BooksSettings.model_validate(flags)
        check_heading(settings.heading, "--heading")
        try:
            _each(paths, lambda path: shelf.append(load_book(path, settings)))
        except InputError as error:
            refused = error
    else:
        ws = place.workspace()
        shelf = load_shelf(ws.books, ws.recipe({"books": flags}).books)
    report = check_report(shelf, cuts=removed)
    if json:
        output.as_json(report)
    else:
        for row in report:
            books_output.book(row, removed)
    if refused:
        raise refused


@app.command(name="list")
def list_books(*, json: Json = False) -> None:
    """List the books of the workspace."""
    ws = place.workspace()
    chapters = Counter(chapter.book for chapter in read_chapters(ws.chapters)) if ws.chapters.exists() else Counter()
    rows: list[dict[str, Any]] = [
        {"name": path.stem, "file": path.name, "bytes": path.stat().st_size, "chapters": chapters.get(path.stem)}
        for path in shelf_files(ws.books)
    ]
    if json:
        output.as_json(rows)
        return
    for row in rows:
        prepared = tr("{count:,} chapters", count=row["chapters"]) if row["chapters"] else tr("not prepared yet")
        output.say(
            tr(
                "{name}  ({file}, {size:,} bytes, {prepared})",
                name=row["name"],
                file=row["file"],
                size=row["bytes"],
                prepared=prepared,
            )
        )


@app.command
def rename(name: str, title: str) -> None:
    """Give a book another title, with all that lies beside it (names, facts, headings).

    Args:
        name: The book, as `books list` shows it.
        title: Its new title.
    """
    ws = place.workspace()
    old, stem = rename_book(ws, name, title)
    output.say(tr("{name} is {title} now. Prepare the shelf again: {jianghu} prepare", name=old, title=stem))


@app.command
def remove(*names: str) -> None:
    """Take books off the shelf. Their files are kept in books/.removed.

    Args:
        names: The books, as `books list` shows them.
    """
    ws = place.workspace()
    if not names:
        raise InputError(tr("name at least one book: {jianghu} books remove NAME"))
    for name in remove_books(ws, *names):
        folder = ws.shown(ws.books / REMOVED)
        output.say(tr("{name} is off the shelf; its files are in {folder}.", name=name, folder=folder))


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
