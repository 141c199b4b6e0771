"""Records and passages → a trained reader under data/reader."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import files
from ..corpus import BUNDLED_NAME, Chapter, read_chapters
from ..errors import InputError
from ..messages import tr
from ..progress import Progress
from ..recipe import Recipe
from ..records import Record, read_records, record_files
from ..retrieval import OpenBook, open_book
from ..synth.bundled import bundled_records
from ..synth.cloze import cloze_records
from ..workspace import Manifest, Workspace
from .bundled import bundled_questions
from .calibrate import Trial, calibrate, reliability
from .card import card
from .examples import Example, estranged, example_of, examples, readable, right_candidates, rightness
from .features import Sheet
from .fit import Lesson, fit, steps_of
from .network import Network
from .reader import VERSION, Pages, Reader, best_answer, load_reader, save_reader

MIN_QUESTIONS = 20
"""Questions from which on a reader is trained; with fewer it would know nothing."""
VAL_WORDINGS = 4
"""Questions of a validation fact by which probabilities are calibrated."""


def reader_manifest(ws: Workspace, recipe: Recipe) -> Manifest:
    lexicons = sorted(ws.books.glob("*.lexicon.json"))
    settings = {"reader": recipe.reader.model_dump(), "version": VERSION}
    return Manifest(ws.hashes([ws.chapters, *record_files(ws.records), *lexicons]), settings, recipe.flags("reader"))


def reader_stale(ws: Workspace, recipe: Recipe) -> str | None:
    """Why the reader must be trained, or None."""
    return ws.why_stale(ws.reader, reader_manifest(ws, recipe), [ws.reader / "config.json"])


def reader_of(ws: Workspace, book: OpenBook | None = None) -> Reader | None:
    """The reader of a workspace; None where none was trained, or none could be.

    Raises:
        InputError: its files are damaged.
    """
    files.recover_folder(ws.reader)
    if not ws.has_reader:
        return None
    return load_reader(ws.reader, book or open_book(ws))


def train_reader(ws: Workspace, recipe: Recipe) -> dict[str, Any]:
    """Train the reader of a workspace and write it to data/reader.

    Where the records give hardly a question that can be read, the folder says so and holds no network: everything
    else works without one.

    Raises:
        InputError: nothing is prepared, or there are no records.
    """
    began = time.monotonic()
    if not (ws.records / "train.jsonl").exists():
        raise InputError(tr("no records yet. `{jianghu} synth run` makes them."))
    chapters = read_chapters(ws.chapters)
    with files.lock(ws.reader, ws.shown(ws.reader)):
        manifest = reader_manifest(ws, recipe)
        book = open_book(ws)
        pages = Pages(book, recipe.reader.passages)
        records = training_records(ws, recipe, chapters, book)
        chosen = examples(records, book.lexicons, recipe.reader)
        lessons = _lessons(pages, chosen) if len(chosen) >= MIN_QUESTIONS else []
        own, tried = list(_records(ws, "val")), None
        if lessons:
            with bundled_questions(recipe, book.books) as others:
                if others is not None:
                    learned, validated, other_pages = others
                    lessons += _lessons(other_pages, examples(learned, other_pages.book.lexicons, recipe.reader))
                    if all(record.source == "cloze" for record in own):
                        # Questions cut from a sentence are easier than people's: they would make it too sure.
                        tried = _tried(other_pages, validated, recipe.reader.seed)
        if tried is None:
            tried = _tried(pages, own, recipe.reader.seed)
        network: Network | None = None
        facts: dict[str, Any] = {"questions": len(lessons)}
        if len(lessons) >= MIN_QUESTIONS:
            settings = recipe.reader
            with Progress(
                tr("learning to read"), settings.models * steps_of(len(lessons), settings.epochs)
            ) as progress:
                network = fit(
                    lessons, settings.epochs, settings.models, settings.seed,
                    lambda step, loss: progress.update(step, loss=f"{loss:.2f}"),
                )  # fmt: skip
        lessons.clear()
        about: dict[str, Any] = {"questions": facts["questions"], "passages": recipe.reader.passages}
        ws.forget(ws.reader)
        with files.atomic_folder(ws.reader) as folder:
            if network is None:
                files.write_json(folder / "config.json", {"architecture": "JianghuReader", "version": VERSION, **about})
            else:
                trials = _trials(network, tried)
                calibration = calibrate(trials)
                asked = [trial for trial in trials if not trial.silent]
                about |= {
                    "validation": {
                        "questions": len(asked),
                        "right": sum(trial.right for trial in asked),
                        "nothing_to_find": len(trials) - len(asked),
                        "refused": sum(
                            trial.silent and trial.probability(calibration) < calibration.least for trial in trials
                        ),
                        "given": sum(trial.probability(calibration) >= calibration.least for trial in asked),
                    },
                    "reliability": reliability(trials, calibration),
                }
                facts |= {"asked": len(asked), "right": about["validation"]["right"]}
                save_reader(folder, network, calibration, about)
            files.write_text(folder / "README.md", card(about, book.books))
        ws.record(ws.reader, manifest)
    return {**facts, "seconds": round(time.monotonic() - began, 1)}


def training_records(ws: Workspace, recipe: Recipe, chapters: list[Chapter], book: OpenBook) -> list[Record]:
    """What the reader may learn from: training records; bundled facts of the training split that the model is not
    taught; more facts cut from the text. None shares a fact, or a sentence, with validation or test."""
    held = [record for name in ("val", "test") for record in _records(ws, name)]
    held_facts = {record.fact for record in held}
    train = list(_records(ws, "train"))
    found: dict[str, list[Record]] = {}
    for record in [*train, *_more(recipe, chapters, book)]:
        if record.fact not in held_facts and record.split == "train" and readable(record):
            found.setdefault(record.fact, []).append(record)
    kept_words = {record.question for name in ("paraphrase", "val_paraphrase") for record in _records(ws, name)}
    places: dict[tuple[str, int | None], list[tuple[int, int]]] = {}
    for record in held:
        if record.start is not None and record.end is not None:
            places.setdefault((record.book, record.chapter), []).append((record.start, record.end))

    def apart(record: Record) -> bool:
        if record.start is None or record.end is None:
            return True
        spans = places.get((record.book, record.chapter), ())
        return all(record.end <= start or end <= record.start for start, end in spans)

    result: list[Record] = []
    others = sum(rows[0].source != "cloze" for rows in found.values())
    # Where people wrote few questions, those that are cut from the text take their place.
    if BUNDLED_NAME not in book.books:
        others += recipe.reader.bundled_facts
    left = {"other": recipe.reader.facts, "cloze": recipe.reader.cloze_facts + max(0, recipe.reader.facts - others)}
    for rows in found.values():
        kind = "cloze" if rows[0].source == "cloze" else "other"
        # Facts that people wrote may share a passage with a held one, as they do in the records; a cloze has none of
        # its own words, so that one from a held sentence would be that sentence's question.
        own = list({row.id: row for row in rows if row.question not in kept_words}.values())
        own = [row for row in own if kind == "other" or apart(row)]
        if own and left[kind] > 0:
            left[kind] -= 1
            result += own
    return result


def _records(ws: Workspace, name: str) -> list[Record]:
    path = ws.records / f"{name}.jsonl"
    return list(read_records(path)) if path.exists() else []


def _more(recipe: Recipe, chapters: list[Chapter], book: OpenBook) -> list[Record]:
    """Records beyond those that the model is taught: a reader learns no fact by heart, so that more of them help it."""
    more: list[Record] = []
    if "bundled" in recipe.synth.strategies:
        with contextlib.suppress(InputError):  # another novel, or another edition
            more += bundled_records(chapters, recipe.synth.model_copy(update={"bundled_facts": 0}))
    if recipe.reader.cloze_facts:
        # Half of the facts that are cut ask for what no passage tells, in three wordings each.
        most = 6 * (recipe.reader.cloze_facts + recipe.reader.facts)
        settings = recipe.synth.model_copy(update={"cloze_records": most})
        more += cloze_records(chapters, book.lexicons, settings)
    return more


def _lessons(pages: Pages, chosen: Sequence[Example]) -> list[Lesson]:
    """What can be learned from some questions, each looked up in the passages."""
    lessons = []
    with Progress(tr("reading"), len(chosen)) as progress:
        for number, example in enumerate(chosen, 1):
            if lesson := _lesson(pages, example):
                lessons.append(lesson)
            progress.update(number)
    return lessons


def _lesson(pages: Pages, example: Example) -> Lesson | None:
    made, passages = pages.look_up(example.question, example.holds if example.withheld else None)
    if not len(made.answers):
        return None
    right = right_candidates(example, made, passages)
    return Lesson(made, right) if right.any() else None


def _tried(pages: Pages, records: Sequence[Record], seed: int) -> list[tuple[Example, Sheet]]:
    """Validation questions, each as it is, and once more about people of another book; where it names nobody, its
    passages are taken away instead."""
    asked: list[tuple[Example, Sheet]] = []
    counts: dict[str, int] = {}
    dice = np.random.default_rng([seed, 17])
    for record in records:
        if not readable(record) or counts.get(record.fact, 0) >= VAL_WORDINGS:
            continue
        counts[record.fact] = counts.get(record.fact, 0) + 1
        lexicon = pages.book.lexicons.get(record.book)
        own = example_of(record, lexicon)
        for example in [own] if own.place is None else [own, estranged(own, lexicon, dice)]:
            made, _ = pages.look_up(example.question, example.holds if example.withheld else None)
            if len(made.answers):
                asked.append((example, made))
    return asked


def _trials(network: Network, tried: Sequence[tuple[Example, Sheet]]) -> list[Trial]:
    """How the network does on validation questions."""
    trials = []
    for (example, made), row in zip(tried, network.probabilities([made for _, made in tried]), strict=True):
        answer, share = best_answer(made, row)
        silent = example.withheld or not example.forms
        trials.append(Trial(share, float(row[-1]), not silent and rightness(answer, example.forms) > 0, silent))
    return trials
