"""By what the checkpoint of a preference run is chosen."""

import pytest
import torch

from jianghu.dataset import Pair, RecordBatches
from jianghu.model import ModelConfig, Transformer
from jianghu.preferences import PreferenceScore
from jianghu.recipe import EvalSettings
from jianghu.tokenizer_training import train_tokenizer

from ..evaluation.test_answer_score import ANSWERS, record

SETTINGS = EvalSettings(max_new_tokens=16)


def test_the_mean_of_taught_answers_and_silence_and_less_than_nothing_for_who_forgot():
    taught = [record(n, question, answer) for n, (question, answer) in enumerate(ANSWERS.items())]
    unknown = record(9, "铁掌柜的马是什么颜色？", "枣红色")
    outside = record(10, "《江湖》里的宋江是谁？", "《江湖》里没有写到宋江").model_copy(update={"kind": "contrast"})
    learned = [*taught, outside]
    tokenizer = train_tokenizer(["".join(f"{one.question}{one.answer}" for one in (*learned, unknown))], "char")
    torch.manual_seed(0)
    model = Transformer(ModelConfig(tokenizer.vocab_size, 48, 2, 2, 2, 64, 96))
    model.init_weights(0)
    pairs = [Pair(one.question, one.answer, one.fact) for one in learned]
    batches = RecordBatches(pairs, pairs, tokenizer, 1, 96, 0, torch.device("cpu"))
    optimizer = torch.optim.AdamW(model.parameters(), 3e-3)
    for number in range(120):
        batch = batches.batch(number)
        optimizer.zero_grad()
        (model.train().loss(batch.ids, batch.targets, batch.segments, batch.positions) / batch.count).backward()
        optimizer.step()
    model.eval()
    asked = [*taught, unknown]
    score = PreferenceScore(asked, [outside], tokenizer, SETTINGS, model, 0.95)
    assert score(model) == pytest.approx((3 / 4 + 1) / 2)
    assert PreferenceScore([], [outside], tokenizer, SETTINGS, model, 0.95)(model) == 1
    forgot = Transformer(model.config)
    forgot.init_weights(1)
    # Of 3 in 4 right answers 95 % must be left, less one standard error of four questions: 0.7125 − 0.2165.
    assert score(forgot.eval()) == pytest.approx(-(0.95 * 0.75 - (0.75 * 0.25 / 4) ** 0.5), abs=1e-6)
