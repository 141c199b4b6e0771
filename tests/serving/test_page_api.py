"""What the page asks of the server beyond OpenAI's API: files, examples, lookups, votes."""

import json
import shutil

import httpx
import pytest

from jianghu.corpus import Chapter, read_chapters
from jianghu.files import read_jsonl
from jianghu.names import Lexicon, Name
from jianghu.records import Record
from jianghu.serving.lookup import Part, Shelf
from jianghu.workspace import Workspace

from .running import Running


@pytest.fixture
def call(server):
    with httpx.Client(base_url=server.url) as client:
        yield client


@pytest.fixture(scope="module")
def record(shelf) -> Record:
    """A record of the shelf with evidence."""
    rows = (Record.from_dict(row) for row in read_jsonl(shelf / "data/records/train.jsonl"))
    return next(row for row in rows if row.start is not None)


@pytest.fixture(scope="module")
def two_books() -> Shelf:
    """Two books that share one name; a record of the first."""
    chapters = [
        Chapter("甲书", 1, "第一回", "张三见了王五。王五大笑。"),
        Chapter("乙书", 1, "第一回", "李四见了王五。小四郎不答。"),
    ]
    lexicons = {
        "甲书": Lexicon([Name("张三"), Name("王五")]),
        "乙书": Lexicon([Name("李四", ("小四郎",)), Name("王五")]),
    }
    record = Record(
        id="1",
        fact="1",
        wording=1,
        kind="who",
        question="张三见了谁？",
        answer="王五。",
        short_answer="王五",
        aliases=(),
        book="甲书",
        chapter=1,
        start=2,
        end=7,
        source="import",
        split="test",
    )
    return Shelf(chapters, lexicons, [record])


@pytest.mark.parametrize(
    ("question", "book"),
    [
        ("张三是谁？", "甲书"),
        ("小四郎是谁？", "乙书"),
        ("《乙书》里的王五是谁？", "乙书"),
        ("张三见了谁", "甲书"),
        ("王五是谁？", None),
        ("张三认得李四吗？", None),
        ("今天天气如何？", None),
    ],
)
def test_the_book_that_a_question_is_about(two_books, question, book):
    assert two_books.book_of(question) == book


def test_names_of_the_wrong_book_are_told_apart_and_shared_ones_are_not(two_books):
    parts = two_books.parts("张三是谁？", "他是李四的朋友，王五和小四郎也在。")
    assert parts == [
        Part("他是"), Part("李四", "乙书"), Part("的朋友，王五和"), Part("小四郎", "乙书"), Part("也在。"),
    ]  # fmt: skip
    assert two_books.parts("王五是谁？", "李四。") == [Part("李四。")]
    assert two_books.parts("张三是谁？", "") == []


def test_the_page_and_its_files_come_with_a_strict_policy_and_nothing_else_is_served(call):
    page = call.get("/")
    assert "江湖" in page.text
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy
    for path, kind in {"app.js": "text/javascript", "page.css": "text/css", "hills.svg": "image/svg+xml"}.items():
        assert call.get(f"/page/{path}").headers["content-type"].startswith(kind)
    for path in (
        "/page/",
        "/page/..%2fpage_api.py",
        "/page/%2e%2e/page_api.py",
        "/page/nothing.js",
        "/page/index.html",
    ):
        assert call.get(path).status_code == 404, path


def test_about_tells_names_kinds_and_the_settings_to_begin_with(call):
    about = call.get("/api/about").json()
    assert [(one["name"], one["kind"]) for one in about["checkpoints"]] == [("chat", "chat"), ("base", "base")]
    assert about["settings"]["temperature"] == 0.8
    assert about["open_book"] is True


def test_examples_are_of_both_kinds_and_another_turn_gives_others(call):
    first, second = (call.get("/api/examples", params={"count": 6, "turn": turn}).json() for turn in (0, 1))
    assert first["books"] == ["青峰录"]
    assert {row["split"] for row in first["questions"]} > {"train"}
    assert len(first["questions"]) == 6
    assert first["questions"] != second["questions"]
    assert all(3 <= len(row["text"]) <= 12 for row in first["beginnings"])


def test_an_answer_to_a_question_of_the_records_comes_with_verdict_and_evidence(call, shelf, record):
    body = {"question": record.question.rstrip("？") + " ?", "answer": f"是{record.short_answer}。"}
    found = call.post("/api/look", json=body).json()
    assert found["book"] == "青峰录"
    assert "".join(part["text"] for part in found["parts"]) == body["answer"]
    assert found["record"]["right"] is True
    assert found["record"]["split"] == "train"
    assert found["record"]["reference"] == record.answer
    place = found["record"]["evidence"]
    chapters = {chapter.chapter: chapter for chapter in read_chapters(shelf / "data/chapters.jsonl")}
    wanted = {name: place[name] for name in ("book", "chapter", "start", "end")}
    before, inside, after = call.get("/api/chapter", params=wanted).json()["pieces"]
    assert inside == chapters[place["chapter"]].text[record.start : record.end]
    assert before + inside + after == chapters[place["chapter"]].text
    wrong = call.post("/api/look", json={**body, "answer": "不知道。"}).json()
    assert wrong["record"]["right"] is False


def test_a_question_that_no_record_asks_has_no_verdict(call):
    assert call.post("/api/look", json={"question": "青峰录讲了什么？", "answer": ""}).json()["record"] is None


def test_open_book_finds_passages_in_pieces(call):
    passages = call.post("/api/open-book", json={"question": "谁去了落雁坡？", "limit": 2}).json()["passages"]
    assert len(passages) == 2
    assert "落雁坡" in "".join(piece["text"] for piece in passages[0]["pieces"] if piece["marked"])


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/api/chapter?book=青峰录&chapter=99", None, 404),
        ("GET", "/api/chapter?book=../../etc&chapter=1", None, 404),
        ("GET", "/api/chapter?book=青峰录&chapter=0", None, 400),
        ("GET", "/api/examples?count=1000", None, 400),
        ("POST", "/api/look", {"question": "", "answer": ""}, 400),
        ("POST", "/api/look", {"question": "长" * 5000, "answer": ""}, 400),
        ("POST", "/api/open-book", {"question": "谁", "limit": 99}, 400),
        ("POST", "/api/votes", {}, 400),
    ],
)
def test_what_cannot_be_answered_is_refused_in_openais_shape(call, method, path, body, status):
    reply = call.request(method, path, json=body)
    assert reply.status_code == status
    assert reply.json()["error"]["message"]


def test_a_span_beyond_the_chapter_marks_what_there_is(call, shelf):
    text = read_chapters(shelf / "data/chapters.jsonl")[0].text
    wanted = {"book": "青峰录", "chapter": 1, "start": len(text) - 2, "end": 10**6}
    assert call.get("/api/chapter", params=wanted).json()["pieces"] == [text[:-2], text[-2:], ""]
    backwards = {**wanted, "start": 9, "end": 3}
    assert "".join(call.get("/api/chapter", params=backwards).json()["pieces"]) == text


VOTE = {
    "question": "沈青峰是谁？",
    "mode": "ask",
    "answers": [{"checkpoint": "chat", "text": "甲\n乙"}, {"checkpoint": "base", "text": "丙"}],
    "choice": 1,
    "blind": True,
    "settings": {"temperature": 0.5},
}


def test_votes_are_appended_to_a_file_in_the_workspace(checkpoints, shelf, tmp_path):
    root = shutil.copytree(shelf, tmp_path / "shelf", ignore=shutil.ignore_patterns("runs", "evals"))
    with Running(checkpoints, Workspace(root)) as running, httpx.Client(base_url=running.url) as client:
        for choice in (1, "tie"):
            assert client.post("/api/votes", json={**VOTE, "choice": choice}).json() == {"kept": True}
        for wrong in ({"choice": 2}, {"choice": "best"}, {"answers": VOTE["answers"][:1]}, {"extra": 1}):
            assert client.post("/api/votes", json={**VOTE, **wrong}).status_code == 400
        stranger = [{"checkpoint": "gpt", "text": ""}, VOTE["answers"][1]]
        assert "gpt is not served" in client.post("/api/votes", json={**VOTE, "answers": stranger}).text
    rows = [json.loads(line) for line in (root / "votes.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [{name: row[name] for name in VOTE} for row in rows] == [VOTE, {**VOTE, "choice": "tie"}]
    assert all(row["at"] for row in rows)


def test_outside_a_workspace_the_page_works_without_books(checkpoints):
    with Running(checkpoints) as running, httpx.Client(base_url=running.url) as client:
        assert client.get("/").status_code == 200
        assert client.get("/api/about").json()["open_book"] is False
        assert client.get("/api/examples").json() == {"books": [], "questions": [], "beginnings": []}
        look = client.post("/api/look", json={"question": "谁？", "answer": "某人"}).json()
        assert look == {"book": None, "parts": [{"text": "某人", "stranger": None}], "record": None}
        assert client.post("/api/open-book", json={"question": "谁？"}).status_code == 404
        assert client.post("/api/votes", json=VOTE).status_code == 404


def test_a_broken_file_of_the_workspace_is_named(checkpoints, shelf, tmp_path):
    root = shutil.copytree(shelf, tmp_path / "shelf", ignore=shutil.ignore_patterns("runs", "evals"))
    (root / "books" / "青峰录.lexicon.json").write_text("[]", encoding="utf-8")
    with Running(checkpoints, Workspace(root)) as running:
        reply = httpx.get(running.url + "/api/examples")
    assert reply.status_code == 503
    assert "青峰录.lexicon.json" in reply.json()["error"]["message"]
