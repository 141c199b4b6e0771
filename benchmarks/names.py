"""How well people are found without a lexicon: `python -m benchmarks.names measure FOLDER`.

FOLDER holds novels as 水浒传.txt; `names.json` beside this file holds, for each, the thirty most mentioned people with
their forms, and which candidates of the finder name somebody (found by reading). `fit FOLDER` makes the weights of
`src/jianghu/names/weights.json` from those that are not held out; `cross` leaves each of them out in turn.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from jianghu import files
from jianghu.corpus import load_shelf
from jianghu.names import Lexicon, belief, find_names
from jianghu.names.characters import read_characters
from jianghu.names.evidence import Evidence, Floats
from jianghu.names.find import MENTIONS, OPENINGS, SPEECHES
from jianghu.recipe import BooksSettings

LISTS = Path(__file__).with_name("names.json")
WEIGHTS = Path(belief.__file__).with_name("weights.json")
EXCERPTS = (60_000, 15_000)
"""Characters of the parts of a novel that stand for short books."""
RIDGE = 1.0
"""Strength of the penalty on squared weights, of columns with variance 1."""


@dataclass
class Labelled:
    """A novel's candidates with what reading says of them."""

    evidence: Evidence
    general: dict[str, Floats]
    is_name: Floats
    clear: np.ndarray


def label(text: str, lists: dict[str, str]) -> list[Labelled]:
    """The candidates of a novel and of parts of it, labelled: the whole novel first."""
    names, unclear = set(lists["names"].split()), set(lists["unclear"].split())
    parts: list[Labelled] = []
    for part in (text, *(text[at : at + size] for size in EXCERPTS for at in range(0, len(text) // 2, len(text) // 4))):
        evidence = Evidence(read_characters(part), MENTIONS, SPEECHES, OPENINGS)
        read = set(parts[0].evidence.words) if parts else set(evidence.words)
        is_name = np.array([word in names for word in evidence.words], float)
        clear = np.array([word not in unclear and word in names | read for word in evidence.words], bool)
        parts.append(Labelled(evidence, evidence.general(), is_name, clear))
    return parts


def regress(columns: list[dict[str, Floats]], answers: list[Floats]) -> dict[str, float]:
    """The weights of a logistic regression with a ridge, by Newton's method."""
    names = list(columns[0])
    x = np.vstack([np.column_stack([part[name] for name in names]) for part in columns])
    y = np.concatenate(answers)
    mean, scale = x.mean(0), x.std(0) + 1e-9
    mean[0], scale[0] = 0, 1
    z, weight = (x - mean) / scale, np.zeros(len(names))
    for _ in range(50):
        p = 1 / (1 + np.exp(-z @ weight))
        curve = (z * (p * (1 - p) + 1e-6)[:, None]).T @ z + RIDGE * np.eye(len(names))
        weight += np.linalg.solve(curve, z.T @ (y - p) - RIDGE * weight)
    plain = weight / scale
    plain[0] -= (weight[1:] * mean[1:] / scale[1:]).sum()
    return {name: round(float(value), 4) for name, value in zip(names, plain, strict=True)}


def clear_rows(columns: dict[str, Floats], novel: Labelled) -> dict[str, Floats]:
    """The columns at those candidates of which reading is sure."""
    return {name: column[novel.clear] for name, column in columns.items()}


def fit(novels: list[list[Labelled]]) -> dict[str, dict[str, float]]:
    """Both regressions. The second learns from what a first one believed that had not seen the novel."""

    def first(others: list[list[Labelled]]) -> dict[str, float]:
        parts = [part for novel in others for part in novel]
        return regress([clear_rows(n.general, n) for n in parts], [n.is_name[n.clear] for n in parts])

    seconds, answers = [], []
    for novel in novels:
        weight = first([other for other in novels if other is not novel])
        for part in novel:
            believed = belief.logistic(part.general, weight)
            seconds.append(clear_rows(part.general | part.evidence.of_this_book(believed), part))
            answers.append(part.is_name[part.clear])
    return {"first": first(novels), "second": regress(seconds, answers)}


def measure(book: str, text: str, found: Lexicon, lists: dict) -> dict[str, float]:
    """Recall of the thirty, and how many of the first thirty and of all that is found are names."""
    known = set(lists["names"].split()) | {form for row in lists["thirty"] for form in row.split()}
    unclear = set(lists["unclear"].split())
    forms = {form for name in found.names for form in (name.name, *name.aliases)}
    missed = [row for row in lists["thirty"] if not set(row.split()) & forms]
    times = Counter(name for _, _, name in found.mentions(text))
    ranked = [name for name in sorted(found.names, key=lambda n: -times[n.name]) if name.name not in unclear]
    wrong = [name.name for name in ranked if name.name not in known]
    split = [
        row
        for row in lists["thirty"]
        if len({n.name for n in found.names if {n.name, *n.aliases} & set(row.split())}) > 1
    ]
    print(f"{book}: missed {missed}\n  wrong {wrong}\n  in several entries {split}")
    return {
        "found": len(found.names),
        "recall": 1 - len(missed) / len(lists["thirty"]),
        "first thirty right": sum(name.name in known for name in ranked[:30]) / 30,
        "all right": 1 - len(wrong) / max(1, len(ranked)),
        "one entry": 1 - len(split) / len(lists["thirty"]),
    }


def main() -> None:
    """Fit the weights or measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["fit", "measure", "cross"])
    parser.add_argument("folder", type=Path)
    options = parser.parse_args()
    lists = json.loads(LISTS.read_text(encoding="utf-8"))
    if options.what != "measure":
        lists = {name: rows for name, rows in lists.items() if not rows.get("held_out")}
    books = {book.name: book for book in load_shelf(options.folder, BooksSettings())}
    lists = {name: rows for name, rows in lists.items() if name in books}
    texts = {name: "\n".join(chapter.text for chapter in books[name].chapters) for name in lists}
    if options.what == "fit":
        files.write_json(WEIGHTS, fit([label(texts[name], rows) for name, rows in lists.items()]))
        return
    labelled = {name: label(texts[name], rows) for name, rows in lists.items()} if options.what == "cross" else {}
    for name, rows in lists.items():
        if options.what == "cross":
            learned = fit([novel for other, novel in labelled.items() if other != name])
            belief.weights = partial(dict, learned)  # type: ignore[assignment]
        began = time.perf_counter()
        found = find_names([texts[name]])
        seconds = time.perf_counter() - began
        print(measure(name, texts[name], found, rows), f"{seconds:.1f} s")


if __name__ == "__main__":
    main()
