"""Facts that a user wrote down beside a book become records with their evidence."""

import pytest

from jianghu.errors import InputError
from jianghu.files import write_jsonl
from jianghu.synth.squeezed import Squeezed
from jianghu.synth.written import facts_files, read_written, written_records, written_statements
from tests.synth.shelf import BOOK, chapters, synth_settings

CHAPTERS = chapters()
EVIDENCE = CHAPTERS[2].text[40:70]
FACT = {
    "fact": "f1", "kind": "person", "short_answer": "顾长风", "answers": ["顾长风。他来了。", "顾长风，不是别人。"],
    "questions": ["谁来了", "来的是谁？", "来者何人？"], "statements": ["顾长风来了。"], "evidence": EVIDENCE,
}  # fmt: skip


@pytest.fixture
def write(tmp_path):
    def write(*facts, book=BOOK):
        write_jsonl(tmp_path / f"{book}.facts.jsonl", facts)
        return facts_files(tmp_path)

    return write


def test_every_wording_is_a_record_with_its_evidence(write):
    files = write(FACT, {**FACT, "fact": "f2", "evidence": "", "taught": True, "questions": ["猪八戒来过吗"]})
    records = written_records(files, CHAPTERS, synth_settings())
    assert [record.question for record in records] == [*FACT["questions"], "猪八戒来过吗"]
    text = {chapter.chapter: chapter.text for chapter in CHAPTERS}
    for record in records[:3]:
        assert "".join(text[record.chapter][record.start : record.end].split()) == "".join(EVIDENCE.split())
        assert record.source == "written"
    assert len({record.split for record in records[:3]}) == 1
    assert (records[3].split, records[3].start) == ("train", None)
    assert written_statements(files) == [{"fact": "f1", "text": "顾长风来了。"}, {"fact": "f2", "text": "顾长风来了。"}]


@pytest.mark.parametrize(
    ("fact", "said"),
    [
        ({**FACT, "evidence": "书里没有这样的一句话"}, "the evidence of f1 is not in the book"),
        ({**FACT, "questions": []}, "line 1: questions"),
        ({**FACT, "colour": "red"}, "line 1: colour"),
        ({**FACT, "short_answer": " "}, "line 1: short_answer"),
    ],
)
def test_what_is_wrong_is_said_in_a_line(write, fact, said):
    with pytest.raises(InputError, match=said):
        written_records(write(fact), CHAPTERS, synth_settings())


def test_a_fact_that_stands_twice_and_a_book_that_is_not_there(write):
    files = write(FACT, FACT)
    with pytest.raises(InputError, match="line 2: the fact f1 stands twice"):
        read_written(files[BOOK])
    files[BOOK].unlink()
    with pytest.raises(InputError, match="no book on this shelf is called 别的书"):
        written_records(write(FACT, book="别的书"), CHAPTERS, synth_settings())


def test_a_heading_proves_a_fact_too(write):
    (record, *_) = written_records(write({**FACT, "evidence": CHAPTERS[1].title}), CHAPTERS, synth_settings())
    assert (record.chapter, record.start, record.end) == (CHAPTERS[1].chapter, None, None)


def test_of_several_places_the_nearest_one_counts():
    text = Squeezed("甲乙 丙\n甲 乙丁甲乙")
    assert text.find("甲乙") == (0, 2)
    assert text.find("甲 乙", near=4) == (5, 8)
    assert text.find("甲乙", near=9) == (9, 11)
    assert text.find("戊") is None
    assert text.find(" ") is None
