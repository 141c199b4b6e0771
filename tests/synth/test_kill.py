"""kill -9 in the middle, again and again, of a run that meets every fault there is: nothing that was stored is asked
again, and the end is the same as of a run that nobody disturbed.
"""

import json
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from jianghu.corpus import write_chapters
from jianghu.llm.store import Reader, Store
from tests.llm.plain import export, run_plain
from tests.llm.provider_server import BILLED, FAULTS, SHAPES, ProviderServer
from tests.synth.shelf import chapters, synth_settings

PROGRAM = """
import sys
from pathlib import Path
from jianghu.corpus import read_chapters
from jianghu.recipe import SynthSettings
from jianghu.llm import accounts, dispatcher
from jianghu.llm.store import Store
from tests.llm.plain import run_plain
dispatcher.FIRST_WAIT, accounts.FIRST_REST, accounts.LONGEST_REST = 0.02, 0.02, 0.1
folder = Path(sys.argv[1])
settings = SynthSettings.model_validate_json((folder / "settings.json").read_text(encoding="utf-8"))
print("ready", flush=True)
with Store(folder / "synth.sqlite") as store:
    run_plain(read_chapters(folder / "chapters.jsonl"), store, settings, rounds=2)
"""
CONCURRENCY = 4


def rows(path: Path) -> int:
    """Replies in a store that another process may be writing."""
    if not path.exists():
        return 0
    with Reader(path) as reader:
        return sum(reader.outcomes().values())


def kill_often(tmp_path: Path, kills: int, passages: int, monkeypatch: pytest.MonkeyPatch) -> None:
    dice = random.Random(3)
    shelf = chapters(passages // 6, 30)
    write_chapters(tmp_path / "chapters.jsonl", shelf)
    path = tmp_path / "synth.sqlite"
    changes = {"max_passages": passages, "teacher": {"timeout": 1.5, "concurrency": CONCURRENCY, "retries": 8}}
    with ProviderServer(seed=5, faults=[*FAULTS], delay=0.02) as server:
        settings = synth_settings(server.url, **changes)
        (tmp_path / "settings.json").write_text(settings.model_dump_json(), encoding="utf-8")
        killed = 0
        while killed < kills:
            enough = len(server.seen) + dice.randint(1, max(2, 3 * passages // kills))
            server.hold(enough + CONCURRENCY)  # however late the kill comes, the run is not over before
            command = [sys.executable, "-c", PROGRAM, str(tmp_path)]
            with subprocess.Popen(command, stdout=subprocess.PIPE) as child:
                assert child.stdout is not None
                child.stdout.readline()
                while len(server.seen) < enough and child.poll() is None:
                    time.sleep(0.005)
                time.sleep(dice.uniform(0, 0.1))
                assert child.poll() in (None, 0), "the run ended with an error of its own"
                done = child.poll() == 0
                child.kill()
                child.wait()
            killed += not done
            # What was asked and is not stored was in flight at a kill.
            assert 0 <= len(server.seen) - rows(path) <= killed * CONCURRENCY
            if done:
                break
        server.hold(None)
        assert killed == kills, f"the run was over after {killed} kills; ask for more passages"
        quicken(monkeypatch)
        before = len(server.seen)
        with Store(path) as store:
            answered = {request.key for request, _ in store.accepted()}
            asked_before = server.asked()
            summary = run_plain(shelf, store, settings, rounds=2)
            asked_now = server.asked() - asked_before
            known = {
                json.dumps(request.body["messages"], ensure_ascii=False): request.key for request, _ in store.accepted()
            }
            assert not {known[name] for name in asked_now} & answered, "an answer that was paid for was asked again"
            assert len(server.seen) > before  # the kills did come in the middle
            assert summary.done == summary.total == 2 * passages == len(list(store.accepted()))
            assert "duplicate" not in store.outcomes()
            finished = export(store)
        paid = sum(server.billed.values())
        with Reader(path) as reader:
            stored = sum(n for outcome, n in reader.outcomes().items() if outcome in ("ok", "truncated"))
        lost = paid - stored - sum(server.injected[name] for name in BILLED)
        assert 0 <= lost <= kills * CONCURRENCY
        assert set(server.injected) >= {*FAULTS, *SHAPES} or kills < 50
        print(f"{kills} kills: {len(server.seen)} calls, {paid} billed, {stored} stored, {lost} lost in flight")
    assert finished.count(b"\n") > passages
    with ProviderServer(seed=5, faults=[*FAULTS]) as server, Store(tmp_path / "unbroken.sqlite") as store:
        run_plain(shelf, store, synth_settings(server.url, **changes), rounds=2)
        assert export(store) == finished


def quicken(monkeypatch: pytest.MonkeyPatch) -> None:
    from jianghu.llm import accounts, dispatcher

    monkeypatch.setattr(dispatcher, "FIRST_WAIT", 0.02)
    monkeypatch.setattr(accounts, "FIRST_REST", 0.02)
    monkeypatch.setattr(accounts, "LONGEST_REST", 0.1)


def test_killed_runs_lose_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kill_often(tmp_path, 3, 24, monkeypatch)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_fifty_kills_lose_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kill_often(tmp_path, 50, 180, monkeypatch)
