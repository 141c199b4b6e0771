"""A checkpoint, its records and votes.jsonl → data/preferences: pairs, questions that choose, and how likely the
checkpoint, which is the reference model, finds each answer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch

from .. import files
from ..corpus import read_chapters
from ..dataset import PreferencePair
from ..dataset.batches import IGNORE
from ..dataset.preferences import encode_pair
from ..errors import InputError
from ..evaluation.stage import SPLITS, background_of
from ..machine import pick_device
from ..messages import command, tr
from ..model import Checkpoint, load_checkpoint, weight_files
from ..progress import Progress
from ..recipe import Recipe
from ..records import place_of, read_records
from ..workspace import Manifest, Workspace
from .asked import NOISE, STRONG_NOISE, ExamQuestions, noiser_of, outside_questions, silence_about, taught_questions
from .make import Forms, answered_wrongly, chosen_pairs
from .votes import vote_pairs

NAMES = ("train.jsonl", "val.jsonl", "choose.jsonl", "reference.jsonl")


@dataclass(frozen=True)
class PreferenceFacts:
    """What came of making pairs.

    Attributes:
        train, val: pairs to learn from, and to validate with.
        sources: how many came of each source.
        asked: answers that were looked at.
        choose: questions about what the book does not tell that help to choose the checkpoint.
    """

    train: int
    val: int
    sources: dict[str, int]
    asked: int
    choose: int


def preferences_manifest(ws: Workspace, recipe: Recipe, source: Path) -> Manifest:
    """What the pairs are made from; `source` is the checkpoint that answers, and is the reference model."""
    needed = [*weight_files(source), *(ws.records / f"{split}.jsonl" for split in SPLITS)]
    missing = [path for path in needed if not path.exists()]
    if missing:
        raise InputError(
            tr(
                "{path}: not there yet. `{command}` makes it.",
                path=ws.shown(missing[0]),
                command=command("synth", "run"),
            )
        )
    beside = [ws.chapters, ws.records / "val_paraphrase.jsonl", *sorted(ws.books.glob("*.lexicon.json"))]
    if "votes" in recipe.dpo.pairs.sources:
        beside.append(ws.votes)
    settings: dict[str, object] = {
        "dpo": {"pairs": recipe.dpo.pairs.model_dump(), "seed": recipe.dpo.seed, "block_size": recipe.dpo.block_size},
        "eval": recipe.eval.model_dump(include={"max_new_tokens", "repetition_penalty", "batch_size"}),
    }
    return Manifest(ws.hashes([*needed, *(path for path in beside if path.exists())]), settings, recipe.flags("dpo"))


def preferences_stale(ws: Workspace, recipe: Recipe, source: Path) -> str | None:
    """Why the pairs must be made, or None."""
    outputs = [ws.preferences / name for name in NAMES]
    return ws.why_stale(ws.preferences, preferences_manifest(ws, recipe, source), outputs)


def make_preferences(ws: Workspace, recipe: Recipe, source: Path) -> PreferenceFacts:
    """Ask the checkpoint, keep its wrong answers beside the right ones, and reckon how likely it finds both.

    Raises:
        InputError: there are no records, a line of votes.jsonl is no vote, or too few pairs come of it.
    """
    with files.lock(ws.preferences, "data/preferences"):
        manifest = preferences_manifest(ws, recipe, source)
        checkpoint = load_checkpoint(source, str(pick_device(recipe.dpo.device)))
        made = _Maker(ws, recipe, checkpoint)
        pairs = made.pairs()
        train, val = split_pairs(pairs, recipe)
        choose = [record for record in made.outside if _validates(record.fact, recipe)]
        ws.forget(ws.preferences)
        files.write_jsonl(ws.preferences / "train.jsonl", (pair.model_dump() for pair in train))
        files.write_jsonl(ws.preferences / "val.jsonl", (pair.model_dump() for pair in val))
        files.write_jsonl(ws.preferences / "choose.jsonl", (record.to_dict() for record in choose))
        rows = reference_likelihoods(checkpoint, [*train, *val], recipe.dpo.block_size)
        files.write_jsonl(ws.preferences / "reference.jsonl", rows)
        ws.record(ws.preferences, manifest)
    sources = Counter(pair.source for pair in pairs)
    ordered: dict[str, int] = {name: sources[name] for name in recipe.dpo.pairs.sources}
    return PreferenceFacts(len(train), len(val), ordered, made.asked, len(choose))


class _Maker:
    """Asks one checkpoint.

    Attributes:
        outside: the questions that the book does not answer, of all facts.
        asked: answers that were looked at.
    """

    def __init__(self, ws: Workspace, recipe: Recipe, checkpoint: Checkpoint) -> None:
        self.ws, self.recipe, self.checkpoint = ws, recipe, checkpoint
        people = background_of(ws).people
        if people is None:
            raise InputError(tr("{path}: holds no chapters. Prepare the shelf first.", path=ws.shown(ws.chapters)))
        names = [*SPLITS, *(["val_paraphrase"] if (ws.records / "val_paraphrase.jsonl").exists() else [])]
        records = {name: list(read_records(ws.records / f"{name}.jsonl")) for name in names}
        self.people, self.train = people, records["train"]
        self.exam = ExamQuestions(records, people)
        seed, most = recipe.dpo.seed, recipe.dpo.pairs.questions
        self.taught = taught_questions(self.train, self.exam, most, seed)
        self.outside = outside_questions(records, read_chapters(ws.chapters), people, self.exam, most, seed)
        self.asked = recipe.dpo.pairs.samples * (len(self.taught) + len(self.outside))

    def pairs(self) -> list[PreferencePair]:
        """All pairs, from each source."""
        recipe, settings = self.recipe, self.recipe.dpo.pairs
        silence = partial(silence_about, people=self.people) if self.outside else None
        forms = Forms(noiser_of(self.train, NOISE), noiser_of(self.train, STRONG_NOISE), self.exam, silence)
        # Before the checkpoint is asked, so that a line that is no vote is told at once.
        votes = list(vote_pairs(self.ws.votes, self.exam.holds)) if "votes" in settings.sources else []
        found: list[PreferencePair] = []
        with Progress(tr("asking the checkpoint"), max(1, self.asked)) as progress:
            for questions, changed in ((self.taught, forms), (self.outside, None)):
                found += answered_wrongly(
                    self.checkpoint, questions, self.people, settings, recipe.eval, recipe.dpo.seed, changed,
                    lambda new: progress.update(progress.done + new),
                )  # fmt: skip
        return chosen_pairs([*found, *votes], settings)


def _validates(fact: str, recipe: Recipe) -> bool:
    return place_of(fact, recipe.dpo.seed) < recipe.dpo.pairs.val_fraction


def split_pairs(pairs: list[PreferencePair], recipe: Recipe) -> tuple[list[PreferencePair], list[PreferencePair]]:
    """Pairs to learn from and pairs to validate with, split by fact.

    Raises:
        InputError: they are about fewer than two facts.
    """
    facts = sorted({pair.fact for pair in pairs}, key=lambda fact: place_of(fact, recipe.dpo.seed))
    if len(facts) < 2:
        raise InputError(
            tr(
                "{pairs} preference pairs about {facts} facts came of it: too few to learn from. The checkpoint "
                "answers well, or [dpo.pairs] questions, samples or temperature are too low.",
                pairs=len(pairs), facts=len(facts),
            )
        )  # fmt: skip
    held = {fact for fact in facts if _validates(fact, recipe)} or {facts[0]}
    if len(held) == len(facts):
        held = {facts[0]}
    return [pair for pair in pairs if pair.fact not in held], [pair for pair in pairs if pair.fact in held]


@torch.inference_mode()
def reference_likelihoods(
    checkpoint: Checkpoint, pairs: list[PreferencePair], block_size: int, rows: int = 64
) -> list[dict[str, object]]:
    """Log-probability in nats that the checkpoint gives both answers of each pair: rows of reference.jsonl.

    Args:
        block_size: of the run; a pair that does not fit in it is not trained on, and gets 0.
        rows: answers that are scored at once.
    """
    model = checkpoint.model
    model.extend(block_size)
    device = model.model.embed_tokens.weight.device
    encoded = [answer for pair in pairs for answer in encode_pair(checkpoint.tokenizer, pair)]
    found = [0.0] * len(encoded)
    # Answers of about one length together, so that little is padded.
    order = sorted(
        (n for n, one in enumerate(encoded) if len(one.ids) <= block_size), key=lambda n: len(encoded[n].ids)
    )
    for start in range(0, len(order), rows):
        part = order[start : start + rows]
        width = len(encoded[part[-1]].ids)
        ids = torch.tensor([encoded[n].ids + [0] * (width - len(encoded[n].ids)) for n in part])
        targets = torch.tensor([encoded[n].targets + [IGNORE] * (width - len(encoded[n].targets)) for n in part])
        nats = model.target_nats(ids.to(device), targets.to(device)).cpu()
        places = (targets != IGNORE).nonzero()[:, 0]
        sums = torch.zeros(len(part)).index_add(0, places, nats).tolist()
        for n, value in zip(part, sums, strict=True):
            found[n] = -value
    return [{"id": pair.id, "chosen": found[2 * n], "rejected": found[2 * n + 1]} for n, pair in enumerate(pairs)]


Say = Callable[[str], None]


def tell(facts: PreferenceFacts, say: Say) -> None:
    """Say how many pairs came of each source."""
    told = ", ".join(f"{name} {count:,}" for name, count in facts.sources.items())
    say(
        tr(
            "{asked:,} answers looked at; pairs: {sources}. {train:,} to learn from, {val:,} to validate with.",
            asked=facts.asked, sources=told, train=facts.train, val=facts.val,
        )
    )  # fmt: skip
