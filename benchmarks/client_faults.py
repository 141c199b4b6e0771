"""What clients built to harm do to `jianghu serve`: its memory, how long others wait, and what they are told.

    python -m benchmarks.client_faults [--only NAME]

Each behaviour meets a server of its own, in another process, that serves a model of random weights with the default
settings; meanwhile a client that means well asks for 16 tokens twice a second. The table for docs/reliability.md is
printed. Linux only: the memory is read from /proc.
"""

from __future__ import annotations

import argparse
import collections
import contextlib
import json
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

import httpx

from .serve_load import make_checkpoint

MEGABYTE = 1_000_000
ASK = {"model": "random", "prompt": "却", "max_tokens": 16, "ignore_eos": True}
MUCH = {**ASK, "stream": True, "n": 16, "logprobs": 20, "max_tokens": 4096}
LONGEST = 180.0
"""Seconds after which a behaviour is ended."""


def _connect(port: int) -> socket.socket:
    sock = socket.create_connection(("127.0.0.1", port), 30)
    sock.settimeout(30)
    return sock


def _post(port: int, body: bytes, route: str = "/v1/completions", held_back: int = 0) -> socket.socket:
    sock = _connect(port)
    head = f"POST {route} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    data = f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body
    with contextlib.suppress(OSError):  # refused before it was all sent
        sock.sendall(data[: len(data) - held_back])
    return sock


def _pipelined(port: int) -> socket.socket:
    sock = _connect(port)
    sock.settimeout(0.5)
    with contextlib.suppress(OSError):
        sock.sendall(b"GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n" * 20_000)
    return sock


def _json(**body: object) -> bytes:
    return json.dumps({**ASK, **body}, ensure_ascii=False).encode()


BEHAVIOURS: dict[str, tuple[int, Callable[[int], socket.socket]]] = {
    "16 texts of 4,096 tokens with 20 likelihoods, nothing is read": (17, lambda p: _post(p, _json(**MUCH))),
    "the same, 8 readers": (8, lambda p: _post(p, _json(**MUCH))),
    "a request of 1 MB, all but its last byte": (700, lambda p: _post(p, _json(user="x" * MEGABYTE), held_back=1)),
    "1 MB of lists": (300, lambda p: _post(p, _json(stop=[[]] * 250_000))),
    "1 MB of numbers as a prompt": (300, lambda p: _post(p, _json(prompt=[1] * 330_000))),
    "as many lists as are parsed, in 1 MB": (
        300,
        lambda p: _post(p, _json(stop=[[]] * 49_000, user="x" * 800_000)),
    ),
    "1 MB of think tags as a prompt": (
        300,
        lambda p: _post(p, _json(prompt="<think>" * 140_000, truncate_prompt=True)),
    ),
    "headers without end": (700, lambda p: _post(p, b"", "/" + "x" * 60_000, held_back=4)),
    "connections that say nothing": (3000, _connect),
    "20,000 requests on one connection, nothing is read": (100, _pipelined),
}  # fmt: skip


def _memory(process: int, field: str) -> int:
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return next(int(line.split()[1]) >> 10 for line in lines if line.startswith(field))


class Others:
    """A client that means well, in a thread of its own: what it is answered, and when it first is."""

    def __init__(self, url: str) -> None:
        self.url, self.seen, self.worst, self.served_at = url, collections.Counter[str](), 0.0, 0.0
        self._done, self._began = threading.Event(), time.monotonic()
        self._thread = threading.Thread(target=self._ask)
        self._thread.start()

    def _ask(self) -> None:
        while not self._done.is_set():
            began = time.monotonic()
            try:
                status = str(httpx.post(self.url + "/v1/completions", json=ASK, timeout=120).status_code)
            except httpx.HTTPError as error:
                status = type(error).__name__
            self.worst = max(self.worst, time.monotonic() - began)
            self.seen[status] += 1
            if status == "200" and not self.served_at:
                self.served_at = time.monotonic() - self._began
            self._done.wait(0.5)

    def stop(self) -> None:
        self._done.set()
        self._thread.join()


def one(name: str, checkpoint: Path) -> str:
    """A row of the table."""
    count, connect = BEHAVIOURS[name]
    command = [sys.executable, "-u", "-m", "jianghu", "serve", str(checkpoint), "--port", "0"]
    with tempfile.TemporaryFile("w+") as log:
        server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True, cwd=checkpoint.parent)
        assert server.stdout is not None
        url = server.stdout.readline().split()[-1]
        threading.Thread(target=server.stdout.read, daemon=True).start()
        httpx.post(url + "/v1/completions", json=ASK, timeout=60)
        base, port, began = _memory(server.pid, "VmHWM"), int(url.rpartition(":")[2]), time.monotonic()
        others = Others(url)
        socks = [connect(port) for _ in range(count)]
        idle = 0.0
        while time.monotonic() - began < LONGEST and not (idle and time.monotonic() - began > 15):
            time.sleep(1)
            with contextlib.suppress(httpx.HTTPError, ValueError, KeyError):
                facts = httpx.get(url + "/health", timeout=60).json()["models"]["random"]
                idle = time.monotonic() - began if facts["waiting"] == 0 else 0.0
        others.stop()
        peak = _memory(server.pid, "VmHWM")
        for sock in socks:
            sock.close()
        server.terminate()
        server.wait()
        log.seek(0)
        bad = " **a traceback**" * ("Traceback" in log.read())
    told = ", ".join(f"{number} × {status}" for status, number in sorted(others.seen.items()))
    freed = f"{idle:.0f}" if idle else "not"
    return f"| {name} | {count} | {told}{bad} | {others.served_at:.1f}, {others.worst:.1f} | {freed} | {base}, {peak} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", help="behaviours whose name holds this")
    given = parser.parse_args()
    print(
        "| each client sends | clients | others are answered | first after, longest, s | idle after, s | memory, MB |"
    )
    print("|---|---|---|---|---|---|", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        make_checkpoint(Path(folder) / "random", "tiny", 256)
        for name in BEHAVIOURS:
            if not given.only or given.only in name:
                print(one(name, Path(folder) / "random"), flush=True)


if __name__ == "__main__":
    main()
