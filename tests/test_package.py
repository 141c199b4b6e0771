"""What is installed is whole: every file that the program reads lies in the wheel."""

import tomllib
from pathlib import Path

import jianghu

HOME = Path(__file__).parents[1]


def test_every_data_file_is_packaged():
    package = HOME / "src" / "jianghu"
    assert Path(jianghu.__file__).parent == package
    patterns = tomllib.loads((HOME / "pyproject.toml").read_text("utf-8"))["tool"]["setuptools"]["package-data"]
    packaged = {path for pattern in patterns["jianghu"] for path in package.glob(pattern)}
    needed = {path for path in package.rglob("*") if path.is_file() and path.suffix not in (".py", ".pyc")}
    assert len(needed) > 80
    assert not needed - packaged


def test_every_folder_with_code_is_a_package():
    folders = {path.parent for path in (HOME / "src" / "jianghu").rglob("*.py")}
    assert not [folder for folder in folders if not (folder / "__init__.py").is_file()]
