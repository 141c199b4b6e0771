"""What a judge said of claims that are known to be right or wrong → how far it can be believed. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

RIGHT = "right"
"""In the place of a way of corruption: the claim was left as it is."""


@dataclass
class Measured:
    """Counts of a calibration. A claim is "caught" if the judge does not pass it.

    Attributes:
        wrong: way of corruption → wrong claims that were judged.
        caught: way of corruption → wrong claims that were caught.
        right: right claims that were judged.
        lost: right claims that were caught.
    """

    wrong: Counter[str] = field(default_factory=Counter)
    caught: Counter[str] = field(default_factory=Counter)
    right: int = 0
    lost: int = 0

    @property
    def recall(self) -> tuple[int, int]:
        """Caught wrong claims, of all wrong ones."""
        return self.caught.total(), self.wrong.total()

    @property
    def precision(self) -> tuple[int, int]:
        """Wrong claims, of all that were caught."""
        return self.caught.total(), self.caught.total() + self.lost

    def left(self, caught_share: float) -> float | None:
        """Estimate of the share of wrong records among those that the judge lets through.

        After Rogan and Gladen (1978): the share that is really wrong follows from the share that was caught, and
        from how often the judge catches wrong and right ones. None for a judge that tells nothing apart.

        Args:
            caught_share: share of all judged records that the judge caught.
        """
        found, wrong = self.recall
        if not wrong or not self.right:
            return None
        sensitivity, alarm = found / wrong, self.lost / self.right
        if sensitivity <= alarm or caught_share >= 1:
            return None
        share = min(1.0, max(0.0, (caught_share - alarm) / (sensitivity - alarm)))
        return share * (1 - sensitivity) / (1 - caught_share)


def measure(verdicts: Iterable[tuple[str, str]]) -> Measured:
    """Count a calibration.

    Args:
        verdicts: for each claim the way in which it was corrupted, or `RIGHT`, and the judge's verdict.
    """
    found = Measured()
    for way, verdict in verdicts:
        caught = verdict != "passed"
        if way == RIGHT:
            found.right += 1
            found.lost += caught
        else:
            found.wrong[way] += 1
            found.caught[way] += caught
    return found
