import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jianghu.llm.json_replies import Parsed, parse_reply
from jianghu.synth.checks import Ground, check_fact, garbage, gate, locate

PASSAGE = (
    "次日清晨，顾长风走进断云岭，见秦夫人带着一封密信，\n默然不语。"
    "秦夫人道：“你若今夜敢来，我便把灯点上。”白无双独守寒潭寺三日。"
)
GOOD: dict = {
    "question": "《青峰录》里，顾长风在断云岭见到谁带着密信？",
    "answer": "秦夫人。顾长风走进断云岭时见到了她。",
    "short_answer": "秦夫人",
    "aliases": [],
    "kind": "person",
    "evidence": "见秦夫人带着一封密信",
}


def verdicts(*items: dict) -> list[str]:
    return [verdict.verdict for verdict in gate(Parsed(items, ()), PASSAGE)]


@pytest.mark.parametrize(
    ("quote", "found"),
    [
        ("见秦夫人带着一封密信", "见秦夫人带着一封密信"),
        ("“见秦夫人带着一封密信……”", "见秦夫人带着一封密信"),
        ("密信，默然不语", "密信，\n默然不语"),
        ('秦夫人道:"你若今夜敢来,我便把灯点上。"', "秦夫人道：“你若今夜敢来，我便把灯点上。”"),
        ("「你若今夜敢来，我便把灯点上。」", "“你若今夜敢来，我便把灯点上。”"),
        ("顾长风走入断云岭，见秦夫人带着一封密信", "顾长风走进断云岭，见秦夫人带着一封密信"),
    ],
)
def test_quotes_are_found_and_given_back_in_the_books_words(quote: str, found: str) -> None:
    span = locate(quote, PASSAGE)
    assert span is not None
    assert found in PASSAGE[slice(*span)]
    assert len(PASSAGE[slice(*span)]) <= len(found) + 2


@pytest.mark.parametrize(
    "quote", ["", "……", "陆小川一剑刺死了铁掌柜，扬长而去", "秦太人", PASSAGE * 2, "顾长风在断云岭把密信交给白无双"]
)
def test_what_the_book_does_not_say_is_not_found(quote: str) -> None:
    assert locate(quote, PASSAGE) is None


@settings(deadline=None)
@given(st.text(min_size=1, max_size=80), st.data())
def test_a_verbatim_quote_is_found_as_it_stands(passage: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(passage) - 1))
    quote = passage[start : data.draw(st.integers(start + 1, len(passage)))]
    span = locate(quote, passage)
    if span is not None:
        assert 0 <= span[0] < span[1] <= len(passage)
    if quote.isalnum():
        assert span is not None
        assert passage[slice(*span)] == quote


def test_a_good_item_is_accepted_with_its_span() -> None:
    (verdict,) = gate(Parsed((GOOD,), ()), PASSAGE)
    assert verdict.verdict == "accepted"
    fields = verdict.content
    assert PASSAGE[fields["start"] : fields["end"]] == fields["evidence"] == GOOD["evidence"]
    assert fields["short_answer"] == "秦夫人"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"answer": None}, "wrong fields"),
        ({"question": ["谁？"]}, "wrong fields"),
        ({"evidence": "  "}, "empty"),
        ({"question": "《青峰录》里，" + "顾长风与秦夫人在断云岭相见之后又发生了什么" * 6}, "too long"),
        ({"question": "文中的顾长风见到了谁？"}, "leans on the passage"),
        ({"question": "根据材料，顾长风见到了谁？"}, "leans on the passage"),
        ({"answer": "秦夫人。本段写得很清楚。"}, "leans on the passage"),
        ({"question": "顾长风见到了\ufffd？"}, "garbage"),
        ({"answer": "啊啊啊啊啊啊啊啊啊啊啊啊"}, "garbage"),
        ({"answer": "？？！！……——？？"}, "garbage"),
        ({"evidence": "陆小川一剑刺死了铁掌柜，扬长而去"}, "evidence not found"),
    ],
)
def test_bad_items_are_rejected_by_reason(change: dict, reason: str) -> None:
    assert verdicts({**GOOD, **change}) == [reason]


def test_ordinary_words_do_not_lean() -> None:
    assert verdicts({**GOOD, "question": "《青峰录》里，顾长风这段时间在断云岭见到谁？"}) == ["accepted"]


def test_a_question_asked_twice_counts_once() -> None:
    assert verdicts(GOOD, {**GOOD, "question": GOOD["question"].replace("？", "?")}) == [
        "accepted",
        "duplicate question",
    ]


def test_a_short_answer_that_the_answer_lacks_is_not_believed() -> None:
    (verdict,) = gate(Parsed(({**GOOD, "short_answer": "白无双"},), ()), PASSAGE)
    assert verdict.content["short_answer"] == GOOD["answer"]


def test_every_reply_gets_a_verdict() -> None:
    assert verdicts() == ["no items"]
    assert [v.verdict for v in gate(parse_reply("{", False), PASSAGE)] == ["cut off"]


def test_garbage() -> None:
    assert not garbage("他说：“来！来！来！”")
    assert garbage("\ue000私用区")
    assert garbage("重复重复重复重复重复重复")


@settings(deadline=None)
@given(st.text(min_size=1, max_size=60), st.integers(0, 40), st.text(max_size=3), st.integers(0, 40))
def test_an_accepted_quote_is_the_books_words(passage: str, start: int, slip: str, at: int) -> None:
    quote = passage[start:]
    item = {
        "statement": "顾长风守住了寒潭寺。",
        "quote": quote[:at] + slip + quote[at:],
        "answer": "顾长风",
        "kind": "plot",
    }
    reason, fields = check_fact(item, Ground(passage))
    if quote.isalnum() and not slip:
        assert reason is None
    if reason is None:
        assert passage[fields["start"] : fields["end"]] == fields["quote"] != ""
