"""Likelihoods of choices and names: those of whole sequences, whatever the company, and at chance when shuffled."""

import json

import pytest
import torch

from jianghu.chat import question, render
from jianghu.evaluation import Background, Item, People, perplexity, score_answers, shuffled, take_exam
from jianghu.evaluation.multiple_choice import choose, make_choices, name_rank, option_scores
from jianghu.evaluation.questions import read_exam
from jianghu.generation import choice_loglikelihoods, loglikelihoods
from jianghu.model import Checkpoint, ModelConfig
from jianghu.names import Lexicon, Name
from jianghu.recipe import EvalSettings

from ..conftest import PEOPLE, novel_text
from ..dataset.test_records import tokenizer
from ..model.test_transformer import random_model


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    config = ModelConfig(tokenizer().vocab_size, 128, 2, 4, 2, 32, 64)
    return Checkpoint(tmp_path_factory.mktemp("none"), random_model(config), tokenizer(), {})


def items(count=40):
    return [
        Item(str(n), f"沈青峰第{n}日见到的是谁？", f"{PEOPLE[n % 8]}。", (PEOPLE[n % 8],), kind="who", group="unseen")
        for n in range(count)
    ]


@pytest.mark.parametrize("answers", [[[5], [6, 7, 8], [9, 10]], [[5], [6]]])
def test_choices_share_a_prompt_and_keep_the_likelihoods_of_whole_sequences(checkpoint, answers):
    model, prompt = checkpoint.model, [1, 2, 3, 4]
    whole = loglikelihoods(model, [(prompt, answer) for answer in answers])
    assert choice_loglikelihoods(model, prompt, answers) == pytest.approx(whole, abs=1e-4)


def test_a_prompt_too_long_for_the_model_loses_its_front(checkpoint):
    prompt = list(range(3, 3 + 200))
    whole = loglikelihoods(checkpoint.model, [(prompt, [5, 6])])
    assert choice_loglikelihoods(checkpoint.model, prompt, [[5, 6]]) == pytest.approx(whole, abs=1e-4)


def test_borrowed_options_are_wrong_different_and_of_the_same_kind():
    asked = [*items(), Item("p", "他在哪里？", "青石镇。", ("青石镇",), kind="where")]
    made = make_choices(asked)
    assert len(made) == 41
    for choice in made:
        assert len(set(choice.options)) == 4
        assert choice.options[choice.right] == choice.item.accepted[0]
    assert all(set(choice.options) <= set(PEOPLE) for choice in made[:40])
    places = [choice.right for choice in made]
    assert {place: places.count(place) > 2 for place in range(4)} == dict.fromkeys(range(4), True)
    assert make_choices(asked) == made


def test_options_of_a_file_are_used(tmp_path):
    path = tmp_path / "exam.jsonl"
    row = {"question": "谁？", "answer": "宋江", "options": ["武松", "宋江", "林冲"]}
    path.write_text(json.dumps(row, ensure_ascii=False), encoding="utf-8")
    [choice] = make_choices(read_exam(path))
    assert sorted(choice.options) == sorted(row["options"])
    assert choice.options[choice.right] == "宋江"


def test_measures_are_the_likelihoods_they_say(checkpoint):
    choice = make_choices(items())[3]
    picked = choose(checkpoint, choice)
    prompt = render(checkpoint.tokenizer, question(choice.item.question), prompt=True).ids
    nats = loglikelihoods(checkpoint.model, [(prompt, checkpoint.tokenizer.encode(text)) for text in choice.options])
    assert picked.raw == nats.index(max(nats))
    each = [value / len(text) for value, text in zip(nats, choice.options, strict=True)]
    assert picked.per_character == each.index(max(each))


def test_a_names_rank_is_its_place_by_likelihood(checkpoint):
    people = People({"青峰录": Lexicon(map(Name, PEOPLE))}, {"青峰录": novel_text(chapters=2)}, {})
    asked = Item("1", "沈青峰见到的是谁？", "柳如烟。", ("柳如烟",))
    scores = dict(zip(PEOPLE, option_scores(checkpoint, asked.question, PEOPLE), strict=True))
    others = [name for name in PEOPLE if name != "沈青峰"]  # whom the question names
    place = sorted(others, key=scores.__getitem__, reverse=True).index("柳如烟") + 1
    assert name_rank(checkpoint, asked, people, 50) == (place, 7)
    assert name_rank(checkpoint, asked, people, 3)[1] == 3
    assert name_rank(checkpoint, Item("2", "何时？", "当夜。", ("当夜",)), people, 50) is None


def test_untaught_weights_and_shuffled_answers_are_at_chance(checkpoint):
    asked = items(80)
    result = take_exam(checkpoint, asked, EvalSettings(max_new_tokens=1))
    choices = result.choices
    assert choices.chance == 0.25
    for measure in ("raw", "per_character", "against_prior", "control"):
        share = getattr(choices, measure)
        assert share.low - 0.03 <= 0.25 <= share.high + 0.03, measure
    assert result.names is None
    perfect = score_answers(asked, [(item.answer, True) for item in asked])
    control = shuffled(perfect)
    assert control.chance == pytest.approx(9 / 79, abs=1e-3)  # 9 of the 79 other questions want the same name
    assert control.low <= control.chance <= control.high


def test_nothing_that_an_exam_tells_depends_on_the_batch_size(checkpoint):
    people = People({"青峰录": Lexicon(map(Name, PEOPLE))}, {"青峰录": novel_text(chapters=2)}, {"水浒传": ["武松"]})
    background = Background(people, None, (novel_text(chapters=2),))
    results = [
        take_exam(checkpoint, items(12), EvalSettings(batch_size=size, max_new_tokens=12), background)
        for size in (1, 5, 32)
    ]
    assert results[0] == results[1] == results[2]
    assert results[0].names.questions == 12


def test_perplexity_is_that_of_every_held_out_token(checkpoint):
    texts = [("青峰录", "次日清晨，沈青峰望着青石镇。" * 30), ("别录", "当夜三更。")]
    found = perplexity(checkpoint, texts, windows=99)
    ids = checkpoint.tokenizer.encode(texts[1][1])
    nats = -loglikelihoods(checkpoint.model, [([checkpoint.tokenizer.end_of_text], ids)])[0]
    assert found["别录"].characters == 5
    assert found["别录"].perplexity == pytest.approx(torch.tensor(nats / len(ids)).exp().item(), rel=1e-3)
    assert found["别录"].bits_per_character == pytest.approx(nats / 5 / 0.693147, rel=1e-3)
    assert found["青峰录"].characters == 30 * 14
    assert perplexity(checkpoint, texts, windows=1)["青峰录"].tokens <= 128
    assert perplexity(checkpoint, [], windows=1) == {}
