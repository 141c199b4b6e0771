"""The reader of the open book: what may answer, what is said of it, and that the same records give the same reader."""

import json
import shutil

import numpy as np
import pytest

from jianghu.corpus import Chapter, read_chapters
from jianghu.errors import InputError
from jianghu.names import Lexicon, Name
from jianghu.pipeline import pipeline_recipe
from jianghu.reader.bundled import bundled_questions
from jianghu.reader.calibrate import Trial, calibrate, reliability
from jianghu.reader.candidates import KINDS, lay_out
from jianghu.reader.examples import example_of, examples, right_candidates, rightness
from jianghu.reader.features import FEATURES, NAMES, WHOLE
from jianghu.reader.fit import Lesson, fit
from jianghu.reader.reader import Pages, best_answer
from jianghu.reader.stage import reader_of, reader_stale, train_reader, training_records
from jianghu.recipe import ReaderSettings
from jianghu.records import read_records
from jianghu.retrieval import OpenBook, build, open_book
from jianghu.workspace import Workspace

from .conftest import jianghu

TEXT = (
    "却说武松在景阳冈打死大虫，县令赏了一千贯。\n宋江见了李逵，问道：“兄弟从那里来？”逵曰：“俺从江州来。”\n"
    "林冲因误入白虎堂，刺配沧州。鲁智深倒拔垂杨柳，众泼皮拜服。\n"
)
NAMES_OF = Lexicon([Name(name) for name in ("武松", "宋江", "李逵", "林冲", "鲁智深")])


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    path = tmp_path_factory.mktemp("small") / "index.sqlite"
    others = [
        Chapter("水浒", n, f"第{n}回", "次日天明，众人收拾行李，各自上路，不在话下。\n" * 4) for n in range(2, 12)
    ]
    build(path, [Chapter("水浒", 1, "第一回 打虎", TEXT), *others], {"水浒": NAMES_OF})
    return OpenBook(path)


@pytest.fixture
def copy(shelf, tmp_path):
    root = shutil.copytree(shelf, tmp_path / "shelf", ignore=shutil.ignore_patterns("runs", "evals"))
    return Workspace(root)


def candidates(book):
    passage = book.passages()[0]
    layout = lay_out(passage, {name.name: name.kind for name in NAMES_OF.names})
    return {
        (passage.text[start:end], KINDS[kind], answer)
        for start, end, kind, answer in zip(layout.start, layout.end, layout.kind, layout.answer, strict=True)
    }


@pytest.mark.parametrize(
    "wanted",
    [
        ("武松", "person", "武松"),
        ("逵", "given", "李逵"),  # a given name alone answers for the person
        ("一千贯", "number", "一千贯"),
        ("俺从江州来。", "quote", "俺从江州来。"),
        ("误入白虎堂", "clause", "误入白虎堂"),
        ("刺配沧州", "clause", "刺配沧州"),
    ],
)
def test_names_numbers_speech_and_clauses_may_answer(small, wanted):
    _, kind, _ = wanted
    found = candidates(small)
    assert wanted in found or (kind == "number" and ("一千", "number", "一千") in found), sorted(found)


def test_every_feature_has_a_name_and_is_finite(small):
    made, passages = Pages(small, 8).look_up("谁在景阳冈打死了大虫？")
    assert made.rows.shape == (len(made.answers), FEATURES) == (len(made.answers), len(NAMES))
    assert made.whole.shape == (WHOLE,)
    assert np.isfinite(made.rows.astype(float)).all()
    column = [name for _, name in NAMES].index("pairs 5")
    near = {answer: float(row[column]) for answer, row in zip(made.answers, made.rows, strict=True)}
    assert near["武松"] > near["林冲"]  # nearer to the question's words
    assert passages[made.page[0]].text[made.start[0] : made.end[0]]


def test_no_passage_no_candidates(small):
    made, passages = Pages(small, 8).look_up("xyz")
    assert (made.answers, passages) == ([], [])


def test_it_learns_what_its_lessons_show(small):
    """Ten questions of one kind; the answer is always the person nearest to the question's words."""
    pages = Pages(small, 8)
    asked = [("谁打死大虫", "武松"), ("谁倒拔垂杨柳", "鲁智深"), ("谁误入白虎堂", "林冲"), ("哪位刺配沧州", "林冲")]
    lessons = []
    for question, answer in asked * 3:
        made, _ = pages.look_up(question)
        right = np.array([float(one == answer) for one in made.answers] + [0.0], np.float32)
        lessons.append(Lesson(made, right))
    network = fit(lessons, epochs=30, models=1, seed=1)
    made, _ = pages.look_up("是谁在景阳冈打死了大虫？")
    assert best_answer(made, network.probabilities([made])[0])[0] == "武松"
    again = fit(lessons, epochs=30, models=1, seed=1)
    assert all((a == b).all() for a, b in zip(network.parameters(), again.parameters(), strict=True))


def test_withheld_passages_leave_nothing_to_find(shelf):
    ws = Workspace(shelf)
    book = open_book(ws)
    pages = Pages(book, 8)
    for record in read_records(ws.records / "train.jsonl"):
        told = example_of(record, book.lexicons[record.book]) if record.start is not None else None
        made, passages = pages.look_up(record.question)
        if told and any(map(told.holds, passages)):
            break
    withheld = example_of(record, book.lexicons[record.book], withheld=True)
    assert right_candidates(told, made, passages)[-1] == 0
    assert right_candidates(told, made, passages).any()
    made, passages = pages.look_up(withheld.question, withheld.holds)
    assert not any(map(withheld.holds, passages))
    assert right_candidates(withheld, made, passages).tolist() == [0] * len(made.answers) + [1]


def test_an_answer_among_few_other_words_is_partly_right():
    assert rightness("李逵", {"李逵"}) == 1
    assert 0 < rightness("黑旋风李逵", {"李逵"}) < 1
    assert rightness("那日黑旋风李逵提着板斧下山", {"李逵"}) == 0
    assert rightness("武松", {"李逵"}) == 0


def test_questions_are_reworded_and_some_ask_for_what_is_not_there(shelf):
    ws = Workspace(shelf)
    records = list(read_records(ws.records / "train.jsonl"))
    lexicons = open_book(ws).lexicons
    settings = ReaderSettings(withheld=0.3, strangers=0.3)
    made = examples(records, lexicons, settings)
    assert made == examples(records, lexicons, settings)
    assert any(one.withheld for one in made)
    assert any(not one.forms for one in made)
    written = {record.question for record in records}
    assert any(one.question not in written for one in made)


def test_it_learns_from_no_fact_of_the_exam(copy):
    recipe, chapters, book = pipeline_recipe(copy), read_chapters(copy.chapters), open_book(copy)
    learned = training_records(copy, recipe, chapters, book)
    held = [record for name in ("val", "test") for record in read_records(copy.records / f"{name}.jsonl")]
    words = {
        record.question
        for name in ("paraphrase", "val_paraphrase")
        for record in read_records(copy.records / f"{name}.jsonl")
    }
    assert {record.fact for record in learned}.isdisjoint(record.fact for record in held)
    assert {record.question for record in learned}.isdisjoint(words)
    spans = {(record.book, record.chapter, record.start) for record in held if record.start is not None}
    assert spans.isdisjoint((one.book, one.chapter, one.start) for one in learned if one.source == "cloze")
    assert len({one.fact for one in learned}) > len({r.fact for r in read_records(copy.records / "train.jsonl")}) / 2


def test_an_answer_stands_where_it_is_said_to(shelf):
    ws = Workspace(shelf)
    reader = reader_of(ws)
    text = {(c.book, c.chapter): c.text for c in read_chapters(ws.chapters)}
    asked = [record.question for record in read_records(ws.records / "train.jsonl") if record.start is not None][:40]
    found = [reading for reading in map(reader.read, asked) if reading.found]
    assert found
    for reading in found:
        chapter = text[reading.book, reading.chapter]
        assert chapter[reading.start : reading.end] == reading.text
        assert chapter[reading.passage_start : reading.passage_end] == reading.passage
        assert reading.passage_start <= reading.start < reading.end <= reading.passage_end
        assert 0 <= reading.probability <= 1
    assert not reader.read("xyzzy").found


def test_the_same_records_give_the_same_reader_and_others_make_it_stale(copy):
    recipe = pipeline_recipe(copy)
    assert reader_stale(copy, recipe) is None
    before = (copy.reader / "model.safetensors").read_bytes()
    train_reader(copy, recipe)
    assert (copy.reader / "model.safetensors").read_bytes() == before
    path = copy.records / "train.jsonl"
    path.write_text(path.read_text("utf-8").splitlines()[0] + "\n", encoding="utf-8")
    assert "train.jsonl changed" in reader_stale(copy, recipe)


def test_too_few_questions_make_no_reader_and_break_nothing(copy):
    for name in ("train", "val"):
        path = copy.records / f"{name}.jsonl"
        path.write_text(path.read_text("utf-8").splitlines()[0] + "\n", encoding="utf-8")
    recipe = copy.recipe({"reader": {"cloze_facts": 0}})
    assert train_reader(copy, recipe)["questions"] < 20
    assert reader_stale(copy, recipe) is None
    assert reader_of(copy) is None
    assert "no network" in (copy.reader / "README.md").read_text("utf-8")


def test_a_damaged_reader_is_named_with_the_fix(copy):
    (copy.reader / "model.safetensors").write_bytes(b"torn")
    with pytest.raises(InputError, match=r"data/reader: not a reader of this version, or damaged\. `.* reader`"):
        reader_of(copy)


def test_ask_shows_both_mouths_and_one_alone(shelf):
    said = jianghu("ask", "chat", "沈青峰用什么兵器", "--greedy", "--max-new-tokens", 8, cwd=shelf).stdout
    assert "The model says (" in said
    assert "The book says" in said
    alone = jianghu("ask", "chat", "沈青峰用什么兵器", "--closed-book", "--max-new-tokens", 8, cwd=shelf).stdout
    assert "The book says" not in alone
    row = json.loads(jianghu("ask", "chat", "沈青峰用什么兵器", "--json", "--max-new-tokens", 8, cwd=shelf).stdout)
    assert 0 <= row["sureness"] <= 1
    assert set(row["book"]) >= {"answer", "probability", "chapter", "start", "end"}


def test_chat_shows_what_the_book_says(shelf):
    said = jianghu("chat", "chat", "--max-new-tokens", 4, cwd=shelf, input="沈青峰在哪里\n").stdout
    assert "The book says" in said
    said = jianghu("chat", "chat", "--closed-book", "--max-new-tokens", 4, cwd=shelf, input="沈青峰在哪里\n").stdout
    assert "The book says" not in said


def test_probabilities_are_those_of_being_right():
    dice = np.random.default_rng(3)
    trials = []
    for _ in range(400):  # a network that is far too sure
        p = float(dice.uniform(0.05, 0.999))
        trials.append(Trial(p, 0.01, bool(dice.random() < 0.2 + 0.4 * p), False))
    trials += [Trial(0.3, float(none), False, True) for none in dice.uniform(0.2, 0.9, 100)]
    found = calibrate(trials)
    assert abs(found.probability(0.9, 0.01) - 0.56) < 0.15
    assert found.probability(0.9, 0.01) > found.probability(0.3, 0.01)
    assert sum(trial.probability(found) < found.least for trial in trials if trial.silent) >= 75
    rows = reliability(trials, found)
    assert all(abs(row["probability"] - row["right"]) < 0.25 for row in rows if row["questions"] > 30)
    assert calibrate(trials[:10]).weights == (1.0, 0.0, 0.0)  # too few to say anything


@pytest.mark.slow
def test_other_books_teach_it_to_read_too(copy):
    recipe = copy.recipe({"reader": {"bundled_facts": 20, "wordings": 2, "cloze_facts": 40, "facts": 60, "epochs": 1}})
    with bundled_questions(recipe, ["青峰录"]) as others:
        assert others is not None
        records, validated, pages = others
        assert {record.split for record in records} == {"train"}
        assert {record.split for record in validated} == {"val"}
        made, passages = pages.look_up(records[0].question)
        assert len(made.answers) > 50
        assert passages[0].book == "三国演义"
    with bundled_questions(recipe, ["三国演义"]) as others:
        assert others is None
    alone = copy.recipe({"reader": {"bundled_facts": 0, "wordings": 2, "cloze_facts": 40, "facts": 60, "epochs": 1}})
    assert train_reader(copy, recipe)["questions"] > train_reader(copy, alone)["questions"]
