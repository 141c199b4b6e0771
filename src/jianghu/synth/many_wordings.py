"""A fact with its many wordings → a record for each. What bundled facts and those that users write have in common."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from ..recipe import SynthSettings
from ..records import Record, Source, Split, Text, split_of

Span = tuple[int | None, int | None, int | None]
"""Chapter, start and end of the evidence; None for what is not known."""


class ManyWordings(BaseModel):
    """A fact with everything that was written about it.

    Attributes:
        fact: its name, unique on the shelf.
        group: facts that would give each other away share one; the split is by group (default: the fact itself).
        taught: what every reader asks first; always in the training split.
        aliases: other right forms of the short answer.
        answers: each begins with the short answer or an alias; the wordings take them in turn.
        questions: the wordings.
        statements: the fact as plain sentences, for pretraining.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    fact: Text
    group: str = ""
    kind: Text = "fact"
    taught: bool = False
    short_answer: Text
    aliases: tuple[Text, ...] = ()
    answers: tuple[Text, ...] = Field(min_length=1)
    questions: tuple[Text, ...] = Field(min_length=1)
    statements: tuple[Text, ...] = ()

    def split(self, settings: SynthSettings) -> Split:
        """The split of all its records."""
        if self.taught:
            return "train"
        return split_of(self.group or self.fact, settings.seed, settings.val_fraction, settings.test_fraction)

    def records(self, book: str, evidence: Span, source: Source, split: Split) -> list[Record]:
        """A record for each wording."""
        chapter, start, end = evidence
        return [
            Record(
                id=f"{self.fact}-{wording}",
                fact=self.fact,
                wording=wording,
                kind=self.kind,
                question=question,
                answer=self.answers[(wording - 1) % len(self.answers)],
                short_answer=self.short_answer,
                aliases=self.aliases,
                book=book,
                chapter=chapter,
                start=start,
                end=end,
                source=source,
                split=split,
            )
            for wording, question in enumerate(self.questions, 1)
        ]
