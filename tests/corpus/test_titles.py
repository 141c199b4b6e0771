"""A book is called by its title, not by what sites add to the name of its file."""

import pytest

from jianghu.corpus.titles import title_of_name


@pytest.mark.parametrize(
    ("stem", "title"),
    [
        ("moby-dick", "moby-dick"),
        ("Baby Jane", "Baby Jane"),
        ("Moby Dick by Herman Melville", "Moby Dick"),
        ("雪山录_by_无名氏", "雪山录"),
        ("《雪山录》（精校版）作者：无名氏", "雪山录"),
        ("雪山录作者：无名氏", "雪山录"),
        ("雪山录TXT下载", "雪山录"),
    ],
)
def test_the_title_in_a_files_name(stem, title):
    assert title_of_name(stem) == title
