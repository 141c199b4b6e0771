"""A file of records that another program wrote → its text in chunks, whatever its encoding; Parquet as JSON lines."""

from __future__ import annotations

import codecs
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ...corpus.decode import decode
from ...errors import InputError
from ...messages import tr

CHUNK = 1 << 16  # bytes read at once
HEAD = 1 << 20  # bytes by which the encoding is found


def chunks_of(path: Path) -> Iterator[str]:
    """The text of a file, piece by piece; undecodable bytes become U+FFFD, which no gate lets through.

    Raises:
        InputError: the file is empty, in no known encoding, or Parquet without pyarrow to read it.
    """
    if path.suffix == ".parquet":
        yield from _parquet(path)
        return
    with path.open("rb") as source:
        head = source.read(HEAD)
        whole = head if len(head) < HEAD else head[: head.rfind(b"\n") + 1] or head
        encoding = decode(whole, path).encoding.split()[0]
        decoder = codecs.getincrementaldecoder(encoding)(errors="replace")
        yield decoder.decode(head).removeprefix("\ufeff")
        while chunk := source.read(CHUNK):
            yield decoder.decode(chunk)
        yield decoder.decode(b"", final=True)


def _parquet(path: Path) -> Iterator[str]:
    parquet = parquet_module()
    try:
        file = parquet.ParquetFile(path)
    except Exception as error:  # of pyarrow's own family, which cannot be named where it is not installed
        raise InputError(tr("{path}: not a Parquet file ({error}).", path=path, error=error)) from None
    with file:
        try:
            for batch in file.iter_batches(batch_size=1000):
                yield "".join(json.dumps(row, ensure_ascii=False, default=str) + "\n" for row in batch.to_pylist())
        except Exception as error:
            raise InputError(tr("{path}: damaged Parquet ({error}).", path=path, error=error)) from None


def parquet_module() -> Any:
    """pyarrow.parquet, which is an extra.

    Raises:
        InputError: it is not installed.
    """
    try:
        from pyarrow import parquet
    except ImportError:
        raise InputError(tr("Parquet needs pyarrow. Install it with: pip install 'jianghu[parquet]'")) from None
    return parquet
