"""Pages that exist in both languages name each other, and no link of a page leads nowhere."""

import re
from pathlib import Path
from typing import get_args

import pytest

from jianghu.recipe import Recipe, Settings

HOME = Path(__file__).parents[1]
PAGES = [*HOME.glob("*.md"), *(HOME / "docs").glob("*.md"), *(HOME / "docs" / "zh").glob("*.md")]
LINK = re.compile(r"\]\((?!https?:|#)([^)#]+)")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(HOME)))
def test_every_link_leads_to_a_file(page):
    links = LINK.findall(page.read_text("utf-8"))
    assert not [link for link in links if not (page.parent / link).exists()]


@pytest.mark.parametrize("chinese", sorted((HOME / "docs" / "zh").glob("*.md")), ids=lambda page: page.stem)
def test_a_chinese_page_and_its_english_one_name_each_other(chinese):
    english = HOME / "docs" / chinese.name
    assert f"](../{chinese.name})" in chinese.read_text("utf-8")
    assert f"](zh/{chinese.name})" in english.read_text("utf-8")
    readme = (HOME / "README.zh-CN.md").read_text("utf-8")
    assert f"](docs/zh/{chinese.name})" in readme
    assert f"](docs/{chinese.name})" not in readme


def settings_of(group: type[Settings]) -> set[str]:
    inner = [
        kind
        for field in group.model_fields.values()
        for kind in (field.annotation, *get_args(field.annotation))
        if isinstance(kind, type) and issubclass(kind, Settings)
    ]
    return set(group.model_fields).union(*map(settings_of, inner))


@pytest.mark.parametrize("chinese", sorted((HOME / "docs" / "zh").glob("*.md")), ids=lambda page: page.stem)
def test_a_chinese_page_names_the_same_settings_and_flags(chinese):
    """So that a setting that is added to one page is missed in the other."""
    known = settings_of(Recipe)

    def names(page: Path) -> set[str]:
        text = re.sub(r"```.*?```", "", page.read_text("utf-8"), flags=re.S)
        return {span for span in re.findall(r"`([^`]+)`", text) if span in known or re.fullmatch(r"--[a-z-]+", span)}

    only_english = names(HOME / "docs" / chinese.name) - names(chinese)
    assert not only_english
