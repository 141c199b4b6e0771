"""Makes books of every kind at random, and reads them: `python -m benchmarks.fuzz_books --minutes 30`.

Checked of each: nothing is raised but InputError, the time stays in proportion to the size, no sentence of the novel is
lost, and what cleaning took away is counted to the character. A case that fails is kept in --folder with its seed;
`--seed N --cases 1` makes it again.
"""

from __future__ import annotations

import argparse
import random
import re
import signal
import tempfile
import time
import traceback
import unicodedata
from collections import Counter
from pathlib import Path
from types import FrameType

from jianghu.corpus import load_book
from jianghu.corpus.book import Book
from jianghu.errors import InputError
from jianghu.recipe import BooksSettings

from .random_books import MAKERS, Case

SECONDS, A_MEGABYTE = 2.0, 8.0
"""Time of one core that a case may take, and for each megabyte more."""
HUNG = 60
"""Seconds after which a case is stopped."""


def bare(text: str) -> str:
    """The text without white space and without what no reader sees."""
    return re.sub(r"\s", "", text)


def faults(case: Case, folder: Path) -> list[str]:
    """What is wrong with how a case is read; empty if nothing is."""
    path = folder / case.name
    path.write_bytes(case.data)
    began = time.process_time()
    try:
        book: Book | None = load_book(path, BooksSettings())
    except InputError as error:
        book = None
        found = [] if "\n" not in str(error) else [f"an error of several lines: {error}"]
        if case.text is not None and len(bare(case.text)) > 2000:
            found.append(f"a novel refused: {error}")
    else:
        found = []
    taken = time.process_time() - began
    if taken > SECONDS + A_MEGABYTE * len(case.data) / 1e6:
        found.append(f"{taken:.1f} seconds for {len(case.data)} bytes")
    if book is None:
        return found
    text = "\n".join(chapter.full for chapter in book.chapters)
    whole = bare(text)
    if "\ufffd" in text or any(unicodedata.category(character) == "Cs" for character in set(text)):
        found.append("a character that is none")
    flawed = bool(book.damaged or book.remarks)
    lost = [told for told, times in Counter(case.sentences).items() if whole.count(bare(told)) < min(1, times)]
    if lost and not flawed:
        found.append(f"{len(lost)} sentences lost, such as {lost[0]}")
    if case.text is not None and not flawed:
        gone = sum(removal.characters for removal in book.removals)
        if len(bare(case.text.removeprefix("\ufeff"))) - len(whole) != gone:
            found.append(f"{len(bare(case.text)) - len(whole)} characters gone, {gone} counted")
    return found


def _hang(_signal: int, _frame: FrameType | None) -> None:
    raise TimeoutError(f"not done after {HUNG} seconds")


def check(seed: int, folder: Path) -> list[str]:
    """Make the case of a seed and read it; what is wrong, or nothing."""
    draw = random.Random(seed)
    case = draw.choice(MAKERS)(draw)
    signal.signal(signal.SIGALRM, _hang)
    signal.alarm(HUNG)
    try:
        return faults(case, folder)
    except Exception:
        return [traceback.format_exc()]
    finally:
        signal.alarm(0)


def main() -> None:
    """Read books until the time is over."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--cases", type=int, default=1 << 60)
    parser.add_argument("--seed", type=int, default=0, help="of the first case")
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir(), "fuzz_books"))
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    end, seed, bad = time.monotonic() + 60 * options.minutes, options.seed, 0
    with tempfile.TemporaryDirectory() as folder:
        while time.monotonic() < end and seed - options.seed < options.cases:
            wrong = check(seed, Path(folder))
            for fault in wrong:
                print(f"seed {seed}: {fault}", flush=True)
            if wrong:
                bad += 1
                for path in Path(folder).iterdir():
                    (options.folder / f"{seed}{path.suffix}").write_bytes(path.read_bytes())
            for path in Path(folder).iterdir():
                path.unlink()
            seed += 1
    print(f"{seed - options.seed} cases, {bad} of them wrong")


if __name__ == "__main__":
    main()
