"""Records in parts → a folder with a file for each part, a manifest and a data card. Streaming and atomic."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from ... import __version__, files
from ...errors import InputError
from ...messages import tr
from ...records import Record
from .card import data_card
from .file_reader import parquet_module
from .formats import ROWS, Format

PIECE = 5_000  # rows of a group in a Parquet file
Write = Callable[[dict[str, object]], None]


@dataclass
class Exported:
    """What was written: records by part, by book, by kind and by source."""

    splits: Counter[str] = field(default_factory=Counter)
    books: Counter[str] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    sources: Counter[str] = field(default_factory=Counter)
    grounded: int = 0

    def add(self, part: str, record: Record) -> None:
        """Count a record."""
        self.splits[part] += 1
        self.books[record.book] += 1
        self.kinds[record.kind] += 1
        self.sources[record.source] += 1
        self.grounded += record.start is not None


def export_records(
    parts: Mapping[str, Iterable[Record]], folder: Path, format: Format, about: Mapping[str, object]
) -> Exported:
    """Write records into a folder, a file for each part; it takes the place of an earlier export all at once.

    Args:
        parts: name of a file → its records; what is kept from training has a file of its own.
        about: what else the manifest and the card say: the workspace's settings, the judge's figures, what was
            left out.

    Raises:
        InputError: there are no records, the folder holds other things than an export, or pyarrow is missing.
    """
    if folder.exists() and any(folder.iterdir()) and not (folder / "manifest.json").is_file():
        raise InputError(
            tr("{folder}: holds other files than an export, which would be lost. Name a new folder.", folder=folder)
        )
    suffix, open_ = (".parquet", _parquet) if format == "parquet" else (".jsonl", _jsonl)
    done = Exported()
    with files.atomic_folder(folder) as building:
        for part, records in parts.items():
            with ExitStack() as stack:
                write = open_(building / f"{part}{suffix}", stack)
                for record in records:
                    write(ROWS[format](record))
                    done.add(part, record)
        if not done.splits:
            raise InputError(tr("there are no records to export. `{jianghu} synth run` makes them."))
        hashes = {path.name: files.sha256_file(path) for path in sorted(building.iterdir())}
        manifest = {
            "jianghu": __version__,
            "made": datetime.now(UTC).isoformat(timespec="seconds"),
            "format": format,
            "records": dict(sorted(done.splits.items())),
            "files": hashes,
            **about,
        }
        files.write_json(building / "manifest.json", manifest)
        files.write_text(building / "README.md", data_card(done, format, about))
    return done


def _jsonl(path: Path, stack: ExitStack) -> Write:
    out = stack.enter_context(path.open("w", encoding="utf-8", newline="\n"))
    return lambda row: print(json.dumps(row, ensure_ascii=False), file=out)


def _parquet(path: Path, stack: ExitStack) -> Write:
    """Writes row groups of `PIECE` rows; the columns and their types are those of a record."""
    parquet = parquet_module()
    import pyarrow

    text, number = pyarrow.string(), pyarrow.int64()
    types = {"aliases": pyarrow.list_(text), "wording": number, "chapter": number, "start": number, "end": number}
    schema = pyarrow.schema([(name, types.get(name, text)) for name in Record.model_fields])
    writer = stack.enter_context(parquet.ParquetWriter(path, schema))
    waiting: list[dict[str, object]] = []

    def flush() -> None:
        if waiting:
            writer.write_table(pyarrow.Table.from_pylist(waiting, schema))
            waiting.clear()

    def write(row: dict[str, object]) -> None:
        waiting.append(row)
        if len(waiting) == PIECE:
            flush()

    stack.callback(flush)  # before the writer is closed: callbacks run in reverse
    return write
