"""The shelf of the studio: books come in, are looked at, titled, taken off; people are decided on."""

import json
import os
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from jianghu.errors import InputError
from jianghu.names import Name, editing, read_lexicon
from jianghu.studio.uploads import safe_name

from ..conftest import novel_text
from .running import Site, new_workspace, until


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with Site(new_workspace(tmp_path / "shelf"), max_upload_mb=1, read_seconds=2.0) as site:
        yield site


def books(site: Site, tmp_path: Path) -> Path:
    return tmp_path / "shelf" / "books"


def send(site: Site, name: str, text: str | bytes) -> httpx.Response:
    body = text.encode("utf-8") if isinstance(text, str) else text
    return site.client.post("/shelf/upload", params={"name": name}, content=body)


def seen(site: Site, name: str) -> dict[str, Any]:
    """A book once it has been read."""

    def row() -> dict[str, Any] | None:
        rows = {one["name"]: one for one in site.get("/shelf")["books"]}
        return rows[name] if rows[name]["state"] != "reading" else None

    return until(row)


def test_a_book_comes_in_and_is_looked_at(site: Site, tmp_path: Path):
    advert = "请收藏本站：www.example.com 手机阅读更方便\n"
    text = "《雪山录》\n" + novel_text(4).replace("\n　　", "\n" + advert + "　　")
    taken = send(site, "xueshan-jiaodui.txt", text.encode("gb18030")).json()
    assert (taken["name"], taken["file"], taken["already"]) == ("雪山录", "雪山录.txt", False)
    assert send(site, "again.txt", text.encode("gb18030")).json()["already"] is True
    row = seen(site, "雪山录")
    assert (row["state"], row["encoding"], row["chapters"], row["prepared"]) == ("read", "gb18030", 4, None)
    book = site.get("/shelf/book?name=雪山录")
    assert len(book["chapters"]) == 4
    assert "沈青峰" in {person["name"] for person in book["people"]["rows"]}
    gone = []
    for rule in book["removals"]:
        cuts = site.get(f"/shelf/cuts?name=雪山录&rule={rule['rule']}")
        assert cuts["all"] == rule["shown"]
        gone += [cut["text"] for cut in cuts["cuts"]]
    assert any("example.com" in text for text in gone)
    assert not (tmp_path / "shelf" / ".incoming").exists()


def test_the_same_name_with_other_contents_is_told(site: Site, tmp_path: Path):
    assert send(site, "雪.txt", novel_text(3)).status_code == 200
    refused = send(site, "雪.txt", novel_text(3, seed=2))
    assert refused.status_code == 400
    assert "other contents" in refused.json()["error"]["message"]
    assert "incoming" not in refused.json()["error"]["message"]
    assert (books(site, tmp_path) / "雪.txt").read_text(encoding="utf-8") == novel_text(3)


@pytest.mark.slow  # reads a dozen books
def test_many_books_at_once_of_one_title_from_several_windows(site: Site, tmp_path: Path):
    replies: list[httpx.Response] = []
    texts = [novel_text(2, seed=seed) for seed in (1, 2, 3)]

    def put(text: str) -> None:
        replies.append(send(site, "同名.txt", text))

    threads = [threading.Thread(target=put, args=[text]) for text in texts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(reply.status_code for reply in replies) == [200, 400, 400]
    assert (books(site, tmp_path) / "同名.txt").read_text(encoding="utf-8") in texts


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("../../etc/passwd.txt", "passwd.txt"),
        ("..\\..\\窗.TXT", "窗.txt"),
        ("C:\\Users\\x\\书.epub", "书.epub"),
        ("a\x00b:c?.md", "a b c.md"),
        ("....txt", "book.txt"),
        ("长" * 300 + ".txt", "长" * 60 + ".txt"),
    ],
)
def test_names_are_made_safe(name: str, safe: str):
    assert safe_name(name) == safe


@pytest.mark.parametrize("name", ["", "passwd", "x.exe", "x.toml", "../.ssh/id", ".txt"])
def test_names_of_no_book(name: str):
    with pytest.raises(InputError, match="cannot be read"):
        safe_name(name)


def test_what_is_refused_leaves_nothing_behind(site: Site, tmp_path: Path):
    root = tmp_path / "shelf"
    before = sorted(path.name for path in root.rglob("*"))
    assert send(site, "large.txt", b"x" * (2**20 + 1)).status_code == 413
    assert send(site, "nul.txt", b"\x00\x01" * 5000).status_code == 400
    assert send(site, "empty.txt", b"").status_code == 400
    assert send(site, "../x.sh", b"#!").status_code == 400
    assert httpx.post(site.url + "/studio/shelf/upload?name=a.txt", content=novel_text(2)).status_code == 403
    assert sorted(path.name for path in root.rglob("*") if path.name != "jobs") == before


def test_a_book_that_never_ends_or_stops_half_way(site: Site, tmp_path: Path):
    host, port = site.url.removeprefix("http://").split(":")
    head = (
        f"POST /studio/shelf/upload?name=slow.txt HTTP/1.1\r\nHost: {host}:{port}\r\n"
        f"X-Studio-Token: {site.app.state.token}\r\n"
    )
    with socket.create_connection((host, int(port))) as slow:
        slow.sendall((head + "Content-Length: 1000\r\n\r\nonly this").encode())
        assert b" 408 " in slow.recv(4000)
    with socket.create_connection((host, int(port))) as gone:
        gone.sendall((head + "Content-Length: 1000\r\n\r\nand gone").encode())
    with socket.create_connection((host, int(port))) as endless:
        endless.sendall((head + "Transfer-Encoding: chunked\r\n\r\n").encode())
        chunk = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
        with pytest.raises(OSError):  # noqa: PT011 - reset or broken pipe
            endless.sendall(chunk * 200)
    until(lambda: not (tmp_path / "shelf" / ".incoming").exists())
    assert list(books(site, tmp_path).iterdir()) == []


def body(megabytes: int) -> Iterator[bytes]:
    """So much of no book."""
    for _ in range(megabytes):
        yield b"\x00\x01" * 2**19


def rises(megabytes: int, tmp_path: Path) -> float:
    """By how many MB the memory of this process, in which the server runs, rises at most while so much is sent."""
    with Site(new_workspace(tmp_path / "large"), max_upload_mb=megabytes) as site:
        site.get("/shelf")
        before = resident()
        most = before
        done = threading.Event()

        def watch() -> None:
            nonlocal most
            while not done.wait(0.01):
                most = max(most, resident())

        watching = threading.Thread(target=watch)
        watching.start()
        reply = site.client.post("/shelf/upload?name=large.txt", content=body(megabytes))
        done.set()
        watching.join()
        assert reply.status_code == 400, reply.text
        assert site.client.post("/shelf/upload?name=large.txt", content=body(megabytes + 1)).status_code == 413
        assert not (tmp_path / "large" / ".incoming").exists()
    return most - before


def resident() -> float:
    """Memory of this process in MB."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


linux = pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="memory is read from /proc")


@linux
@pytest.mark.slow  # a server of its own
def test_twenty_megabytes_take_no_memory(tmp_path: Path):
    assert rises(20, tmp_path) < 10


@linux
@pytest.mark.slow
def test_five_hundred_megabytes_take_no_memory(tmp_path: Path):
    assert rises(500, tmp_path) < 30


@pytest.mark.slow  # reads four books in processes of their own
def test_a_title_is_mended_and_a_book_taken_off_twice(site: Site, tmp_path: Path):
    folder = books(site, tmp_path)
    send(site, "雪.txt", novel_text(2))
    assert site.post("/shelf/rename", {"name": "雪", "title": "雪山/录"}) == {"name": "雪山 录"}
    assert site.client.post("/shelf/rename", json={"name": "雪", "title": "x"}).status_code == 400
    assert site.post("/shelf/remove", {"name": "雪山 录"}) == {"removed": ["雪山 录"]}
    send(site, "雪山 录.txt", novel_text(2, seed=2))
    site.post("/shelf/remove", {"name": "雪山 录"})
    assert {path.name for path in (folder / ".removed").iterdir()} == {"雪山 录.txt", "雪山 录 (2).txt"}
    assert site.get("/shelf")["books"] == []


@pytest.mark.slow  # reads three books in processes of their own
def test_copies_are_marked(site: Site):
    send(site, "甲.txt", novel_text(6))
    send(site, "乙.txt", novel_text(6) + "第二十回 别的\n" + novel_text(1, seed=9))
    seen(site, "甲")
    seen(site, "乙")
    copies = {row["name"]: row["copies"] for row in site.get("/shelf")["books"]}
    assert copies["甲"][0]["book"] == "乙"
    assert copies["乙"] == []


def test_people_are_decided_on_and_decisions_kept(site: Site, tmp_path: Path):
    send(site, "雪.txt", novel_text(8))
    seen(site, "雪")
    file = books(site, tmp_path) / "雪.lexicon.json"

    def decide(action: str, who: str = "", to: str = "") -> Any:
        version = site.get("/shelf/book?name=雪")["people"]["version"]
        return site.post("/shelf/people", {"name": "雪", "version": version, "action": action, "who": who, "to": to})

    found = site.get("/shelf/book?name=雪")["people"]
    one, two, three = [row["name"] for row in found["rows"][:3]]
    assert not found["decided"]
    joined = decide("join", one, two)
    assert joined["decided"]
    assert one in read_lexicon(file).aliases_of(two)
    mentions = {row["name"]: row["mentions"] for row in joined["rows"]}
    assert mentions[two] == found["rows"][0]["mentions"] + found["rows"][1]["mentions"]
    decide("rename", three, "老三")
    assert read_lexicon(file).aliases_of("老三") == (three,)
    decide("split", two, one)
    decide("remove", one)
    assert {two, "老三"} <= {name.name for name in read_lexicon(file).names}
    assert one not in read_lexicon(file).owners
    stale = {"name": "雪", "version": found["version"], "action": "confirm"}
    assert site.client.post("/shelf/people", json=stale).status_code == 409
    assert not decide("undo")["decided"]
    assert json.loads((file.parent / ".removed" / file.name).read_text(encoding="utf-8"))
    assert decide("confirm")["decided"]


def test_decisions_on_names():
    names = [Name("刘备", ("玄德",)), Name("关羽", ("云长", "关公")), Name("荆州", (), "place")]
    assert editing.rename(names, "刘备", "刘玄德")[0] == Name("刘玄德", ("刘备", "玄德"))
    assert editing.rename(names, "刘备", "玄德")[0] == Name("玄德", ("刘备",))
    assert editing.join(names, "关羽", "刘备") == [Name("刘备", ("玄德", "关羽", "云长", "关公")), names[2]]
    assert editing.split(names, "关羽", "关公")[1:3] == [Name("关羽", ("云长",)), Name("关公")]
    assert editing.add_alias(names, "荆州", " 荆 襄 ")[2] == Name("荆州", ("荆 襄",), "place")
    assert editing.remove(names, "关羽") == [names[0], names[2]]
    for wrong in (
        lambda: editing.rename(names, "刘备", "关羽"),
        lambda: editing.rename(names, "刘备", " "),
        lambda: editing.rename(names, "张飞", "翼德"),
        lambda: editing.join(names, "刘备", "刘备"),
        lambda: editing.split(names, "刘备", "关公"),
    ):
        with pytest.raises(InputError):
            wrong()
