"""One request to the teacher, to see what it is like: does it answer, think, keep to JSON, how fast, at what price?

A recipe goes in; figures for people come out. Nothing is kept but how the teacher wants to be asked.
"""

from __future__ import annotations

import asyncio
import time
from typing import TypedDict

from ..corpus import Passage, cut_passages, read_chapters
from ..errors import RunError
from ..llm.client import Client
from ..llm.dialect import SWITCHES
from ..llm.failures import failures
from ..llm.json_replies import parse_reply
from ..llm.pool import make_pool
from ..llm.prompts import Prompts
from ..llm.store import Body, Store
from ..messages import tr
from ..recipe import Recipe, TeacherSettings
from ..workspace import Workspace
from .checks import gate
from .schemas import FIELD_NAMES, RECORDS
from .teacher import serving

SAMPLE = Passage(
    "青石记",
    1,
    0,
    0,
    "腊月初八，陈阿禾推着一车炭进了青石镇。守桥的老兵周半斤拦住他，问：“车里可有货？”阿禾说：“只有三百斤炭，给镇东的"
    "铁匠铺送的。”周半斤掀开草席，从炭底摸出一封信，信封上写着“梁夫人亲启”五个字。他没有拆，只把信塞回炭底，摆手放行。"
    "当夜，铁匠罗九斤把信交给了梁夫人。梁夫人看完，命人熄了院里的灯，第二天一早便带着女儿离开了青石镇。",
)
"""A passage for a folder without books."""
MAX_CALLS = 8  # sendings until the teacher is understood


class TeacherCheck(TypedDict):
    """What one request showed of a teacher.

    Attributes:
        sendings: until it was understood. told_not_to_think_by: parameters. format: of its JSON.
        records, accepted: read from its reply. problems: with its JSON.
    """

    endpoint: str
    model: str
    sendings: int
    seconds: float
    tokens_in: int | None
    tokens_cached: int
    tokens_out: int
    tokens_estimated: bool
    tokens_a_second: float | None
    cost: float
    currency: str
    thought: bool
    told_not_to_think_by: dict[str, object]
    format: str
    streams: bool
    finish_reason: str | None
    records: int
    accepted: int
    problems: list[str]


def check_teacher(ws: Workspace, recipe: Recipe) -> TeacherCheck:
    """Ask for records about one passage, and say what the teacher is like.

    Raises:
        InputError: the teacher's settings or its key are missing.
        RunError: it does not answer.
    """
    with serving(recipe, always=True) as served:
        teacher = served.synth.teacher
        passage = _passage(ws, recipe)
        return asyncio.run(_check(ws, served, teacher, passage))


def _passage(ws: Workspace, recipe: Recipe) -> Passage:
    if not ws.chapters.exists():
        return SAMPLE
    passages = cut_passages(read_chapters(ws.chapters), recipe.synth.passage_chars)
    return passages[len(passages) // 2] if passages else SAMPLE


async def _check(ws: Workspace, recipe: Recipe, teacher: TeacherSettings, passage: Passage) -> TeacherCheck:
    prompt = Prompts(ws.prompts).get("passage")
    count = str(recipe.synth.records_per_passage)
    body: Body = {
        "messages": prompt.messages(book=passage.book, title="", passage=passage.text, count=count),
        "max_tokens": teacher.max_tokens,
        "temperature": teacher.temperature,
        "schema": RECORDS,
    }
    account, *_ = make_pool(teacher, time.monotonic).accounts
    endpoint, replies = account.endpoint, []
    async with Client(teacher) as client:
        for _ in range(MAX_CALLS):
            reply = await client.send(body, endpoint, account.keys[0])
            replies.append(reply)
            other = None
            if reply.thought and not teacher.think:
                other = endpoint.dialect.next_switch()
            elif reply.outcome == "bad_request":
                other = endpoint.dialect.after_refusal(reply.detail)
            if other is None:
                break
            endpoint.dialect = other
    last = replies[-1]
    if not last.accepted:
        raise RunError(
            tr("the teacher does not answer: {what}.", what=failures({last.outcome: 1}, {last.outcome: last.detail}))
        )
    if ws.store.exists():
        with Store(ws.store) as store:
            prices = teacher.price_in, teacher.price_out
            store.set_model(endpoint.address, endpoint.model, *prices, endpoint.dialect.to_dict())
    parsed = parse_reply(last.content, last.finish_reason == "stop", names=FIELD_NAMES)
    verdicts = [item.verdict for item in gate(parsed, passage.text)]
    written = last.tokens_out or 0
    return {
        "endpoint": endpoint.address,
        "model": endpoint.model,
        "sendings": len(replies),
        "seconds": round(last.seconds, 2),
        "tokens_in": last.tokens_in,
        "tokens_cached": last.tokens_cached,
        "tokens_out": written,
        "tokens_estimated": last.estimated,
        "tokens_a_second": round(written / last.seconds, 1) if last.seconds else None,
        "cost": sum(reply.cost for reply in replies),
        "currency": teacher.currency,
        "thought": last.thought,
        "told_not_to_think_by": SWITCHES[endpoint.dialect.switch],
        "format": endpoint.dialect.format,
        "streams": endpoint.dialect.stream,
        "finish_reason": last.finish_reason,
        "records": len(parsed.items),
        "accepted": verdicts.count("accepted"),
        "problems": list(parsed.problems),
    }
