"""Results under evals/ → a judge's grades and preferences, written into them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from .. import files
from ..chat import Message
from ..dataset.batches import spread
from ..errors import InputError, RunError
from ..llm.client import Client
from ..llm.pool import Pool, make_pool
from ..messages import tr
from ..progress import Progress
from ..recipe import Recipe, TeacherSettings
from ..workspace import Workspace
from .answer_judge import AskAll, Preferred, agreement, grade_all, graded, marked_by_hand, prefer_all, preferred
from .results import Agreement, ExamResult, Graded, Judged
from .stage import result_path

LONGEST_WAIT, SHORT = 60.0, 0.05  # seconds: before another try, and between looks for a free key


@dataclass(frozen=True)
class Judgement:
    """What a judge said: its agreement with marked answers, grades by checkpoint, and how each checkpoint but the
    first compares with it."""

    model: str
    agreement: Agreement
    graded: dict[str, Graded]
    preferred: dict[str, Preferred]

    def to_dict(self) -> dict[str, Any]:
        """The judgement as a JSON object."""
        return {
            "model": self.model,
            "agreement": self.agreement.model_dump(),
            "graded": {name: grades.model_dump() for name, grades in self.graded.items()},
            "preferred": {name: wins.model_dump() for name, wins in self.preferred.items()},
        }


def judge(ws: Workspace, recipe: Recipe, references: Sequence[str], exam: Path | None = None) -> Judgement:
    """Grade the answers of checkpoints in an exam that they have taken, and set each beside the first one's.

    Every reply is kept in evals/judge.jsonl before it is read, so that judging again costs nothing. A checkpoint's
    grades also stand in its result as `judge`.

    Raises:
        InputError: a result is not there yet, or the teacher's settings lack something.
        RunError: the teacher could not go on; what it said is kept.
    """
    paths = [result_path(ws, reference, exam.stem if exam else "records") for reference in references]
    for reference, path in zip(references, paths, strict=True):
        if not path.exists():
            raise InputError(
                tr(
                    "{path}: not there yet. `{jianghu} eval {reference}` makes it.",
                    path=ws.shown(path),
                    reference=reference,
                )
            )
    results = [ExamResult.read(path, ws.shown(path)) for path in paths]
    answers = [{answer.key: answer for answer in result.answers if answer.outcome} for result in results]
    common = [key for key in answers[0] if all(key in rows for rows in answers)]
    keys = [common[n] for n in spread(len(common), recipe.eval.judge_questions)]
    asked = [[rows[key] for key in keys] for rows in answers]
    with Progress(tr("judge"), 1) as progress:
        ask = teacher_ask(recipe.synth.teacher, ws.evals / "judge.jsonl", progress)
        marks = marked_by_hand()
        said = Judgement(
            model=recipe.synth.teacher.model,
            agreement=agreement(grade_all(marks, ask), [mark.grade for mark in marks]),
            graded={name: graded(grade_all(rows, ask)) for name, rows in zip(references, asked, strict=True)},
            preferred={
                name: preferred(prefer_all(asked[0], rows, ask))
                for name, rows in zip(references[1:], asked[1:], strict=True)
            },
        )
    for name, path, result in zip(references, paths, results, strict=True):
        judged = Judged(**dict(said.graded[name]), model=said.model, agreement=said.agreement)
        files.write_json(path, result.model_copy(update={"judge": judged}).to_dict())
    return said


def teacher_ask(settings: TeacherSettings, memory: Path, progress: Progress) -> AskAll:
    """Asks the recipe's teacher through its pool of keys, `concurrency` conversations at once, at temperature 0.

    Args:
        memory: a file of raw replies; what stands in it is not asked again.

    Raises:
        InputError: the settings name no endpoint, or the key is missing.
        RunError (when asked): the teacher refuses the key, knows no such model, or still fails after `retries` tries.
    """
    known = {row["key"]: row["reply"] for row in files.read_log(memory)}

    async def one(client: Client, pool: Pool, conversation: list[Message], slots: asyncio.Semaphore) -> str:
        key = files.sha256_json([settings.model, conversation])
        if key not in known:
            async with slots:
                reply = await _send(client, pool, conversation)
            if reply is None:
                return ""  # refused by the provider's filter: unread
            files.append_jsonl(memory, {"key": key, "model": settings.model, "reply": reply})
            known[key] = reply
        progress.update(progress.done + 1)
        return known[key]

    async def everything(conversations: Sequence[list[Message]]) -> list[str]:
        slots = asyncio.Semaphore(settings.concurrency)
        pool = make_pool(settings, time.monotonic)
        for endpoint in pool.endpoints:
            endpoint.dialect = replace(endpoint.dialect, format="plain")  # a judge answers in a word, not in JSON
        async with Client(settings) as client, asyncio.TaskGroup() as group:
            tasks = [group.create_task(one(client, pool, conversation, slots)) for conversation in conversations]
        return [task.result() for task in tasks]

    def ask(conversations: Sequence[list[Message]]) -> list[str]:
        progress.total = progress.done + len(conversations)
        try:
            return asyncio.run(everything(conversations))
        except ExceptionGroup as several:
            raise several.exceptions[0] from None

    return ask


async def _send(client: Client, pool: Pool, conversation: list[Message]) -> str | None:
    """What the teacher says, after as many tries as its settings allow; None if its filter will not let it speak."""
    settings = client.settings
    body = {"messages": conversation, "max_tokens": settings.max_tokens, "temperature": 0.0, "schema": None}
    tokens = sum(len(message["content"]) for message in conversation) + settings.max_tokens
    tries, last = 0, ""
    while True:
        sending = pool.choose(tokens, avoid=last)
        if sending is None:
            pool.check()
            await asyncio.sleep(pool.wait() or SHORT)
            continue
        endpoint, last = sending.account.endpoint, sending.key.hash
        reply = await client.send(body, endpoint, sending.key)
        pool.end(sending, reply)
        if reply.thought and not settings.think and (calm := endpoint.dialect.next_switch()):
            endpoint.dialect = calm
        if reply.outcome in ("ok", "truncated"):
            return reply.content
        if reply.outcome == "filtered":
            return None
        other = endpoint.dialect.after_refusal(reply.detail) if reply.outcome == "bad_request" else None
        if other is not None:
            endpoint.dialect = other
        elif reply.outcome != "bad_request" and tries < settings.retries:
            tries += 1
            await asyncio.sleep(min(LONGEST_WAIT, 2.0**tries if reply.wait is None else reply.wait))
        else:
            raise RunError(
                tr(
                    "the judge at {address} cannot go on: {detail}. What it said is kept.",
                    address=endpoint.address,
                    detail=reply.detail,
                )
            )
