"""Training speed of our model against transformers' Qwen3 of the same shape: `python benchmarks/train_throughput.py`.

Both take the same batches, loss and fused AdamW, in turn, in this process; the table gives tokens per second and
the ratio of the medians.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable

import torch
from torch import Tensor
from transformers import Qwen3Config, Qwen3ForCausalLM

from jianghu.model import ModelConfig, Transformer
from jianghu.recipe import ModelSettings, TrainSettings
from jianghu.training import make_optimizers


def ours(config: ModelConfig, settings: TrainSettings) -> Callable[[Tensor, Tensor], None]:
    model = Transformer(config)
    model.init_weights(1)
    optimizers = make_optimizers(model, settings)

    def step(ids: Tensor, targets: Tensor) -> None:
        (model.loss(ids, targets) / targets.numel()).backward()
        optimizers.step()
        optimizers.zero_grad()

    return step


def theirs(config: ModelConfig, settings: TrainSettings) -> Callable[[Tensor, Tensor], None]:
    model = Qwen3ForCausalLM(Qwen3Config(**config.to_hugging_face(0, 2)))
    optimizer = torch.optim.AdamW(model.parameters(), lr=settings.learning_rate, fused=True)

    def step(ids: Tensor, targets: Tensor) -> None:
        logits = model(ids, use_cache=False).logits
        torch.nn.functional.cross_entropy(logits.flatten(0, 1), targets.flatten()).backward()
        optimizer.step()
        optimizer.zero_grad()

    return step


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", default="tiny", choices=["tiny", "mini", "seed", "base"])
    parser.add_argument("--vocab-size", type=int, default=4096)
    parser.add_argument("--batch-size", type=int, default=16)
    parser.add_argument("--block-size", type=int, default=256)
    parser.add_argument("--steps", type=int, default=5, help="steps a round; there are 4 rounds of each")
    options = parser.parse_args()
    config = ModelConfig.from_settings(ModelSettings(size=options.size), options.vocab_size, options.block_size)
    settings = TrainSettings(optimizer="adamw", batch_size=options.batch_size, block_size=options.block_size)
    ids = torch.randint(0, options.vocab_size, (options.batch_size, options.block_size + 1))
    programs = {"jianghu": ours(config, settings), "transformers": theirs(config, settings)}
    rates: dict[str, list[float]] = {name: [] for name in programs}
    for turn in range(5):
        for name, step in programs.items():
            began = time.perf_counter()
            for _ in range(options.steps):
                step(ids[:, :-1], ids[:, 1:])
            if turn:  # the first round warms up
                rates[name].append(options.steps * ids[:, 1:].numel() / (time.perf_counter() - began))
    millions = config.parameters / 1e6
    print(f"{options.size}: {millions:.2f} M parameters, {options.batch_size} x {options.block_size} tokens")
    for name, found in rates.items():
        print(f"{name:14}{statistics.median(found):10,.0f} tokens/s   ({min(found):,.0f} to {max(found):,.0f})")
    print(f"ratio         {statistics.median(rates['jianghu']) / statistics.median(rates['transformers']):10.2f}")


if __name__ == "__main__":
    main()
