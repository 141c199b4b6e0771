"""Settings of a training run, pretraining or fine-tuning."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, ValidationError, ValidatorFunctionWrapHandler, WrapValidator
from pydantic_core import PydanticCustomError

from .base import NotNegative, Positive, Settings, Share


def _one_reason(value: object, validate: ValidatorFunctionWrapHandler) -> object:
    """Pydantic names a fault for each kind a value may be; readers want one."""
    try:
        return validate(value)
    except ValidationError:
        raise PydanticCustomError("rate", 'input should be a number above 0, or "auto"') from None


LoraTarget = Literal["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
Rate = Annotated[Annotated[float, Field(gt=0)] | Literal["auto"], WrapValidator(_one_reason)]


class LoraSettings(Settings):
    """An adapter that trains in place of the weights, which stay as they are (LoRA)."""

    rank: Annotated[int, Field(ge=0, le=4096)] = 0
    """Rank of the adapter's matrices; 0: no adapter, all weights train."""
    alpha: Annotated[float, Field(gt=0, le=1e6)] = 32.0
    """What the adapter adds is multiplied by alpha / rank."""
    targets: Annotated[list[LoraTarget], Field(min_length=1)] = [
        "q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj",
    ]  # fmt: skip
    """Which layers of each block have an adapter."""
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Share of the adapter's inputs dropped in training."""


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
    learning_rate: Rate = "auto"
    """Peak learning rate. auto: what suits the optimizer at the model's width, 1.28 / n_embd of Muon, 0.256 / n_embd of
    AdamW."""
    min_lr: Annotated[float, Field(ge=0)] | None = None
    """Learning rate at the end (default: learning_rate / 10)."""
    schedule: Literal["cosine", "wsd"] = "cosine"
    """How the rate falls. cosine: all the way. wsd: stays at its peak, then falls in a line over decay_share."""
    decay_share: Annotated[float, Field(gt=0, le=1)] = 0.3
    """Share of the steps, at the end, over which the schedule wsd falls."""
    warmup_iters: NotNegative = 100
    """Steps of linear warm-up; the first step is already above zero."""
    weight_decay: Annotated[float, Field(ge=0)] = 0.1
    """Decoupled weight decay, on matrices only (never on norms); each step takes it times the learning rate."""
    weight_decay_schedule: Literal["constant", "linear"] = "constant"
    """Whether weight_decay stays, or falls in a line to nothing at the last step."""
    beta1: Annotated[float, Field(ge=0, lt=1)] = 0.9
    """AdamW's first moment decay."""
    beta2: Annotated[float, Field(ge=0, lt=1)] = 0.99
    """AdamW's second moment decay."""
    grad_clip: Annotated[float, Field(ge=0)] = 1.0
    """Largest norm of the gradient; 0 turns clipping off."""
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Share of activations dropped in training."""
    ema_decay: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Keep a running mean of the weights with this decay, such as 0.999, as the checkpoint `ema`; 0: none."""
    eval_interval: Positive = 250
    """Steps between validation passes, each followed by samples."""
    patience: NotNegative = 0
    """Stop after so many validation passes in a row without a better one; 0 never stops early."""
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
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = "auto"
    """Arithmetic of the forward pass; auto: bfloat16 where the device has units for it, float16 with a scaled loss on
    GPUs that have units for that alone, else float32. Weights stay float32."""
    compile: Literal["auto", "on", "off"] = "auto"
    """torch.compile; auto: on GPUs that Triton makes kernels for, and on a CPU with a C++ compiler if the run is long
    enough to pay for it."""
    gradient_checkpointing: bool = False
    """Keep only what goes into each block and compute the rest again in the backward pass: far less memory, a third
    more time, the same numbers."""
    shard: Literal["auto", "on", "off"] = "auto"
    """Whether several processes (torchrun) hold a part each of weights, gradients and moments (fully sharded data
    parallel); auto: if they do not fit one device."""
    device: str = "auto"
    """cpu, cuda, cuda:1, mps …; auto takes a GPU if there is one."""
    lora: LoraSettings = LoraSettings()
    """An adapter that trains in place of the weights."""

    @property
    def peak_rate(self) -> float:
        """The peak learning rate as a number, of settings that `training.rates.resolve` gave."""
        if self.learning_rate == "auto":
            raise ValueError('learning_rate = "auto" must be resolved by the width of a model first')
        return self.learning_rate

    @property
    def rows_per_step(self) -> int:
        """Rows of one optimizer step, of all its micro-batches."""
        return self.batch_size * self.gradient_accumulation_steps

    @property
    def tokens_per_step(self) -> int:
        """Tokens of one optimizer step."""
        return self.rows_per_step * self.block_size


class PretrainSettings(TrainSettings):
    """Pretraining on the books, and on other texts beside them if so mixed."""

    init_from: str = ""
    """The checkpoint to go on from: a run (its best), RUN/step-020000, a folder, OWNER/NAME of a Qwen3 model at Hugging
    Face, or modelscope:OWNER/NAME (default: from nothing). Its shape and tokenizer are kept."""
    replay: Annotated[float, Field(ge=0, lt=1)] = 0.3
    """Going on from an own run on a grown shelf: share of the books' tokens that come from the books it has read."""
    mixture: dict[Literal["records", "rewrites"], Annotated[float, Field(ge=0, lt=1)]] = {}
    """Shares of the tokens that come from question-answer records (data/records/train.jsonl) and from rewritten
    text (data/rewrites.jsonl), such as {records = 0.3}; the rest comes from the books."""


class QuestionNoise(Settings):
    """Other forms of each training question, drawn anew in every epoch: `[sft.question_noise]`."""

    share: Share = 0.0
    """Share of the questions that are noised in an epoch; 0: none."""
    drop_title: Share = 0.5
    """How often the book's title is left out of a noised question."""
    swap_asking_word: Share = 0.5
    """How often the word that asks is replaced by another one (谁 by 哪位)."""
    shuffle_clauses: Share = 0.5
    """How often the clauses change places."""
    drop_spans: Share = 0.8
    """How often spans of one to three characters are left out; names, numbers and quoted words stay whole."""
    max_spans: Positive = 3
    """Most spans that are left out of a question."""
    drop_mark: Share = 0.3
    """How often the question mark is left out."""


class SftSettings(TrainSettings):
    """Fine-tuning on question-answer records; the loss falls on answers only."""

    init_from: str = "base"
    """The checkpoint to start from: a run (its best), RUN/step-020000, a folder, OWNER/NAME of a Qwen3 model at Hugging
    Face, or modelscope:OWNER/NAME."""
    max_iters: Positive = 1000
    """Optimizer steps in all."""
    learning_rate: Annotated[float, Field(gt=0)] = 3e-4
    """Peak learning rate."""
    warmup_iters: NotNegative = 50
    """Steps of linear warm-up; the first step is already above zero."""
    records: Literal["train", "all"] = "train"
    """`train`: the training split of data/records, the others are kept for the exam. `all`: every record."""
    question_noise: QuestionNoise = QuestionNoise()
    """Other forms of each training question, drawn anew in every epoch."""
    short_answers: Share = 0.0
    """Share of the answers that are cut to their short answer, drawn anew in every epoch: what follows it is one of
    many ways to go on."""
