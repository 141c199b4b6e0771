"""What an exam gives, as it stands in evals/*.json: types alone, read and written here and used by every table."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from .. import files
from ..errors import InputError
from ..messages import tr
from ..stats import Share

Outcome = Literal["right", "abstained", "wrong"]


class _Part(BaseModel):
    """Fields of older or newer files that are not known here are passed over."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Nearest(_Part):
    """The training record whose question is most like an exam's: what the nearest-question baseline answers."""

    question: str
    answer: str
    similarity: float
    correct: bool


class ChoiceAnswer(_Part):
    """The options of a question, the right one's number, and the number that each measure takes."""

    options: tuple[str, ...]
    right: int
    raw: int
    per_character: int
    against_prior: int
    blind: int


class BookAnswer(_Part):
    """What the book says to the same question, read from its passages.

    Attributes:
        answer: empty where nothing was found.
        probability: that it is right, or that there is nothing to find.
        sureness: how probable the model finds its own answer; the likelier of the two is the `better` one.
        rank: of the first passage that holds some of the evidence, from 1; 0: not among the first ten. None: the
            evidence is not known.
    """

    answer: str
    probability: float
    correct: bool
    sureness: float
    better: bool
    chapter: int = 0
    start: int = 0
    end: int = 0
    rank: int | None = None


class Answer(_Part):
    """One question with its answer and all that can be said of it alone. See docs/evaluation.md.

    Attributes:
        outcome: None for a question without reference.
        contains: whether an accepted form stands anywhere in the answer.
        wrong_book: names of another book; None where the book is not on the shelf.
        copied: share of the characters that stand in runs copied from a book.
    """

    id: str
    group: str
    kind: str
    book: str
    question: str
    reference: str
    accepted: tuple[str, ...]
    evidence: str
    answer: str
    finished: bool
    outcome: Outcome | None
    correct: bool
    contains: bool = False
    exact: bool
    character_f1: float
    rouge_l: float
    wrong_book: tuple[str, ...] | None
    loop: bool
    garbage: bool
    copied: float
    nearest: Nearest | None
    choice: ChoiceAnswer | None = None
    name_rank: int | None = None
    name_candidates: int | None = None
    book_answer: BookAnswer | None = None

    @property
    def key(self) -> tuple[str, str, str]:
        """What is the same for the same question in another checkpoint's result."""
        return self.group, self.id, self.question


class Scores(_Part):
    """Means over some questions; shares from 0 to 1.

    Attributes:
        accuracy: share of right answers; `low` and `high` bound it with 95 % confidence (Wilson).
        abstained: share that said not to know; `wrong` are the others.
        contains: looser share that holds an accepted form anywhere; None in files of before it was counted.
        finished: share that ended by itself.
        book: accuracy of what a reader finds in the books, with `book_low` and `book_high`; `likelier` that of the
            likelier of both answers, `found` the share of questions to which the book answers. None where there is no
            reader.
        baseline: accuracy of the nearest training question's answer; None where nothing was taught.

    Questions without a reference count for what an answer is by itself only.
    """

    questions: int
    accuracy: float
    low: float
    high: float
    abstained: float
    wrong: float
    contains: float | None = None
    exact: float
    character_f1: float
    rouge_l: float
    wrong_book: float | None
    loops: float
    finished: float
    empty: float
    garbage: float
    copied: float
    distinct_1: float
    distinct_2: float
    length: float
    baseline: float | None
    book: float | None = None
    book_low: float | None = None
    book_high: float | None = None
    likelier: float | None = None
    found: float | None = None


class ChoiceScores(_Part):
    """Multiple choice by likelihood: `blind` chooses without the question, `control` is what `raw` chose against the
    right numbers of other questions."""

    questions: int
    chance: float
    raw: Share
    per_character: Share
    against_prior: Share
    blind: Share
    control: Share


class NameScores(_Part):
    """The rank of the right name among `candidates`; `control` is the reciprocal rank that chance would give."""

    questions: int
    candidates: int
    first: float
    in_ten: float
    reciprocal: float
    median: float
    control: float


class Heldout(_Part):
    """How well a book's held-out text is predicted. Perplexities of different tokenizers cannot be compared."""

    characters: int
    tokens: int
    perplexity: float
    bits_per_character: float


class Shuffled(Share):
    """Answers against the references of other questions; `chance` is the share over all such pairs."""

    questions: int
    chance: float


class Leaks(_Part):
    """Exam questions that stand in the training records and are left out: word for word (marks aside), or with an
    overlap of 3-grams of at least 0.7. `examples` pairs some of them with the training question."""

    exact: int = 0
    near: int = 0
    examples: tuple[tuple[str, str], ...] = ()


class Agreement(_Part):
    """How well a judge's grades agree with given ones: equal shares, and Cohen's kappa (1960)."""

    answers: int
    same: float
    kappa: float


class Graded(_Part):
    """Grades of a judge: how many of each, the share of full ones, and how many replies could not be read."""

    questions: int
    unread: int
    grades: dict[str, int]
    right: Share
    mean: float


class Judged(Graded):
    """Grades of a judge in a result, and how far that judge is to be believed."""

    model: str
    agreement: Agreement


class Recall(_Part):
    """Of questions whose evidence is known, the share whose evidence is among the first passages found: how many
    passages → share."""

    questions: int
    among: dict[int, float]


class Marks(_Part):
    """What taking an exam gives: scores over all, by group, and one row a question."""

    scores: Scores
    groups: dict[str, Scores]
    choices: ChoiceScores | None
    names: NameScores | None
    shuffled: Shuffled
    answers: tuple[Answer, ...]
    recall: Recall | None = None


class ExamResult(Marks):
    """The contents of evals/CHECKPOINT.EXAM.json.

    Attributes:
        checkpoint: its folder, as the user would type it.
        exam: `data/records`, or the path of the user's file.
        questions: how many the exam has; more than were asked in a partial result.
        inputs, settings: hashes of what the exam was made from, and the settings that decided it.
        file: where the result lies; not in the file itself.
    """

    checkpoint: str
    run: str | None
    step: int | None
    exam: str
    questions: int = 0
    inputs: dict[str, str]
    settings: dict[str, object]
    seconds: float
    leaks: Leaks
    heldout: dict[str, Heldout]
    judge: Judged | None = None
    file: str = Field(default="", exclude=True)

    @property
    def partial(self) -> bool:
        """Whether only some of the exam's questions were asked (`--limit`): no base for a choice."""
        return len(self.answers) < self.questions or bool(self.eval_settings.get("limit"))

    @property
    def eval_settings(self) -> dict[str, object]:
        """The settings of [eval] by which the exam was taken."""
        group = self.settings.get("eval")
        return group if isinstance(group, dict) else {}

    @property
    def short(self) -> str:
        """The checkpoint as the user would type it: chat/last."""
        return self.checkpoint.removeprefix("runs/").replace("/checkpoints/", "/")

    @property
    def rows(self) -> dict[str, Scores]:
        """The rows of its table: its groups if there are several, then all."""
        return {**(self.groups if len(self.groups) > 1 else {}), "all": self.scores}

    def to_dict(self) -> dict[str, object]:
        """The result as a JSON object."""
        return self.model_dump(mode="json")

    @classmethod
    def read(cls, path: Path, shown: str = "") -> Self:
        """Read a result.

        Args:
            shown: how messages and tables call the file.

        Raises:
            InputError: the file is missing, or is no result of an exam.
        """
        try:
            return cls.model_validate({**files.read_json(path), "file": shown or str(path)})
        except (ValidationError, TypeError) as error:
            what = ".".join(map(str, error.errors()[0]["loc"])) if isinstance(error, ValidationError) else "no object"
            raise InputError(
                tr("{value}: not the result of an exam ({what}). Take the exam again.", value=shown or path, what=what)
            ) from None


def read_results(folder: Path, root: Path) -> list[ExamResult]:
    """All results in a folder, by name.

    Raises:
        InputError: see `ExamResult.read`.
    """
    paths = [path for path in sorted(folder.glob("*.json")) if not path.name.endswith(".manifest.json")]
    return [ExamResult.read(path, path.relative_to(root).as_posix()) for path in paths]
