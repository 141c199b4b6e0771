"""Ugly replies as files: replies/NAME.txt has the finish_reason, the expected verdicts in order, and the reply."""

import re
from pathlib import Path

import pytest

from jianghu.llm.json_replies import parse_reply
from jianghu.names import Lexicon
from jianghu.synth.checks import Ground, KnownBook, gate
from tests.synth.shelf import lexicon

PASSAGE = (
    "次日清晨，顾长风走进断云岭，见秦夫人带着一封密信，\n默然不语。"
    "秦夫人道：“你若今夜敢来，我便把灯点上。”白无双独守寒潭寺三日。"
)
REPLIES = sorted(Path(__file__).with_name("replies").glob("*.txt"))
GROUND = Ground(PASSAGE, KnownBook("青峰录", PASSAGE, lexicon(), {"长风记": Lexicon([])}))


def split(path: Path) -> tuple[str, list[str], str]:
    head, _, reply = path.read_bytes().decode("utf-8").partition("\n---\n")
    fields = dict(re.findall(r"^(\w+): ?(.*)$", head, re.MULTILINE))
    return fields["finish"], fields["expect"].split(", "), reply


def test_there_are_enough_of_them() -> None:
    assert len(REPLIES) >= 60


@pytest.mark.parametrize("path", REPLIES, ids=lambda path: path.stem)
def test_a_reply_gets_the_verdicts_that_its_file_says(path: Path) -> None:
    finish, expected, reply = split(path)
    items = gate(parse_reply(reply, finish == "stop"), GROUND)
    assert [item.verdict for item in items] == expected
    for item in items:
        if item.verdict == "accepted":
            start, end = item.content["start"], item.content["end"]
            assert PASSAGE[start:end] == item.content["evidence"]


@pytest.mark.parametrize("path", REPLIES, ids=lambda path: path.stem)
def test_no_beginning_of_a_reply_is_closed(path: Path) -> None:
    """Cut anywhere, a reply gives only objects that it held whole, in the same order."""
    _, _, reply = split(path)
    whole = list(parse_reply(reply, False).items)
    for at in range(0, len(reply), max(1, len(reply) // 40)):
        found = list(parse_reply(reply[:at], False).items)
        if "<think" not in reply and "</think" not in reply and '\\"' not in reply:
            assert found == whole[: len(found)]
