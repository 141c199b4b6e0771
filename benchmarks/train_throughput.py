"""Training speed beside nanoGPT and transformers: `python -m benchmarks.train_throughput --nanogpt DIR`.

The programs take turns in this process, on the same batch, with the same depth, width, vocabulary and number of
parameters. nanoGPT runs with its `compile` on and off and is counted by the faster; transformers is its GPT-2 under
`Trainer` (which needs `pip install accelerate`). Ours runs as `auto` would choose for a long run, and
in float32 for comparison.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path

import torch
from torch import Tensor

from benchmarks.peers import NanoGPT, Ours, Step, equal_config, in_turn, print_rates, wait
from jianghu.machine import peak_flops
from jianghu.model import ModelConfig
from jianghu.recipe import TrainSettings


def transformers_trainer(config: ModelConfig, ids: Tensor, steps: int) -> float:
    """Tokens per second of transformers' Trainer with GPT-2, after three steps that warm up."""
    from transformers import GPT2Config, GPT2LMHeadModel, Trainer, TrainerCallback, TrainingArguments

    marks: list[float] = []

    class Clock(TrainerCallback):
        def on_step_end(self, args: object, state: object, control: object, **more: object) -> None:
            wait(ids.device)
            marks.append(time.perf_counter())

    shape = GPT2Config(
        vocab_size=config.vocab_size, n_positions=config.block_size, n_embd=config.n_embd, n_layer=config.n_layer,
        n_head=config.n_head, resid_pdrop=0.0, embd_pdrop=0.0, attn_pdrop=0.0,
    )  # fmt: skip
    rows = [{"input_ids": row, "labels": row} for row in ids[:, :-1].cpu()] * (steps + 4)
    with tempfile.TemporaryDirectory() as folder:
        arguments = TrainingArguments(
            folder, per_device_train_batch_size=len(ids), max_steps=steps + 3, report_to=[], save_strategy="no",
            logging_steps=10**6, use_cpu=not ids.is_cuda, bf16=ids.is_cuda, disable_tqdm=True, learning_rate=1e-3,
        )  # fmt: skip
        Trainer(GPT2LMHeadModel(shape), arguments, train_dataset=rows, callbacks=[Clock()]).train()
    return (len(marks) - 3) * ids[:, 1:].numel() / (marks[-1] - marks[2])


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nanogpt", type=Path, help="a checkout of nanoGPT")
    parser.add_argument("--size", default="tiny", choices=["tiny", "mini", "seed", "base"])
    parser.add_argument("--vocab-size", type=int, default=8192)
    parser.add_argument("--batch-size", type=int, default=16)
    parser.add_argument("--block-size", type=int, default=256)
    parser.add_argument("--steps", type=int, default=4, help="steps a round")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    options = parser.parse_args()
    device = torch.device(options.device)
    config = equal_config(options.size, options.vocab_size, options.block_size)
    tokens = torch.randint(0, options.vocab_size, (options.batch_size, options.block_size + 1), device=device)
    ids, targets = tokens[:, :-1].contiguous(), tokens[:, 1:].contiguous()
    programs: dict[str, Step] = {}
    print(f"{options.size} on {device}: {config.parameters / 1e6:.2f} M parameters here", end="")
    if options.nanogpt:
        for compiled in (True, False):
            peer = NanoGPT(options.nanogpt, config, device, compiled)
            programs[f"nanoGPT, compile {'on' if compiled else 'off'}"] = peer.step
        print(f", {peer.parameters / 1e6:.2f} M in nanoGPT", end="")
    print(f"; {options.batch_size} × {options.block_size} tokens a step")
    base = TrainSettings(batch_size=options.batch_size, block_size=options.block_size, max_iters=10**9, warmup_iters=1)
    for name, change in {
        "Jianghu, auto, AdamW": {"optimizer": "adamw"},
        "Jianghu, auto, Muon": {"optimizer": "muon"},
        "Jianghu, float32, AdamW": {"optimizer": "adamw", "dtype": "float32"},
        "Jianghu, auto, not compiled, AdamW": {"optimizer": "adamw", "compile": "off"},
    }.items():
        ours = Ours(config, base.model_copy(update=change), device)
        dtype = str(ours.stepper.dtype).removeprefix("torch.")
        programs[name.replace("auto", dtype)] = ours.step
    rates = in_turn(programs, ids, targets, options.rounds, options.steps)
    if find_spec("accelerate"):
        rates["transformers Trainer, GPT-2"] = [
            transformers_trainer(config, tokens, options.steps * 2) for _ in range(2)
        ]
    else:
        print("transformers Trainer was not measured: it needs `pip install accelerate`")
    print_rates(rates, "nanoGPT" if options.nanogpt else "Jianghu, float32")
    for kind in (torch.float32, torch.bfloat16):
        peak = peak_flops(device, kind, 1.0)
        print(f"matrix products reach {peak / 1e9:,.0f} GFLOP/s in {str(kind).removeprefix('torch.')}")
    print(f"a token costs {config.flops_per_token(options.block_size) / 1e6:.1f} MFLOP")


if __name__ == "__main__":
    main()
