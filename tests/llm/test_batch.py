"""Batches: everything comes back by its custom_id, at half the price, and a crash between any two steps is harmless."""

from pathlib import Path

import pytest

from jianghu.errors import RunError
from jianghu.llm import batch
from jianghu.llm.batch import BatchSender
from jianghu.llm.store import Store
from tests.llm.batch_server import BatchServer
from tests.llm.plain import export, run_plain
from tests.llm.teacher_server import TeacherServer
from tests.synth.shelf import chapters, synth_settings

CHAPTERS = chapters()


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch, "POLL", 0.01)


def settings_of(url: str):
    return synth_settings(url, max_passages=12, teacher={"price_in": 10.0, "price_out": 20.0})


def directly(path: Path) -> bytes:
    """What a run without batches exports."""
    with TeacherServer() as server, Store(path) as store:
        run_plain(CHAPTERS, store, settings_of(server.url), rounds=2)
        return export(store)


def test_a_batch_brings_what_single_requests_bring_for_half_the_price(store: Store, tmp_path: Path) -> None:
    with BatchServer() as server:
        summary = run_plain(CHAPTERS, store, settings_of(server.url), rounds=2, batch=True)
        assert (server.chats, server.uploads, server.created) == (1, 2, 2)  # one to learn how to ask; two rounds
        assert summary.done == summary.total == 24
        assert set(server.billed.values()) == {1}
        assert server.bodies[0]["response_format"]["type"] == "json_schema"
        assert summary.cost == pytest.approx(1 * 2e-3 + 23 * 1e-3)
        again = run_plain(CHAPTERS, store, settings_of(server.url), rounds=2, batch=True)
        assert (again.asked, server.uploads) == (0, 2)
    assert export(store) == directly(tmp_path / "direct.sqlite")


def test_what_expired_is_asked_again_and_what_failed_is_told(store: Store) -> None:
    with BatchServer(expire=0.5, fail=(2,)) as server:
        summary = run_plain(CHAPTERS, store, settings_of(server.url), batch=True)
        assert store.outcomes()["filtered"] >= 1
        assert summary.done + store.count("plain", "failed") == summary.total == 12
        assert set(server.billed.values()) == {1}


@pytest.mark.parametrize("step", ["_upload", "_find", "_create", "_look", "_fetch"])
@pytest.mark.parametrize("after", [False, True])
def test_a_crash_at_any_step_is_harmless(
    step: str, after: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process dies before or after a step, as by kill -9: what the step did is done, what it returned is lost."""
    whole = getattr(BatchSender, step)
    crashes = 0

    async def dies(self, *arguments):
        nonlocal crashes
        if crashes == 0:
            crashes += 1
            if after:
                await whole(self, *arguments)
            raise KeyboardInterrupt
        return await whole(self, *arguments)

    monkeypatch.setattr(BatchSender, step, dies)
    path = tmp_path / "s.sqlite"
    with BatchServer() as server:
        with Store(path) as store, pytest.raises(KeyboardInterrupt):
            run_plain(CHAPTERS, store, settings_of(server.url), rounds=2, batch=True)
        with Store(path) as store:
            summary = run_plain(CHAPTERS, store, settings_of(server.url), rounds=2, batch=True)
            assert summary.done == summary.total == 24
            assert crashes == 1
            assert set(server.billed.values()) == {1}, "a batch was made twice"
            assert server.created == 2
            assert store.outcomes() == {"ok": 24}
            assert export(store) == directly(tmp_path / "direct.sqlite")


def test_an_endpoint_without_batches_says_so(store: Store) -> None:
    with TeacherServer() as server, pytest.raises(RunError, match="same command goes on"):
        run_plain(CHAPTERS, store, settings_of(server.url), batch=True)
    assert store.count("plain", "read") == 1
