"""What tests of this room share: an open store, and waits that are over quickly."""

from pathlib import Path

import pytest

from jianghu.synth import Store, sending
from jianghu.synth.pool import account


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "FIRST_WAIT", 0.01)
    monkeypatch.setattr(sending, "LONGEST_WAIT", 0.05)
    monkeypatch.setattr(account, "FIRST_REST", 0.01)
    monkeypatch.setattr(account, "LONGEST_REST", 0.05)


@pytest.fixture
def store(tmp_path: Path):
    with Store(tmp_path / "synth.sqlite") as opened:
        yield opened
