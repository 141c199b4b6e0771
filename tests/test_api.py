"""`import jianghu`: the lines of the READMEs, as they stand there, and what goes wrong."""

import re
import shutil
from pathlib import Path

import pytest

import jianghu
from jianghu.errors import InputError

from .conftest import RECIPE, novel_text

HOME = Path(__file__).parents[1]


@pytest.mark.parametrize("readme", ["README.md", "README.zh-CN.md"])
def test_the_lines_of_the_readme(readme, tmp_path, monkeypatch, capsys):
    (block,) = [
        text
        for text in re.findall(r"^```python\n(.*?)^```", (HOME / readme).read_text("utf-8"), re.M | re.S)
        if "import jianghu" in text
    ]
    lines = [line for line in block.splitlines() if line]
    assert len(lines) == 10
    monkeypatch.chdir(tmp_path)
    Path("novel.txt").write_text(novel_text(), encoding="utf-8")
    names: dict[str, object] = {}
    for line in lines:
        exec(line.replace("2000", "6").replace("4096", "600"), names)
        if "create(" in line:
            (folder,) = [path.parent for path in Path().glob("*/jianghu.toml")]
            (folder / "jianghu.toml").write_text(RECIPE.replace("max_iters = 30", "max_iters = 6"), encoding="utf-8")
    continued, answer, right = capsys.readouterr().out.splitlines()[-3:]
    assert isinstance(continued, str)
    assert isinstance(answer, str)
    assert re.fullmatch(r"\d+%", right)


def test_a_shelf_of_the_commands_is_opened_and_says_what_it_lacks(shelf, tmp_path):
    opened = jianghu.Shelf(shelf)
    assert opened.ask("沈青峰用什么兵器？", max_new_tokens=4, temperature=0) == opened.ask(
        "沈青峰用什么兵器？", max_new_tokens=4, temperature=0
    )
    assert len(opened.generate("沈青峰", max_new_tokens=3)) <= 30
    with pytest.raises(InputError, match="none"):
        opened.generate("沈青峰", "none")
    with pytest.raises(InputError, match="temperatur"):
        opened.ask("谁？", temperatur=1)
    with pytest.raises(InputError, match="not a workspace"):
        jianghu.Shelf(tmp_path)
    with pytest.raises(InputError, match="already exists"):
        jianghu.create(shelf)
    with pytest.raises(AttributeError):
        jianghu.__getattr__("nothing")


def test_preferences_of_a_shelf(shelf, tmp_path):
    for name in ("books", "data", "runs"):
        shutil.copytree(shelf / name, tmp_path / name)
    shutil.copy(shelf / "jianghu.toml", tmp_path)
    opened, pairs = jianghu.Shelf(tmp_path), {"questions": 20, "samples": 1}
    quick = {"max_iters": 2, "warmup_iters": 1, "block_size": 128, "sample_tokens": 0, "pairs": pairs}
    result = opened.dpo(**quick)
    assert result.step == 2
    assert result.best_score is not None
    assert isinstance(opened.ask("沈青峰是谁？", "dpo", max_new_tokens=3), str)
