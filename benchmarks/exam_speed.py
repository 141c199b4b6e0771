"""Seconds that an exam of 500 questions takes a model of the original's size: `python -m benchmarks.exam_speed`.

The weights are random, so that every answer runs to its greatest length: no trained model takes longer. All that
`jianghu eval` reports is in the time. Asserts that another batch size gives the same answers.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import torch

from jianghu.cli.demo import demo_workspace
from jianghu.dataset import stage as dataset_stage
from jianghu.evaluation import stage as exam_stage
from jianghu.evaluation import take_exam
from jianghu.evaluation.stage import background_of, exam_items
from jianghu.model import ModelConfig, Transformer, load_checkpoint, save_checkpoint
from jianghu.recipe import ModelSettings
from jianghu.synth import stage as synth_stage
from jianghu.tokenizer import Tokenizer

QUESTIONS = 500


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", default="seed", choices=["tiny", "mini", "seed", "base"])
    parser.add_argument("--other", type=int, default=7, help="questions answered at once in the second pass; 0: none")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        ws = demo_workspace(Path(folder))
        recipe = ws.recipe({"tokenizer": {"vocab_size": 8192}, "synth": {"cloze_records": 4000}})
        dataset_stage.prepare(ws, recipe)
        synth_stage.synth(ws, recipe)
        tokenizer = Tokenizer.load(ws.tokenizer)
        torch.manual_seed(0)
        model = Transformer(ModelConfig.from_settings(ModelSettings(size=options.size), tokenizer.vocab_size, 256))
        for weight in model.parameters():
            if weight.ndim > 1:
                torch.nn.init.normal_(weight, std=0.05)
        save_checkpoint(ws.run("random") / "checkpoints" / "last", model, tokenizer, {"run": "random", "step": 0})
        everything = {"group_questions": 0, "paraphrase_questions": 0}
        settings = recipe.eval.model_copy(update={"limit": QUESTIONS, "max_new_tokens": 64, **everything})
        recipe = recipe.model_copy(update={"eval": settings})
        began, worked = time.perf_counter(), time.process_time()
        result = exam_stage.exam(ws, recipe, "random")
        seconds, worked = time.perf_counter() - began, time.process_time() - worked
        millions = model.config.parameters / 1e6
        asked, threads = result.scores.questions, torch.get_num_threads()
        print(f"{options.size}: {millions:.1f} M parameters, {asked} questions, {threads} threads:")
        print(f"{seconds:.0f} s, in which the processors worked {worked:.0f} s for it")
        print(f"mean answer {result.scores.length:.0f} characters, {result.scores.finished:.0%} ended")
        if options.other:
            background = background_of(ws)
            items = exam_items(ws, None, settings, background)[1]
            again = settings.model_copy(update={"batch_size": options.other})
            answers = take_exam(load_checkpoint(ws.checkpoint("random")), items, again, background).answers
            same = sum(one == other for one, other in zip(answers, result.answers, strict=True))
            print(f"batch_size {settings.batch_size} and {options.other}: {same} of {len(answers)} rows equal")


if __name__ == "__main__":
    main()
