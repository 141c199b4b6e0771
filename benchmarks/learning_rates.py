"""Which peak learning rate suits AdamW and Muon at a width: short runs on a prepared shelf, scored on held-out text.

`python -m benchmarks.learning_rates SHELF --out FILE.json`: for each width and optimizer, runs of the same steps from
the same weights on the same batches, one for each rate. What FILE.json holds already is not measured again. The rule
of `learning_rate = "auto"` (`training/rates.py`) rests on what this prints.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any, Literal

import torch

from jianghu.dataset import PretrainBatches, read_tokens
from jianghu.machine import pick_device
from jianghu.model import ModelConfig, Transformer
from jianghu.recipe import TrainSettings
from jianghu.tokenizer import Tokenizer
from jianghu.training import World
from jianghu.training.state import TrainState
from jianghu.training.step import TrainStep

RATES: dict[Literal["adamw", "muon"], list[float]] = {
    "adamw": [1e-3, 2e-3, 4e-3, 8e-3, 1.6e-2],
    "muon": [2.5e-3, 5e-3, 1e-2, 2e-2, 4e-2],
}


def final_loss(
    shelf: Path, width: int, layers: int, optimizer: Literal["adamw", "muon"], rate: float, options: argparse.Namespace
) -> float:
    """Nats per token of held-out text after a run."""
    tokenizer, data = Tokenizer.load(shelf / "data" / "tokenizer"), read_tokens(shelf / "data" / "tokens")
    settings = TrainSettings(
        max_iters=options.steps, batch_size=options.batch_size, block_size=options.block_size, optimizer=optimizer,
        learning_rate=rate, warmup_iters=options.steps // 10, device=options.device, compile="off",
    )  # fmt: skip
    device = pick_device(options.device)
    source = PretrainBatches(
        data, tokenizer.chars_per_token, options.batch_size, options.block_size, settings.seed, device
    )
    heads, inner = max(1, width // 32), -(-8 * width // 3 // 64) * 64
    model = Transformer(ModelConfig(tokenizer.vocab_size, options.block_size, layers, heads, heads, width, inner))
    model.init_weights(settings.seed)
    model.to(device)
    step = TrainStep(settings, model, source, World(), TrainState())
    for number in range(options.steps):
        step.take(number)
    model.eval()
    total = count = 0.0
    with torch.inference_mode(), step.autocast():
        for batch in source.validation(options.val_rows):
            total += float(model.loss(batch.ids, batch.targets, batch.segments, batch.positions))
            count += batch.count
    return total / count


def print_table(rows: list[dict[str, Any]]) -> None:
    """Losses by rate, a line for each width and optimizer; the best is marked."""
    for key in sorted({(row["optimizer"], row["width"]) for row in rows}):
        some = sorted((row["rate"], row["loss"]) for row in rows if (row["optimizer"], row["width"]) == key)
        best = min(loss for _, loss in some)
        told = "  ".join(f"{rate:g}: {loss:.3f}{'*' if loss == best else ''}" for rate, loss in some)
        print(f"{key[0]:6} {key[1]:4}  {told}")


def main() -> None:
    """Measure, keep and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("shelf", type=Path, help="a workspace where `jianghu prepare` was run")
    parser.add_argument("--widths", type=int, nargs="+", default=[64, 128, 256])
    parser.add_argument("--layers", type=int, default=4)
    parser.add_argument("--optimizers", nargs="+", choices=["adamw", "muon"], default=["adamw", "muon"])
    parser.add_argument("--rates", type=float, nargs="+", help="instead of the usual ones")
    parser.add_argument("--steps", type=int, default=120)
    parser.add_argument("--batch-size", type=int, default=20)
    parser.add_argument("--block-size", type=int, default=128)
    parser.add_argument("--val-rows", type=int, default=100)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    torch.set_num_threads(1)
    rows: list[dict[str, Any]] = json.loads(options.out.read_text()) if options.out.exists() else []
    for width in options.widths:
        for optimizer in options.optimizers:
            for rate in options.rates or RATES[optimizer]:
                about = {"width": width, "layers": options.layers, "optimizer": optimizer, "rate": rate}
                about |= {"steps": options.steps, "rows": options.batch_size, "block_size": options.block_size}
                if any(about == {key: row[key] for key in about} for row in rows):
                    continue
                loss = final_loss(options.shelf, width, options.layers, optimizer, rate, options)
                rows.append(about | {"loss": round(loss, 4)})
                print(rows[-1], flush=True)
                options.out.write_text(json.dumps(rows, indent=1))
    print_table(rows)


if __name__ == "__main__":
    main()
