"""The server under load: `python -m benchmarks.serve_load`.

Starts `jianghu serve` on a model of the given size with random weights, measures one client alone (a 16-token request;
tokens per second of a 512-token one), then lets 64 clients ask at once, one in eight for 16 tokens and the others for
512. Prints how long the short ones took, against alone, and how many tokens per second came out, against one client;
and what a request on a kept connection takes that writes nothing, and the first event of a stream: both would show if
the system held small pieces back (no TCP_NODELAY).
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx
import torch

from jianghu.model import ModelConfig, Transformer, save_checkpoint
from jianghu.recipe import ModelSettings
from jianghu.tokenizer_training import train_tokenizer

SHORT, LONG = 16, 512
KEPT_BOUND = 0.02
"""Seconds of a request on a kept connection; a client's delayed acknowledgement alone takes 0.04."""
PROMPT = "却说孔明在帐中，与众将商议军机。"


def make_checkpoint(folder: Path, size: str, block_size: int) -> None:
    """A model with random weights, and a tokenizer with a token for each of some 7,800 characters."""
    tokenizer = train_tokenizer(["".join(chr(0x4E00 + n) for n in range(7800))], "char")
    config = ModelConfig.from_settings(ModelSettings.model_validate({"size": size}), tokenizer.vocab_size, block_size)
    model = Transformer(config)
    model.init_weights(1)
    with torch.no_grad():
        model.model.norm.weight.fill_(0.1)  # all tokens are nearly as likely: it does not repeat half a character
    save_checkpoint(folder, model, tokenizer, {})


class Load:
    """Clients of one server, and what they saw."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client
        self.seconds: dict[int, list[float]] = {SHORT: [], LONG: []}
        self.events: list[int] = []  # of each long request, finished or not
        self.errors: list[str] = []

    async def ask(self, count: int) -> float:
        """One request; its seconds."""
        body = {"model": "random", "prompt": PROMPT, "max_tokens": count, "ignore_eos": True, "stream": True}
        began = time.perf_counter()
        try:
            async with self.client.stream("POST", "/v1/completions", json=body) as answer:
                if answer.status_code != 200:
                    self.errors.append(f"status {answer.status_code}")
                    await asyncio.sleep(0.1)
                    return 0.0
                if count == LONG:
                    self.events.append(0)
                    place = len(self.events) - 1
                async for part in answer.aiter_raw():
                    if count == LONG:
                        self.events[place] += part.count(b"data: {")
        except httpx.HTTPError as error:
            self.errors.append(repr(error))
            return 0.0
        seconds = time.perf_counter() - began
        self.seconds[count].append(seconds)
        return seconds

    async def keep_asking(self, count: int, end: float) -> None:
        """One client: a request after another until the time is over."""
        while time.perf_counter() < end:
            await self.ask(count)


def written(metrics: str) -> float:
    """The server's own count of written tokens."""
    line = next(line for line in metrics.splitlines() if line.startswith("jianghu_written_tokens_total{"))
    return float(line.rsplit(" ", 1)[1])


async def kept_connection(client: httpx.AsyncClient) -> tuple[float, float]:
    """Median seconds of GET /health, and to the first event of a stream, one after another on one connection."""
    health, first = [], []
    for _ in range(30):
        began = time.perf_counter()
        (await client.get("/health")).raise_for_status()
        health.append(time.perf_counter() - began)
    body = {"model": "random", "prompt": "却", "max_tokens": 3, "ignore_eos": True, "stream": True}
    for _ in range(10):
        began = time.perf_counter()
        async with client.stream("POST", "/v1/completions", json=body) as answer:
            parts = answer.aiter_raw()
            await anext(parts)
            first.append(time.perf_counter() - began)
            async for _ in parts:
                pass
    return statistics.median(health), statistics.median(first)


async def measure(url: str, clients: int, seconds: float) -> bool:
    """Measure and print; whether the bounds were kept."""
    limits = httpx.Limits(max_connections=clients + 4)
    async with httpx.AsyncClient(base_url=url, timeout=600, limits=limits) as client:
        alone = Load(client)
        for _ in range(3):
            await alone.ask(SHORT)
        alone.seconds[SHORT].clear()
        health, first = await kept_connection(client)
        for _ in range(10):
            await alone.ask(SHORT)
        one = statistics.median(alone.seconds[SHORT])
        rate = LONG / await alone.ask(LONG)
        load = Load(client)
        before, began = written((await client.get("/metrics")).text), time.perf_counter()
        tasks = [
            asyncio.create_task(load.keep_asking(LONG if n % 8 else SHORT, began + seconds)) for n in range(clients)
        ]
        await asyncio.sleep(seconds)
        total = (written((await client.get("/metrics")).text) - before) / (time.perf_counter() - began)
        for n, task in enumerate(tasks):
            if n % 8:
                task.cancel()  # a client that goes
        ended = await asyncio.gather(*tasks, return_exceptions=True)
        load.errors += [repr(error) for error in ended if isinstance(error, Exception)]
    short = sorted(load.seconds[SHORT])
    p50, p99 = short[len(short) // 2], short[min(len(short) - 1, int(len(short) * 0.99))]
    print(f"kept:   a request in {1e3 * health:.1f} ms, the first event of a stream in {1e3 * first:.1f} ms")
    print(f"alone:  {SHORT} tokens in {one:.3f} s; {rate:.0f} tokens/s over {LONG}")
    print(f"{clients} clients, {seconds:g} s: {len(short)} short and {len(load.seconds[LONG])} long requests")
    print(f"short:  median {p50:.3f} s, p99 {p99:.3f} s = {p99 / one:.1f} x alone (bound 5)")
    print(f"long:   {len(load.seconds[LONG])} finished; the least served has had {min(load.events, default=0)} pieces")
    print(f"total:  {total:.0f} tokens/s = {total / rate:.1f} x one client (bound 4)")
    print(f"errors: {len(load.errors) + len(alone.errors)} {sorted(set(load.errors + alone.errors))}")
    return health <= KEPT_BOUND and p99 <= 5 * one and total >= 4 * rate and not load.errors and not alone.errors


def main() -> None:
    """Start the server, measure, stop it; exit code 1 if a bound was not kept."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", default="mini", choices=["tiny", "mini", "seed", "base"])
    parser.add_argument("--block-size", type=int, default=256)
    parser.add_argument("--clients", type=int, default=64)
    parser.add_argument("--seconds", type=float, default=60)
    options, flags = parser.parse_known_args()
    with tempfile.TemporaryDirectory() as folder:
        make_checkpoint(Path(folder) / "random", options.size, options.block_size)
        command = [sys.executable, "-u", "-m", "jianghu", "serve", str(Path(folder) / "random"), "--port", "0", *flags]
        server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=folder)
        try:
            assert server.stdout is not None
            url = server.stdout.readline().split()[-1]
            good = asyncio.run(measure(url, options.clients, options.seconds))
        finally:
            server.terminate()
            server.wait()
    sys.exit(not good)


if __name__ == "__main__":
    main()
