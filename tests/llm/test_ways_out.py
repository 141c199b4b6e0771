"""The way to a server: proxies, certificates of its own, redirects. The key goes to the server that was named, only."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from jianghu.errors import InputError
from tests.llm.teacher_server import Act, TeacherServer, chat
from tests.llm.test_client import KEY, ask
from tests.synth.shelf import synth_settings

FAR = "http://teacher.test/v1"
PROXIES = ("ALL_PROXY", "HTTPS_PROXY", "HTTP_PROXY", "all_proxy", "https_proxy", "http_proxy", "NO_PROXY", "no_proxy")


@pytest.fixture(autouse=True)
def direct(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in PROXIES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TEACHER_KEY", KEY)


def fine(number: int, body: dict) -> Act:
    return Act(body=chat("好。"))


class SocksServer:
    """A SOCKS5 proxy, with a password if one is given, that leads every name to one server on loopback."""

    def __init__(self, port: int, password: str = "") -> None:
        self.port, self.password = port, password.encode()
        self.asked: list[bytes] = []
        self._server = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._server.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._server.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._server.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client:
            client.recv(2 + 255)
            client.sendall(b"\x05\x02" if self.password else b"\x05\x00")
            if self.password:
                login = client.recv(600)
                right = login.endswith(bytes([len(self.password)]) + self.password)
                client.sendall(b"\x01\x00" if right else b"\x01\x01")
                if not right:
                    return
            request = client.recv(600)
            self.asked.append(request[5 : 5 + request[4]])
            with socket.create_connection(("127.0.0.1", self.port)) as server:
                client.sendall(b"\x05\x00\x00\x01\x7f\x00\x00\x01\x00\x50")
                back = threading.Thread(target=_pump, args=(server, client), daemon=True)
                back.start()
                _pump(client, server)
                back.join(5)


def _pump(source: socket.socket, target: socket.socket) -> None:
    try:
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        pass


class RedirectingServer(TeacherServer):
    """Sends everybody elsewhere."""

    def __init__(self, status: int, where: str) -> None:
        super().__init__(lambda number, body: Act(status, "", {"Location": where}))


@pytest.mark.parametrize("scheme", ["socks5", "socks5h", "socks"])
@pytest.mark.parametrize("password", ["", "geheim"])
def test_a_socks_proxy_of_the_environment_is_used(scheme: str, password: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with TeacherServer(fine) as server:
        proxy = SocksServer(int(server.url.rpartition(":")[2].partition("/")[0]), password)
        login = f"user:{password}@" if password else ""
        monkeypatch.setenv("ALL_PROXY", f"{scheme}://{login}{proxy.address}")
        reply = ask(synth_settings(FAR, teacher={"key_env": "TEACHER_KEY"}).teacher)
        proxy.close()
        assert (reply.outcome, reply.content) == ("ok", "好。")
        assert proxy.asked == [b"teacher.test"]


def test_an_http_proxy_with_a_password_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    with TeacherServer(fine) as server:
        monkeypatch.setenv("HTTP_PROXY", server.url.removesuffix("/v1").replace("//", "//user:geheim@"))
        assert ask(synth_settings(FAR).teacher).outcome == "ok"
        assert server.headers[0]["proxy-authorization"].startswith("Basic ")


@pytest.mark.parametrize("scheme", ["socks5", "http"])
def test_a_proxy_that_is_not_there_is_said_without_its_password(scheme: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        monkeypatch.setenv("ALL_PROXY", f"{scheme}://user:geheim@127.0.0.1:{unused.getsockname()[1]}")
        reply = ask(synth_settings(FAR).teacher)
    assert reply.outcome == "unreachable"
    assert "geheim" not in reply.detail


def test_a_proxy_of_an_unknown_kind_is_told_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "gopher://user:geheim@127.0.0.1:70")
    with pytest.raises(InputError, match="ALL_PROXY") as caught:
        ask(synth_settings(FAR).teacher)
    assert "geheim" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_redirect_is_not_followed_with_the_key() -> None:
    with TeacherServer(fine) as other:
        for status in (301, 302, 307, 308):
            with RedirectingServer(status, other.url) as server:
                reply = ask(synth_settings(server.url, teacher={"key_env": "TEACHER_KEY"}).teacher)
            assert reply.outcome == "not_found"
            assert other.url in reply.detail
        assert other.seen == []


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for localhost that nobody has signed, and its key."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl is not installed")
    folder = tmp_path_factory.mktemp("tls")
    paths = folder / "server.pem", folder / "server.key"
    command = [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    command += ["-addext", "subjectAltName=DNS:localhost", "-out", str(paths[0]), "-keyout", str(paths[1])]
    subprocess.run(command, check=True, capture_output=True)
    return paths


@pytest.fixture
def own_server(certificate: tuple[Path, Path]) -> Iterator[TeacherServer]:
    server = TeacherServer(fine)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    server._server.socket = context.wrap_socket(server._server.socket, server_side=True)
    server.url = server.url.replace("http://127.0.0.1", "https://localhost")
    with server:
        yield server


def test_a_server_with_a_certificate_of_its_own(
    own_server: TeacherServer, certificate: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    refused = ask(synth_settings(own_server.url).teacher)
    assert refused.outcome == "unreachable"
    assert "certificates" in refused.detail
    named = synth_settings(own_server.url, teacher={"certificates": str(certificate[0])}).teacher
    assert ask(named).outcome == "ok"
    assert ask(synth_settings(own_server.url, teacher={"verify": False}).teacher).outcome == "ok"
    assert "not checked" in capsys.readouterr().err
    with pytest.raises(InputError, match="PEM"):
        ask(synth_settings(own_server.url, teacher={"certificates": str(certificate[1].parent / "none.pem")}).teacher)
