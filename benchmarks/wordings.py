"""What lets taught facts be known in other words: `python -m benchmarks.wordings DIR --out FILE.jsonl`.

DIR is the demo's workspace after `prepare` and `synth run`. Each arm changes one thing of the demo's recipe: how many
wordings of a fact are trained on, question noise, the share of records in pretraining, the model's size. Every arm is
trained with each seed and answers the same questions, greedy and closed-book:

- new words: wordings of taught facts that were kept from training (data/records/paraphrase.jsonl), bundled facts only;
- same words: training questions;
- first-time: questions of somebody who saw neither records nor code (`--questions FILE.jsonl`: question, answers); of
  these, unseen are those that no training record asks word for word.

A line of FILE is one arm with one seed; what it holds is not done again. Arms whose pretraining is the same share it.
`--table` prints means over the seeds, with the least and the greatest, as Markdown.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import shutil
import time
from collections import defaultdict
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from jianghu.evaluation.answer_score import AnswerScore
from jianghu.model import load_checkpoint
from jianghu.records import Record, read_records
from jianghu.training.stage import train_on, train_stale
from jianghu.workspace import Workspace


@dataclass(frozen=True)
class Arm:
    """What differs from the demo.

    Attributes:
        wordings: of each bundled fact that are trained on, the first ones; 0: all.
        base: settings that pretraining sees. sft: settings of fine-tuning.
    """

    wordings: int = 0
    base: dict[str, Any] = field(default_factory=dict)
    sft: dict[str, Any] = field(default_factory=dict)


def mixed(share: float) -> dict[str, Any]:
    """Pretraining with this share of records and statements."""
    return {"pretrain": {"mixture": {"records": share}}}


NOISE = {"question_noise": {"share": 0.5}}
LARGER = {"model": {"n_layer": 6, "n_embd": 256, "n_head": 8}, "pretrain": {"learning_rate": 5e-3}}
GROUPS = ("new", "same", "first-time", "first-time, unseen")

ARMS = {
    "the demo: all wordings, 50 % records": Arm(),
    "2 wordings": Arm(wordings=2),
    "4 wordings": Arm(wordings=4),
    "8 wordings": Arm(wordings=8),
    "2 wordings, noise 0.5": Arm(wordings=2, sft=NOISE),
    "all wordings, noise 0.5": Arm(sft=NOISE),
    "no records in pretraining": Arm(base=mixed(0.0)),
    "30 % records": Arm(base=mixed(0.3)),
    "70 % records": Arm(base=mixed(0.7)),
    "6 layers of 256, half the rates": Arm(base=LARGER, sft={"learning_rate": 3.5e-3}),
    "whole answers only": Arm(sft={"short_answers": 0.0}),
}


def workspace(source: Path, folder: Path, wordings: int) -> Workspace:
    """The prepared workspace again, with the first `wordings` of each bundled fact in its training records."""
    if not (folder / "data").exists():
        half = folder / "half-made"
        shutil.rmtree(half, ignore_errors=True)
        half.mkdir(parents=True)
        shutil.copy(source / "jianghu.toml", folder)
        for name in ("books", "data"):
            shutil.copytree(source / name, half / name)
        path = half / "data" / "records" / "train.jsonl"
        rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
        kept = [row for row in rows if not wordings or row["source"] != "bundled" or row["wording"] <= wordings]
        path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in kept), "utf-8")
        (half / "books").rename(folder / "books")
        (half / "data").rename(folder / "data")
    return Workspace(folder)


def questions(ws: Workspace, outside: Path | None) -> dict[str, list[Record]]:
    """The exam of every arm."""
    new = [record for record in read_records(ws.records / "paraphrase.jsonl") if record.source == "bundled"]
    same = [record for record in read_records(ws.records / "train.jsonl") if record.source == "bundled"]
    dice = random.Random(0)
    groups = {"new": dice.sample(new, min(800, len(new))), "same": dice.sample(same, min(300, len(same)))}
    if outside:
        rows = [json.loads(line) for line in outside.read_text("utf-8").splitlines() if line.strip()]
        groups["first-time"] = [
            same[0].model_copy(
                update={
                    "id": f"first-{n}", "fact": f"first-{n}", "question": row["question"], "kind": "fact",
                    "answer": row["answers"][0], "short_answer": row["answers"][0],
                    "aliases": tuple(row["answers"][1:]),
                }
            )
            for n, row in enumerate(rows)
        ]  # fmt: skip
        trained = {bare(record.question) for record in same}
        groups["first-time, unseen"] = [one for one in groups["first-time"] if bare(one.question) not in trained]
    return groups


def bare(question: str) -> str:
    """Its letters alone."""
    return "".join(filter(str.isalnum, question))


def run(job: tuple[str, Arm, int, argparse.Namespace]) -> dict[str, Any]:
    """One arm with one seed: train what is not trained, and ask."""
    name, arm, seed, options = job
    began = time.perf_counter()
    shape = json.dumps(arm.base, sort_keys=True)
    folder = options.source.with_name(f"{options.source.name}-{digest(arm.wordings, seed, shape)}")
    ws = workspace(options.source, folder, arm.wordings)
    every = {"seed": seed, "compile": "off", **({"device": options.device} if options.device else {})}
    base, sft = {**every}, {**every, **arm.sft}
    shrink = options.shrink
    plain = ws.recipe(arm.base)
    for stage, settings in (("pretrain", base), ("sft", sft)):
        steps = max(2, getattr(plain, stage).max_iters // shrink)
        settings |= {"max_iters": steps, "eval_interval": steps, "save_interval": steps}
        settings |= {"warmup_iters": 1} if shrink > 1 else {}
    changes = {**arm.base, "pretrain": {**arm.base.get("pretrain", {}), **base}, "sft": sft}
    recipe = ws.recipe(changes)
    if train_stale(ws, recipe, "pretrain", "base", None) is not None:
        train_on(ws, recipe, "pretrain", "base")
    base_checkpoint = ws.checkpoint("base/last")
    chat = f"chat-{digest(arm.sft)}"
    if train_stale(ws, recipe, "sft", chat, base_checkpoint) is not None:
        train_on(ws, recipe, "sft", chat, base_checkpoint)
    trained = time.perf_counter()
    checkpoint = load_checkpoint(ws.checkpoint(f"{chat}/last"), options.device or "cpu")
    row: dict[str, Any] = {"arm": name, "seed": seed}
    for group, records in questions(ws, options.questions).items():
        if records:
            row[group] = AnswerScore(records, checkpoint.tokenizer)(checkpoint.model.eval())
            row[f"{group} of"] = len(records)
    return row | {"seconds": round(trained - began, 1), "exam_seconds": round(time.perf_counter() - trained, 1)}


def digest(*parts: object) -> str:
    """Eight letters that name some settings, the same in every process."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:8]


def table(rows: list[dict[str, Any]]) -> str:
    """Markdown: means over the seeds, with the least and the greatest."""
    groups = [group for group in GROUPS if any(group in row for row in rows)]
    lines = [f"| | seeds | {' | '.join(groups)} |", "|---" * (len(groups) + 2) + "|"]
    by_arm: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        by_arm[row["arm"]].append(row)
    for arm in [name for name in ARMS if name in by_arm]:
        cells = []
        for group in groups:
            found = [row[group] for row in by_arm[arm] if group in row]
            cells.append(f"{sum(found) / len(found):.1%} ({min(found):.1%}–{max(found):.1%})" if found else "")
        lines.append(f"| {arm} | {len(by_arm[arm])} | {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> None:
    """Do what is not done yet, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("source", type=Path, help="the demo's workspace, prepared, with records")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--questions", type=Path, help="first-time questions: JSON lines with question and answers")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--arm", action="append", choices=sorted(ARMS), help="only these arms")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--device", default="", help="of training and exam; default: as the recipe says")
    parser.add_argument("--shrink", type=int, default=1, help="divide all steps by this, for a trial")
    parser.add_argument("--table", action="store_true", help="only print what FILE holds")
    options = parser.parse_args()
    rows = [json.loads(line) for line in options.out.read_text("utf-8").splitlines()] if options.out.exists() else []
    done = {(row["arm"], row["seed"]) for row in rows}
    jobs = [
        (name, ARMS[name], seed, options)
        for seed in options.seeds
        for name in options.arm or ARMS
        if (name, seed) not in done and not options.table
    ]
    if jobs:
        # Arms with the same pretraining are one worker's: the first trains it, the others find it.
        lots: dict[tuple[int, int, str], list[tuple[str, Arm, int, argparse.Namespace]]] = defaultdict(list)
        for job in jobs:
            lots[(job[2], job[1].wordings, json.dumps(job[1].base, sort_keys=True))].append(job)
        with get_context("spawn").Pool(options.workers, maxtasksperchild=1) as pool, options.out.open("a") as out:
            for row in pool.imap_unordered(lot, lots.values(), chunksize=1):
                for one in row:
                    rows.append(one)
                    out.write(json.dumps(one, ensure_ascii=False) + "\n")
                out.flush()
    print(table(rows))


def lot(jobs: list[tuple[str, Arm, int, argparse.Namespace]]) -> list[dict[str, Any]]:
    """Jobs one after the other, in one process."""
    return [run(job) for job in jobs]


if __name__ == "__main__":
    main()
