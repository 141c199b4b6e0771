"""`jianghu studio`: in which folder it opens, and what it refuses. The server itself: tests/studio."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from jianghu.recipe import load_recipe
from jianghu.workspace import Workspace

from ..conftest import jianghu


@pytest.fixture(autouse=True)
def no_server(monkeypatch: pytest.MonkeyPatch) -> None:
    """The server says that it has started, and ends."""

    def run_server(app: object, settings: object, sock: Any, on_start: Callable[[], None]) -> None:
        sock.close()
        on_start()

    monkeypatch.setattr("jianghu.serving.run_server", run_server)


def opened(*words: object, cwd: Path) -> str:
    return jianghu("studio", *words, "--port", "0", "--no-browser", cwd=cwd).stdout


def test_an_empty_or_new_folder_becomes_a_workspace(tmp_path: Path):
    assert "http://127.0.0.1:" in opened("wuxia", cwd=tmp_path)
    assert Workspace(tmp_path / "wuxia").recipe() == load_recipe(preset="demo")
    (tmp_path / "empty").mkdir()
    opened("--preset", "evening", cwd=tmp_path / "empty")
    assert Workspace(tmp_path / "empty").recipe().preset == "evening"


def test_a_workspace_stays_as_it_is(tmp_path: Path):
    opened("wuxia", cwd=tmp_path)
    recipe = tmp_path / "wuxia/jianghu.toml"
    recipe.write_text('preset = "seed"\n', encoding="utf-8")
    opened("wuxia", cwd=tmp_path)
    opened(cwd=tmp_path / "wuxia")
    assert recipe.read_text(encoding="utf-8") == 'preset = "seed"\n'


def test_beside_other_things_a_shelf_is_made(tmp_path: Path):
    (tmp_path / "notes.txt").write_text("mine", encoding="utf-8")
    opened(cwd=tmp_path)
    assert (tmp_path / "shelf/jianghu.toml").exists()
    assert not (tmp_path / "jianghu.toml").exists()


def test_other_peoples_folders_and_files_are_refused(tmp_path: Path):
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs/a.md").write_text("mine", encoding="utf-8")
    for folder, reason in (("docs", "holds other things"), ("docs/a.md", "not a folder")):
        refused = jianghu("studio", folder, "--no-browser", cwd=tmp_path, check=False)
        assert refused.returncode == 2
        assert reason in refused.stderr
    assert [path.name for path in (tmp_path / "docs").iterdir()] == ["a.md"]


def test_beyond_this_machine_a_key_is_wanted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("JIANGHU_SERVER_KEY", raising=False)
    refused = jianghu("studio", "wuxia", "--host", "0.0.0.0", cwd=tmp_path, check=False)
    assert refused.returncode == 2
    assert "needs an API key" in refused.stderr
