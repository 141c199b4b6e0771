"""Clients that ask for much and read nothing, and a server that is told to end while it writes."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from .running import Running
from .test_faults import LONG, open_request, post, until

MUCH = {**LONG, "stream": True, "n": 16, "logprobs": 20, "max_tokens": 4096}


def narrow(monkeypatch):
    """Small socket buffers, so that a few tokens fill them."""
    from jianghu.serving.server import PatientProtocol

    made = PatientProtocol.connection_made

    def small(protocol, transport):
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        made(protocol, transport)

    monkeypatch.setattr(PatientProtocol, "connection_made", small)


def test_readers_who_do_not_read_are_let_go_and_hold_no_memory(checkpoints, monkeypatch, caplog):
    narrow(monkeypatch)
    from jianghu.serving import model_worker

    backlogs = []
    step = model_worker._CheckpointWriter.step

    def watch(desk):
        news = step(desk)
        backlogs.extend(order.backlog for order, _, _ in news)
        return news

    monkeypatch.setattr(model_worker._CheckpointWriter, "step", watch)
    with Running(checkpoints, write_seconds=0.5, batch=4, queue=76) as server:
        socks = [open_request(server, MUCH) for _ in range(5)]
        until(lambda: sum(server.texts("base")) == 5 * 16)
        assert post(server, {**LONG, "max_tokens": 2}).status_code == 429
        until(lambda: server.texts("base")[0] == 0, 30)  # all are paused or gone: the engine is idle
        until(lambda: post(server, {**LONG, "max_tokens": 2}).status_code == 200, 30)
        server.until_idle("base", 30)
        for sock in socks:
            sock.close()
    assert max(backlogs) <= model_worker.BACKLOG + 16 * 22
    assert caplog.text.count("does not read what it asked for") == 5


def test_one_who_does_not_read_is_let_go_at_once_when_another_needs_the_place(checkpoints, monkeypatch, caplog):
    narrow(monkeypatch)
    monkeypatch.setattr("jianghu.serving.model_worker.SILENT_SECONDS", 0.3)
    with Running(checkpoints, write_seconds=60, batch=4, queue=76) as server:
        socks = [open_request(server, MUCH) for _ in range(5)]
        until(lambda: sum(server.texts("base")) == 5 * 16)
        until(lambda: post(server, {**LONG, "max_tokens": 2}).status_code == 200)
        until(lambda: server.texts("base") == (0, 4 * 16), 30)
        assert all(post(server, {**LONG, "max_tokens": 2}).status_code == 200 for _ in range(3))
        assert caplog.text.count("does not read what it asked for") == 1
        for sock in socks:
            sock.close()
        server.until_idle("base", 30)
    assert "Traceback" not in caplog.text


def test_a_slow_reader_gets_all_of_it(checkpoints, monkeypatch):
    """The writing pauses and goes on again; nothing is lost on the way."""
    narrow(monkeypatch)
    body = {**LONG, "stream": True, "n": 4, "logprobs": 20, "max_tokens": 150, "seed": 3, "temperature": 1}
    with Running(checkpoints, write_seconds=30) as server:
        quick = post(server, body).text
        sock, paused = open_request(server, body), False
        sock.settimeout(30)
        found = b""
        while not found.endswith(b"0\r\n\r\n"):
            if len(found) < 40_000:
                time.sleep(0.1)  # far slower than it is written
                running, waiting = server.texts("base")
                paused |= running == 0 and waiting == 4
            found += sock.recv(4096)
        sock.close()
    assert paused, "the server went on writing for somebody who does not read"

    def texts(stream):
        rows = [""] * 4
        for line in stream.splitlines():
            if line.startswith("data: {"):
                choice = json.loads(line[6:])["choices"][0]
                rows[choice["index"]] += choice["text"]
        return rows

    _, _, rest = found.partition(b"\r\n\r\n")
    assert texts(unchunked(rest).decode()) == texts(quick)


def unchunked(data):
    body = b""
    while data:
        size, _, data = data.partition(b"\r\n")
        body, data = body + data[: int(size, 16)], data[int(size, 16) + 2 :]
    return body


def test_an_answer_that_is_whole_and_huge_is_refused_or_built_beside_the_event_loop(checkpoints):
    with Running(checkpoints) as server:
        refused = post(server, {**MUCH, "stream": False})
        assert refused.status_code == 400
        assert "stream" in refused.json()["error"]["message"]
        body = {**LONG, "n": 4, "logprobs": 20, "max_tokens": 150}
        with ThreadPoolExecutor(1) as pool:
            answer, worst = pool.submit(post, server, body), 0.0
            while not answer.done():
                began = time.monotonic()
                httpx.get(server.url + "/health")
                worst = max(worst, time.monotonic() - began)
        assert len(answer.result().json()["choices"][3]["logprobs"]["top_logprobs"][149]) >= 19
        assert worst < 1.0


def silent(port, model="base"):
    """A connection that asks for much and reads none of it."""
    sock = socket.create_connection(("127.0.0.1", port))
    data = json.dumps({**MUCH, "model": model, "n": 4}).encode()
    head = "POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    sock.sendall(f"{head}Content-Length: {len(data)}\r\n\r\n".encode() + data)
    return sock


def ended_in_order(url, port, stop):
    """Two streams, two whole answers and a silent reader; the server is told to stop; seconds until they had ended."""
    ask = {**LONG, "max_tokens": 4096}
    with ThreadPoolExecutor(4) as pool, silent(port):
        asked = [
            pool.submit(httpx.post, f"{url}/v1/completions", json={**ask, "stream": stream}, timeout=30)
            for stream in (True, True, False, False)
        ]
        until(lambda: httpx.get(url + "/health").json()["models"]["base"]["running"] >= 8)
        began = time.monotonic()
        stop()
        found = [future.result() for future in asked]
        took = time.monotonic() - began
    for stream in found[:2]:
        *_, error, done = [line for line in stream.text.splitlines() if line]
        assert json.loads(error[6:])["error"]["code"] == "server_stopping"
        assert done == "data: [DONE]"
    for answer in found[2:]:
        assert answer.status_code == 503
        assert answer.json()["error"]["code"] == "server_stopping"
    return took


def test_a_server_that_stops_ends_what_it_writes(checkpoints, monkeypatch, caplog):
    narrow(monkeypatch)
    with Running(checkpoints) as server:

        def stop():
            server.server.should_exit = True

        assert ended_in_order(server.url, server.port, stop) < 3
    assert [record.getMessage() for record in caplog.records] == ["stopping: 5 open requests were ended"]


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="SIGTERM is POSIX's")
def test_sigterm_ends_streams_with_an_event_and_the_log_with_a_line(shelf):
    command = [sys.executable, "-m", "jianghu", "serve", "base", "chat", "--port", "0"]
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "cwd": shelf}
    with subprocess.Popen(command, **options, env={**os.environ, "PYTHONUNBUFFERED": "1"}) as process:
        url = process.stdout.readline().split()[-1]
        threading.Thread(target=process.stdout.read, daemon=True).start()
        ended_in_order(url, int(url.rpartition(":")[2]), process.terminate)
        began = time.monotonic()
        _, errors = process.communicate(timeout=20)
        assert time.monotonic() - began < 3
    assert process.returncode in (-signal.SIGTERM, 0)
    assert "Traceback" not in errors
    assert len(errors.strip().splitlines()) == 1, errors
    assert "5 open requests were ended" in errors
