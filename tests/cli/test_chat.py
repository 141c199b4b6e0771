"""`chat` and `ask`: one question at a time unless the reader wants otherwise, of the newest fine-tuned run."""

import json
import os
import select
import shutil
import sys
import time
from pathlib import Path

import pytest

from jianghu.cli.chat import Talk
from jianghu.tokenizer import Tokenizer

from ..conftest import jianghu


@pytest.fixture
def tokenizer(shelf):
    return Tokenizer.load(shelf / "data/tokenizer")


def test_a_question_is_sent_alone_until_memory_is_wanted(tokenizer):
    talk = Talk()
    for number in range(3):
        talk.keep(f"第{number}问？", f"第{number}答。")
    assert [message["content"] for message in talk.messages("谁？", tokenizer, 200)] == ["谁？"]
    assert "2" in talk.obey("/memory 2")
    sent = talk.messages("谁？", tokenizer, 200)
    assert [message["content"] for message in sent] == ["第1问？", "第1答。", "第2问？", "第2答。", "谁？"]
    assert [message["role"] for message in sent] == ["user", "assistant"] * 2 + ["user"]
    assert len(talk.messages("谁？", tokenizer, 20)) < 5
    talk.obey("/new")
    assert len(talk.messages("谁？", tokenizer, 200)) == 1
    talk.obey("/memory many")
    assert talk.memory == 2
    assert "/help" in talk.obey("/nothing")


def test_each_answer_in_a_conversation_is_that_of_the_question_alone(shelf):
    asked = ["沈青峰是谁？", "柳如烟在哪里？", "沈青峰是谁？"]
    said = jianghu(
        "chat", "--temperature", 0, "--max-new-tokens", 12, cwd=shelf, input="\n".join(asked) + "\n\n"
    ).stdout
    first, *answers = said.split("> ")
    assert first.startswith("chat (")
    alone = [jianghu("ask", each, "--temperature", 0, "--max-new-tokens", 12, cwd=shelf) for each in asked]
    assert answers[:3] == [ended.stdout for ended in alone]
    assert "chat answers" in alone[0].stderr


def test_without_a_checkpoint_the_newest_fine_tuned_run_is_taken(shelf, tmp_path):
    copy = shutil.copytree(shelf, tmp_path / "shelf")
    shutil.copytree(copy / "runs/chat", copy / "runs/newer")
    os.utime(copy / "runs/newer/checkpoints/last/jianghu.json", (time.time() + 60,) * 2)
    found = json.loads(jianghu("ask", "谁？", "--json", "--open-book", "--max-new-tokens", 8, cwd=copy).stdout)
    assert found["checkpoint"] == "newer"
    assert found["question"] == "谁？"
    assert isinstance(found["answer"], str)
    assert isinstance(found["passages"], list)
    shutil.rmtree(copy / "runs")
    ended = jianghu("ask", "谁？", cwd=copy, check=False)
    assert ended.returncode == 2
    assert "no run is fine-tuned yet" in ended.stderr


def test_a_question_that_was_forgotten(shelf):
    for words in (("chat",), ("chat/last",), (), ("chat", "谁", "是？")):
        ended = jianghu("ask", *words, cwd=shelf, check=False)
        assert ended.returncode == 2
        assert "a question" in ended.stderr


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_arrows_bring_an_earlier_line_back(shelf, tmp_path):
    import pty

    copy = shutil.copytree(shelf, tmp_path / "shelf")
    program, screen = pty.fork()
    if program == 0:
        os.chdir(copy)
        os.environ |= {"PYTHONPATH": str(Path(__file__).parents[2] / "src"), "TERM": "xterm", "OMP_NUM_THREADS": "1"}
        os.execv(sys.executable, [sys.executable, "-m", "jianghu", "chat", "--max-new-tokens", "4"])
    until_it_reads(screen)
    os.write(screen, "谁来了？\r".encode())
    until_it_reads(screen)
    os.write(screen, b"\x1b[A\r")
    seen = until_it_reads(screen)
    os.write(screen, b"\r")
    until_it_reads(screen)
    assert os.waitstatus_to_exitcode(os.waitpid(program, 0)[1]) == 0
    os.close(screen)
    assert "谁来了？" in seen
    assert (copy / ".chat_history").read_text("utf-8").count("谁来了？") == 1  # a line typed twice is kept once


def until_it_reads(screen):
    """What a terminal shows until the program waits for a line, or ends. Asked where the cursor is, it answers."""
    shown, deadline = b"", time.monotonic() + 60
    while b"\x1b[?2004h" not in shown and time.monotonic() < deadline:  # a line is being read
        if select.select([screen], [], [], 1)[0]:
            try:
                piece = os.read(screen, 4096)
            except OSError:  # the program has ended
                break
            shown += piece
            if b"\x1b[6n" in piece:
                os.write(screen, b"\x1b[1;1R")
    return shown.decode("utf-8", "replace")
