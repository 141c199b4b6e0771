"""Settings of the reader of the open book."""

from __future__ import annotations

from .base import NotNegative, Positive, Settings, Share


class ReaderSettings(Settings):
    """How a small network learns to read answers from the passages of the books."""

    wordings: Positive = 3
    """Most questions of a fact that it learns from, each reworded by rule."""
    facts: Positive = 1500
    """Most facts of the records that it learns from; bundled ones beyond those that the model is taught count too."""
    cloze_facts: NotNegative = 700
    """Most facts that are cut from the text for it; more where the records have fewer than `facts`. 0: none."""
    bundled_facts: NotNegative = 700
    """Facts about 三国演义, which come with the package, that it also learns from where the shelf has other books:
    it learns to read, not the facts. 0: none."""
    passages: Positive = 8
    """Passages that are read for a question."""
    epochs: Positive = 6
    """Times that it goes through its questions."""
    models: Positive = 3
    """Networks, from different seeds, whose probabilities are averaged."""
    withheld: Share = 0.15
    """Share of the questions whose passages are taken away, so that it learns to find nothing."""
    strangers: Share = 0.05
    """Share of the questions that ask about people of another book instead, for the same reason."""
    seed: int = 1337
    """Decides questions and weights."""
