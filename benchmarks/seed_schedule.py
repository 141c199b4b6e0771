"""Wall-clock of the original report's schedule, validation every 50 iterations, beside nanoGPT's own train.py.

`python -m benchmarks.seed_schedule --nanogpt DIR --shelf SHELF`: both programs are started as a user starts them, on
the tokens of a prepared workspace, with the same model size, batch and number of iterations, one after the other.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch

from benchmarks.peers import equal_config
from jianghu.dataset import read_tokens
from jianghu.model import ModelConfig
from jianghu.tokenizer import Tokenizer


def warmup(options: argparse.Namespace) -> int:
    """Steps of warm-up in both programs; nanoGPT's cosine divides by zero if nothing follows them."""
    return min(100, int(options.iterations) // 10)


def nanogpt(folder: Path, shelf: Path, options: argparse.Namespace, config: ModelConfig) -> float:
    """Seconds of its train.py, with its default of 200 evaluation batches a split."""
    data = read_tokens(shelf / "data" / "tokens")
    with tempfile.TemporaryDirectory() as temporary:
        np.asarray(data.train).astype(np.uint16).tofile(Path(temporary) / "train.bin")
        np.asarray(data.val).astype(np.uint16).tofile(Path(temporary) / "val.bin")
        flags = {
            "dataset": temporary, "out_dir": f"{temporary}/out", "device": options.device,
            "max_iters": options.iterations, "lr_decay_iters": options.iterations,
            "eval_interval": options.eval_interval,
            "batch_size": options.batch_size, "block_size": options.block_size, "gradient_accumulation_steps": 1,
            "n_layer": config.n_layer, "n_head": config.n_head, "n_embd": config.n_embd, "learning_rate": 1e-3,
            "min_lr": 1e-4, "warmup_iters": warmup(options), "dropout": 0.2, "compile": options.compile,
            "log_interval": 10,
        }  # fmt: skip
        began = time.perf_counter()
        subprocess.run(
            [sys.executable, "train.py", *(f"--{name}={value}" for name, value in flags.items())],
            cwd=folder, check=True, stdout=subprocess.DEVNULL,
        )  # fmt: skip
        return time.perf_counter() - began


def ours(shelf: Path, options: argparse.Namespace, config: ModelConfig) -> float:
    """Seconds of `jianghu pretrain` with the settings of the preset `seed`."""
    with tempfile.TemporaryDirectory() as temporary:
        root = Path(temporary) / "shelf"
        root.mkdir()
        shutil.copytree(shelf / "data", root / "data")
        (root / "jianghu.toml").write_text('preset = "seed"\n')
        flags = {
            "size": options.size, "n-inner": config.n_inner, "max-iters": options.iterations, "device": options.device,
            "batch-size": options.batch_size, "block-size": options.block_size, "eval-interval": options.eval_interval,
            "warmup-iters": warmup(options), "save-interval": options.eval_interval,
        }  # fmt: skip
        began = time.perf_counter()
        subprocess.run(
            [sys.executable, "-m", "jianghu", "-C", str(root), "pretrain",
             *(word for name, value in flags.items() for word in (f"--{name}", str(value)))],
            check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        return time.perf_counter() - began


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nanogpt", type=Path, required=True, help="a checkout of nanoGPT")
    parser.add_argument("--shelf", type=Path, required=True, help="a workspace where `jianghu prepare` was run")
    parser.add_argument("--size", default="tiny")
    parser.add_argument("--iterations", type=int, default=100)
    parser.add_argument("--eval-interval", type=int, default=50)
    parser.add_argument("--batch-size", type=int, default=16)
    parser.add_argument("--block-size", type=int, default=256)
    parser.add_argument("--compile", default="True", choices=["True", "False"], help="nanoGPT's own setting")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    options = parser.parse_args()
    vocab_size = Tokenizer.load(options.shelf / "data" / "tokenizer").vocab_size
    config = equal_config(options.size, vocab_size, options.block_size)
    theirs, mine = nanogpt(options.nanogpt, options.shelf, options, config), ours(options.shelf, options, config)
    about = f"{options.iterations} iterations, validated every {options.eval_interval}"
    print(f"{options.size} on {options.device}, {about}")
    print(f"nanoGPT, compile {options.compile:8}{theirs:8.1f} s")
    print(f"Jianghu, preset seed    {mine:8.1f} s")
    print(f"ratio                   {mine / theirs:8.2f}")


if __name__ == "__main__":
    main()
