"""What a run of the teacher does against servers built to harm: how it ends, how long it takes, what memory it needs.

    python -m benchmarks.teacher_faults [--requests 40] [--concurrency 32]

Each behaviour is tried in a process of its own, the server in another; the table for docs/reliability.md is printed.
"""

from __future__ import annotations

import argparse
import itertools
import json
import multiprocessing
import os
import shutil
import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from tests.conftest import novel_text
from tests.llm.teacher_server import Act, TeacherServer, chat, events, good, items_for

KEY = "sk-benchmark-0123456789"


def _endless(piece: bytes) -> Iterator[bytes]:
    return itertools.repeat(piece)


def _numbers(number: int, body: dict[str, Any]) -> Act:
    text = json.dumps(good(number, body).body)
    odd = ("NaN", "1e400", "-2000", "9223372036854775808", "1e300")[number % 5]
    return Act(body=text.replace('"prompt_tokens": 100', f'"prompt_tokens": {odd}'))


def _echo(number: int, body: dict[str, Any]) -> Act:
    escaped = "".join(f"\\u{ord(character):04x}" for character in KEY)
    text = json.dumps({"records": items_for(body)}, ensure_ascii=False).replace("第1件", f"第1件{escaped}")
    return Act(body=chat(text, f"stop {KEY}"))


@cache
def _huge() -> bytes:
    return json.dumps(chat("长" * 5_000_000)).encode()


@cache
def _bomb() -> bytes:
    """A gigabyte in a megabyte."""
    machine = zlib.compressobj(9, wbits=31)
    return b"".join(machine.compress(b"a" * (1 << 20)) for _ in range(1 << 10)) + machine.flush()


EVENT = b'data: {"choices": [{"delta": {}}]}\n\n'
BEHAVIOURS = {
    "good answers": good,
    "a reply of 30 MB": lambda n, body: Act(pieces=(_huge()[at : at + 60_000] for at in range(0, 30_000_000, 60_000))),
    "a reply without end": lambda n, body: Act(pieces=_endless(b"a" * 60_000)),
    "an event stream without end": lambda n, body: Act(pieces=_endless(EVENT * 999)),
    "a gzip bomb of 1 GB": lambda n, body: Act(body=_bomb(), headers={"Content-Encoding": "gzip"}),
    "a drip of bytes": lambda n, body: Act(pieces=_endless(b" "), pause=0.1),
    "JSON two million levels deep": lambda n, body: Act(body="[" * 2_000_000),
    "think tags, 1.8 MB of them": lambda n, body: Act(body=chat("<think>" * 250_000)),
    "unclosed brackets, 1.8 MB": lambda n, body: Act(body=chat('{"question": [' * 110_000)),
    "token counts that are none": _numbers,
    "the key, escaped, in every reply": _echo,
    "half characters and NUL": lambda n, body: Act(body=json.dumps(chat("\ud800\0" * 20_000, "st\udfffop"))),
    "streamed answers behind comments": lambda n, body: Act(
        pieces=itertools.chain(
            [b": keep-alive\n\n"] * 50, events(json.dumps({"records": items_for(body)}, ensure_ascii=False))
        )
    ),
    "429, 500, HTML, cut, empty in turn": lambda n, body: (
        Act(429, "slow"), Act(500, "<html>"), Act(200, "<html>"), Act(body=chat("x"), cut=True), Act(body=chat("")),
        *[good(n, body)] * 5,
    )[n % 10],
}  # fmt: skip


def serve(name: str, told: Any) -> None:
    """Serve a behaviour until told to end; then tell how many requests came."""
    with TeacherServer(BEHAVIOURS[name]) as server:
        told.send(server.url)
        told.recv()
        told.send(len(server.seen))


def one(name: str, shelf: Path, requests: int, concurrency: int) -> dict[str, Any]:
    """Run the command line over a copy of a prepared workspace, and say what came of it."""
    ours, theirs = multiprocessing.Pipe()
    server = multiprocessing.get_context("spawn").Process(target=serve, args=(name, theirs), daemon=True)
    server.start()
    url = ours.recv()
    with tempfile.TemporaryDirectory() as folder:
        desk = Path(folder) / "desk"
        shutil.copytree(shelf, desk)
        flags = {"base-url": url, "model": "m", "key-env": "BENCHMARK_KEY", "concurrency": concurrency, "timeout": 6}
        flags |= {"retries": 2, "max-passages": requests, "strategy": "passage"}
        command = [sys.executable, "-m", "jianghu", "synth", "run"]
        command += [part for flag, value in flags.items() for part in (f"--{flag}", str(value))]
        env = os.environ | {"BENCHMARK_KEY": KEY, "JIANGHU_LANG": "en"}
        with (Path(folder) / "out").open("w+") as out_file, (Path(folder) / "err").open("w+") as err_file:
            began = time.monotonic()
            run = subprocess.Popen(command, cwd=desk, env=env, stdout=out_file, stderr=err_file)
            _, status, usage = os.wait4(run.pid, 0)
            seconds, code = time.monotonic() - began, os.waitstatus_to_exitcode(status)
            out, err = (Path(file.name).read_text(encoding="utf-8") for file in (out_file, err_file))
        told = out.splitlines()[0] if code == 0 else err.strip().splitlines()[-1]
        leaked = any(KEY.encode() in file.read_bytes() for file in desk.rglob("*") if file.is_file())
        leaked = leaked or KEY in out + err
    ours.send("end")
    return {
        "ended": f"exit {code}: {told}",
        "traceback": "Traceback" in err,
        "sendings": ours.recv(),
        "seconds": round(seconds, 1),
        "memory": usage.ru_maxrss >> 10,
        "leaked": leaked,
    }


def shelf_in(folder: Path) -> Path:
    """A prepared workspace with a made-up novel."""
    shelf = folder / "shelf"
    (shelf / "books").mkdir(parents=True)
    (shelf / "books" / "青峰录.txt").write_text(novel_text(40, 60), encoding="utf-8")
    (shelf / "jianghu.toml").write_text('[synth]\nstrategies = ["cloze"]\npassage_chars = 120\n', encoding="utf-8")
    subprocess.run([sys.executable, "-m", "jianghu", "prepare"], cwd=shelf, check=True, capture_output=True)
    return shelf


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=40)
    parser.add_argument("--concurrency", type=int, default=64)
    parser.add_argument("--only", help="one behaviour")
    given = parser.parse_args()
    if given.only:
        with tempfile.TemporaryDirectory() as folder:
            row = one(given.only, shelf_in(Path(folder)), given.requests, given.concurrency)
        bad = " **the key leaked**" * row["leaked"] + " **a traceback**" * row["traceback"]
        print(f"| {given.only} | {row['sendings']} | {row['ended'][:190]}{bad} | {row['seconds']} | {row['memory']} |")
        return
    print("| the teacher sends | sendings | what happened | seconds | memory, MB |\n|---|---|---|---|---|", flush=True)
    for name in BEHAVIOURS:
        command = [sys.executable, "-m", "benchmarks.teacher_faults", "--only", name]
        subprocess.run(
            [*command, "--requests", str(given.requests), "--concurrency", str(given.concurrency)], check=True
        )


if __name__ == "__main__":
    main()
