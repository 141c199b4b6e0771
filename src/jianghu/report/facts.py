"""What a report is made of: types alone. `gather.py` reads them from a workspace, the pages show them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from ..evaluation import ExamResult
from ..machine import Environment
from ..messages import Both

Part = Literal["train", "val", "score"]
Axis = Literal["step", "tokens", "epochs", "seconds"]
Stage = Literal["pretrain", "sft", "dpo"]
STAGES: tuple[Stage, ...] = ("pretrain", "sft", "dpo")
Origin = Literal["nothing", "own", "pretrained"]
AXES: tuple[Axis, ...] = ("step", "tokens", "epochs", "seconds")


@dataclass(frozen=True)
class Point:
    """A place on a run's curve; losses in bits per character, and the share of right
    answers that chooses the checkpoint; None where it was not taken there."""

    step: float
    tokens: float
    epochs: float
    seconds: float
    train: float | None
    val: float | None
    score: float | None = None


@dataclass(frozen=True)
class Sample:
    """What a run wrote at a step."""

    step: int
    prompt: str
    text: str


@dataclass(frozen=True, order=True)
class Start:
    """Where a run's weights come from: nothing, an own run that it went on with, or a model of somebody else's; and
    whether an adapter (LoRA) or preferences (DPO) were trained on the way."""

    origin: Origin = "nothing"
    lora: bool = False
    dpo: bool = False


@dataclass(frozen=True)
class Run:
    """One run; `best` is the step of the checkpoint `best`, `best_val` the least validation loss."""

    name: str
    stage: Stage
    points: list[Point]
    samples: list[Sample]
    best: int
    best_val: float
    last: int
    recipe: str
    command: str
    made: str
    inputs: dict[str, str]
    environment: Environment | None
    start: Start = Start()

    def curve(self, part: Part) -> list[tuple[Point, float]]:
        """The points at which a loss or score was taken, each with it."""
        values = [
            (point, {"train": point.train, "val": point.val, "score": point.score}[part]) for point in self.points
        ]
        return [(point, value) for point, value in values if value is not None]


@dataclass(frozen=True)
class Removal:
    """What a rule of cleaning took out of a book."""

    rule: str
    count: int
    characters: int


@dataclass(frozen=True)
class BookFacts:
    """A book's file and what is left of it."""

    name: str
    encoding: str
    before: int
    after: int
    chapters: int
    removals: list[Removal]


@dataclass(frozen=True)
class TokenCounts:
    """The tokens to learn from, or those held out."""

    tokens: int
    characters: int
    stretches: int


@dataclass(frozen=True)
class RecordCounts:
    """Records by split, kind and source, and for each book by chapter, chapters without any included."""

    splits: dict[str, int] = field(default_factory=dict)
    kinds: dict[str, int] = field(default_factory=dict)
    sources: dict[str, int] = field(default_factory=dict)
    chapters: dict[str, dict[int, int]] = field(default_factory=dict)


@dataclass(frozen=True)
class ModelUse:
    """What a teacher's model was asked, and what that cost."""

    model: str
    replies: int
    tokens_in: int
    tokens_out: int
    cost: float


@dataclass(frozen=True)
class BookCoverage:
    """What of a book was asked about: chapters with facts, people, and people whom no question names."""

    book: str
    chapters: int
    with_facts: int | None
    known: int
    asked: int
    silent: list[str]


@dataclass(frozen=True)
class TeacherFacts:
    """What a teacher was asked and what came of it; `asked` is False where none was.

    Attributes:
        left_out: records by reason, whoever made them.
        problem: why the store could not be read.
        requests: stage → state → how many.
    """

    left_out: dict[str, int] = field(default_factory=dict)
    problem: str = ""
    asked: bool = False
    records: int = 0
    facts: int = 0
    rejected: dict[str, int] = field(default_factory=dict)
    requests: dict[str, dict[str, int]] = field(default_factory=dict)
    outcomes: dict[str, int] = field(default_factory=dict)
    tokens: int = 0
    cost: float = 0.0
    models: list[ModelUse] = field(default_factory=list)
    coverage: list[BookCoverage] = field(default_factory=list)


@dataclass(frozen=True)
class Stated:
    """Validation questions to which the reader stated about the same probability: its mean, the share of right
    answers, and how many."""

    probability: float
    right: float
    questions: int


@dataclass(frozen=True)
class Trial:
    """One trial of a study; figures are None until it is done."""

    name: str
    state: str
    values: dict[str, object]
    best_val: float | None = None
    best_step: int | None = None
    steps: int | None = None
    accuracy: float | None = None
    error: str = ""

    @property
    def label(self) -> str:
        """The settings that make it what it is."""
        return ", ".join(f"{key.rpartition('.')[2]} {value}" for key, value in self.values.items()) or self.name


@dataclass(frozen=True)
class Study:
    """A study of the user's: what it asked and its trials, best first."""

    name: str
    title: Both
    question: Both
    goal: str
    command: str
    trials: list[Trial]

    @property
    def done(self) -> list[Trial]:
        """The trials that have a result."""
        return [trial for trial in self.trials if trial.state == "done" and trial.best_val is not None]


@dataclass(frozen=True)
class Facts:
    """Everything in the report; `commands` make the workspace again from its books and settings."""

    version: str
    books: list[BookFacts]
    vocab_size: int
    train: TokenCounts | None
    val: TokenCounts | None
    runs: list[Run]
    records: RecordCounts
    teacher: TeacherFacts
    exams: list[ExamResult]
    studies: list[Study]
    commands: list[str]
    reliability: list[Stated] = field(default_factory=list)
