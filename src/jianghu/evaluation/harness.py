"""An exam as two tasks of lm-evaluation-harness: answers written freely, and multiple choice. Items go in; a folder of
task files comes out, which `lm_eval --include_path` reads.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from .. import files
from ..errors import InputError
from ..messages import tr
from .multiple_choice import make_choices
from .questions import Item

_PROMPT = "<|im_start|>user\n{question}<|im_end|>\n<|im_start|>assistant\n"
"""ChatML, written out, so that the harness needs no --apply_chat_template."""

_WRITTEN = """\
task: {name}_written
dataset_path: json
dataset_kwargs:
  data_files: {{test: {data}}}
test_split: test
output_type: generate_until
doc_to_text: "{{{{prompt}}}}"
doc_to_target: "{{{{answer}}}}"
process_results: !function scoring.right
generation_kwargs: {{until: ["<|im_end|>"], do_sample: false, max_gen_toks: {tokens}}}
metric_list:
  - {{metric: right, aggregation: mean, higher_is_better: true}}
metadata: {{version: 1}}
"""

_CHOSEN = """\
task: {name}_chosen
dataset_path: json
dataset_kwargs:
  data_files: {{test: {data}}}
test_split: test
output_type: multiple_choice
doc_to_text: "{{{{prompt}}}}"
doc_to_choice: "{{{{options}}}}"
doc_to_target: right
target_delimiter: ""
metric_list:
  - {{metric: acc, aggregation: mean, higher_is_better: true}}
  - {{metric: acc_norm, aggregation: mean, higher_is_better: true}}
metadata: {{version: 1}}
"""

_SCORING = '''\
"""Scores an answer as Jianghu does: right if what it says first is an accepted form."""

from jianghu.evaluation import Item, grade


def right(doc, results):
    item = Item(doc["id"], doc["question"], doc["answer"], tuple(doc["accepted"]), kind=doc["kind"])
    return {"right": float(grade(item, results[0]) == "right")}
'''


def export_tasks(items: Sequence[Item], folder: Path, name: str, max_new_tokens: int) -> dict[str, int]:
    """Write NAME_written (share of answers that hold an accepted form) and NAME_chosen (acc: by likelihood; acc_norm:
    by likelihood a character), with their questions.

    The first is `contains` alone: that a who-question must name nobody else first, and that silence may be right, needs
    the books.

    Args:
        name: of the exam; what is no letter or digit becomes `_`.

    Returns:
        How many questions each task has.

    Raises:
        InputError: there is no question with an answer.
    """
    scored = [item for item in items if item.accepted]
    if not scored:
        raise InputError(tr("{name}: holds no question with an answer, so there is nothing to score.", name=name))
    name = re.sub(r"\W", "_", name)
    written = [
        {
            "id": item.id,
            "group": item.group,
            "kind": item.kind,
            "question": item.question,
            "prompt": _PROMPT.format(question=item.question),
            "answer": item.answer,
            "accepted": list(item.accepted),
        }
        for item in scored
    ]
    chosen = [
        {
            "id": choice.item.id,
            "group": choice.item.group,
            "prompt": _PROMPT.format(question=choice.item.question),
            "options": list(choice.options),
            "right": choice.right,
        }
        for choice in make_choices(scored)
    ]
    tasks: list[tuple[str, str, Sequence[Mapping[str, object]]]] = [
        ("written", _WRITTEN, written),
        ("chosen", _CHOSEN, chosen),
    ]
    for task, template, rows in tasks:
        data = folder / f"{name}_{task}.jsonl"
        files.write_jsonl(data, rows)
        text = template.format(name=name, data=json.dumps(str(data.resolve())), tokens=max_new_tokens)
        files.write_text(folder / f"{name}_{task}.yaml", text)
    files.write_text(folder / "scoring.py", _SCORING)
    return {"written": len(written), "chosen": len(chosen)}
