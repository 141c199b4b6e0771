"""What Windows does otherwise, by what its Python would give; the tests of files have more."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from jianghu import messages, signals
from jianghu.corpus.titles import file_name


def test_a_closed_console_asks_work_to_end_like_ctrl_c(monkeypatch):
    stand_in = signal.SIGINT if sys.platform == "win32" else signal.SIGUSR1
    monkeypatch.setattr(signals, "_BREAK", stand_in)
    before = signal.getsignal(stand_in)
    with signals.stoppable() as stop:
        signal.raise_signal(stand_in)
        assert stop.is_set()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(stand_in)  # a second one insists
    assert signal.getsignal(stand_in) == before


def test_workers_and_jobs_are_out_of_reach_of_the_terminals_signals(monkeypatch):
    monkeypatch.setattr(sys, "platform", "linux")
    assert signals.apart() == {"start_new_session": True}
    monkeypatch.setattr(sys, "platform", "win32")
    for name, value in (("CREATE_NEW_PROCESS_GROUP", 0x200), ("CREATE_NO_WINDOW", 0x8000000)):
        monkeypatch.setattr(subprocess, name, value, raising=False)
    assert signals.apart() == {"creationflags": 0x8000200}


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("CON", "_CON.txt"),
        ("nul.第一部", "_nul.第一部.txt"),
        ("com1", "_com1.txt"),
        ("con artist", "con artist.txt"),
        ("谁?是*英雄", "谁 是 英雄.txt"),
        ("末尾的点. ", "末尾的点.txt"),
    ],
)
def test_no_title_makes_a_name_that_windows_refuses(title, name):
    assert file_name(title, ".txt") == name


def test_commands_are_quoted_for_the_users_shell(monkeypatch):
    words = ["jianghu", "-C", str(Path("my shelf")), "ask", "chat", "谁？"]
    monkeypatch.setattr(sys, "platform", "win32")
    assert '-C "my shelf" ask' in messages.quoted(words)
    monkeypatch.setattr(sys, "platform", "linux")
    assert "-C 'my shelf' ask" in messages.quoted(words)
