"""Atomic writes, logs and locks: what a crash at any moment leaves."""

import ctypes
import json
import os
import subprocess
import sys
import textwrap
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jianghu import files
from jianghu.errors import InputError, RunError


def test_a_failed_write_leaves_the_old_file_and_nothing_beside_it(tmp_path):
    path = tmp_path / "a.txt"
    files.write_text(path, "old")

    def write_and_fail():
        with files.atomic_path(path) as temporary:
            temporary.write_text("half")
            raise OSError("disk")

    with pytest.raises(OSError, match="disk"):
        write_and_fail()
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["a.txt"]


def test_a_failed_folder_leaves_the_old_folder(tmp_path):
    with files.atomic_folder(tmp_path / "model") as folder:
        (folder / "weights").write_text("1")

    def write_and_fail():
        with files.atomic_folder(tmp_path / "model") as folder:
            (folder / "weights").write_text("half")
            raise OSError("disk")

    with pytest.raises(OSError, match="disk"):
        write_and_fail()
    assert (tmp_path / "model" / "weights").read_text() == "1"
    assert os.listdir(tmp_path) == ["model"]


def refusing(monkeypatch, times):
    """As Windows does while another program has the file open: the next replacements are refused."""
    real, left = os.replace, [times]

    def replace(source, target):
        if left[0]:
            left[0] -= 1
            raise PermissionError(13, "The process cannot access the file", str(target))
        real(source, target)

    monkeypatch.setattr(os, "replace", replace)
    return left


def test_on_windows_a_file_that_a_reader_has_open_is_replaced_when_it_lets_go(tmp_path, monkeypatch):
    files.write_text(tmp_path / "a.txt", "old")
    monkeypatch.setattr(sys, "platform", "win32")
    refusing(monkeypatch, 3)
    files.write_text(tmp_path / "a.txt", "new")
    assert (tmp_path / "a.txt").read_text() == "new"
    left = refusing(monkeypatch, 100)
    with pytest.raises(PermissionError):
        files.write_text(tmp_path / "a.txt", "third")
    assert 90 < left[0] < 100
    assert (tmp_path / "a.txt").read_text() == "new"
    assert os.listdir(tmp_path) == ["a.txt"]


def test_elsewhere_a_refusal_is_told_at_once(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "platform", "linux")
    left = refusing(monkeypatch, 5)
    with pytest.raises(PermissionError):
        files.write_text(tmp_path / "a.txt", "new")
    assert left[0] == 4


@pytest.mark.parametrize(("handle", "known", "code", "lives"), [(0, 0, 0, False), (7, 1, 259, True), (7, 1, 0, False)])
def test_on_windows_an_ended_process_that_somebody_holds_is_dead(monkeypatch, handle, known, code, lives):
    """By what its calls give: no handle; one that still runs; one that has ended."""
    closed = []

    class Kernel:
        @staticmethod
        def OpenProcess(access, inherit, pid):  # noqa: N802 - Windows' name
            return handle

        @staticmethod
        def GetExitCodeProcess(opened, into):  # noqa: N802 - Windows' name
            into._obj.value = code
            return known

        @staticmethod
        def CloseHandle(opened):  # noqa: N802 - Windows' name
            closed.append(opened)

    monkeypatch.setattr(ctypes, "windll", SimpleNamespace(kernel32=Kernel), raising=False)
    monkeypatch.setattr(sys, "platform", "win32")
    assert files.process_lives(1234) is lives
    assert closed == ([handle] if handle else [])


def test_a_folder_replacement_broken_between_its_two_steps_is_undone(tmp_path):
    old = tmp_path / ".model.old"
    old.mkdir()
    (old / "weights").write_text("1")
    files.recover_folder(tmp_path / "model")
    assert (tmp_path / "model" / "weights").read_text() == "1"
    assert not old.exists()


def test_leavings_of_dead_processes_are_swept_and_those_of_living_ones_kept(tmp_path):
    dead = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, text=True)
    (tmp_path / f".a.tmp-{dead.stdout.strip()}-00000000").mkdir()
    (tmp_path / f".a.tmp-{os.getpid()}-00000000").mkdir()
    files.sweep(tmp_path / "a")
    assert os.listdir(tmp_path) == [f".a.tmp-{os.getpid()}-00000000"]


@given(
    rows=st.lists(st.dictionaries(st.text(), st.integers() | st.text(), max_size=4), max_size=6),
    cut=st.integers(0, 200),
)
def test_a_log_cut_anywhere_loses_at_most_its_last_row_and_can_be_continued(tmp_path_factory, rows, cut):
    path = tmp_path_factory.mktemp("log") / "log.jsonl"
    for row in rows:
        files.append_jsonl(path, row)
    data = path.read_bytes() if path.exists() else b""
    kept = data[: max(0, len(data) - cut)]
    path.write_bytes(kept)
    whole = kept.count(b"\n")
    files.append_jsonl(path, {"next": 1})
    found = files.read_log(path)
    assert found[:whole] == rows[:whole]
    assert found[-1] == {"next": 1}
    assert len(found) <= whole + 2


def test_bad_lines_of_a_jsonl_file_are_named(tmp_path):
    path = tmp_path / "exam.jsonl"
    path.write_text('{"a": 1}\n[2]\n', encoding="utf-8")
    with pytest.raises(InputError, match=r"exam\.jsonl, line 2: not a JSON object"):
        list(files.read_jsonl(path))
    path.write_text('{"a": 1}\n{"a": \n', encoding="utf-8")
    with pytest.raises(InputError, match="line 2: not JSON"):
        list(files.read_jsonl(path))
    with pytest.raises(InputError, match="no such file"):
        list(files.read_jsonl(tmp_path / "none.jsonl"))


def test_a_lock_names_its_owner_and_dies_with_it(tmp_path):
    program = textwrap.dedent(f"""
        import sys, time
        from pathlib import Path
        from jianghu.files import lock
        with lock(Path({str(tmp_path / "run")!r}), "the run x"):
            print("held", flush=True)
            time.sleep(60)
    """)
    holder = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with (
            pytest.raises(RunError, match=rf"the run x is being written by process {holder.pid} on "),
            files.lock(tmp_path / "run", "the run x"),
        ):
            pass
    finally:
        holder.kill()
        holder.wait()
    with files.lock(tmp_path / "run", "the run x"):
        pass


def test_the_hash_of_a_folder_sees_names_and_contents_but_no_hidden_files(tmp_path):
    (tmp_path / "a").write_text("1")
    before = files.sha256_tree(tmp_path)
    (tmp_path / ".hidden").write_text("x")
    assert files.sha256_tree(tmp_path) == before
    (tmp_path / "a").rename(tmp_path / "b")
    assert files.sha256_tree(tmp_path) != before


def test_json_keeps_chinese_readable(tmp_path):
    files.write_json(tmp_path / "a.json", {"书": "三国"})
    assert "三国" in (tmp_path / "a.json").read_text(encoding="utf-8")
    assert json.loads((tmp_path / "a.json").read_text(encoding="utf-8")) == {"书": "三国"}
