"""A teacher on loopback: a real HTTP server that answers as it is told, well or badly, and remembers who asked what."""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

PATIENCE = 20.0  # seconds that `wait_for` waits for what never comes; less than an asker's timeout


@dataclass
class Act:
    """What the server does with one request.

    Attributes:
        cut: close the connection in the middle of the body.
        pieces: the body instead, piece by piece, as long as the other side reads, `pause` seconds apart.
    """

    status: int = 200
    body: str | bytes | dict[str, Any] = ""
    headers: dict[str, str] = field(default_factory=dict)
    delay: float = 0.0
    cut: bool = False
    pieces: Iterable[bytes] | None = None
    pause: float = 0.0


def passage_of(body: dict[str, Any]) -> str:
    found = re.search(r"<passage>\n(.*)\n</passage>", body["messages"][-1]["content"], re.DOTALL)
    assert found is not None
    return found[1]


def _short(quote: str) -> str:
    """The first letters of a quote; an open quote mark would make half an answer."""
    return re.split(r"[“”]", quote.lstrip("“”"))[0][:6]


def items_for(body: dict[str, Any], count: int = 2) -> list[dict[str, Any]]:
    """Good items: quotes from the passage, questions that no other passage has."""
    passage = passage_of(body)
    name = hashlib.sha256(passage.encode()).hexdigest()[:10]
    quotes = [quote for quote in re.split(r"(?<=。)", passage.replace("\n", "")) if len(quote) > 8]
    return [
        {
            "question": f"《青峰录》里编号{name}的第{n}件事是谁做的？",
            "answer": f"{_short(quote)}。这件事就是他做的。",
            "short_answer": _short(quote),
            "aliases": [],
            "kind": "plot",
            "evidence": quote,
        }
        for n, quote in enumerate(quotes[:count], 1)
    ]


def chat(content: str, finish: str | None = "stop", **message: Any) -> dict[str, Any]:
    return {
        "choices": [{"message": {"role": "assistant", "content": content, **message}, "finish_reason": finish}],
        "usage": {"prompt_tokens": 100, "completion_tokens": 50},
    }


def events(*pieces: str, finish: str | None = "stop", usage: bool = True, **message: Any) -> Iterable[bytes]:
    """A streamed completion, an event for each piece of its content; `message` gives further fields of the first."""
    for number, piece in enumerate(pieces):
        delta = {"role": "assistant", "content": piece, **(message if number == 0 else {})}
        yield _event({"choices": [{"index": 0, "delta": delta, "finish_reason": None}]})
    if finish:
        yield _event({"choices": [{"index": 0, "delta": {}, "finish_reason": finish}]})
    if usage:
        yield _event({"choices": [], "usage": {"prompt_tokens": 100, "completion_tokens": 50}})
    if finish:
        yield b"data: [DONE]\n\n"


def _event(value: Any) -> bytes:
    return f"data: {json.dumps(value, ensure_ascii=False)}\n\n".encode("utf-8", "surrogatepass")


def good(number: int, body: dict[str, Any]) -> Act:
    return Act(body=chat(json.dumps({"records": items_for(body)}, ensure_ascii=False)))


class TeacherServer:
    """Use it as a context manager. `behave(number, body)` says what to do with the request of this number, from 0."""

    def __init__(self, behave: Callable[[int, dict[str, Any]], Act] = good) -> None:
        self.behave = behave
        self.seen: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.times: list[float] = []
        self.sent = 0  # bytes of streamed bodies
        self.most_at_once = 0
        self._now = 0
        self._lock = threading.Condition()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True  # head and body go out at once, not 40 ms apart

            def handle(self) -> None:
                with contextlib.suppress(ConnectionError):  # the other side was killed
                    super().handle()

            def log_message(self, *arguments: Any) -> None:
                pass

            def do_POST(self) -> None:
                sent = self.rfile.read(int(self.headers["Content-Length"]))
                if len(sent) < int(self.headers["Content-Length"]):  # the other side was killed while it spoke
                    self.close_connection = True
                    return
                body = json.loads(sent)
                with outer._lock:
                    number = len(outer.seen)
                    outer.seen.append(body)
                    outer.headers.append({name.lower(): value for name, value in self.headers.items()})
                    outer.times.append(time.monotonic())
                    outer._now += 1
                    outer.most_at_once = max(outer.most_at_once, outer._now)
                    outer._lock.notify_all()
                key = self.headers.get("Authorization", "").removeprefix("Bearer ")
                known = self.path.endswith("/v1/chat/completions")
                act = outer.act(number, body, key) if known else Act(404, "nowhere")
                try:
                    outer._closing.wait(act.delay)
                finally:
                    with outer._lock:
                        outer._now -= 1
                    outer.done(key)
                self._answer(act)

            def _answer(self, act: Act) -> None:
                body = act.body if isinstance(act.body, str | bytes) else json.dumps(act.body, ensure_ascii=False)
                data = body if isinstance(body, bytes) else body.encode("utf-8", "surrogatepass")
                try:
                    self.send_response(act.status)
                    for name, value in act.headers.items():
                        self.send_header(name, value)
                    if act.pieces is not None:
                        self._stream(act)
                        return
                    self.send_header("Content-Length", str(len(data)))
                    self.end_headers()
                    self.wfile.write(data[: len(data) // 2] if act.cut else data)
                    self.close_connection = self.close_connection or act.cut
                except OSError:
                    self.close_connection = True

            def _stream(self, act: Act) -> None:
                self.send_header("Transfer-Encoding", "chunked")
                self.end_headers()
                for piece in act.pieces or ():
                    self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))
                    outer.sent += len(piece)
                    if act.pause and outer._closing.wait(act.pause):
                        break
                self.wfile.write(b"0\r\n\r\n")

        self._closing = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}/v1"

    def act(self, number: int, body: dict[str, Any], key: str) -> Act:
        """What to do with a request."""
        return self.behave(number, body)

    def done(self, key: str) -> None:
        """A request is about to be answered."""

    def wait_for(self, requests: int) -> None:
        """For use in `behave`: hold a request until so many were in flight at once, or until the asker gives up."""
        with self._lock:
            self._lock.wait_for(lambda: self.most_at_once >= requests, PATIENCE)

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()


def keys_asked(server: TeacherServer) -> Counter[str]:
    """How often each passage was asked about."""
    return Counter(passage_of(body) for body in server.seen)
