"""The JavaScript of the exported page in Node.js, and the page in Chromium."""

from __future__ import annotations

import base64
import dataclasses
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser

from jianghu.export import Kind
from jianghu.export.html.bundle import bundle
from jianghu.export.html.pack import pack
from jianghu.export.html.single_file import ENGINE
from jianghu.model import Checkpoint, Transformer

NODE = shutil.which("node")

HARNESS = """
function run({ about, weights, plain, job, fields }) {
  const writer = new $writer.Writer(about, $tensors.fromBase64(weights), plain);
  const { tokenizer, model } = writer;
  const jobs = {
    encode: ({ texts }) => texts.map((text) => tokenizer.encode(text)),
    prompts: ({ requests }) => requests.map((request) => writer.prompt(request)),
    write: ({ requests }) => requests.map((request) => {
      const text = writer.write(request);
      for (let said = "", next; ;) {
        next = text.next();
        if (next.done) return { ...next.value, said };
        said += next.value;
      }
    }),
    decode: ({ rows }) => rows.map((ids) => ids.map(tokenizer.stream()).join("")),
    nats: ({ rows }) => rows.map((ids) => {
      model.reset();
      let sum = 0;
      for (let at = 0; at + 1 < ids.length; at++) {
        const scores = Float64Array.from(model.read([ids[at]]));
        const most = scores.reduce((a, b) => Math.max(a, b));
        sum += most + Math.log(scores.reduce((a, b) => a + Math.exp(b - most), 0)) - scores[ids[at + 1]];
      }
      return sum;
    }),
  };
  return { kernels: model.kernels.name, result: jobs[job](fields) };
}
function ask({ books, questions, limit }) {
  const shelf = new $shelf.Shelf(books);
  if (limit) return questions.map((question) => shelf.search(question, limit));
  const reader = new $reader.Reader(shelf, books.reader);
  return questions.map((question) => reader.read(question));
}
"""
IN_NODE = """
const given = JSON.parse(require("fs").readFileSync(0, "utf8"));
process.stdout.write(JSON.stringify(given.books ? ask(given) : run(given)));
"""


def engine_script() -> str:
    """The page's model and tokenizer, and `run`, which lets them do one of the jobs above."""
    return bundle(["writer", "shelf", "reader"], dict.fromkeys(ENGINE, "export/html/engine")) + HARNESS


def given_to(checkpoint: Checkpoint, job: str, stored: Kind, plain: bool, fields: dict[str, Any]) -> dict[str, Any]:
    """What `run` takes: the checkpoint stored in this way, and the job."""
    packed = pack(checkpoint, stored)
    weights = base64.b64encode(packed.weights).decode()
    return {"about": packed.about, "weights": weights, "plain": plain, "job": job, "fields": fields}


def in_node(checkpoint: Checkpoint, job: str, stored: Kind = "f32", plain: bool = False, **fields: Any) -> Any:
    """What a job comes to in Node.js; `plain`: without WebAssembly."""
    said = _node(given_to(checkpoint, job, stored, plain, fields))
    assert said["kernels"] == ("plain" if plain else "simd")
    return said["result"]


def found_in_node(books: dict[str, Any], questions: list[str], limit: int) -> Any:
    """The passages that the page finds for each question; `books` as `book_data` gives them."""
    return _node({"books": books, "questions": questions, "limit": limit})


def read_in_node(books: dict[str, Any], questions: list[str]) -> Any:
    """What the page's reader says to each question."""
    return _node({"books": books, "questions": questions, "limit": 0})


def _node(given: dict[str, Any]) -> Any:
    assert NODE is not None
    ended = subprocess.run(
        [NODE, "-e", engine_script() + IN_NODE],
        input=json.dumps(given),
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=280,
    )
    assert ended.returncode == 0, ended.stderr[-2000:]
    return json.loads(ended.stdout)


class Chromium:
    """The same in Chromium: a file with nothing but the script, opened from the disk with the network off."""

    def __init__(self, browser: Browser, folder: Path) -> None:
        (folder / "engine.html").write_text(f"<!doctype html><script>{engine_script()}</script>", encoding="utf-8")
        self.page = browser.new_context(offline=True).new_page()
        self.page.goto((folder / "engine.html").as_uri())

    def __call__(self, checkpoint: Checkpoint, job: str, stored: Kind = "f32", **fields: Any) -> Any:
        """What a job comes to."""
        said = self.page.evaluate("given => run(given)", given_to(checkpoint, job, stored, False, fields))
        assert said["kernels"] == "simd"
        return said["result"]

    def read(self, books: dict[str, Any], questions: list[str]) -> Any:
        """What the page's reader says to each question."""
        return self.page.evaluate("given => ask(given)", {"books": books, "questions": questions, "limit": 0})


def as_float16(checkpoint: Checkpoint) -> Checkpoint:
    """The checkpoint with the weights that a float16 file holds."""
    model = Transformer(checkpoint.model.config).eval()
    state = checkpoint.model.state_dict()
    model.load_state_dict({name: w.half().float() if w.ndim > 1 else w for name, w in state.items()})
    return dataclasses.replace(checkpoint, model=model)
