"""What is said of an exam's result below its table, in words: the terminal and the studio show it."""

from __future__ import annotations

from ..messages import tr
from .nearest import nearest_verdict
from .results import ExamResult


def notes(result: ExamResult) -> list[str]:
    """Sentences on what a result holds beside its groups, in the language in use."""
    scores, lines = result.scores, []
    if nearest := _beside_nearest(result):
        lines.append(nearest)
    if choices := result.choices:
        lines.append(
            tr(
                "multiple choice, {questions} questions, chance {chance:.0%}: likeliest {raw}, per character {each}, "
                "against prior {prior}; without the question {blind}, control {control}",
                questions=choices.questions,
                chance=choices.chance,
                raw=choices.raw,
                each=choices.per_character,
                prior=choices.against_prior,
                blind=choices.blind,
                control=choices.control,
            )
        )
    if names := result.names:
        lines.append(
            tr(
                "rank of the right name among {candidates}: first {first:.0%}, in the first ten {ten:.0%}, mean "
                "reciprocal {reciprocal:.2f} (chance {control:.2f}), median {median:g}",
                candidates=names.candidates,
                first=names.first,
                ten=names.in_ten,
                reciprocal=names.reciprocal,
                control=names.control,
                median=names.median,
            )
        )
    if found := result.recall:
        shares = ", ".join(f"{most}: {part:.1%}" for most, part in found.among.items())
        lines.append(
            tr(
                "open book, {questions} questions: the evidence is among the first passages {shares}",
                questions=found.questions,
                shares=shares,
            )
        )
    for book, row in result.heldout.items():
        lines.append(
            tr(
                "held-out text of {book}: {bits:.3f} bits a character, perplexity {perplexity:.1f} a token, over "
                "{characters:,} characters",
                book=book,
                bits=row.bits_per_character,
                perplexity=row.perplexity,
                characters=row.characters,
            )
        )
    lines.append(
        tr(
            "answers: {length:.0f} characters, {copied:.0%} of them copied from the book, {empty:.0%} empty, "
            "{garbage:.0%} garbage, distinct-2 {distinct:.2f}",
            length=scores.length,
            copied=scores.copied,
            empty=scores.empty,
            garbage=scores.garbage,
            distinct=scores.distinct_2,
        )
    )
    control = result.shuffled
    lines.append(
        tr(
            "control, against other questions' references: {share}, chance {chance:.1%}",
            share=control,
            chance=control.chance,
        )
    )
    leaks = result.leaks
    if leaks.exact or leaks.near:
        lines.append(
            tr(
                "left out because they stand in training: {exact} word for word, {near} nearly",
                exact=leaks.exact,
                near=leaks.near,
            )
        )
    return lines


def _beside_nearest(result: ExamResult) -> str | None:
    """Whether the model beats the answer of the most similar taught question, in words."""
    said = nearest_verdict(result)
    return None if said is None else str(said)
