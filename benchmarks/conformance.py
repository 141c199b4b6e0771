"""Does llama.cpp do with a GGUF file what our model does? `python -m benchmarks.conformance CHECKPOINT BOOK.txt…`

Compared are the token ids of 10,000 extracts of the books, the greedy continuations of 50 of them in float32, and
the perplexity of held-together text as f32, f16 and q8_0.
"""

from __future__ import annotations

import argparse
import math
import random
import tempfile
from pathlib import Path

import torch

from jianghu.export import write_gguf
from jianghu.generation import Sampling, generate
from jianghu.model import Checkpoint, load_checkpoint
from jianghu.tokenizer import Tokenizer

from .llama import Llama


def extracts(text: str, count: int, most: int = 120, seed: int = 0) -> list[str]:
    """Random extracts of a text, 1 to `most` characters long."""
    chance = random.Random(seed)
    starts = [chance.randrange(len(text)) for _ in range(count)]
    return [text[start : start + chance.randint(1, most)] for start in starts]


def other_ids(tokenizer: Tokenizer, llama: Llama, texts: list[str]) -> list[str]:
    """The texts that llama.cpp splits into other ids."""
    return [text for text, ids in zip(texts, tokenizer.encode_many(texts), strict=True) if llama.encode(text) != ids]


def other_continuations(checkpoint: Checkpoint, llama: Llama, prompts: list[list[int]], most: int) -> list[int]:
    """Numbers of the prompts that llama.cpp continues differently, taking the likeliest token each time."""
    rows = generate(checkpoint.model, prompts, Sampling(most), checkpoint.tokenizer.stop_ids)
    different = []
    for number, (prompt, row) in enumerate(zip(prompts, rows, strict=True)):
        theirs = llama.greedy(prompt, most)
        if theirs[: len(row.ids)] != row.ids or len(theirs) != len(row.ids) + row.finished:
            different.append(number)
    return different


def perplexities(checkpoint: Checkpoint, llama: Llama, rows: list[list[int]]) -> tuple[float, float]:
    """Perplexity of rows of ids, by our model and by llama.cpp; the first id of a row is given."""
    ours, theirs = 0.0, 0.0
    for ids in rows:
        with torch.inference_mode():
            scores = checkpoint.model.logits(checkpoint.model(torch.tensor([ids])))[0].log_softmax(-1)
        for at in range(1, len(ids)):
            ours -= scores[at - 1, ids[at]].item()
            theirs -= llama.log_probability(ids[:at], ids[at], checkpoint.tokenizer.vocab_size)
    count = sum(len(ids) - 1 for ids in rows)
    return math.exp(ours / count), math.exp(theirs / count)


def main() -> None:
    """Compare and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("books", type=Path, nargs="+")
    parser.add_argument("--strings", type=int, default=10_000)
    parser.add_argument("--prompts", type=int, default=50)
    parser.add_argument("--rows", type=int, default=4, help="rows of block_size tokens whose perplexity is taken")
    options = parser.parse_args()
    checkpoint = load_checkpoint(options.checkpoint)
    tokenizer, block = checkpoint.tokenizer, checkpoint.model.config.block_size
    text = "".join(path.read_text(encoding="utf-8") for path in options.books)
    with tempfile.TemporaryDirectory() as folder:
        paths = {kind: Path(folder) / f"{kind}.gguf" for kind in ("f32", "f16", "q8_0")}
        for kind, path in paths.items():
            write_gguf(checkpoint, path, kind)  # type: ignore[arg-type] # the keys above are the kinds
        llama = Llama(paths["f32"], block)
        texts = extracts(text, options.strings)
        print(f"{'other ids':22}{len(other_ids(tokenizer, llama, texts))} of {len(texts)} strings")
        prompts = [tokenizer.encode(part)[: block // 2] for part in extracts(text, options.prompts, seed=1)]
        different = other_continuations(checkpoint, llama, prompts, block // 2 - 1)
        print(f"{'other greedy text':22}{len(different)} of {len(prompts)} prompts, {block // 2 - 1} tokens each")
        rows = [tokenizer.encode(part)[:block] for part in extracts(text, options.rows, most=3 * block, seed=2)]
        for kind, path in paths.items():
            ours, theirs = perplexities(checkpoint, Llama(path, block, exact=kind == "f32"), rows)
            print(f"{'perplexity ' + kind:22}ours {ours:.3f}, llama.cpp {theirs:.3f} ({theirs / ours - 1:+.3%})")


if __name__ == "__main__":
    main()
