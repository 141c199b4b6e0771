"""A teacher with accounts, on loopback: it bills, keeps its limits, and injects every fault by a seed.

What an answer looks like (fenced, doubled, cut off) is a function of the request; which fault comes before it is a
function of the request and of how often it was asked. So a run ends with the same answers whatever befell it.
"""

from __future__ import annotations

import json
import random
import threading
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tests.llm.teacher_server import PATIENCE, Act, TeacherServer, chat, items_for


def zhipu(code: str, words: str, status: int = 429) -> Act:
    """An error as Zhipu words it."""
    return Act(status, {"error": {"code": code, "message": words}})


FAULTS: dict[str, Act] = {
    "429": Act(429, "Too Many Requests"),
    "429 with Retry-After": Act(429, "", {"Retry-After": "0.05"}),
    "1302": zhipu("1302", "您的账户已达到速率限制，请您控制请求频率"),
    "1303": zhipu("1303", "您当前使用该 API 的频率过高，请降低频率"),
    "1305": zhipu("1305", "该模型当前访问量过大，请您稍后再试"),
    "1312": zhipu("1312", "该模型当前访问量过大"),
    "1234": zhipu("1234", "网络错误，错误id：1，请联系客服", 500),
    "500 with HTML": Act(500, "<html><body><h1>Internal Server Error</h1></body></html>"),
    "502 with HTML": Act(502, "<html>nginx</html>", {"Content-Type": "text/html"}),
    "200 with HTML": Act(200, "<html>请登录</html>"),
    "hang": Act(body=chat("{}"), delay=30.0),
    "cut": Act(body=chat('{"records": []}'), cut=True),
    "empty": Act(body=chat("")),
    "network_error": Act(body=chat("", "network_error")),
}
BILLED = {"hang", "cut", "empty", "network_error"}
"""Faults after which the provider has done its work and wants its money."""
SHAPES = ("plain", "plain", "plain", "fenced", "doubled", "truncated", "wrong schema", "thinking")


def shaped(body: dict[str, Any], shape: str) -> Act:
    """A good answer to a request, in one of the shapes that teachers give it."""
    text = json.dumps({"records": items_for(body)}, ensure_ascii=False)
    if shape == "truncated":
        return Act(body=chat(text[:-20], "length"))
    told = {
        "fenced": f"好的，以下是问答：\n```json\n{text}\n```\n希望对您有帮助。",
        "doubled": f"{text}\n{text}",
        "wrong schema": json.dumps({"问答": items_for(body), "说明": "完"}, ensure_ascii=False),
        "thinking": f"<think>先看人物。{{}}</think>{text}",
    }
    return Act(body=chat(told.get(shape, text)))


@dataclass
class Limit:
    """What an account bears, and from which call on its key is refused."""

    at_once: int = 1000
    dead_from: int | None = None


class ProviderServer(TeacherServer):
    """Use it as a context manager.

    Args:
        faults: names of `FAULTS`; each request meets up to `most` of them, chosen by the seed, before its answer.
        limits: of each key; a key that is not named has no limit.
        delay: seconds that an answer takes.

    Attributes:
        billed: how often each request was billed, by its messages.
        calls: calls of each key.
        refused: calls beyond the limit of each key.
        peak: most calls at once of each key, those refused included, since `watch`.
    """

    def __init__(
        self,
        seed: int = 0,
        faults: Sequence[str] = (),
        most: int = 2,
        limits: dict[str, Limit] | None = None,
        delay: float = 0.0,
    ) -> None:
        super().__init__()
        self.seed, self.faults, self.most, self.limits, self.delay = seed, faults, most, limits or {}, delay
        self.billed: Counter[str] = Counter()
        self.calls: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self.injected: Counter[str] = Counter()
        self.peak: Counter[str] = Counter()
        self.dead_at: dict[str, int] = {}  # calls of a key when its first 401 went out
        self._tried: Counter[str] = Counter()
        self._at_once: defaultdict[str, int] = defaultdict(int)
        self._held_from: int | None = None
        self._guard = threading.Condition()

    def act(self, number: int, body: dict[str, Any], key: str) -> Act:
        with self._guard:
            self._at_once[key] += 1
            self.calls[key] += 1
            self.peak[key] = max(self.peak[key], self._at_once[key])
            act = self._decide(body, key)
            self._guard.wait_for(lambda: self._held_from is None or number < self._held_from, PATIENCE)
            return act

    def done(self, key: str) -> None:
        with self._guard:
            self._at_once[key] -= 1

    def asked(self) -> Counter[str]:
        """How often each request was asked, by its messages."""
        with self._guard:
            return Counter(self._tried)

    def hold(self, number: int | None) -> None:
        """Hold the requests from a number on, until another number is given; None: hold none."""
        with self._guard:
            self._held_from = number
            self._guard.notify_all()

    def watch(self) -> None:
        """Forget the peaks so far."""
        with self._guard:
            self.peak.clear()

    def _decide(self, body: dict[str, Any], key: str) -> Act:
        limit = self.limits.get(key, Limit())
        if limit.dead_from is not None and self.calls[key] >= limit.dead_from:
            self.dead_at.setdefault(key, self.calls[key])
            return zhipu("1002", f"Authentication Token 非法: {key}", 401)
        if self._at_once[key] > limit.at_once:
            self.refused[key] += 1
            return zhipu("1302", "您当前使用该 API 的并发数过高，请降低并发")
        name = json.dumps(body["messages"], ensure_ascii=False)
        dice = random.Random(f"{self.seed} {name}")
        shape = dice.choice(SHAPES) if self.faults else "plain"
        coming = [dice.choice(self.faults) for _ in range(dice.randint(0, self.most))] if self.faults else []
        tries = self._tried[name]
        self._tried[name] += 1
        if tries < len(coming):
            self.injected[coming[tries]] += 1
            self.billed[name] += coming[tries] in BILLED
            return FAULTS[coming[tries]]
        self.billed[name] += 1
        self.injected[shape] += 1
        act = shaped(body, shape)
        return Act(act.status, act.body, act.headers, self.delay)
