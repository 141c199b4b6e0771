"""What the book says, for clients: a model of its own with citations, and a route for the page."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from openai import NotFoundError, OpenAI

from jianghu.corpus import read_chapters
from jianghu.model import Checkpoint
from jianghu.records import read_records
from jianghu.workspace import Workspace

from .running import Running

NAME = "jianghu-open-book"


@pytest.fixture(scope="module")
def without(
    checkpoints: dict[str, Checkpoint], shelf: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Running]:
    """A server of a shelf that has no reader."""
    folder = tmp_path_factory.mktemp("unread") / "shelf"
    shutil.copytree(shelf, folder, ignore=shutil.ignore_patterns("runs", "evals", "reader"))
    with Running(checkpoints, Workspace(folder)) as running:
        yield running


@pytest.fixture(scope="module")
def found(server: Running, shelf: Path) -> dict[str, object]:
    """A question that the reader answers, with what it says."""
    for record in read_records(Workspace(shelf).records / "train.jsonl"):
        said = httpx.post(f"{server.url}/api/read", json={"question": record.question}).json()
        if said["answer"]:
            return {"question": record.question, **said}
    raise AssertionError("the reader answers nothing")


def test_the_answer_and_its_place(server, shelf, found):
    place = found["place"]
    chapter = next(c for c in read_chapters(Workspace(shelf).chapters) if c.chapter == place["chapter"])
    client = OpenAI(base_url=f"{server.url}/v1", api_key="none")
    assert NAME in [model.id for model in client.models.list()]
    assert client.models.retrieve(NAME).id == NAME
    talk = [{"role": "user", "content": "你好"}, {"role": "assistant", "content": "好"}]
    said = client.chat.completions.create(
        model=NAME, messages=[*talk, {"role": "user", "content": str(found["question"])}]
    )
    assert said.choices[0].message.content == found["answer"]
    assert said.choices[0].finish_reason == "stop"
    [citation] = said.model_extra["citations"]
    assert chapter.text[citation["start"] : citation["end"]] == citation["text"]
    assert citation["text"] in citation["passage"]
    assert 0 < citation["probability"] <= 1


def test_streamed_it_says_the_same(server, found):
    client = OpenAI(base_url=f"{server.url}/v1", api_key="none")
    chunks = list(
        client.chat.completions.create(
            model=NAME,
            messages=[{"role": "user", "content": str(found["question"])}],
            stream=True,
            stream_options={"include_usage": True},
        )
    )
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert text == found["answer"]
    assert chunks[-1].usage.total_tokens > 0
    assert [chunk.model_extra["citations"] for chunk in chunks if (chunk.model_extra or {}).get("citations")]


def test_what_the_books_do_not_tell(server):
    body = {"model": NAME, "messages": [{"role": "user", "content": "xyzzy"}]}
    said = httpx.post(f"{server.url}/v1/chat/completions", json=body).json()
    assert said["choices"][0]["message"]["content"] == "Nothing of it was found in the books."  # as it was asked
    assert said["citations"] == []
    assert httpx.post(f"{server.url}/api/read", json={"question": "xyzzy"}).json()["place"] is None
    body["messages"][0]["content"] = " "
    refused = httpx.post(f"{server.url}/v1/chat/completions", json=body)
    assert refused.status_code == 400
    assert "ask something" in refused.json()["error"]["message"]


def test_without_a_reader_all_else_works(without):
    client = OpenAI(base_url=f"{without.url}/v1", api_key="none")
    assert [model.id for model in client.models.list()] == ["chat", "base"]
    with pytest.raises(NotFoundError):
        client.chat.completions.create(model=NAME, messages=[{"role": "user", "content": "沈青峰是谁？"}])
    said = client.chat.completions.create(
        model="chat", messages=[{"role": "user", "content": "沈青峰是谁？"}], max_tokens=4
    )
    assert "citations" not in (said.model_extra or {})
    about = httpx.get(f"{without.url}/api/about").json()
    assert (about["open_book"], about["reader"]) == (True, False)
    refused = httpx.post(f"{without.url}/api/read", json={"question": "沈青峰是谁？"})
    assert refused.status_code == 404
    assert "trains one" in json.dumps(refused.json())
