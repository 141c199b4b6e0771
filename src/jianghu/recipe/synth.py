"""Settings of the records and of the teacher that writes them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from .base import NotNegative, Positive, Settings


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
    paraphrase_fraction: Annotated[float, Field(ge=0, le=1)] = 0.3
    """Share of the training facts of which one wording is kept from training, for the exam's main number."""
    seed: int = 1337
    """Chooses and splits."""
    teacher: TeacherSettings = TeacherSettings()
    """The endpoint of the `passage` strategy."""
