"""Training speed alone and beside busy programs, by how threads wait: `python -m benchmarks.busy_machine`.

Threads of a product wait for each other by spinning or by sleeping, which OpenMP decides when the program starts; so
each policy has processes of its own, and the policies take turns, alone and beside `--busy` processes that compute. A
policy is good that loses at most 5 % alone and keeps at least 45 % of the best speed beside one busy process.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

POLICIES: dict[str, dict[str, str]] = {
    "the program's own": {"GOMP_SPINCOUNT": "10000"},  # see `main` in cli/app.py
    "OpenMP's default": {},
    "GOMP_SPINCOUNT=1000": {"GOMP_SPINCOUNT": "1000"},
    "GOMP_SPINCOUNT=100000": {"GOMP_SPINCOUNT": "100000"},
    "OMP_WAIT_POLICY=passive": {"OMP_WAIT_POLICY": "passive"},
    "one thread": {"OMP_NUM_THREADS": "1"},
    "the program's own, nice -5": {"GOMP_SPINCOUNT": "10000", "JIANGHU_NICE": "-5"},
    "the program's own, nice 5": {"GOMP_SPINCOUNT": "10000", "JIANGHU_NICE": "5"},
}
"""How threads wait, by the variables that say so. GOMP_… is read by GCC's OpenMP, which PyTorch has on Linux; where it
has LLVM's (macOS) or Intel's (Windows), KMP_BLOCKTIME says the same and is not varied here. A negative nice needs
privileges and is passed over without them."""
GOOD_ALONE, GOOD_BESIDE = 0.95, 0.45
_OWN = ("OMP_WAIT_POLICY", "OMP_NUM_THREADS", "GOMP_SPINCOUNT", "GOMP_CPU_AFFINITY", "KMP_BLOCKTIME")


def measure(size: str, seconds: float) -> float:
    """Tokens per second of training steps in this process, after two that warm up."""
    import torch

    from benchmarks.peers import Ours, equal_config
    from jianghu.recipe import TrainSettings

    if nice := int(os.environ.get("JIANGHU_NICE", "0")):
        os.nice(nice)
    batch, block = 16, 128
    config = equal_config(size, 8192, block)
    settings = TrainSettings(
        batch_size=batch, block_size=block, max_iters=10**9, warmup_iters=1, optimizer="adamw", compile="off"
    )
    ours = Ours(config, settings, torch.device("cpu"))
    tokens = torch.randint(0, 8192, (batch, block + 1))
    ids, targets = tokens[:, :-1].contiguous(), tokens[:, 1:].contiguous()
    for _ in range(2):
        ours.step(ids, targets)
    began, steps = time.perf_counter(), 0
    while time.perf_counter() - began < seconds:
        ours.step(ids, targets)
        steps += 1
    return steps * ids.numel() / (time.perf_counter() - began)


def in_process(variables: dict[str, str], size: str, seconds: float) -> float | None:
    """The same in a process of its own with these variables; None where the system does not allow them."""
    own = {name: value for name, value in os.environ.items() if name not in _OWN}
    command = [sys.executable, "-m", "benchmarks.busy_machine", "--measure", "--size", size, "--seconds", str(seconds)]
    ended = subprocess.run(command, env=own | variables, capture_output=True, text=True)
    if ended.returncode:
        if "JIANGHU_NICE" in variables:
            return None
        sys.exit(ended.stderr[-2000:])
    return float(json.loads(ended.stdout.splitlines()[-1]))


def _compute() -> None:
    n = 0
    while True:
        n = (n * 3 + 1) % 1_000_003


@contextmanager
def busy(count: int) -> Iterator[None]:
    """Beside so many processes of equal priority that compute without end, of which no one waits for another."""
    processes = [multiprocessing.Process(target=_compute, daemon=True) for _ in range(count)]
    for process in processes:
        process.start()
    try:
        yield
    finally:
        for process in processes:
            process.kill()
            process.join()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", default="tiny", choices=["tiny", "mini", "seed", "base"])
    parser.add_argument("--seconds", type=float, default=8.0, help="of each measurement")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--busy", type=int, default=1, help="busy processes beside")
    parser.add_argument("--only", nargs="+", choices=POLICIES, help="these policies alone")
    parser.add_argument("--measure", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        print(json.dumps(measure(options.size, options.seconds)))
        return
    names = options.only or list(POLICIES)
    rates: dict[tuple[str, bool], list[float]] = {}
    for _ in range(options.rounds):
        for beside in (False, True):
            with busy(options.busy if beside else 0):
                for name in names:
                    if rate := in_process(POLICIES[name], options.size, options.seconds):
                        rates.setdefault((name, beside), []).append(rate)
    middle = {key: statistics.median(values) for key, values in rates.items()}
    best = max(rate for (_, beside), rate in middle.items() if not beside)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    print(f"{options.size}, {cores} cores, beside {options.busy} busy: tokens/s, medians of {options.rounds} (all)")
    for name in names:
        if (name, True) not in middle:
            print(f"{name:28s} not allowed here")
            continue
        alone, beside_it = middle[name, False], middle[name, True]
        good = alone >= GOOD_ALONE * best and beside_it >= GOOD_BESIDE * best
        shown = ["/".join(f"{value:,.0f}" for value in rates[name, beside]) for beside in (False, True)]
        print(
            f"{name:28s} alone {alone:8,.0f} = {alone / best:4.0%} of the best ({shown[0]})   beside "
            f"{beside_it:8,.0f} = {beside_it / best:4.0%} ({shown[1]})   {'good' if good else ''}"
        )


if __name__ == "__main__":
    main()
