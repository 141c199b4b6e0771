"""Replies per second that the sender sustains against a server on loopback: `python -m benchmarks.teacher`.

The server is a process of its own on the other core and answers at once, as fast as asyncio allows. What is measured is
ours: HTTP, the pool, the store with every reply fsynced before it is read, reading.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import tempfile
import time
from multiprocessing.connection import Connection
from pathlib import Path

from jianghu.llm.runner import Summary, run_strategies
from jianghu.llm.store import Store
from jianghu.recipe import TeacherSettings
from tests.llm.virtual import ManyStrategy

REPLY = json.dumps(
    {
        "choices": [{"message": {"role": "assistant", "content": "好" * 400}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 100, "completion_tokens": 50},
    },
    ensure_ascii=False,
).encode()
ANSWER = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(REPLY)}\r\n\r\n".encode() + REPLY


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while head := await reader.readuntil(b"\r\n\r\n"):
            length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
            await reader.readexactly(int(length.split(b":")[1]))
            writer.write(ANSWER)
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


def serve(port: Connection) -> None:
    """Answer until the process is ended; tells its port first."""

    async def run() -> None:
        server = await asyncio.start_server(_answer, "127.0.0.1", 0)
        port.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(run())


def main() -> None:
    """Print one JSON line: replies per second, requests, seconds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=10_000)
    parser.add_argument("--at-once", type=int, default=128)
    given = parser.parse_args()
    here, there = multiprocessing.Pipe()
    server = multiprocessing.Process(target=serve, args=(there,), daemon=True)
    server.start()
    url = f"http://127.0.0.1:{here.recv()}/v1"
    settings = TeacherSettings(base_url=url, model="test-model", key_env="", concurrency=given.at_once)
    with tempfile.TemporaryDirectory() as folder, Store(Path(folder) / "s.sqlite") as store:
        strategy = ManyStrategy(given.requests)
        began: list[float] = []

        def watch(now: Summary) -> None:
            if now.done and not began:
                began.append(time.monotonic())

        busy = time.process_time()
        summary = run_strategies([strategy], [], store, settings, watch)
        seconds, busy = time.monotonic() - began[0], time.process_time() - busy
    server.terminate()
    facts = {
        "replies_per_second": round(summary.done / seconds),
        "replies_per_cpu_second": round(summary.done / busy),  # of a core that is ours alone; planning counts, too
        "requests": summary.done,
        "seconds": round(seconds, 2),
    }
    print(json.dumps(facts))


if __name__ == "__main__":
    main()
