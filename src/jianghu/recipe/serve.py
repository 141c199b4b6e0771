"""Settings of the server."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from .base import NotNegative, Positive, Settings


class ServeSettings(Settings):
    """The server: where it listens, whom it answers, and how much it takes on."""

    host: str = "127.0.0.1"
    """Address to listen on; one that other machines can reach wants an API key."""
    port: Annotated[int, Field(ge=0, le=65535)] = 8000
    """Port to listen on; 0: any free one."""
    key_env: str = "JIANGHU_SERVER_KEY"
    """Environment variable that holds the API key clients must send; unset or empty: none is asked for."""
    allowed_hosts: list[str] = []
    """Names under which clients may reach the server, besides localhost and IP addresses."""
    batch: Positive = 16
    """Texts of one checkpoint written at once; more are faster together but slower each."""
    queue: NotNegative = 256
    """Requests that may wait for a place; one more is told to come back (429)."""
    max_tokens: Positive = 4096
    """Most tokens that one request may ask for."""
    max_request_kb: Positive = 1024
    """Largest request, in units of 1,024 bytes."""
    max_upload_mb: Positive = 500
    """Largest book that the studio takes, in units of 1,048,576 bytes; more than 500 million bytes are no book."""
    read_seconds: Annotated[float, Field(gt=0)] = 10.0
    """Time a client has to send its request."""
    write_seconds: Annotated[float, Field(gt=0)] = 30.0
    """Time a client may leave what it asked for unread; then it is let go."""
    request_seconds: Annotated[float, Field(gt=0)] = 600.0
    """Time a request may take; then its text ends where it is."""
    threads: NotNegative = 0
    """Processor threads that compute; 0: all cores but one, which is left to the network."""
