"""300,000 requests on a virtual clock, in a process of its own whose memory can be measured."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.llm.virtual import quick_folder

PROGRAM = """
import json, os, sys, time
from pathlib import Path
from jianghu.recipe import TeacherSettings
from jianghu.llm.runner import run_strategies
from jianghu.llm.status import status
from jianghu.llm.store import Reader, Store
from tests.llm.virtual import ManyStrategy, Provider, virtual_time

count, folder = int(sys.argv[1]), Path(sys.argv[2])
page = os.sysconf("SC_PAGE_SIZE")
marks = []

def megabytes():
    return int(Path("/proc/self/statm").read_text().split()[1]) * page / 1e6

def watch(now):
    if now.done >= len(marks) * count // 10:
        marks.append(megabytes())

settings = TeacherSettings(base_url="http://127.0.0.1:9/v1", model="test-model", key_env="", concurrency=400)
began = time.monotonic()
with virtual_time(), Store(folder / "s.sqlite") as store:
    summary = run_strategies([ManyStrategy(count)], [], store, settings, watch, transport=Provider())
    kept = sum(1 for _ in store.kept())
    marks.append(megabytes())
seconds, asked = time.monotonic() - began, time.process_time()
with Reader(folder / "s.sqlite") as store:
    found = status(store)
counts = {"done": summary.done, "asked": summary.asked, "kept": kept, "records": found["records"]}
print(json.dumps({**counts, "marks": marks, "seconds": seconds, "status": time.process_time() - asked}))
"""


def measure(count: int) -> dict:
    with quick_folder() as folder:
        command = [sys.executable, "-c", PROGRAM, str(count), str(folder)]
        ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    found = json.loads(ended.stdout)
    print(found)
    return found


def check(found: dict, count: int) -> None:
    assert found["done"] == found["asked"] == found["kept"] == found["records"] == count
    marks = found["marks"]
    assert max(marks) < 300
    assert marks[-1] - marks[2] < 40  # flat: what comes after a fifth of the run adds next to nothing


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="memory is read from /proc")
def test_memory_is_flat() -> None:
    check(measure(6_000), 6_000)


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="memory is read from /proc")
def test_three_hundred_thousand_requests() -> None:
    found = measure(300_000)
    check(found, 300_000)
    assert found["status"] < 1.0  # of the processor, whatever else the machine does
