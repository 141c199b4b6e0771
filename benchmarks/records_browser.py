"""How fast the studio's list of records is: `python -m benchmarks.records_browser --records 300000`.

Questions and answers are made of names, places and clauses drawn at random, in twelve books of a hundred chapters. Told
are seconds to make the index and to take in a change of one line, its size, and milliseconds of pages and searches: the
median and the longest of several tries, each over a connection of its own as a request has one, and with all of them
counted. Exits 1 if a page takes over 200 ms or a search over 500 ms.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from jianghu.files import write_jsonl
from jianghu.recipe import SynthSettings
from jianghu.synth.browse import Filter, RecordIndex, RecordSearch
from jianghu.synth.edits import Edits
from jianghu.workspace import Workspace

PAGE_MS, SEARCH_MS = 200, 500
TRIES = 7
SURNAMES, GIVEN = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张", "青峰如烟长风无双小川明月云龙子敬公明伯约文远"
PLACES = ["青石镇", "落雁坡", "寒潭寺", "白鹿山庄", "断云岭", "江陵城", "长坂坡", "定军山"]
DONE = ["夺下了", "守住了", "离开了", "寻到了", "烧掉了", "围住了", "说起过", "走遍了"]
WHEN = ["次日清晨", "当夜三更", "过了数日", "这年冬天", "雨停之后", "大军到来之前"]
KINDS = ["who", "where", "whom", "plot", "thing", "next", "saying", "reason"]
SOURCES = ["cloze", "bundled", "facts", "passage", "rolling", "import"]


def rows(count: int) -> Iterator[dict[str, object]]:
    """Records in the order of the shelf."""
    dice = random.Random(1)
    people = [a + b for a in SURNAMES for b in ("".join(dice.sample(GIVEN, 2)) for _ in range(8))]
    for n in range(count):
        who, other = dice.choice(people), dice.choice(people)
        place, did, when = dice.choice(PLACES), dice.choice(DONE), dice.choice(WHEN)
        question = f"{when}，{who}与{other}在{place}{did}什么，后来怎样？这是第{n}件事。"
        yield {
            "id": f"r{n}",
            "fact": f"f{n // 6}",
            "wording": n % 6 + 1,
            "kind": dice.choice(KINDS),
            "question": question,
            "answer": f"{other}。{when}{other}{did}{dice.choice(PLACES)}。",
            "short_answer": other,
            "aliases": [other[1:]],
            "book": f"第{n * 12 // count + 1}部书",
            "chapter": n * 1200 // count % 100 + 1,
            "start": n % 5000,
            "end": n % 5000 + 20,
            "source": dice.choice(SOURCES),
            "split": "train",
        }


def timed(ask: Callable[[], object]) -> dict[str, float]:
    """Milliseconds of several tries."""
    took = []
    for _ in range(TRIES):
        began = time.perf_counter()
        ask()
        took.append(1000 * (time.perf_counter() - began))
    return {"median_ms": round(statistics.median(took), 1), "longest_ms": round(max(took), 1)}


def main() -> None:
    """Print a JSON line for each thing asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=300_000)
    count = parser.parse_args().records
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "jianghu.toml").write_text('preset = "demo"\n', encoding="utf-8")
        ws = Workspace(root)
        made = list(rows(count))
        write_jsonl(ws.records / "train.jsonl", made)
        index, edits = RecordIndex(ws, SynthSettings()), Edits(ws.edits)
        search = RecordSearch(index)
        began = time.perf_counter()
        index.refresh(edits)
        seconds, size = time.perf_counter() - began, index.path.stat().st_size
        print(json.dumps({"made_seconds": round(seconds, 1), "megabytes": size >> 20, "records": count}), flush=True)
        made[count // 2]["question"] = "改过的一个问题？"
        write_jsonl(ws.records / "train.jsonl", made)
        began = time.perf_counter()
        index.refresh(edits)
        print(json.dumps({"one_line_changed_seconds": round(time.perf_counter() - began, 1)}), flush=True)
        deep = f"0.{count - 1000}"
        pages = {
            "first": (Filter(), ""),
            "deep": (Filter(), deep),
            "kind": (Filter(kind="who"), ""),
            "kind, source and book": (Filter(kind="who", source="facts", book="第7部书"), ""),
            "chapter": (Filter(book="第7部书", chapter=50), ""),
            "rejected by you (none)": (Filter(mine="rejected"), ""),
            "not decided, deep": (Filter(mine="none"), deep),
        }
        person = made[0]["short_answer"]
        searches = {
            "a name": Filter(text=str(person)),
            "one character": Filter(text="赵"),
            "in every record": Filter(text="后来怎样"),
            "a sentence": Filter(text=str(made[-1]["question"])),
            "in none": Filter(text="贾宝玉"),
            "two words, the pairs of which are everywhere": Filter(text="落雁坡 断云岭"),
            "common, in one chapter": Filter(text="什么", book="第7部书", chapter=50),
            "common, and a rare filter": Filter(text="什么", mine="rejected"),
            "a person with two forms": Filter(person=(str(person), str(person)[1:])),
        }
        slow = 0
        for name, (wanted, after) in pages.items():
            took = timed(lambda wanted=wanted, after=after: search.page(wanted, after))  # type: ignore[misc]
            slow += took["longest_ms"] > PAGE_MS
            print(json.dumps({"page": name, **took}), flush=True)
        for name, wanted in searches.items():
            took = timed(lambda wanted=wanted: search.page(wanted))  # type: ignore[misc]
            slow += took["longest_ms"] > SEARCH_MS
            page = search.page(wanted)
            print(json.dumps({"search": name, **took, "found": page.total, "more": page.more}), flush=True)
        for name in ("book", "kind", "source", "state", "mine"):
            print(json.dumps({"counts": name, **timed(lambda name=name: search.counts(name))}), flush=True)  # type: ignore[misc]
        print(json.dumps({"coverage": count, **timed(search.coverage)}), flush=True)
    if slow:
        raise SystemExit(f"{slow} took too long")


if __name__ == "__main__":
    main()
