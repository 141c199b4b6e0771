import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jianghu.errors import InputError
from jianghu.records import Record, record_files, split_of

RECORD = Record(
    id="a-1",
    fact="a",
    wording=1,
    kind="who",
    question="《青峰录》里谁守住寒潭寺？",
    answer="顾长风。",
    short_answer="顾长风",
    aliases=("长风",),
    book="青峰录",
    chapter=3,
    start=10,
    end=20,
    source="cloze",
    split="train",
)


def test_survives_json() -> None:
    assert Record.from_dict(json.loads(json.dumps(RECORD.to_dict()))) == RECORD
    spanless = RECORD.model_copy(update={"chapter": None, "start": None, "end": None})
    assert Record.from_dict(json.loads(json.dumps(spanless.to_dict()))) == spanless


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"question": ""}, "question"),
        ({"answer": 3}, "answer"),
        ({"aliases": "长风"}, "aliases"),
        ({"split": "exam"}, "'train', 'val' or 'test'"),
        ({"source": "dream"}, "source"),
        ({"wording": 0}, "wording"),
        ({"wording": True}, "wording"),
        ({"chapter": 0}, "chapter"),
        ({"start": 20, "end": 20}, "span"),
        ({"start": None}, "span"),
        ({"chapter": None}, "span"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_bad_rows_are_refused_by_place_and_field(change: dict, named: str) -> None:
    with pytest.raises(InputError, match=named) as caught:
        Record.from_dict({**RECORD.to_dict(), **change}, "train.jsonl, line 7")
    assert "train.jsonl, line 7" in str(caught.value)


def test_a_missing_field_is_named() -> None:
    row = RECORD.to_dict()
    del row["short_answer"]
    with pytest.raises(InputError, match="short_answer"):
        Record.from_dict(row)


def test_splits_have_their_share_and_do_not_depend_on_each_other() -> None:
    keys = [f"fact {n}" for n in range(4000)]
    splits = {key: split_of(key, 1, 0.1, 0.2) for key in keys}
    shares = {name: list(splits.values()).count(name) / len(keys) for name in ("train", "val", "test")}
    assert shares["val"] == pytest.approx(0.1, abs=0.02)
    assert shares["test"] == pytest.approx(0.2, abs=0.02)
    more_val = {key: split_of(key, 1, 0.3, 0.2) for key in keys}
    assert all(more_val[key] == "test" for key in keys if splits[key] == "test")
    assert all(more_val[key] == "val" for key in keys if splits[key] == "val")


@given(st.text(), st.integers())
def test_no_share_means_no_record(key: str, seed: int) -> None:
    assert split_of(key, seed, 0.0, 0.0) == "train"


def test_statements_beside_the_records_are_none_of_them(tmp_path):
    for name in ("train", "val", "statements"):
        (tmp_path / f"{name}.jsonl").write_text("")
    assert [path.name for path in record_files(tmp_path)] == ["train.jsonl", "val.jsonl"]
