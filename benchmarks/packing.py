"""Packing of records: useful tokens and seconds, beside rows padded to block_size and to the longest of a batch.

`python -m benchmarks.packing`
"""

from __future__ import annotations

import argparse
import time

import numpy as np

from jianghu.dataset import pack


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=300_000)
    parser.add_argument("--block-size", type=int, default=256)
    parser.add_argument("--batch-size", type=int, default=32)
    options = parser.parse_args()
    random = np.random.default_rng(1)
    print(f"{options.records:,} records, block_size {options.block_size}")
    print(f"{'lengths':24}{'too long':>10}{'packed':>10}{'to longest':>12}{'to block':>10}{'seconds':>9}")
    draws = {
        "20 to 500, even": random.integers(20, 501, options.records),
        "around 60, log-normal": np.clip(random.lognormal(4.1, 0.5, options.records), 20, 500).astype(int),
    }
    for name, lengths in draws.items():
        fitting = lengths[lengths <= options.block_size]
        facts = [f"fact {n // 3}" for n in range(len(fitting))]  # three wordings of each
        began = time.perf_counter()
        rows = pack(fitting.tolist(), options.block_size, facts)
        seconds = time.perf_counter() - began
        whole = len(fitting) // options.batch_size * options.batch_size
        batches = fitting[:whole].reshape(-1, options.batch_size)
        print(
            f"{name:24}{1 - len(fitting) / len(lengths):10.1%}{fitting.sum() / len(rows) / options.block_size:10.1%}"
            f"{batches.sum() / (batches.max(axis=1).sum() * options.batch_size):12.1%}"
            f"{fitting.mean() / options.block_size:10.1%}{seconds:9.2f}"
        )


if __name__ == "__main__":
    main()
