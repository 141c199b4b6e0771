import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from jianghu.dataset import Pair, RecordBatches
from jianghu.dataset.question_noise import QuestionNoiser
from jianghu.recipe import QuestionNoise
from jianghu.text import normalise
from tests.dataset.test_records import tokenizer

ALWAYS = QuestionNoise(share=1, drop_title=1, swap_asking_word=1, shuffle_clauses=1, drop_spans=1, drop_mark=1)
QUESTION = "《山河》里，沈青峰在断桥上说过“后会有期”，那天随他下山的八十二名弟子中，谁先回头？"
NAMES = ("沈青峰", "断桥")


def forms(noiser: QuestionNoiser, question: str, count: int = 200) -> set[str]:
    return {noiser.draw(question, "f", np.random.default_rng(seed)) for seed in range(count)}


def test_forms_differ_and_keep_names_numbers_quotes_and_the_word_that_asks():
    drawn = forms(QuestionNoiser(ALWAYS, NAMES), QUESTION)
    assert len(drawn) > 50
    for form in drawn:
        assert all(part in form for part in ("沈青峰", "断桥", "“后会有期”", "八十二"))
        assert any(word in form for word in ("谁", "哪位", "什么人", "何人", "哪个人"))
        assert "《山河》" not in form


def test_nothing_is_noised_at_share_0_and_about_half_at_one_half():
    assert forms(QuestionNoiser(QuestionNoise(), NAMES), QUESTION) == {QUESTION}
    half = QuestionNoiser(ALWAYS.model_copy(update={"share": 0.5}), NAMES)
    kept = sum(half.draw(QUESTION, "f", np.random.default_rng(n)) == QUESTION for n in range(400))
    assert 150 < kept < 250


def test_a_form_that_asks_for_another_fact_is_never_drawn():
    taken = {normalise("谁先回头"): {"g"}, normalise("何人先回头"): {"g"}}
    noiser = QuestionNoiser(ALWAYS, (), taken)
    assert all(normalise(form) not in taken for form in forms(noiser, "断桥，谁先回头？", 300))


def test_english_questions_lose_words_not_letters():
    question = "Which of the two brothers left Longbourn with the 30 horses on that cold morning?"
    for form in forms(QuestionNoiser(ALWAYS), question):
        words = question.rstrip("?").split()
        assert set(form.rstrip("?").split()) <= set(words)
        assert {"Which", "Longbourn", "30"} <= set(form.split())


@given(st.text("曹操谁的刀，“”《》？一二三abc 、什么", max_size=30), st.integers(0, 2**32 - 1))
def test_any_question_gives_a_question_and_the_same_one_for_the_same_seed(question: str, seed: int):
    noiser = QuestionNoiser(ALWAYS, ("曹操",))
    form = noiser.draw(question, "f", np.random.default_rng(seed))
    assert form == noiser.draw(question, "f", np.random.default_rng(seed))
    assert form or not question
    assert form.count("曹操") == question.count("曹操")


PAIRS = [
    Pair(f"第{n}回里，沈青峰在断桥上遇见的人，后来去了哪里？", f"青石镇{n}。", f"f{n}", f"青石镇{n}") for n in range(40)
]


def source() -> RecordBatches:
    return RecordBatches(PAIRS, PAIRS[:4], tokenizer(), 2, 128, 5, torch.device("cpu"), ALWAYS)


def test_a_batch_is_a_function_of_its_number_in_any_order():
    one, other = source(), source()
    numbers = list(range(60))
    forward = [one.batch(number) for number in numbers]
    for number in reversed(numbers):
        batch = other.batch(number)
        assert torch.equal(batch.ids, forward[number].ids)
        assert torch.equal(batch.targets, forward[number].targets)
        assert batch.count == forward[number].count


@pytest.mark.parametrize("epoch", [0, 1, 2])
def test_every_answer_once_in_each_epoch_behind_another_question(epoch: int):
    batches = source()
    total = [batches.batch(number) for number in range(200)]
    answers: list[str] = []
    questions: list[str] = []
    for batch in total:
        for ids, targets in zip(batch.ids, batch.targets, strict=True):
            text = tokenizer().decode(
                [t if t != -100 else i for i, t in zip(ids.tolist(), targets.tolist(), strict=True)]
            )
            answers += text.split("青石镇")[1:]
            questions.append(text)
    window = answers[epoch * 40 : (epoch + 1) * 40]
    assert len({part.split("。")[0] for part in window}) == 40
    assert len(set(questions)) > 0.9 * len(questions)
