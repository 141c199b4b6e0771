"""The typed settings of every stage: what each means, and its default.

The docstring under each field is its help on the command line and its comment in `jianghu.toml`.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from ..errors import InputError

Positive = Annotated[int, Field(gt=0)]
NotNegative = Annotated[int, Field(ge=0)]
Share = Annotated[float, Field(ge=0, le=1)]


class Settings(BaseModel):
    """A group of settings: frozen, strict about types, refusing keys it does not know."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, use_attribute_docstrings=True)


class BooksSettings(Settings):
    """How book files are read and cleaned. The files themselves are never changed."""

    clean: bool = True
    """Remove a web site's headers, adverts, hard line wraps and repeated chapters (see `books check`)."""
    max_repeat: Positive = 24
    """Longest run of one mark that is kept; longer runs are cut to this many (they hang tokenizer training)."""
    simplify: bool = False
    """Convert traditional to simplified characters (needs `pip install "jianghu[convert]"`; not reversible)."""
    chapter_chars: Positive = 5000
    """Characters per piece, for a book in which no chapter headings are found."""


class SplitSettings(Settings):
    """Which stretches of every book are held out for validation."""

    val_fraction: Annotated[float, Field(gt=0, lt=0.5)] = 0.1
    """Share of each book's characters that is held out."""
    stretch_chars: Positive = 4000
    """Aimed length of one held-out stretch, in characters; a book has at least one."""
    gap_chars: NotNegative = 512
    """Characters on both sides of a held-out stretch that neither training nor validation sees."""
    seed: int = 1337
    """Places the stretches."""


class TokenizerSettings(Settings):
    """How text becomes token ids."""

    kind: Literal["bpe", "char"] = "bpe"
    """`bpe`: byte-level BPE trained on the shelf. `char`: one token a character, in the same file format."""
    vocab_size: Annotated[int, Field(ge=300)] = 8192
    """Tokens in the vocabulary, special ones included (`bpe` only; a small shelf may give fewer)."""


class ModelSettings(Settings):
    """The shape of the transformer (Qwen3 architecture). A named size, of which single numbers may be changed."""

    size: Literal["tiny", "mini", "seed", "base"] = "mini"
    """tiny: 4 layers, 128 wide. mini: 6 × 384. seed: 6 × 512, the original's. base: 12 × 768."""
    n_layer: Positive | None = None
    """Transformer blocks (default: the size's)."""
    n_head: Positive | None = None
    """Query heads of attention (default: the size's). n_embd must be divisible by it."""
    n_kv_head: Positive | None = None
    """Key and value heads; fewer than n_head is grouped-query attention (default: n_head)."""
    n_embd: Positive | None = None
    """Width of the residual stream (default: the size's)."""
    n_inner: Positive | None = None
    """Width inside the SwiGLU feed-forward (default: 8/3 of n_embd, rounded up to a multiple of 64)."""
    rope_theta: Annotated[float, Field(gt=0)] = 10000.0
    """Base wavelength of the rotary position embedding."""


SIZES: dict[str, dict[str, int]] = {
    "tiny": {"n_layer": 4, "n_head": 4, "n_embd": 128},
    "mini": {"n_layer": 6, "n_head": 6, "n_embd": 384},
    "seed": {"n_layer": 6, "n_head": 8, "n_embd": 512},
    "base": {"n_layer": 12, "n_head": 12, "n_embd": 768},
}


def model_shape(settings: ModelSettings) -> dict[str, int]:
    """The numbers n_layer, n_head, n_kv_head, n_embd, n_inner of a model: the size's, with what was changed.

    Raises:
        InputError: they do not go together.
    """
    own = settings.model_dump(exclude_none=True, exclude={"size", "rope_theta"})
    shape = {**SIZES[settings.size], **own}
    width, heads = shape["n_embd"], shape["n_head"]
    shape.setdefault("n_kv_head", heads)
    shape.setdefault("n_inner", -(-8 * width // 3 // 64) * 64)
    if width % heads:
        raise InputError(f"[model] n_embd {width} is not divisible by n_head {heads}. {_divisors(width, heads)}")
    if heads % shape["n_kv_head"]:
        raise InputError(f"[model] n_head {heads} is not divisible by n_kv_head {shape['n_kv_head']}.")
    if width // heads % 2:
        raise InputError(f"[model] n_embd / n_head is {width // heads}; rotary positions need an even number.")
    return shape


def _divisors(width: int, heads: int) -> str:
    fitting = [n for n in range(1, width + 1) if width % n == 0 and width // n % 2 == 0]
    near = sorted(sorted(fitting, key=lambda n: abs(n - heads))[:3])
    return f"Near heads that fit: {', '.join(map(str, near))}." if near else "Make n_embd even."


class TrainSettings(Settings):
    """One training run. The names are nanoGPT's."""

    max_iters: Positive = 5000
    """Optimizer steps in all."""
    batch_size: Positive = 32
    """Rows of a batch (of one micro-batch, with gradient accumulation)."""
    block_size: Annotated[int, Field(ge=8)] = 256
    """Tokens a row: how far the model looks back."""
    gradient_accumulation_steps: Positive = 1
    """Micro-batches summed into one step."""
    optimizer: Literal["auto", "adamw", "muon"] = "auto"
    """muon: for the matrices inside the blocks, AdamW for the rest. auto: muon if a step has 20 tokens per width."""
    learning_rate: Annotated[float, Field(gt=0)] = 1e-3
    """Peak learning rate, of either optimizer."""
    min_lr: Annotated[float, Field(ge=0)] | None = None
    """Learning rate at the end of the cosine (default: learning_rate / 10)."""
    warmup_iters: NotNegative = 100
    """Steps of linear warm-up; the first step is already above zero."""
    weight_decay: Annotated[float, Field(ge=0)] = 0.1
    """Decoupled weight decay, on matrices only (never on norms)."""
    beta1: Annotated[float, Field(ge=0, lt=1)] = 0.9
    """AdamW's first moment decay."""
    beta2: Annotated[float, Field(ge=0, lt=1)] = 0.99
    """AdamW's second moment decay."""
    grad_clip: Annotated[float, Field(ge=0)] = 1.0
    """Largest norm of the gradient; 0 turns clipping off."""
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Share of activations dropped in training."""
    eval_interval: Positive = 250
    """Steps between validation passes, each followed by samples."""
    eval_share: Annotated[float, Field(gt=0, le=10)] = 0.1
    """Largest share of training compute that validation may cost; decides how many windows are taken."""
    save_interval: Positive = 250
    """Steps between saves of the checkpoint `last` and of what resume needs."""
    keep_every: NotNegative = 0
    """Keep a milestone checkpoint every so many steps; 0 keeps none."""
    log_interval: Positive = 10
    """Steps between rows of metrics.jsonl."""
    sample_tokens: NotNegative = 64
    """Tokens of each sample that is written at an evaluation; 0 turns samples off."""
    sample_prompts: list[str] = []
    """Beginnings that the samples continue (default: beginnings of held-out passages, or of records)."""
    seed: int = 1337
    """Decides weights, batches and dropout."""
    dtype: Literal["auto", "float32", "bfloat16"] = "auto"
    """Arithmetic of the forward pass; auto: bfloat16 on a GPU, float32 on a CPU. Weights stay float32."""
    compile: Literal["auto", "on", "off"] = "auto"
    """torch.compile; auto: on for CUDA, off elsewhere."""
    device: str = "auto"
    """cpu, cuda, cuda:1, mps …; auto takes a GPU if there is one."""


class SftSettings(TrainSettings):
    """Fine-tuning on question-answer records; the loss falls on answers only."""

    max_iters: Positive = 1000
    """Optimizer steps in all."""
    learning_rate: Annotated[float, Field(gt=0)] = 3e-4
    """Peak learning rate."""
    warmup_iters: NotNegative = 50
    """Steps of linear warm-up; the first step is already above zero."""
    records: Literal["train", "all"] = "train"
    """`train`: the training split of data/records, the others are kept for the exam. `all`: every record."""


class TeacherSettings(Settings):
    """An OpenAI-compatible endpoint that writes records. Three lines are enough: base_url, model, key_env."""

    base_url: str = ""
    """For example https://open.bigmodel.cn/api/paas/v4 (Zhipu), https://api.deepseek.com, http://127.0.0.1:8080/v1."""
    model: str = ""
    """The model's name at that endpoint."""
    key_env: str = "JIANGHU_API_KEY"
    """Environment variable that holds the key; empty: the endpoint wants none."""
    price_in: Annotated[float, Field(ge=0)] = 0.0
    """Price of a million prompt tokens, in whatever currency you count."""
    price_out: Annotated[float, Field(ge=0)] = 0.0
    """Price of a million completion tokens."""
    concurrency: Positive = 4
    """Requests in flight at once."""
    max_tokens: Positive = 2048
    """Longest reply, in tokens."""
    temperature: Annotated[float, Field(ge=0, le=2)] = 0.7
    """Sampling temperature of the teacher."""
    timeout: Annotated[float, Field(gt=0)] = 120.0
    """Seconds to wait for a reply."""
    retries: NotNegative = 5
    """Further tries after a failure that may pass: 429, 5xx, a cut connection."""


class SynthSettings(Settings):
    """How question-answer records are made from the books."""

    strategies: list[Literal["cloze", "passage", "bundled"]] = ["cloze"]
    """cloze: from text and lexicon. passage: by the teacher. bundled: by hand, left out unless 三国演义 is there."""
    cloze_records: Positive = 4000
    """Most cloze records in all; kinds and chapters share them evenly."""
    passage_chars: Annotated[int, Field(ge=50)] = 600
    """Aimed length of a passage shown to the teacher, in characters."""
    records_per_passage: Annotated[int, Field(gt=0, le=20)] = 5
    """Records asked for a passage."""
    max_passages: NotNegative = 0
    """Most passages to ask the teacher about, spread over the books; 0 takes all."""
    val_fraction: Annotated[float, Field(ge=0, lt=0.5)] = 0.1
    """Share of facts whose records go to validation."""
    test_fraction: Annotated[float, Field(ge=0, lt=0.5)] = 0.1
    """Share of facts whose records are kept for the exam."""
    seed: int = 1337
    """Chooses and splits."""
    teacher: TeacherSettings = TeacherSettings()
    """The endpoint of the `passage` strategy."""


class SampleSettings(Settings):
    """How a checkpoint writes."""

    max_new_tokens: Positive = 256
    """Most tokens to write."""
    temperature: Annotated[float, Field(ge=0)] = 0.8
    """0 takes the likeliest token each time (greedy); higher is more varied."""
    top_k: NotNegative = 50
    """Choose among the k likeliest tokens; 0: all."""
    top_p: Annotated[float, Field(gt=0, le=1)] = 0.95
    """Choose among the likeliest tokens that together have this probability."""
    repetition_penalty: Annotated[float, Field(gt=0)] = 1.1
    """Above 1 makes tokens that have occurred less likely (Keskar et al. 2019, CTRL)."""
    seed: int = 1337
    """Decides the draws."""


class EvalSettings(Settings):
    """How an exam is taken: greedily, closed-book."""

    limit: NotNegative = 0
    """Most questions per exam, spread evenly; 0 asks all."""
    max_new_tokens: Positive = 96
    """Longest answer, in tokens."""
    batch_size: Positive = 32
    """Questions answered at once; does not change the answers."""
    repetition_penalty: Annotated[float, Field(gt=0)] = 1.0
    """Above 1 makes tokens that have occurred less likely."""


class Recipe(Settings):
    """Everything that decides what comes out of a shelf of books."""

    preset: Literal["demo", "seed", "modern"] = "modern"
    """What this recipe starts from; everything below changes it."""
    books: BooksSettings = BooksSettings()
    split: SplitSettings = SplitSettings()
    tokenizer: TokenizerSettings = TokenizerSettings()
    model: ModelSettings = ModelSettings()
    synth: SynthSettings = SynthSettings()
    pretrain: TrainSettings = TrainSettings()
    sft: SftSettings = SftSettings()
    sample: SampleSettings = SampleSettings()
    eval: EvalSettings = EvalSettings()
