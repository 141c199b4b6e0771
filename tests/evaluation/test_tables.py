"""The table of an exam loses no figure in a terminal of 80 columns; what is said of a result is true of it."""

import io

import pytest
from rich.console import Console

from jianghu.cli.scores import exam_table
from jianghu.errors import InputError
from jianghu.evaluation import GROUPS, Item, mean_scores, score_answers
from jianghu.evaluation.columns import filled_columns, score_columns
from jianghu.evaluation.nearest import nearest_verdict
from jianghu.evaluation.results import ExamResult, Leaks, Nearest, Shuffled
from jianghu.messages import use_language


@pytest.fixture(params=["en", "zh"])
def spoken(request):
    use_language(request.param)
    yield request.param
    use_language(None)


def answers(right, nearest, count=100, group="paraphrase"):
    """So many answers of which these are right, and of these the nearest taught question's."""
    items = [Item(str(n), f"第{n}问？", "关羽。", ("关羽",), group=group) for n in range(count)]
    scored = score_answers(items, [("关羽" if n < right else "张飞", True) for n in range(count)])
    return [
        answer.model_copy(update={"nearest": Nearest(question="", answer="", similarity=0.5, correct=n < nearest)})
        for n, answer in enumerate(scored)
    ]


def result(given, **more):
    scores = mean_scores(given)
    return ExamResult(
        scores=scores, groups={given[0].group: scores}, choices=None, names=None, answers=tuple(given),
        shuffled=Shuffled(questions=0, accuracy=0, low=0, high=1, chance=0), checkpoint="runs/chat/checkpoints/last",
        run="chat", step=3, exam="data/records", questions=len(given), inputs={}, settings={}, seconds=1.0,
        leaks=Leaks(), heldout={}, **more,
    )  # fmt: skip


def test_a_table_of_80_columns_loses_no_digit(spoken):
    scores = mean_scores(answers(100, 100)).model_copy(
        update={"questions": 123_456, "wrong_book": 1.0, "loops": 1.0, "baseline": 1.0, "book": 1.0}
    )
    groups = [*GROUPS, "all", "a user's own group with a very long name"]
    out = io.StringIO()
    console = Console(file=out, width=80)
    console.print(exam_table(dict.fromkeys(groups, scores), "data/records · runs/chat/checkpoints/step-020000"))
    lines = out.getvalue().splitlines()
    assert "…" not in out.getvalue()
    shown = [column for column in score_columns() if not column.on_pages_only]
    rows = [line for line in lines if "123,456" in line]
    assert len(rows) == len(groups)
    for row in rows:
        assert row.split()[-len(shown) :] == [column.text(scores) for column in shown]
    assert all(str(column.heading) in lines[1] for column in shown)


def test_a_column_that_holds_nothing_is_left_out():
    scores = mean_scores(answers(3, 2)).model_copy(update={"book": None, "likelier": None})
    headings = [column.heading.en for column in filled_columns([scores, scores])]
    assert {"asked", "right"} <= {*headings}
    assert not {"book", "likelier"} & {*headings}
    known = scores.model_copy(update={"book": 0.5})
    assert "book" in [column.heading.en for column in filled_columns([scores, known], narrow=True)]


def test_it_is_said_in_words_whether_the_nearest_taught_question_is_beaten(spoken):
    better, worse, unclear = (str(nearest_verdict(result(answers(*pair)))) for pair in ((80, 40), (20, 60), (41, 40)))
    words = {"en": ("It beats", "does not beat", "Nothing shows"), "zh": ("胜过最近题", "不如最近题", "看不出胜过")}
    for said, word, own in zip((better, worse, unclear), words[spoken], ("80.0%", "20.0%", "41.0%"), strict=True):
        assert word in said
        assert own in said
    assert "40 " in better
    without = [answer.model_copy(update={"nearest": None}) for answer in answers(3, 0)]
    assert nearest_verdict(result(without)) is None


def test_a_result_is_read_back_as_it_was_written(tmp_path):
    from jianghu import files

    written = result(answers(3, 2, 9))
    files.write_json(tmp_path / "chat.records.json", written.to_dict())
    read = ExamResult.read(tmp_path / "chat.records.json", "evals/chat.records.json")
    assert read == written.model_copy(update={"file": "evals/chat.records.json"})
    assert not read.partial
    assert read.model_copy(update={"questions": 10}).partial


@pytest.mark.parametrize("text", ['{"scores": 3}', "[]", "{}", "not JSON"])
def test_a_damaged_result_is_refused_in_one_line(tmp_path, text):
    path = tmp_path / "chat.records.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as refused:
        ExamResult.read(path)
    assert "chat.records.json" in str(refused.value)
    assert "\n" not in str(refused.value)
