"""What tests of this room share: an open store, and waits that are over quickly."""

from pathlib import Path

import pytest

from jianghu.llm import accounts, dispatcher
from jianghu.llm.store import Store


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dispatcher, "FIRST_WAIT", 0.01)
    monkeypatch.setattr(dispatcher, "LONGEST_WAIT", 0.05)
    monkeypatch.setattr(accounts, "FIRST_REST", 0.01)
    monkeypatch.setattr(accounts, "LONGEST_REST", 0.05)


@pytest.fixture
def store(tmp_path: Path):
    with Store(tmp_path / "synth.sqlite") as opened:
        yield opened
