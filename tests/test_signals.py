"""A closed terminal ends work in order, whether SIGHUP or the first write that fails comes first."""

import os
import signal
import sys

import pytest

pty = pytest.importorskip("pty", reason="no terminals of this kind")

WORK = """
import signal, sys, time
from jianghu.progress import Progress, remark
from jianghu.signals import stoppable, watched

sys.stdout, sys.stderr = watched(sys.stdout), watched(sys.stderr)
with stoppable() as stop, Progress("work", 100) as progress:
    print("begun", flush=True)
    for step in range(600):
        progress.update(step)
        if stop.is_set():
            open("saved", "w").write("whole")
            remark("stopped")  # to a terminal that is gone
            sys.exit(130)
        time.sleep(0.05)
"""
SMALL = """
import sys, time
from jianghu.signals import watched

sys.stdout = watched(sys.stdout)
try:
    print("begun", flush=True)
    for _ in range(600):
        print("a line")
        time.sleep(0.05)
except KeyboardInterrupt:
    print("a last line, which nobody sees")
    sys.exit(130)
"""


def closed(folder, program, *blocked, ignored=False):
    """Run a program on a terminal, close it once the program has begun, and return its exit code (negative: of the
    signal that ended it)."""
    process, terminal = pty.fork()
    if not process:
        os.chdir(folder)
        signal.pthread_sigmask(signal.SIG_BLOCK, blocked)
        if ignored:
            signal.signal(signal.SIGHUP, signal.SIG_IGN)
        os.execve(sys.executable, [sys.executable, "-c", program], {**os.environ, "TERM": "xterm"})
    seen = b""
    while b"begun" not in seen:
        seen += os.read(terminal, 1024)
    os.close(terminal)
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


@pytest.mark.parametrize("blocked", [(), (signal.SIGHUP,)], ids=["SIGHUP comes", "SIGHUP is held back"])
def test_work_under_way_is_asked_to_end(tmp_path, blocked):
    assert closed(tmp_path, WORK, *blocked) == 130
    assert (tmp_path / "saved").read_text() == "whole"


def test_what_cannot_be_asked_is_interrupted_once(tmp_path):
    assert closed(tmp_path, SMALL, signal.SIGHUP) == 130


def test_who_ignores_sighup_goes_on_without_a_terminal(tmp_path):
    brief = WORK.replace("range(600)", "range(20)")
    assert closed(tmp_path, brief, ignored=True) == 0
    assert not (tmp_path / "saved").exists()
