"""What `eval` and `demo` print of an exam's result: the table by groups, the lines below it, and verdicts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from rich.table import Table

from ..messages import tr
from .output import console, paragraph

if TYPE_CHECKING:
    from ..evaluation import ExamResult, Scores
    from ..stats import Versus


def table(result: ExamResult) -> None:
    """The table of an exam, and below it what is not counted by group."""
    title = f"{result.exam} · {result.checkpoint}"
    if result.partial:
        title += tr(
            " · only {asked:,} of {questions:,} questions", asked=len(result.answers), questions=result.questions
        )
    console.print(exam_table(result.rows, title))
    for line in notes(result):
        paragraph(line, "dim")


def exam_table(rows: Mapping[str, Scores], title: str) -> Table:
    """Scores by group. In a narrow terminal the groups' names are folded; figures never lose a digit."""
    from ..evaluation.columns import filled_columns, group_name

    columns = filled_columns(rows.values(), narrow=True)
    made = Table(title=title, title_justify="left", box=None, padding=(0, 1, 0, 0))
    made.add_column("", overflow="fold", min_width=4)
    for column in columns:
        made.add_column(str(column.heading), justify="right", no_wrap=True)
    for group, scores in rows.items():
        made.add_row(str(group_name(group)), *(column.text(scores) for column in columns))
    return made


def notes(result: ExamResult) -> list[str]:
    """The lines below the table."""
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
    from ..evaluation.nearest import nearest_verdict

    said = nearest_verdict(result)
    return None if said is None else str(said)


def verdicts(names: Sequence[str], compared: Sequence[Mapping[str, Versus]]) -> None:
    """Whether each further checkpoint is better than the first, by group.

    Args:
        names: of the checkpoints.
        compared: for each but the first, by group.
    """
    from ..evaluation.columns import group_name
    from ..evaluation.nearest import verdict_name
    from ..stats import p_text

    for name, groups in zip(names[1:], compared, strict=True):
        for group, row in groups.items():
            line = tr(
                "{name} beside {first}, {group}: {second:.1%} and {share:.1%} of {questions}, difference "
                "{difference:+.1%} (95 % {low:+.1%} to {high:+.1%}), McNemar {p}: {verdict}",
                name=name,
                first=names[0],
                group=group_name(group or "all"),
                second=row.second,
                share=row.first,
                questions=row.questions,
                difference=row.difference,
                low=row.low,
                high=row.high,
                p=p_text(row.p),
                verdict=verdict_name(row.verdict),
            )
            paragraph(line)
