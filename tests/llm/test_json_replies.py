import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jianghu.llm.json_replies import parse_reply

ONE = {"question": "谁守住寒潭寺？", "answer": "顾长风。", "evidence": "顾长风守住寒潭寺"}
TWO = {"question": "谁走进断云岭？", "answer": "白无双。", "evidence": "白无双走进断云岭"}
BOTH = json.dumps({"records": [ONE, TWO]}, ensure_ascii=False)


def read(text: str, finished: bool = True) -> tuple[list[dict], list[str]]:
    parsed = parse_reply(text, finished)
    return list(parsed.items), list(parsed.problems)


@pytest.mark.parametrize(
    "text",
    [
        BOTH,
        f"```json\n{BOTH}\n```",
        f"好的，以下是问答：\n\n```\n{BOTH}\n```\n希望有帮助！",
        f"<think>先想想 {{不是 JSON}} [1, 2</think>\n{BOTH}",
        f"模板吞掉了开头，只剩思考……</think>{BOTH}",
        json.dumps([ONE, TWO]),
        json.dumps({"data": {"records": [ONE, TWO]}}),
        json.dumps(ONE) + "\n" + json.dumps(TWO),
        "\ufeff" + BOTH,
        BOTH.replace("顾长风。", "顾长风。\n"),
    ],
)
def test_good_replies_in_any_wrapping(text: str) -> None:
    items, problems = read(text)
    assert [item["question"] for item in items] == [ONE["question"], TWO["question"]]
    assert problems == []


@pytest.mark.parametrize(
    "text",
    [
        BOTH.replace("}, {", "} {"),
        BOTH.replace("}]}", "},]}"),
        BOTH[:-2],
        BOTH.replace('"question"', "'question'").replace('"answer"', "answer"),
    ],
)
def test_slips_are_repaired_when_the_teacher_ended_by_itself(text: str) -> None:
    items, _ = read(text, finished=True)
    assert [item["question"] for item in items] == [ONE["question"], TWO["question"]]


def test_a_cut_reply_keeps_whole_objects_and_is_never_closed() -> None:
    for at in range(len(BOTH)):
        items, problems = read(BOTH[:at], finished=False)
        assert all(item in (ONE, TWO) for item in items)
        assert "cut off" in problems
    assert len(read(BOTH[:-2], finished=False)[0]) == 2
    assert len(read(BOTH[:-4], finished=False)[0]) == 1


def test_an_endless_thought_holds_no_record() -> None:
    assert read(f"<think>也许这样：{BOTH}", finished=False) == ([], ["cut off"])


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "not JSON"),
        ("很抱歉，我无法回答这个问题。", "not JSON"),
        ('{"records": []}', "no items"),
        ('{"error": "模型繁忙"}', "wrong schema"),
        ('{"records": ["谁？", 3]}', "not an object"),
    ],
)
def test_replies_without_records_say_why(text: str, problem: str) -> None:
    items, problems = read(text)
    assert items == []
    assert problem in problems


def test_half_a_surrogate_becomes_a_visible_fault() -> None:
    ((item,), _) = read('{"question": "谁\\ud83d？", "answer": "\\u0000"}')
    assert "\ud83d" not in item["question"]
    assert item["answer"] == "\ufffd"
    json.dumps(item, ensure_ascii=False).encode("utf-8")


def test_deep_and_long_nonsense_ends_soon() -> None:
    for text in ("[" * 100_000, '{"a":' * 50_000, "[{" * 50_000, "{" + '"' * 100_000):
        for finished in (True, False):
            assert read(text, finished)[0] == []


pieces = st.sampled_from(
    [
        *("{", "}", "[", "]", '"', ",", ":", "```json\n", "```", "<think>", "</think>", "\\", "\\ud800", "question"),
        *(json.dumps(ONE, ensure_ascii=False), '{"question": "', "谁", "\n", "null", "NaN", "1e999"),
    ]
)
noise = st.one_of(st.text(st.characters(), max_size=60), st.lists(pieces, max_size=25).map("".join))


@settings(max_examples=300, deadline=None)
@given(noise, st.booleans())
def test_never_raises_and_gives_what_can_be_stored(text: str, finished: bool) -> None:
    parsed = parse_reply(text, finished)
    json.dumps([*parsed.items, *parsed.problems], ensure_ascii=False).encode("utf-8")
    assert all("question" in item for item in parsed.items)


values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=12)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=6), inner, max_size=3)),
    max_leaves=8,
)
objects = st.fixed_dictionaries({"question": st.text(max_size=12), "n": st.integers(), "x": values})


@settings(max_examples=300, deadline=None)
@given(st.lists(objects, min_size=1, max_size=4), st.data())
def test_what_is_cut_off_is_a_beginning_of_what_was_whole(rows: list[dict], data: st.DataObject) -> None:
    whole = json.dumps({"records": rows}, ensure_ascii=data.draw(st.booleans()))
    cut = whole[: data.draw(st.integers(0, len(whole) - 1))]
    complete = list(parse_reply(whole, True).items)
    found = [item for item in parse_reply(cut, False).items if "n" in item]
    assert found == complete[: len(found)]
