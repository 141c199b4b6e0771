"""Bytes of a server's reply, as they arrive → its text, within bounds of size, whatever it sends.

JSON stays as it is; of an event stream only what it spells out is kept. Blank lines and comments that keep a
connection alive are passed over.
"""

from __future__ import annotations

import asyncio
import codecs
import json
import re
import zlib
from collections.abc import AsyncIterator, Iterator
from typing import Any

from .stream import Assembler

MAX_BODY = 2 << 20  # bytes of a reply after decompression; 2,048 tokens take about 10,000
MAX_STREAM = 48 << 20  # bytes of an event stream, which spends 200 to 400 on each token
MAX_EVENTS = 100_000  # of one stream; each carries a token or more
MAX_LINE = 1 << 20  # bytes of one event
MAX_ERROR = 64 << 10  # bytes that are read of an error's body
PIECE = 64 << 10  # bytes that are decompressed at once
_EVENT = re.compile(rb"(?:data|event|id|retry)\s*:")


class UnreadableBody(Exception):  # noqa: N818 - it is a kind of reply, and becomes one
    """A body that cannot be read, or is not read to its end; the message says why."""


async def read_body(source: AsyncIterator[bytes], encoding: str = "", charset: str = "", error: bool = False) -> str:
    """The text of a body, read no further than its bounds.

    Args:
        source: the bytes as they are on the wire.
        encoding, charset: of the headers; what is unknown is UTF-8.
        error: of an error body the beginning will do.

    Raises:
        UnreadableBody: it is too long or in an unknown encoding.
    """
    body = Body(charset, MAX_ERROR if error else MAX_BODY)
    inflate = _inflater(encoding)
    try:
        async for data in source:
            for piece in inflate(data):
                body.add(piece)
                if body.done:
                    return body.text()
                await asyncio.sleep(0)  # a small reply may unfold into a long one: others have their turn
    except UnreadableBody:
        if error:
            return body.text()
        raise
    return body.text()


async def read_lines(source: AsyncIterator[bytes], encoding: str = "") -> AsyncIterator[str]:
    """The lines of a body, of any number, each within the bounds of a reply.

    Raises:
        UnreadableBody: a line is too long, or the encoding is unknown.
    """
    inflate, rest = _inflater(encoding), b""
    async for data in source:
        for piece in inflate(data):
            *lines, rest = (rest + piece).split(b"\n")
            for line in lines:
                yield line.decode("utf-8", "replace")
            if len(rest) > MAX_BODY:
                raise UnreadableBody(f"a line of the file is longer than {MAX_BODY >> 20} MB")
            await asyncio.sleep(0)
    if rest:
        yield rest.decode("utf-8", "replace")


def charset_of(content_type: str) -> str:
    """The charset that a Content-Type names, or nothing."""
    found = re.search(r"charset\s*=\s*[\"']?([\w.:-]{1,40})", content_type, re.ASCII | re.IGNORECASE)
    return found[1] if found else ""


def _inflater(encoding: str) -> Any:
    """A function that decompresses data piece by piece."""
    name = encoding.strip().lower()
    if name in ("", "identity"):
        return lambda data: iter((data,))
    if name not in ("gzip", "x-gzip", "deflate"):
        raise UnreadableBody(f"the reply is in the unknown encoding {name[:40]!r}")
    machine = zlib.decompressobj(wbits=47)  # gzip or zlib, by its head

    def inflate(data: bytes) -> Iterator[bytes]:
        nonlocal machine
        while True:
            try:
                piece = machine.decompress(data, PIECE)
            except zlib.error as error:
                raise UnreadableBody(f"the reply cannot be decompressed ({error})") from None
            if piece:
                yield piece
            data = machine.unconsumed_tail
            if machine.eof and machine.unused_data:  # gzip allows several files one after the other
                data, machine = machine.unused_data, zlib.decompressobj(wbits=47)
            elif not data and len(piece) < PIECE:
                return

    return inflate


class Body:
    """A reply's bytes, as they come; see `read_body`.

    Attributes:
        done: an event stream has said that it ends.
    """

    def __init__(self, charset: str = "", most: int = MAX_BODY) -> None:
        self.charset, self.most, self.done = charset, most, False
        self._bytes = bytearray()
        self._events: Assembler | None = None
        self._begun = False
        self._total = 0

    def add(self, piece: bytes) -> None:
        """Take the next bytes.

        Raises:
            UnreadableBody: the reply is too long.
        """
        self._total += len(piece)
        self._bytes += piece
        if not self._begun:
            self._begin()
        if self._events is not None:
            self._lines()
        if self._total > MAX_STREAM or len(self._bytes) > (MAX_LINE if self._events else self.most):
            del self._bytes[self.most :]
            most = MAX_STREAM if self._events else self.most
            raise UnreadableBody(f"the reply is longer than {most >> 20} MB and was not read to its end")

    def _begin(self) -> None:
        """Pass over what only keeps the connection alive; then see which kind of body it is."""
        while True:
            head = self._bytes.lstrip(b" \t\r\n")
            if not head.startswith(b":"):
                break
            line, mark, rest = head.partition(b"\n")
            if not mark:
                del self._bytes[: len(self._bytes) - len(line)]
                return
            self._bytes = bytearray(rest)
        self._bytes = bytearray(head)
        # "retry:" is the longest name of a field; a shorter beginning does not yet tell.
        if len(head) > len(b"retry :"):
            self._begun = True
            if _EVENT.match(head):
                self._events = Assembler()

    def _lines(self) -> None:
        assert self._events is not None
        *lines, rest = bytes(self._bytes).split(b"\n")
        self._bytes = bytearray(rest)
        for line in lines:
            self._events.add(line.decode("utf-8", "replace").rstrip("\r"))
        if self._events.length > MAX_BODY:
            raise UnreadableBody(f"the reply is longer than {MAX_BODY >> 20} MB and was not read to its end")
        if self._events.count > MAX_EVENTS:
            raise UnreadableBody(f"the reply has more than {MAX_EVENTS:,} events and was not read to its end")
        self.done = self._events.done

    def text(self) -> str:
        """What has come, as text: that of the body, or the JSON of the completion that an event stream spelled out."""
        if self._events is None:
            return decode(bytes(self._bytes), self.charset)
        if self._bytes:
            self._events.add(bytes(self._bytes).decode("utf-8", "replace"))
            self._bytes.clear()
        return json.dumps(self._events.completion())


def decode(data: bytes, charset: str = "") -> str:
    """Bytes as text: JSON's own encodings first, then what the server names, if there is such an encoding of text."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        pass
    if data[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        return data.decode("utf-16", "replace")
    try:
        found = codecs.lookup(charset)
    except (LookupError, ValueError):
        return data.decode("utf-8-sig", "replace")
    # Some codecs make bytes of bytes, or unpack them.
    name = found.name if getattr(found, "_is_text_encoding", True) else "utf-8"
    return data.decode(name, "replace")
