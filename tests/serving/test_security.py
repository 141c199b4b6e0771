"""Who must not get in does not: wrong hosts, strangers' pages, missing keys, endless and slow requests, paths. Each
is refused, logged and harmless; all against a real server on loopback, by hand-written bytes where a client would
be too polite.
"""

import json
import logging
import resource
import socket
import sys
import time
from contextlib import closing

import httpx
import pytest

from jianghu.errors import InputError
from jianghu.recipe import ServeSettings
from jianghu.serving import server_key

from ..conftest import jianghu
from .running import Running

CHAT = {"model": "chat", "messages": [{"role": "user", "content": "谁？"}], "max_tokens": 2}


def raw(port, data, wait=5.0):
    """Send bytes as they are; what comes back until the server closes or says nothing more."""
    with closing(socket.create_connection(("127.0.0.1", port), wait)) as sock:
        sock.sendall(data)
        return rest(sock)


def rest(sock):
    found = b""
    try:
        while part := sock.recv(65536):
            found += part
    except (TimeoutError, ConnectionError):
        pass
    return found


def error_of(answer):
    assert set(answer.json()) == {"error"}
    return answer.status_code, answer.json()["error"]["code"]


@pytest.mark.parametrize(
    "path",
    [
        "/../jianghu.toml",
        "/..%2f..%2fjianghu.toml",
        "/%2e%2e/%2e%2e/jianghu.toml",
        "/page/../../../../../../etc/passwd",
        "/page/..%2f..%2f..%2f..%2f..%2fetc%2fpasswd",
        "/page//etc/passwd",
        "/page/%00index.html",
        "/page/page_api.py",
        "/v1/models/../../../etc/passwd",
        "/v1/models/%2fetc%2fpasswd",
        "//etc/passwd",
        "/jianghu.toml",
        "/runs/chat/checkpoints/last/config.json",
        "/books/青峰录.txt",
        "/docs",
    ],
)
def test_no_path_leads_to_a_file(server, path):
    head = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
    answer = raw(server.port, head.encode("latin-1", "replace"))
    assert answer.startswith((b"HTTP/1.1 404 ", b"HTTP/1.1 400 ")), answer[:200]
    for secret in (b"root:", b"[pretrain]", b"Qwen3ForCausalLM", b"import "):
        assert secret not in answer


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "192.168.7.7", "localhost@evil.example", ""]
)
def test_another_host_is_refused_and_logged(server, caplog, host):
    with caplog.at_level(logging.WARNING, "jianghu.serving"):
        answer = httpx.post(server.url + "/v1/chat/completions", json=CHAT, headers={"Host": host})
    assert error_of(answer) == (403, "host_not_allowed")
    assert "refused POST '/v1/chat/completions' from 127.0.0.1" in caplog.text


def test_its_own_names_are_answered(server):
    for host in ("localhost", f"localhost:{server.port}", "127.0.0.1", "[::1]:8000", "LOCALHOST"):
        assert httpx.get(server.url + "/health", headers={"Host": host}).status_code == 200
    assert b" 400 " in raw(server.port, b"GET /health HTTP/1.1\r\n\r\n")
    double = b"GET /health HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n"
    assert raw(server.port, double, 1).startswith(b"HTTP/1.1 4")


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "https://localhost", "http://127.0.0.1:1", "file://"]
)
def test_a_strangers_page_is_refused(server, origin):
    for method, path in (("POST", "/v1/chat/completions"), ("GET", "/v1/models"), ("OPTIONS", "/v1/chat/completions")):
        answer = httpx.request(method, server.url + path, json=CHAT, headers={"Origin": origin})
        assert error_of(answer) == (403, "origin_not_allowed")
        assert not [name for name in answer.headers if name.startswith("access-control")]


def test_its_own_page_is_answered(server):
    answer = httpx.post(server.url + "/v1/chat/completions", json=CHAT, headers={"Origin": server.url})
    assert answer.status_code == 200


def test_the_key(checkpoints):
    with Running(checkpoints, key="geheim-密钥") as server:
        for path in ("/v1/models", "/metrics", "/openapi.json", "/api/about"):
            url = server.url + path
            missing = httpx.get(url)
            assert missing.status_code == 401
            assert missing.headers["www-authenticate"] == "Bearer"
            for wrong in ("geheim", "geheim-密钥x", "Geheim-密钥", "x" * 5000):
                answer = httpx.get(url, headers={"Authorization": f"Bearer {wrong}".encode()})
                assert error_of(answer) == (401, "invalid_api_key")
            assert httpx.get(url, headers={"Authorization": "Basic geheim"}).status_code == 401
            right = {"Authorization": "Bearer geheim-密钥".encode()}
            assert httpx.get(url, headers=right).status_code == 200
        assert httpx.get(server.url + "/health").status_code == 200
        assert "geheim" not in httpx.get(server.url + "/metrics", headers=right).text


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "some.name"])
def test_other_machines_need_a_key(host, monkeypatch, shelf):
    monkeypatch.delenv("JIANGHU_SERVER_KEY", raising=False)
    with pytest.raises(InputError, match="needs an API key"):
        server_key(ServeSettings(host=host))
    ended = jianghu("serve", "chat", "--host", host, cwd=shelf, check=False)
    assert ended.returncode == 2
    assert "Set JIANGHU_SERVER_KEY" in ended.stderr
    monkeypatch.setenv("JIANGHU_SERVER_KEY", " abc\n")
    assert server_key(ServeSettings(host=host)) == "abc"
    assert server_key(ServeSettings(key_env="")) == ""


def test_a_body_of_100_mb_is_not_taken_in(server, caplog):
    head = "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with caplog.at_level(logging.WARNING, "jianghu.serving"):
        announced = raw(server.port, f"{head}Content-Length: {100 * 2**20}\r\n\r\n".encode())
    assert announced.startswith(b"HTTP/1.1 413 ")
    assert json.loads(announced.partition(b"\r\n\r\n")[2])["error"]["code"] == "request_too_large"
    assert "larger than 1,048,576 bytes" in caplog.text
    with closing(socket.create_connection(("127.0.0.1", server.port), 5)) as sock:
        sent, chunk = 0, b"10000\r\n" + b" " * 65536 + b"\r\n"
        try:
            sock.sendall(f"{head}Transfer-Encoding: chunked\r\n\r\n".encode())
            while sent < 100 * 2**20:
                sock.sendall(chunk)
                sent += 65536
        except ConnectionError:
            pass
        assert sent < 20 * 2**20, "the server went on reading"
    if sys.platform == "linux":  # where the unit is known: kilobytes
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 40 * 1024
    assert httpx.get(server.url + "/health").status_code == 200


def test_headers_without_end_are_refused(server):
    endless = b"GET /health HTTP/1.1\r\nHost: localhost\r\n" + b"X-Filler: " + b"a" * 200_000
    assert raw(server.port, endless, 2).startswith((b"HTTP/1.1 4", b""))
    assert httpx.get(server.url + "/health").status_code == 200


def test_who_sends_a_byte_now_and_then_is_let_go(checkpoints, caplog):
    """Slow loris: 40 connections that never end their request, before, in and after a whole one."""
    whole = b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"
    head = b"POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: 500\r\n\r\n"
    starts = [b"", b"GET /health HTTP/1.1\r\nHost: local", whole + b"GET /hea", head]
    with Running(checkpoints, read_seconds=0.6) as server, caplog.at_level(logging.WARNING):
        socks = [socket.create_connection(("127.0.0.1", server.port), 5) for _ in range(40)]
        for n, sock in enumerate(socks):
            sock.sendall(starts[n % 4])
        end, gone = time.monotonic() + 15, set()
        while len(gone) < 40 and time.monotonic() < end:
            assert httpx.get(server.url + "/health").status_code == 200, "others are served meanwhile"
            for n, sock in enumerate(socks):
                sock.settimeout(0.001)
                try:
                    sock.sendall(b"a")
                    while data := sock.recv(4096):
                        if n % 4 == 3:
                            assert data.startswith(b"HTTP/1.1 408 ")
                    gone.add(n)
                except TimeoutError:
                    pass
                except ConnectionError:
                    gone.add(n)
            time.sleep(0.05)
        for sock in socks:
            sock.close()
        assert len(gone) == 40, "slow connections are still open"
    assert "did not arrive within 0.6 seconds" in caplog.text
    assert "no whole request came in time" in caplog.text


def test_what_is_logged_stays_on_its_line(server, caplog):
    with caplog.at_level(logging.WARNING, "jianghu.serving"):
        raw(server.port, b"GET /a%0aINFO:%20all%20is%20well HTTP/1.1\r\nHost: evil\x0b\r\nConnection: close\r\n\r\n", 1)
        httpx.get(server.url + "/a%0aINFO", headers={"Host": "evil.example"})
    assert all("\n" not in record.getMessage() for record in caplog.records)
    assert caplog.records
