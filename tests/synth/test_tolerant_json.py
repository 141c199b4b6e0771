"""Files of JSON objects, broken in the ways in which old outputs are broken."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jianghu.synth.exchange import pairs_in, scan

ROWS = [{"Question": f"第{n}个问题？", "Answer": f"答案{n}。{{括号}}“引号”"} for n in range(5)]


def scanned(text: str, size: int = 7) -> list[tuple[str, object]]:
    pieces = scan(text[at : at + size] for at in range(0, len(text), size))
    return [(piece.fate, piece.value) for piece in pieces]


@pytest.mark.parametrize("join", ["\n", ",\n", "", ", ", "\n\n"])
@pytest.mark.parametrize("ends", ["[]", "  "])
def test_lists_and_lines_are_read_alike(join: str, ends: str) -> None:
    text = ends[0] + join.join(json.dumps(row, ensure_ascii=False) for row in ROWS) + ends[1]
    assert scanned(text) == [("whole", row) for row in ROWS]


def test_indented_and_fenced_objects() -> None:
    text = "```json\n" + json.dumps(ROWS, ensure_ascii=False, indent=2) + "\n```\n"
    assert scanned(text) == [("whole", row) for row in ROWS]


def test_a_broken_line_costs_nothing_but_itself() -> None:
    lines = [json.dumps(row, ensure_ascii=False) for row in ROWS]
    lines[1] = '{"Question": "谁说"好"？", "Answer": "张三。"}'  # quotes that are not escaped
    lines[3] = "好的，以下是更多问答："
    found = scanned("\n".join(lines))
    assert [fate for fate, _ in found] == ["whole", "repaired", "whole", "broken", "whole"]
    assert found[2][1] == ROWS[2]


@pytest.mark.parametrize("follows", ["", "\n" + json.dumps(ROWS[1], ensure_ascii=False)])
def test_an_object_that_was_cut_off_is_never_closed(follows: str) -> None:
    found = scanned('{"Question": "后来怎样？", "Answer": "他先去了青石镇，然后' + follows)
    assert found[0] == ("broken", None)
    assert len(found) == 1 + bool(follows)


@settings(max_examples=150, deadline=None)
@given(st.text('{}[]",:\\ \n`aQuestion甲', max_size=120), st.integers(1, 9))
def test_never_raises_and_does_not_depend_on_the_chunks(text: str, size: int) -> None:
    assert scanned(text, size) == scanned(text, 1000)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.dictionaries(st.sampled_from(["Question", "Answer"]), st.text(max_size=20), min_size=1), max_size=6))
def test_whole_objects_come_back_as_they_were(rows: list[dict[str, str]]) -> None:
    text = "\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
    assert scanned(text) == [("whole", row) for row in rows]


@pytest.mark.parametrize(
    "row",
    [
        {"Question": "问", "Answer": "答"},
        {"question": "问", "answer": "答", "kind": None},
        {"instruction": "问", "input": "", "output": "答"},
        {"prompt": "问", "response": "答"},
        {"conversations": [{"from": "human", "value": "问"}, {"from": "gpt", "value": "答"}]},
        {
            "messages": [
                {"role": "system", "content": "x"},
                {"role": "user", "content": "问"},
                {"role": "assistant", "content": "答"},
            ]
        },
    ],
)
def test_pairs_of_any_format(row: dict[str, object]) -> None:
    assert [(pair["question"], pair["answer"]) for pair in pairs_in(row)] == [("问", "答")]


@pytest.mark.parametrize(
    "row", [{}, {"Question": "问"}, {"Question": 3, "Answer": "答"}, {"messages": ["x", {"role": "user"}]}]
)
def test_rows_without_a_pair(row: dict[str, object]) -> None:
    assert list(pairs_in(row)) == []
