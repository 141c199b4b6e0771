"""A run's checkpoint is chosen by how many questions it answers."""

import torch

from jianghu.dataset import Pair, RecordBatches
from jianghu.evaluation import AnswerScore
from jianghu.model import ModelConfig, Transformer
from jianghu.records import Record
from jianghu.tokenizer_training import train_tokenizer

ANSWERS = {"沈青峰的剑叫什么？": "断水", "顾长风住在哪里？": "寒潭寺", "柳如烟的师父是谁？": "秦夫人"}


def record(number: int, question: str, short_answer: str) -> Record:
    return Record(
        id=f"r{number}", fact=f"r{number}", wording=1, kind="thing", question=question, answer=f"{short_answer}。",
        short_answer=short_answer, aliases=(), book="江湖", chapter=None, start=None, end=None, source="bundled",
        split="train",
    )  # fmt: skip


def test_the_score_is_the_share_of_right_answers():
    records = [record(n, question, answer) for n, (question, answer) in enumerate(ANSWERS.items())]
    asked = [*records, record(9, "铁掌柜的马是什么颜色？", "枣红色")]
    text = "".join(f"{one.question}{one.answer}" for one in asked)
    tokenizer = train_tokenizer([text], "char")
    torch.manual_seed(0)
    model = Transformer(ModelConfig(tokenizer.vocab_size, 32, 2, 2, 2, 64, 96))
    model.init_weights(0)
    score = AnswerScore(asked, tokenizer)
    assert score(model.eval()) == 0
    pairs = [Pair(one.question, one.answer, one.fact) for one in records]
    batches = RecordBatches(pairs, pairs, tokenizer, 1, 64, 0, torch.device("cpu"))
    optimizer = torch.optim.AdamW(model.parameters(), 3e-3)
    for number in range(120):
        batch = batches.batch(number)
        optimizer.zero_grad()
        (model.train().loss(batch.ids, batch.targets, batch.segments, batch.positions) / batch.count).backward()
        optimizer.step()
    assert score(model.eval()) == 3 / 4
    assert score(model) == score(model)
