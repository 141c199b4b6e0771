"""Which order of a prompt a provider's cache of prefixes serves better: instructions first, or the passage first.

    python -m benchmarks.prompt_cache [--block 64]

The strategy `facts` runs over a made-up novel with a scripted teacher; its requests are held against a cache that keeps
prefixes in blocks of so many characters. Printed: the share of the prompts' tokens that come out of the cache.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from jianghu.llm.runner import run_strategies
from jianghu.llm.store import Store
from jianghu.llm.usage import tokens_of
from jianghu.recipe import SynthSettings, TeacherSettings
from jianghu.synth import Shelf, make_strategies
from tests.llm.teacher_server import TeacherServer
from tests.synth.scripted import scripted
from tests.synth.shelf import BOOK, chapters, lexicon


def bodies() -> list[dict[str, Any]]:
    """The requests of a run, in the order in which they were sent."""
    with TeacherServer(scripted) as server, tempfile.TemporaryDirectory() as folder:
        teacher = TeacherSettings(base_url=server.url, model="m", key_env="", concurrency=1)
        settings = SynthSettings(passage_chars=600, teacher=teacher, strategies=["facts"])
        books = chapters(20, 60)
        with Store(Path(folder) / "synth.sqlite") as store:
            shelf = Shelf(books, {BOOK: lexicon()}, store)
            run_strategies(make_strategies(["facts"], shelf, settings), books, store, teacher)
        return server.seen


def cached(requests: list[dict[str, Any]], words: Callable[[dict[str, Any]], str], block: int) -> float:
    """The share of the tokens that stand in prefixes which were sent before."""
    known: set[str] = set()
    hits = total = 0
    for request in requests:
        prompt = words(request)
        end = 0
        for place in range(block, len(prompt) + 1, block):
            end = place if prompt[:place] in known else end
            known.add(prompt[:place])
        hits += tokens_of(prompt[:end])
        total += tokens_of(prompt)
    return hits / total


def instructions_first(request: dict[str, Any]) -> str:
    """As prompts are sent."""
    return "\n".join(message["content"] for message in request["messages"])


def passage_first(request: dict[str, Any]) -> str:
    """The same words with the passage before the instructions."""
    instructions, asked = request["messages"][0]["content"], request["messages"][-1]["content"]
    passage, mark, rest = asked.partition("</passage>")
    return f"{passage}{mark}\n{instructions}{rest}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--block", type=int, default=64)
    block = parser.parse_args().block
    requests = bodies()
    print(f"{len(requests)} requests")
    for words in (instructions_first, passage_first):
        print(f"{words.__name__.replace('_', ' ')}: {cached(requests, words, block):.1%} of the prompts' tokens cached")


if __name__ == "__main__":
    main()
