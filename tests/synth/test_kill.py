"""kill -9 in the middle, again and again: nothing that was stored is asked again, and the end is the same."""

import random
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

from jianghu.corpus import write_chapters
from jianghu.synth import Store, collect_records, run_passages
from tests.synth.shelf import chapters, synth_settings
from tests.synth.teacher_server import Act, TeacherServer, good, passage_of

PROGRAM = """
import sys
from pathlib import Path
from jianghu.corpus import read_chapters
from jianghu.recipe import SynthSettings
from jianghu.synth import Store, run_passages
folder = Path(sys.argv[1])
settings = SynthSettings.model_validate_json((folder / "settings.json").read_text(encoding="utf-8"))
with Store(folder / "synth.sqlite") as store:
    run_passages(read_chapters(folder / "chapters.jsonl"), store, settings)
"""


def slowly(number: int, body: dict) -> Act:
    return Act(body=good(number, body).body, delay=0.02)


def test_killed_runs_lose_nothing(tmp_path: Path) -> None:
    kills, dice = 5, random.Random(3)
    write_chapters(tmp_path / "chapters.jsonl", chapters())
    with TeacherServer(slowly) as server:
        settings = synth_settings(server.url)
        (tmp_path / "settings.json").write_text(settings.model_dump_json(), encoding="utf-8")
        for _ in range(kills):
            enough = len(server.seen) + dice.randint(3, 8)
            with subprocess.Popen([sys.executable, "-c", PROGRAM, str(tmp_path)]) as child:
                while len(server.seen) < enough and child.poll() is None:
                    time.sleep(0.01)
                time.sleep(dice.uniform(0, 0.03))
                child.kill()
        before = Counter(passage_of(body) for body in server.seen)
        with Store(tmp_path / "synth.sqlite") as store:
            stored = {request.passage for request, _ in store.accepted()}
            assert stored
            # Asked but not stored: at most what was in flight at a kill.
            assert sum(before.values()) - len(stored) <= kills * settings.teacher.concurrency
            summary = run_passages(chapters(), store, settings)
            assert summary.asked > 0  # the kills did come in the middle
            assert summary.done == summary.total
            later = Counter(passage_of(body) for body in server.seen) - before
            assert not stored & set(later)
            assert store.outcomes() == {"ok": summary.total}
            finished = collect_records(store)
    with TeacherServer() as server, Store(tmp_path / "unbroken.sqlite") as store:
        run_passages(chapters(), store, synth_settings(server.url))
        assert collect_records(store) == finished
