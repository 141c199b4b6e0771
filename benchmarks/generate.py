"""Writing speed of our engine, transformers and llama.cpp: `python -m benchmarks.generate`.

All write from the same weights and prompts, greedily and without stopping, in turn; the table gives tokens per second
for 1, 8 and 32 texts at once, the median of the rounds, and ours as a ratio of each.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import torch
from transformers import Qwen3Config, Qwen3ForCausalLM

from jianghu.export import write_gguf
from jianghu.generation import Sampling, generate
from jianghu.model import Checkpoint, ModelConfig, Transformer
from jianghu.model.decoder import lay_together
from jianghu.recipe import ModelSettings
from jianghu.tokenizer_training import train_tokenizer

from .llama import Llama

Write = Callable[[list[list[int]], int], None]
"""Continues prompts of equal length by so many tokens each."""


def ours(checkpoint: Checkpoint) -> Write:
    def write(prompts: list[list[int]], tokens: int) -> None:
        generate(checkpoint.model, prompts, Sampling(tokens), set())

    return write


def transformers(checkpoint: Checkpoint) -> Write:
    config = checkpoint.model.config
    model = Qwen3ForCausalLM(Qwen3Config(**config.to_hugging_face(0, 2))).eval()
    model.load_state_dict(checkpoint.model.state_dict(), strict=False)  # the tied head is not among our weights
    model.tie_weights()

    @torch.inference_mode()
    def write(prompts: list[list[int]], tokens: int) -> None:
        ids = torch.tensor(prompts)
        options = {"max_new_tokens": tokens, "min_new_tokens": tokens, "do_sample": False}
        model.generate(ids, attention_mask=torch.ones_like(ids), **options)

    return write


def llama(checkpoint: Checkpoint, folder: Path, slots: int, threads: int) -> Write:
    path = folder / "f32.gguf"
    write_gguf(checkpoint, path, "f32")
    server = Llama(path, checkpoint.model.config.block_size, slots, threads, exact=False)

    def one(prompt: list[int], tokens: int) -> None:
        body = {"prompt": prompt, "n_predict": tokens, "temperature": 0, "ignore_eos": True, "cache_prompt": False}
        assert server.post("/completion", body)["tokens_predicted"] == tokens

    def write(prompts: list[list[int]], tokens: int) -> None:
        with ThreadPoolExecutor(len(prompts)) as pool:
            list(pool.map(lambda prompt: one(prompt, tokens), prompts))

    return write


def new_checkpoint(size: str, vocab_size: int, block_size: int) -> Checkpoint:
    """A model of that shape with random weights, which take as long as trained ones."""
    letters = [chr(0x4E00 + n) for n in range(vocab_size)]
    tokenizer = train_tokenizer(letters, "char")
    settings = ModelSettings(size=size)  # type: ignore[arg-type] # argparse allows only the sizes
    model = Transformer(ModelConfig.from_settings(settings, tokenizer.vocab_size, block_size)).eval()
    model.init_weights(1)
    lay_together(model)  # as a loaded checkpoint's weights lie
    return Checkpoint(Path(size), model, tokenizer, {})


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", default="mini", choices=["tiny", "mini", "seed", "base"])
    parser.add_argument("--vocab-size", type=int, default=8000, help="characters of the vocabulary, about")
    parser.add_argument("--prompt", type=int, default=16, help="tokens of each prompt")
    parser.add_argument("--tokens", type=int, default=96, help="tokens written to each prompt")
    parser.add_argument("--batch", type=int, nargs="+", default=[1, 8, 32])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument(
        "--clock", default="wall", choices=["wall", "cpu"], help="cpu: seconds of this process, for a busy machine"
    )
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    clock = time.process_time if options.clock == "cpu" else time.perf_counter
    checkpoint = new_checkpoint(options.size, options.vocab_size, 256)
    millions = checkpoint.model.config.parameters / 1e6
    print(
        f"{options.size}: {millions:.1f} M parameters, {options.threads} threads, float32, "
        f"tokens per second of {options.clock} time"
    )
    print(f"{'texts at once':16}{'jianghu':>12}{'transformers':>14}{'llama.cpp':>12}   ours as a ratio of each")
    chance = torch.Generator().manual_seed(1)
    with tempfile.TemporaryDirectory() as folder:
        for count in options.batch:
            shape = (count, options.prompt)
            prompts = torch.randint(300, checkpoint.tokenizer.vocab_size, shape, generator=chance).tolist()
            programs = {
                "jianghu": ours(checkpoint),
                "transformers": transformers(checkpoint),
                "llama.cpp": llama(checkpoint, Path(folder), count, options.threads),
            }
            rates: dict[str, list[float]] = {name: [] for name in programs}
            for turn in range(options.rounds + 1):
                for name, write in programs.items():
                    began = clock()
                    write(prompts, options.tokens if turn else 4)
                    if turn:  # the first round warms up
                        rates[name].append(count * options.tokens / (clock() - began))
            own, *others = (statistics.median(rates[name]) for name in programs)
            ratios = "  ".join(f"{own / other:.2f}" for other in others)
            print(f"{count:<16}{own:12,.0f}{others[0]:14,.0f}{others[1]:12,.0f}   {ratios}", flush=True)


if __name__ == "__main__":
    main()
