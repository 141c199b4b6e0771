"""Wall-clock and tokens until nanoGPT's best held-out loss is reached, and the best loss of each program.

`python -m benchmarks.time_to_quality --nanogpt DIR --shelf SHELF --out FILE.json`: the programs take turns, one
stretch of steps each, on the same machine, with equal depth, width, parameters, batch, block and number of steps. Only
steps are timed, nanoGPT's own costly evaluation is not held against it. All are scored in float32 on the same held-out
windows with the same context. `--plot FILE.png` draws the curves.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.peers import NanoGPT, Ours, bits_per_character, equal_config, wait
from jianghu.dataset import PretrainBatches, read_tokens
from jianghu.recipe import TrainSettings, load_recipe
from jianghu.tokenizer import Tokenizer

Curve = list[dict[str, float]]


def settings_of(preset: str, options: argparse.Namespace) -> TrainSettings:
    """Pretraining settings of a preset, with this benchmark's batch, block and number of steps."""
    own = load_recipe(preset=preset).pretrain
    changes = {
        "max_iters": options.steps, "batch_size": options.batch_size, "block_size": options.block_size,
        "warmup_iters": min(own.warmup_iters, options.steps // 10), "gradient_accumulation_steps": 1,
    }  # fmt: skip
    return TrainSettings(**{k: v for k, v in own.model_dump().items() if k in TrainSettings.model_fields} | changes)


def run(options: argparse.Namespace) -> dict[str, Curve]:
    """The curves: step, tokens, seconds, bits per character (and of the mean of the weights where there is one)."""
    device = torch.device(options.device)
    folder = options.shelf / "data"
    data, tokenizer = read_tokens(folder / "tokens"), Tokenizer.load(folder / "tokenizer")
    config = equal_config(options.size, tokenizer.vocab_size, options.block_size)
    source = PretrainBatches(data, tokenizer.chars_per_token, options.batch_size, options.block_size, 1337, device)
    validation = source.validation(options.val_rows)
    random = np.random.default_rng(1337)
    peer = NanoGPT(options.nanogpt, config, device, options.compile)
    ours = {name: Ours(config, settings_of(name, options), device) for name in options.presets}
    print({"nanoGPT": peer.parameters, **{name: program.parameters for name, program in ours.items()}})

    def nanogpt_batch() -> tuple[torch.Tensor, torch.Tensor]:
        """Random offsets with replacement, as its get_batch draws them."""
        starts = random.integers(0, len(data.train) - options.block_size, options.batch_size)
        rows = source.tokens[torch.from_numpy(starts[:, None] + np.arange(options.block_size + 1)).to(device)].long()
        return rows[:, :-1].contiguous(), rows[:, 1:].contiguous()

    curves: dict[str, Curve] = {name: [] for name in ("nanoGPT", *ours)}
    seconds = dict.fromkeys(curves, 0.0)
    for at in range(0, options.steps, options.every):
        for name in curves:
            wait(device)
            began = time.perf_counter()
            for step in range(at, at + options.every):
                if name == "nanoGPT":
                    peer.step(*nanogpt_batch(), peer.rate(step, options.steps))
                else:
                    batch = source.batch(step)
                    ours[name].step(batch.ids, batch.targets)
            wait(device)
            if at:  # the first stretch compiles
                seconds[name] += time.perf_counter() - began
            row = {"step": at + options.every, "tokens": (at + options.every) * options.batch_size * options.block_size}
            if name == "nanoGPT":
                row["bpc"] = bits_per_character(peer, peer.model, validation)
            else:
                row["bpc"] = bits_per_character(ours[name], ours[name].model, validation)
                ema = ours[name].stepper.ema
                if ema:
                    with ema.in_place():
                        row["bpc_ema"] = bits_per_character(ours[name], ours[name].model, validation)
            curves[name].append(row | {"seconds": seconds[name]})
            print(name, curves[name][-1], flush=True)
    for curve in curves.values():  # the first stretch took as long as the others, but for compiling
        stretch = curve[-1]["seconds"] / max(1, len(curve) - 1)
        for row in curve:
            row["seconds"] += stretch
    return curves


def best(curve: Curve) -> float:
    """Least bits per character of a curve, of the weights or of their mean."""
    return min(min(row["bpc"], row.get("bpc_ema", row["bpc"])) for row in curve)


def print_table(curves: dict[str, Curve]) -> None:
    """Best losses, and when nanoGPT's was reached."""
    goal = best(curves["nanoGPT"])
    reached_first = next(row for row in curves["nanoGPT"] if row["bpc"] <= goal)
    print(f"\nnanoGPT's best: {goal:.3f} bits per character")
    print(f"{'':10}{'best':>8}{'lower by':>10}{'reached after':>15}{'of its time':>13}{'of its tokens':>15}")
    for name, curve in curves.items():
        there = next((r for r in curve if min(r["bpc"], r.get("bpc_ema", r["bpc"])) <= goal), None)
        words = f"{best(curve):8.3f}{1 - best(curve) / goal:10.1%}"
        if there:
            words += f"{there['seconds']:13.0f} s{there['seconds'] / reached_first['seconds']:13.2f}"
            words += f"{there['tokens'] / reached_first['tokens']:15.2f}"
        print(f"{name:10}{words}")


def plot(curves: dict[str, Curve], path: Path, size: str) -> None:
    """Bits per character over seconds."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(8, 4.5))
    colours = {"nanoGPT": "#8a8a8a", "seed": "#c08a3e", "modern": "#1f6f5c"}
    for name, curve in curves.items():
        values = [min(row["bpc"], row.get("bpc_ema", row["bpc"])) for row in curve]
        axes.plot([row["seconds"] for row in curve], values, label=name, color=colours.get(name), linewidth=2)
    goal = best(curves["nanoGPT"])
    axes.axhline(goal, color="#8a8a8a", linewidth=0.8, linestyle=":")
    axes.set(xlabel="seconds of training", ylabel="held-out bits per character")
    axes.set_title(f"Three novels, model size {size}, equal parameters and tokens", loc="left")
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False)
    figure.tight_layout()
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)


def main() -> None:
    """Measure, print, and keep."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nanogpt", type=Path, required=True, help="a checkout of nanoGPT")
    parser.add_argument("--shelf", type=Path, required=True, help="a workspace where `jianghu prepare` was run")
    parser.add_argument("--presets", nargs="+", default=["seed", "modern"])
    parser.add_argument("--size", default="tiny")
    parser.add_argument("--steps", type=int, default=1000)
    parser.add_argument("--every", type=int, default=50, help="steps between scorings")
    parser.add_argument("--batch-size", type=int, default=16)
    parser.add_argument("--block-size", type=int, default=256)
    parser.add_argument("--val-rows", type=int, default=128)
    parser.add_argument("--compile", action=argparse.BooleanOptionalAction, default=True, help="nanoGPT's own setting")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--out", type=Path, help="keep the curves as JSON")
    parser.add_argument("--plot", type=Path, help="draw the curves")
    parser.add_argument("--read", type=Path, help="print and draw kept curves; measure nothing")
    options = parser.parse_args()
    curves: dict[str, Any] = json.loads(options.read.read_text()) if options.read else run(options)
    if options.out:
        options.out.write_text(json.dumps(curves, indent=1))
    print_table(curves)
    if options.plot:
        plot(curves, options.plot, options.size)


if __name__ == "__main__":
    main()
