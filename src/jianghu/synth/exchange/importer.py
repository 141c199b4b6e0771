"""A file of records that another program wrote, broken lines and all → items in the store, through the same gates.

The file's text is kept in the store as it is, in blocks that stand for replies: reading it again, when the books or the
gates have changed, costs nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from ... import files
from ...corpus import Passage
from ...errors import InputError
from ...llm.prompts import Prompt
from ...llm.runner import ReadAll, read_all
from ...llm.storable import writable
from ...llm.store import Body, Item, Reader, Reply, Request, Store, ask
from ...messages import tr
from ..books import Shelf
from ..checks import Ground, check_record
from .evidence import Finder
from .file_reader import chunks_of
from .formats import pairs_in
from .tolerant_json import Piece, scan

BLOCK = 2_000  # characters of a block, about: ten records or so
TOGETHER = 200  # blocks entered in one step
AROUND = 300  # characters on both sides of the evidence in which names and numbers may stand
ONLY_BY_EVIDENCE = {"name not in the evidence", "number not in the evidence", "answer not in the evidence"}
"""Reasons that say nothing where there is no evidence."""


class ImportStrategy:
    """Reads imported blocks; it asks nobody. See `Strategy`.

    Args:
        shelf: the books in which evidence is looked for.
    """

    name = "import"
    prompts: Sequence[Prompt] = ()

    def __init__(self, shelf: Shelf) -> None:
        self.shelf, self.books = shelf, {book: shelf.known(book) for book in shelf.books}
        self._texts = {(chapter.book, chapter.chapter): chapter.text for chapter in shelf.chapters}
        self._finder = Finder(shelf.chapters, self.books)

    def fingerprint(self) -> str:
        """Changes with the names on the shelf."""
        return self.shelf.learn()

    def plan(self, store: Reader) -> Iterator[Request]:
        """The blocks of earlier imports, to be read again."""
        return (request for request, _ in store.accepted(self.name))

    def read(self, request: Request, reply: Reply) -> list[Item]:
        return [item for piece in scan([reply.content]) for item in self._items(piece)]

    def follow(self, request: Request, reply: Reply, items: Sequence[Item], store: Reader) -> Iterable[Request]:
        return ()

    def forecast(self, first: int) -> dict[str, int]:
        return {}

    def _items(self, piece: Piece) -> Iterator[Item]:
        if not isinstance(piece.value, dict):
            yield Item("broken object" if piece.text.startswith("{") else "not an object", {})
            return
        empty = True
        for pair in pairs_in(piece.value):
            empty = False
            reason, fields = self._check(pair)
            yield Item(reason or "accepted", {**fields, "repaired": piece.fate == "repaired"})
        if empty:
            yield Item("no question and answer", {})

    def _check(self, pair: Mapping[str, Any]) -> tuple[str | None, dict[str, object]]:
        """Hold a pair against the place in the books that bears it out, or against itself where there is none."""
        question, answer, short = pair["question"], pair["answer"], pair.get("short_answer") or pair["answer"]
        named = pair.get("book") if pair.get("book") in self.books else None
        place = self._finder.find(question, answer, short if isinstance(short, str) else answer, named)
        book = place.book if place else named or self._guess(question)
        if book is None:
            return "book unknown", dict(pair)
        if place:
            ground, shift = self._around(place)
            reason, fields = check_record(pair, ground)
            if "start" in fields:
                fields |= {"start": fields["start"] + shift, "end": fields["end"] + shift, "chapter": place.chapter}
        else:
            reason, fields = check_record(pair, Ground("", self.books[book], (0, 0)))
            reason = None if reason in ONLY_BY_EVIDENCE else reason
            fields |= {"start": None, "end": None, "chapter": None, "evidence": ""}
        return reason, {**fields, "book": book}

    def _around(self, place: Passage) -> tuple[Ground, int]:
        """The evidence with the text around it, and where that begins in its chapter."""
        text = self._texts[place.book, place.chapter]
        begin = max(0, place.start - AROUND)
        quote = (place.start - begin, place.end - begin)
        return Ground(text[begin : place.end + AROUND], self.books[place.book], quote), begin

    def _guess(self, question: str) -> str | None:
        """The book that a question names, or the only one there is."""
        titled = [book for book in self.books if f"《{book}》" in question]
        candidates = titled or list(self.books)
        return candidates[0] if len(candidates) == 1 else None


def read_imports(
    strategy: ImportStrategy,
    store: Store,
    paths: Sequence[Path] = (),
    count: Callable[[Sequence[Item]], None] | None = None,
) -> ReadAll:
    """Keep the text of files in the store, and read all imported text that was not yet read with these books and names.

    A file that is there already changes nothing. Returns what was read, and what a fault of ours kept from being read.

    Args:
        count: gets the items of each block that is read.

    Raises:
        InputError: a file is missing, empty, or in no known encoding.
    """
    for path in paths:
        if not path.is_file():
            fault = tr("not a file") if path.exists() else tr("no such file")
            raise InputError(f"{path}: {fault}.")
    # What stood nowhere may stand in a book that was added: the shelf counts too.
    shelf = store.shelve(strategy.shelf.chapters)
    number, made = store.begin_plan(strategy.name, files.sha256_json([strategy.fingerprint(), shelf]))
    if not made:
        store.plan(number, strategy.plan(store))
        store.end_plan(number)
    for path in paths:
        blocks = enumerate(_blocks(chunks_of(path)))
        hash_ = files.sha256_file(path)
        with store.together():  # a file that turns out to be damaged leaves nothing
            while step := list(islice(blocks, TOGETHER)):
                kept = [(_request(path, hash_, n), Reply("ok", writable(text), "stop")) for n, text in step]
                store.keep_foreign(number, kept)
    return read_all(strategy, store, number, count)


def reread_imports(shelf: Shelf, store: Store) -> ReadAll:
    """Read what was imported before once more, if the books or their names have changed since."""
    if next(store.accepted(ImportStrategy.name), None):
        return read_imports(ImportStrategy(shelf), store)
    return ReadAll()


def undo_imports(store: Store, paths: Sequence[Path]) -> list[tuple[str, int]]:
    """Take out what was imported from files, or from the last file that was; returns each name with its blocks.

    Raises:
        InputError: nothing was imported from such a file.
    """
    known = store.imported(ImportStrategy.name)
    if not known:
        raise InputError(tr("nothing was imported, so there is nothing to take back."))
    if not paths:
        hash_, name = known[0]
        return [(name, store.forget(ImportStrategy.name, slots_of(hash_)))]
    done = []
    for path in paths:
        same = files.sha256_file(path) if path.is_file() else ""
        found = [(hash_, name) for hash_, name in known if hash_ == same]
        found = found or [(hash_, name) for hash_, name in known if name == writable(path.name)]
        if not found:
            names = ", ".join(dict.fromkeys(name for _, name in known))
            raise InputError(tr("{path}: not imported. Imported were: {names}.", path=path, names=names))
        done += [(name, store.forget(ImportStrategy.name, slots_of(hash_))) for hash_, name in found]
    return done


def _blocks(chunks: Iterable[str]) -> Iterator[str]:
    """The text in pieces of whole objects, so that each block can be read by itself."""
    block: list[str] = []
    size = 0
    for piece in scan(chunks):
        block.append(piece.text)
        size += len(piece.text)
        if size > BLOCK:
            yield "\n".join(block)
            block, size = [], 0
    if block:
        yield "\n".join(block)


def _request(path: Path, hash_: str, number: int) -> Request:
    name = writable(path.name)
    body: Body = {"messages": [{"role": "user", "content": name}], "schema": {}}
    return ask("import", name, "", body, slot=f"{slots_of(hash_)}{number}", rank=number)


def slots_of(hash_: str) -> str:
    """How the slots of a file's blocks begin; it is known by its bytes, whatever it is called."""
    return f"{hash_}/"
