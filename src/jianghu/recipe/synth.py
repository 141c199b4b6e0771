"""Settings of the records and of the teacher that writes them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from .base import NotNegative, Positive, Settings, Share
from .teacher import OtherSettings, RivalSettings, TeacherSettings


class JudgeSettings(OtherSettings):
    """The model that judges records by their evidence; the teacher's own forgives its own errors more easily."""

    calibration_size: Annotated[int, Field(ge=10)] = 100
    """Records that it is measured on, as they are and with an error put in."""
    sample: NotNegative = 0
    """Records that it judges, spread evenly over all; 0: all."""


Strategy = Literal["cloze", "bundled", "manners", "lexicon", "basics", "facts", "passage", "rolling", "rewrite"]


class SynthSettings(Settings):
    """How question-answer records are made from the books."""

    strategies: list[Strategy] = ["cloze"]
    """cloze: from text and names. bundled: written for 三国演义, left out unless it is there. manners: who the model
    is, greetings, what lies outside the books. The others ask the teacher. lexicon: names of the books that have no
    BOOK.lexicon.json, before all else. basics: what everybody asks first about the most-named people, places and
    things. facts: facts with quotes, then several wordings of each. passage: records straight from a passage.
    rolling: the original report's way. rewrite: texts for pretraining, in data/rewrites.jsonl."""
    exclude: list[Strategy] = []
    """Strategies whose records in the store do not count. All others count that a teacher was ever asked by, also by
    `synth run --strategy`."""
    cloze_records: Positive = 4000
    """Most cloze records in all; kinds and chapters share them evenly."""
    bundled_facts: NotNegative = 0
    """Bundled facts to train on, those that readers ask first before all others; 0: all. A small model learns few
    facts well or many badly. Facts of the validation and test splits are always there."""
    passage_chars: Annotated[int, Field(ge=50)] = 600
    """Aimed length of a passage shown to the teacher, in characters."""
    records_per_passage: Annotated[int, Field(gt=0, le=20)] = 5
    """Records asked for a passage."""
    facts_per_passage: Annotated[int, Field(gt=0, le=20)] = 6
    """Facts asked for in a pass over a passage."""
    fact_passes: Annotated[int, Field(gt=0, le=5)] = 2
    """Passes over a passage; all but the first ask what is still missing."""
    basics_names: Positive = 60
    """People, places and things of each book that basics asks about, the most named; three in five are people."""
    basics_passages: Annotated[int, Field(gt=0, le=5)] = 5
    """Passages that basics reads for each of them: who it is, family, weapon, great scenes, the end."""
    wordings: Annotated[int, Field(gt=0, le=16)] = 10
    """Wordings of each fact, planned by kind of question, style and length: both directions, and up to half of them
    brief as people type. A fact in few wordings is known in those alone."""
    contrast_share: Share = 0.2
    """Share of passages that also give questions about what the book does not hold or tell."""
    rolling_chains: Positive = 4
    """Chains of rolling at once; each goes through its part of the shelf, one request after the other."""
    rewrites: list[Literal["summary", "dossier", "paraphrase"]] = ["summary", "dossier", "paraphrase"]
    """What rewrite writes: parts of chapters in brief, persons, passages told again."""
    rewrite_chars: Annotated[int, Field(ge=200)] = 2400
    """Aimed length of what one summary is about, and most of what a dossier is made from, in characters."""
    paraphrases: Annotated[int, Field(gt=0, le=4)] = 2
    """How often a passage is told again."""
    max_passages: NotNegative = 0
    """Most passages to ask the teacher about, spread over the books; 0 takes all."""
    val_fraction: Annotated[float, Field(ge=0, lt=0.5)] = 0.1
    """Share of facts whose records go to validation."""
    test_fraction: Annotated[float, Field(ge=0, lt=0.5)] = 0.1
    """Share of facts whose records are kept for the exam."""
    paraphrase_fraction: Annotated[float, Field(ge=0, le=1)] = 0.3
    """Share of the training facts with few wordings of which one is kept from training, for the exam's main number."""
    exam_wordings: NotNegative = 2
    """Wordings kept from training of each fact that has at least three times as many."""
    val_wordings: NotNegative = 200
    """Facts of which one more wording is kept from training; fine-tuning keeps the checkpoint that answers most of
    these questions."""
    seed: int = 1337
    """Chooses and splits."""
    teacher: TeacherSettings = TeacherSettings()
    """The endpoint that the strategies beside cloze and bundled ask."""
    judge: JudgeSettings = JudgeSettings()
    """Who judges what they wrote."""
    rivals: list[RivalSettings] = []
    """Other endpoints that `synth teachers` can name, each under [[synth.rivals]]."""
