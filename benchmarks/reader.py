"""How long a question to the open book takes on a big shelf, and what the index needs.

`python -m benchmarks.reader WORKSPACE [BOOKS]`: the workspace's reader answers questions of its validation records over
a shelf of so many books (20): the bundled novel under as many titles, each with its names.
"""

from __future__ import annotations

import resource
import statistics
import sys
import tempfile
import time
from dataclasses import replace
from multiprocessing import Process
from pathlib import Path

from jianghu.corpus import read_chapters, shelf_lexicons
from jianghu.reader import load_reader
from jianghu.records import read_records
from jianghu.retrieval import OpenBook, build
from jianghu.workspace import Workspace

QUESTIONS = 100


def main() -> None:
    ws, books = Workspace(Path(sys.argv[1])), int(sys.argv[2]) if len(sys.argv) > 2 else 20
    chapters = read_chapters(ws.chapters)
    lexicon = next(iter(shelf_lexicons(ws.books, chapters).values()))
    shelf = [replace(chapter, book=f"书{number}") for number in range(books) for chapter in chapters]
    records = list(read_records(ws.records / "val.jsonl"))
    asked = [record.question for record in records[:: max(1, len(records) // QUESTIONS)]]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "index.sqlite"
        began = time.perf_counter()
        # In a process of its own, so that the memory counted below is the reader's.
        making = Process(target=build, args=(path, shelf, {f"书{number}": lexicon for number in range(books)}))
        making.start()
        making.join()
        seconds, size = time.perf_counter() - began, path.stat().st_size
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        reader = load_reader(ws.reader, OpenBook(path))
        times, worked = [], []
        for question in asked:
            began, used = time.perf_counter(), time.process_time()
            reader.read(question)
            times.append(1000 * (time.perf_counter() - began))
            worked.append(1000 * (time.process_time() - used))
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    characters = sum(len(chapter.text) for chapter in shelf)
    p95 = statistics.quantiles(times, n=20)[-1]
    print(f"{books} books, {characters:,} characters: index made in {seconds:.0f} s, {size / 1e6:.0f} MB on disk")
    print(f"{len(asked)} questions, each for the first time: median {statistics.median(times):.0f} ms by the wall's")
    print(f"clock, {statistics.median(worked):.0f} ms of processor time; 95 % below {p95:.0f} ms")
    print(f"memory: {(after - before) / 1024:.0f} MB for the reader and what it keeps of the index")


if __name__ == "__main__":
    main()
