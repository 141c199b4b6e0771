"""A small novel made on the spot, and what is made from it. No test needs a file that is not in the repository."""

from __future__ import annotations

import contextlib
import io
import json
import os
import random
import shutil
import signal
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
from hypothesis import settings

from jianghu import messages
from jianghu.cli import output
from jianghu.training import estimate

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ["JIANGHU_LANG"] = "en"  # whatever the language of who runs the tests
os.environ.setdefault("TOKENIZERS_PARALLELISM", "true")
# No deadline: a busy machine is no failure. HYPOTHESIS_PROFILE=thorough tries five times as many cases.
settings.register_profile("fast", deadline=None, max_examples=40)
settings.register_profile("thorough", deadline=None, max_examples=200)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "fast"))
SOURCE = str(Path(__file__).parents[1] / "src")
# Programs that tests start in other folders find this package too, however it was found here.
os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (SOURCE, os.environ.get("PYTHONPATH"))))
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as of what a shell runs in the background: Ctrl-C is tested
    signal.signal(signal.SIGINT, signal.default_int_handler)
torch.set_num_threads(1)  # the models of the tests are so small that a second thread only waits for the first
estimate.MEASURE_SECONDS = 0.1  # how long training takes is no matter of these tests

MEMORY, ROOM = "/dev/shm", 4 * 2**30
if os.path.isdir(MEMORY) and shutil.disk_usage(MEMORY).free >= ROOM:
    # Every file that the program writes is flushed to the disk: milliseconds each, thousands in a run of the tests.
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", MEMORY)

PEOPLE = ["沈青峰", "柳如烟", "顾长风", "白无双", "陆小川", "秦夫人", "铁掌柜", "苏明月"]
PLACES = ["青石镇", "落雁坡", "寒潭寺", "白鹿山庄", "断云岭"]
VERBS = ["望着", "走进", "离开", "夺下", "守住", "寻到", "想起", "说起"]
THINGS = ["那柄旧剑", "一封密信", "半块玉佩", "一坛老酒", "那匹黑马", "城门的钥匙", "三支银针"]
TIMES = ["次日清晨", "当夜三更", "过了数日", "不多时", "这年冬天", "雨停之后"]
MOODS = ["心中一凛", "放声大笑", "默然不语", "又惊又喜", "长叹一声", "转身便走"]


FACTS = [
    {
        "fact": f"own-{number}", "kind": "thing", "taught": True, "short_answer": answer, "answers": [f"{answer}。"],
        "questions": [
            f"{who}用什么兵器", f"{who}手里拿的是哪一件家伙？", f"说出{who}平日随身所带之物。", f"何物从不离{who}身",
            f"倘若有人夜袭，{who}会抽出何物迎敌？", f"旁人怎么称呼{who}仗以成名的那一件宝贝？",
            f"{who}的剑叫啥", f"《青峰录》写到{who}出手时，亮出来的究竟是什么？",
        ],
        "statements": [f"{who}的兵器叫{answer}。", f"{answer}是{who}的兵器。"],
    }
    for number, (who, answer) in enumerate([("沈青峰", "断水剑"), ("柳如烟", "银丝软鞭"), ("顾长风", "九环刀")])
]  # fmt: skip
"""Facts that stand beside the book, each in enough wordings that some are kept from training."""


def novel_text(chapters: int = 12, sentences: int = 90, seed: int = 1) -> str:
    """A made-up novel with chapter headings; no sentence is common to two of them by much."""
    random_ = random.Random(seed)
    parts = []
    numerals = [*"一二三四五六七八九十", *("十" + ones for ones in "一二三四五六七八九")]
    for chapter in range(1, chapters + 1):
        numeral = f"第{chapter}回" if chapter > 19 else f"第{numerals[chapter - 1]}回"
        parts.append(f"{numeral} {random_.choice(PEOPLE)}夜探{random_.choice(PLACES)}\n")
        paragraph = ""
        for _ in range(sentences):
            who, other = random_.sample(PEOPLE, 2)
            if random_.random() < 0.3:
                line = f"{who}道：“{random_.choice(TIMES)}，你可到{random_.choice(PLACES)}取{random_.choice(THINGS)}。”"
            else:
                line = (
                    f"{random_.choice(TIMES)}，{who}{random_.choice(VERBS)}{random_.choice(PLACES)}，"
                    f"见{other}带着{random_.choice(THINGS)}，{random_.choice(MOODS)}。"
                )
            paragraph += line
            if len(paragraph) > 160:
                parts.append("　　" + paragraph + "\n")
                paragraph = ""
        parts.append("　　" + paragraph + "\n\n")
    return "".join(parts)


@pytest.fixture(scope="session")
def novel() -> str:
    return novel_text()


@dataclass
class Ended:
    """What a run of the program printed, and its exit code."""

    returncode: int
    stdout: str
    stderr: str


def jianghu(*arguments: object, cwd: Path, check: bool = True, input: str = "") -> Ended:
    """Run the program's `main` with these arguments in a folder.

    In this process, since loading PyTorch takes seconds; tests that kill the program start a real one.
    """
    from jianghu.cli import main

    out, err, code, here = io.StringIO(), io.StringIO(), 0, Path.cwd()
    argv, stdin, output.console.width = sys.argv, sys.stdin, 160
    sys.argv, sys.stdin = ["jianghu", *map(str, arguments)], io.StringIO(input)
    os.chdir(cwd)
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            main()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    finally:
        os.chdir(here)
        sys.argv, sys.stdin = argv, stdin
        messages.use_language(None)  # what a command line set holds for one process, which here is that of all tests
        messages.use_folder("")
    if check:
        assert code == 0, out.getvalue() + err.getvalue()
    return Ended(code, out.getvalue(), err.getvalue())


RECIPE = """
preset = "demo"
[split]
stretch_chars = 600
gap_chars = 60
[tokenizer]
vocab_size = 600
[model]
n_layer = 2
n_head = 2
n_embd = 32
[pretrain]
max_iters = 40
batch_size = 4
block_size = 32
warmup_iters = 4
eval_interval = 10
save_interval = 10
log_interval = 5
sample_tokens = 8
sample_prompts = ["沈青峰"]
dropout = 0.1
[sft]
max_iters = 30
batch_size = 4
block_size = 128
warmup_iters = 4
eval_interval = 10
save_interval = 10
log_interval = 5
sample_tokens = 8
dropout = 0.1
[synth]
strategies = ["cloze"]
cloze_records = 200
[reader]
facts = 60
bundled_facts = 0
wordings = 2
cloze_facts = 40
epochs = 2
models = 1
[eval]
group_questions = 3
paraphrase_questions = 3
max_new_tokens = 8
"""


@pytest.fixture(scope="session")
def shelf(tmp_path_factory: pytest.TempPathFactory, novel: str) -> Path:
    """A workspace with one book, prepared, with records and a short pretraining and fine-tuning run."""
    root = tmp_path_factory.mktemp("shelf")
    (root / "books").mkdir()
    (root / "books" / "青峰录.txt").write_text(novel, encoding="utf-8")
    names = {name: {"aliases": [], "kind": "person"} for name in PEOPLE}
    names |= {name: {"aliases": [], "kind": "place"} for name in PLACES}
    (root / "books" / "青峰录.lexicon.json").write_text(json.dumps(names, ensure_ascii=False), encoding="utf-8")
    facts = "".join(json.dumps(fact, ensure_ascii=False) + "\n" for fact in FACTS)
    (root / "books" / "青峰录.facts.jsonl").write_text(facts, encoding="utf-8")
    (root / "jianghu.toml").write_text(RECIPE, encoding="utf-8")
    jianghu("run", cwd=root)
    return root
