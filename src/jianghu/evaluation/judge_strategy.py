"""The judge of answers as a strategy of `llm/`: it asks for grades, and for the better of two answers in both orders.

Answers and a teacher's settings go in; requests come out, and what was said of them is looked up in the store.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

from .. import files
from ..llm.prompts import Prompt, Prompts
from ..llm.store import Body, Item, Reader, Reply, Request, ask
from ..recipe import TeacherSettings
from .answer_judge import Case, better_of, grade_of, in_both_orders

GRADE, PAIR = "grade", "pair"
"""Its stages."""
NO_EVIDENCE, NO_ANSWER = "（没有）", "（没有回答）"


class AnswerJudge:
    """See `llm.job.Strategy`. What was said is an item of the kind `verdict`.

    Args:
        graded: answers to grade.
        pairs: answers to one question, to be compared.
        prompts: of the workspace; None: those of the package.
    """

    name = "exam-judge"

    def __init__(
        self,
        teacher: TeacherSettings,
        graded: Sequence[Case],
        pairs: Sequence[tuple[Case, Case]] = (),
        prompts: Prompts | None = None,
    ) -> None:
        source = prompts or Prompts()
        grade, pair = source.get("grade-answer"), source.get("compare-answers")
        self.teacher = teacher
        self.prompts: Sequence[Prompt] = [grade, pair]
        self._grades = [self._ask(GRADE, grade, case, answer=case.answer or NO_ANSWER) for case in graded]
        self._pairs = [
            tuple(
                self._ask(PAIR, pair, a, first=a.answer or NO_ANSWER, second=b.answer or NO_ANSWER)
                for a, b in ((one, other), (other, one))
            )
            for one, other in pairs
        ]

    def fingerprint(self) -> str:
        return files.sha256_json([request.key for request in self._all()])

    def plan(self, store: Reader) -> Iterator[Request]:
        """Every request once, however many checkpoints gave the same answer."""
        yield from {request.key: request for request in self._all()}.values()

    def read(self, request: Request, reply: Reply) -> list[Item]:
        said = grade_of(reply.content) if request.stage == GRADE else better_of(reply.content)
        return [Item("unread", {}, "verdict") if said is None else Item("accepted", {"said": said}, "verdict")]

    def follow(self, request: Request, reply: Reply, items: Sequence[Item], store: Reader) -> Iterable[Request]:
        return ()

    def forecast(self, first: int) -> dict[str, int]:
        grades = len({request.key for request in self._grades})
        return {GRADE: grades, PAIR: first - grades}

    def said(self, store: Reader) -> tuple[list[int | None], list[str | None]]:
        """The grade of each answer (0 to 2), and of each pair `first`, `second` or `tie`; None where there is no reply,
        or none that can be read."""
        known = {kept.key: kept.content["said"] for kept in store.kept("verdict", self.name)}
        grades = [known.get(request.key) for request in self._grades]
        return grades, [in_both_orders(*(known.get(request.key) for request in pair)) for pair in self._pairs]

    def _all(self) -> Iterator[Request]:
        return chain(self._grades, chain.from_iterable(self._pairs))

    def _ask(self, stage: str, prompt: Prompt, case: Case, **values: str) -> Request:
        shown = {"question": case.question, "reference": case.reference, "evidence": case.evidence or NO_EVIDENCE}
        body: Body = {
            "messages": prompt.messages(**shown, **values),
            "max_tokens": self.teacher.max_tokens,
            "temperature": 0.0 if prompt.temperature is None else prompt.temperature,
            "schema": None,  # a judge answers in a word: what servers do to force JSON is not needed
        }
        return ask(self.name, stage, self.teacher.model, body, prompt=prompt.hash)
