"""The main table: does it help to mix records and rewrites into pretraining? `python -m benchmarks.ablation DIR`.

Four arms share books, records, exam and every setting but `pretrain.mixture`: books alone, with rewrites, with records,
with both; each is then fine-tuned on the same records and takes the same exam. An arm that is done is not done again,
and one that was stopped goes on. The table is Markdown, with intervals, and with McNemar's test beside the first arm.

Rewrites are read from DIR/data/rewrites.jsonl; without that file their two arms are left out, and the table says so.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from jianghu.cli.demo import demo_workspace
from jianghu.dataset import stage as dataset_stage
from jianghu.dataset.stage import prepare_stale
from jianghu.evaluation import GROUPS, ExamResult, compare_stage
from jianghu.evaluation import stage as exam_stage
from jianghu.evaluation.stage import exam_stale
from jianghu.recipe import Recipe
from jianghu.synth import stage as synth_stage
from jianghu.synth.stage import synth_stale
from jianghu.training.stage import train_on, train_stale
from jianghu.workspace import Workspace

ARMS: dict[str, dict[str, float]] = {
    "books": {},
    "rewrites": {"rewrites": 0.3},
    "records": {"records": 0.3},
    "both": {"records": 0.2, "rewrites": 0.2},
}

SCALES: dict[str, dict[str, Any]] = {
    # Two cores, about half an hour for the four arms: 1.4 M parameters, the demo's model, 9 passes over the book.
    "small": {
        "pretrain": {
            "max_iters": 800,
            "weight_decay": 1.0,
            "dropout": 0.1,
            "eval_interval": 200,
            "save_interval": 200,
        },
        "sft": {"max_iters": 300, "eval_interval": 100, "save_interval": 100},
    },
    # Hours: 6 layers, 384 wide, and passes enough over the book to learn it.
    "full": {
        "model": {"size": "mini"},
        "pretrain": {"max_iters": 3000, "block_size": 256, "learning_rate": 3e-3, "eval_interval": 250},
        "sft": {"max_iters": 1200, "block_size": 256, "learning_rate": 1e-3, "eval_interval": 200},
    },
}


def trained(ws: Workspace, recipe: Recipe, stage: str, name: str, source: Path | None = None) -> Path:
    """The last checkpoint of a run, taken if it is fresh, gone on with if it was left, begun if there is none."""
    if train_stale(ws, recipe, stage, name, source) is not None:
        train_on(ws, recipe, stage, name, source)
    return ws.checkpoint(f"{name}/last")


def main() -> None:
    """Do what is not done yet, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("directory", type=Path, help="the workspace to make or to go on with")
    parser.add_argument("--scale", default="small", choices=sorted(SCALES))
    parser.add_argument("--arm", action="append", choices=sorted(ARMS), help="only these arms")
    options = parser.parse_args()
    ws = demo_workspace(options.directory)
    settings = SCALES[options.scale]
    shared = ws.recipe(settings)
    if prepare_stale(ws, shared) is not None:
        dataset_stage.prepare(ws, shared)
    if synth_stale(ws, shared) is not None:
        synth_stage.synth(ws, shared)
    results: dict[str, ExamResult] = {}
    for arm in options.arm or ARMS:
        mixture = ARMS[arm]
        if "rewrites" in mixture and not (ws.data / "rewrites.jsonl").exists():
            print(f"{arm}: left out, {ws.data / 'rewrites.jsonl'} is not there")
            continue
        pretrain = {**settings["pretrain"], **({"mixture": mixture} if mixture else {})}
        recipe = ws.recipe({**settings, "pretrain": pretrain})
        name = f"{options.scale}-{arm}"
        base = trained(ws, recipe, "pretrain", f"{name}-base")
        trained(ws, recipe, "sft", f"{name}-chat", base)
        out = ws.evals / f"{name}-chat.records.json"
        if exam_stale(ws, recipe, f"{name}-chat") is not None:
            exam_stage.exam(ws, recipe, f"{name}-chat")
        results[arm] = ExamResult.read(out)
    print(table(results))


def table(results: dict[str, ExamResult]) -> str:
    """Markdown: a row for each arm, a column for each group of the exam."""
    groups = [group for group in GROUPS if any(group in result.groups for result in results.values())]
    lines = ["| pretraining on | held-out bits per character | " + " | ".join(groups) + " |"]
    lines.append("|---" * (len(groups) + 2) + "|")
    compared = (
        dict(zip(list(results)[1:], compare_stage.verdicts(list(results.values())), strict=True)) if results else {}
    )
    for arm, result in results.items():
        heldout = "; ".join(f"{row.bits_per_character:.3f}" for row in result.heldout.values())
        cells = []
        for group in groups:
            row = result.groups[group]
            verdict = compared[arm][group].verdict if arm in compared else ""
            mark = f", {verdict}" if verdict in ("better", "worse") else ""
            cells.append(f"{row.accuracy:.1%} ({row.low:.0%}–{row.high:.0%}, of {row.questions}{mark})")
        lines.append(f"| {arm} | {heldout} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
