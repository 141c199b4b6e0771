"""How often `rolling` and `facts` ask the same again, on the same number of requests: `python -m benchmarks.rolling`.

The teacher is a script (tests/synth/scripted.py) that knows a made-up novel: to `rolling` it gives the few questions
that come to mind for every scene, as the original's teachers did, to `facts` what each planned wording asks for. So the
figures show what the two ways make of such a teacher, and say nothing about any model.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path

from jianghu.llm.budget import Budget
from jianghu.llm.runner import run_strategies
from jianghu.llm.store import Store
from jianghu.recipe import SynthSettings, TeacherSettings
from jianghu.synth import Shelf, collect_records, make_strategies, stored_records
from jianghu.synth.checks import letters
from tests.llm.teacher_server import TeacherServer
from tests.synth.scripted import scripted
from tests.synth.shelf import BOOK, chapters, lexicon


def main() -> None:
    """Print a JSON line for each strategy."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=200)
    parser.add_argument("--chapters", type=int, default=19)
    given = parser.parse_args()
    shelf = Shelf(chapters(given.chapters, 60), {BOOK: lexicon()})
    for name in ("rolling", "facts"):
        with TeacherServer(scripted) as server, tempfile.TemporaryDirectory() as folder:
            teacher = TeacherSettings(base_url=server.url, model="test-model", key_env="")
            settings = SynthSettings(passage_chars=120, contrast_share=0.0, teacher=teacher)
            with Store(Path(folder) / "s.sqlite") as store:
                strategies = make_strategies([name], shelf, settings)
                summary = run_strategies(
                    strategies, shelf.chapters, store, teacher, budget=Budget(requests=given.requests)
                )
                stand = len(collect_records(store, settings))
                asked = [letters(record.question) for _, record in stored_records(store, settings)]
        again = 1 - len(set(asked)) / len(asked)
        facts = {"strategy": name, "requests": summary.done, "records": len(asked), "questions": len(set(asked))}
        print(json.dumps({**facts, "repeats": round(again, 3), "stand": stand}), flush=True)


if __name__ == "__main__":
    main()
