"""The model card: what a stranger needs to know of a checkpoint, from what the workspace knows of it.

Nothing is claimed that is not on the disk: books are named only if they are still those the model has read, an
exam only if it was taken by these weights.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from huggingface_hub import EvalResult, ModelCardData

from .. import files
from ..model import Checkpoint, ModelConfig, read_about, weight_files
from ..model.sources import source_name
from ..tokenizer import Tokenizer
from ..workspace import Workspace

Hub = Literal["huggingface", "modelscope"]


@dataclass(frozen=True)
class RunFacts:
    """One of the runs that made the weights, up to the step that was kept. `bits`: per held-out character."""

    name: str
    stage: str
    step: int
    tokens: int | None
    epochs: float | None
    bits: float | None
    inputs: list[str]
    settings: dict[str, Any]


@dataclass(frozen=True)
class ExamFacts:
    """What one group of an exam's questions came to; shares from 0 to 1."""

    name: str
    group: str
    questions: int
    accuracy: float
    low: float
    high: float
    character_f1: float


@dataclass(frozen=True)
class ModelFacts:
    """What is known of a checkpoint. `books`: characters of each book; empty if the data has changed since.
    `start`: the model of others from which its first run began; empty where it began from nothing."""

    config: ModelConfig
    fine_tuned: bool
    books: dict[str, int]
    runs: list[RunFacts]
    exams: list[ExamFacts]
    start: str = ""

    @property
    def parameters(self) -> int:
        """Number of trained parameters."""
        return self.config.parameters


def model_facts(checkpoint: Checkpoint, ws: Workspace | None) -> ModelFacts:
    """What the workspace, or without one the checkpoint itself, knows of these weights."""
    runs = _lineage(checkpoint, ws)
    fine_tuned = checkpoint.about.get("stage") in ("sft", "dpo")
    books, start = _books(runs, ws), _start(checkpoint, ws)
    return ModelFacts(checkpoint.model.config, fine_tuned, books, runs, _exams(checkpoint, ws), start)


def model_card(
    checkpoint: Checkpoint,
    ws: Workspace | None,
    repo: str,
    license: str = "",
    ggufs: bool = False,
    hub: Hub = "huggingface",
) -> str:
    """README.md of a checkpoint.

    Args:
        ws: the workspace it comes from; without one, only what the checkpoint itself says is told.
        repo: OWNER/NAME on the Hub, for the lines that show how to use it.
        license: an identifier of the Hub's, such as apache-2.0; empty: none is claimed.
        ggufs: whether GGUF files lie beside it.
        hub: where it lies.
    """
    facts = model_facts(checkpoint, ws)
    parts = [
        _front(checkpoint, license, repo.rpartition("/")[2], facts.exams),
        f"# {repo.rpartition('/')[2]}",
        _intro(facts),
        _numbers(facts),
        _exam_table(facts.exams),
        _use(checkpoint, repo, ggufs, hub),
        _LIMITS,
        _settings(facts.runs),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _front(checkpoint: Checkpoint, license: str, name: str, exams: list[ExamFacts]) -> str:
    """What the hubs read: among it the exams, as the `model-index` by which they list results."""
    data = ModelCardData(
        language=_language(checkpoint.tokenizer),
        license=license or None,
        library_name="transformers",
        pipeline_tag="text-generation",
        tags=["jianghu", "qwen3", "novels"],
        model_name=name if exams else None,
        eval_results=[result for exam in exams for result in _results(exam)] or None,
    )
    return f"---\n{data.to_yaml()}\n---"


def _results(exam: ExamFacts) -> list[EvalResult]:
    """A group of an exam as the hubs list it. Shares from 0 to 1; the interval stands beside the share."""
    where: dict[str, Any] = {
        "task_type": "question-answering",
        "task_name": "Closed-book question answering",
        "dataset_type": "jianghu-exam",
        "dataset_name": f"{exam.name}, {exam.group}",
        "dataset_config": exam.group,
    }
    measured = {"questions": exam.questions, "interval_95_wilson": [round(exam.low, 4), round(exam.high, 4)]}
    return [
        EvalResult(
            **where,
            metric_type="accuracy",
            metric_name="Right answers",
            metric_value=round(exam.accuracy, 4),
            metric_args=measured,
        ),
        EvalResult(
            **where,
            metric_type="f1",
            metric_name="F1 by characters",
            metric_value=round(exam.character_f1, 4),
            metric_args={"questions": exam.questions},
        ),
    ]


def _language(tokenizer: Tokenizer) -> str | None:
    """`zh` if most of the vocabulary's characters are Chinese."""
    characters = tokenizer.decode(range(tokenizer.vocab_size))
    return "zh" if len(re.findall(r"[\u3400-\u9fff]", characters)) > len(characters) / 2 else None


def _lineage(checkpoint: Checkpoint, ws: Workspace | None) -> list[RunFacts]:
    """The runs that made these weights, the first one first."""
    runs: list[RunFacts] = []
    path: Path | None = checkpoint.path.resolve()
    while path is not None and "run" in (about := read_about(path)):
        run = path.parents[1]
        manifest = run / "manifest.json"
        rows = [row for row in files.read_log(run / "metrics.jsonl") if row["step"] <= about["step"]]
        scored = [row["val_bpc"] for row in rows if "val_bpc" in row]
        last = rows[-1] if rows else {}
        runs.insert(
            0,
            RunFacts(
                name=about["run"],
                stage=about["stage"],
                step=about["step"],
                tokens=last.get("tokens"),
                epochs=last.get("epochs"),
                bits=about.get("val_bpc", scored[-1] if scored else None),
                inputs=list(about["inputs"].values()),
                settings=files.read_json(manifest)["settings"] if manifest.exists() else {},
            ),
        )
        path = (ws.root / about["from"]).resolve() if ws is not None and "from" in about else None
    return runs


def _books(runs: list[RunFacts], ws: Workspace | None) -> dict[str, int]:
    """Characters of each book that the first of the runs has read; none if the data has changed since."""
    if ws is None or not runs:
        return {}
    tokens = ws.tokens / "train.npy"
    if not tokens.exists() or files.sha256_file(tokens) not in runs[0].inputs:
        return {}
    books: dict[str, int] = {}
    for chapter in files.read_jsonl(ws.chapters):
        books[chapter["book"]] = books.get(chapter["book"], 0) + len(chapter["text"])
    return books


def _start(checkpoint: Checkpoint, ws: Workspace | None) -> str:
    """The model of others that the first of the runs began from, as people call it; empty if it began from nothing."""
    about, seen = checkpoint.about, set[str]()
    while (source := str(about.get("from") or "")) and source not in seen:
        seen.add(source)
        folder = (ws.root if ws is not None else Path()) / source
        about = read_about(folder)
        if not about and (ws is not None or not source.startswith("runs/")):
            return source_name(source)
    return ""


def _intro(facts: ModelFacts) -> str:
    named = ", ".join(f"《{name}》 ({characters:,} characters)" for name, characters in facts.books.items())
    began = f"trained on from {facts.start}" if facts.start else "trained from nothing"
    text = f"A language model of {facts.parameters / 1e6:.1f} M parameters, {began} on {named or 'novels'}"
    if facts.fine_tuned:
        text += ", then fine-tuned to answer questions about them without the books at hand"
    return text + ". Made with Jianghu."


def _numbers(facts: ModelFacts) -> str:
    config = facts.config
    rows: list[tuple[str, str]] = [
        ("architecture", f"Qwen3: {config.n_layer} layers, {config.n_embd} wide, {config.n_head} heads"),
        ("vocabulary", f"{config.vocab_size:,} tokens, byte-level BPE"),
        ("context", f"{config.block_size:,} tokens"),
    ]
    for run in facts.runs:
        told = [f"step {run.step:,}"]
        if run.tokens is not None:
            told.append(f"{run.tokens:,} tokens, {run.epochs or 0:.1f} epochs")
        if run.bits is not None:
            told.append(f"{run.bits:.3f} bits per held-out character")
        rows.append((STAGES.get(run.stage, run.stage), ", ".join(told)))
    return "\n".join(["| | |", "|---|---|", *(f"| {name} | {value} |" for name, value in rows)])


def _exams(checkpoint: Checkpoint, ws: Workspace | None) -> list[ExamFacts]:
    """The exams that these very weights have taken, whole."""
    if ws is None or not ws.evals.is_dir():
        return []
    weights = {files.sha256_file(path) for path in weight_files(checkpoint.path)}
    rows = []
    for path in sorted(ws.evals.glob("*.json")):
        result = files.read_json(path)
        partial = result.get("settings", {}).get("eval", {}).get("limit")
        if partial or "scores" not in result or not weights & set(result["inputs"].values()):
            continue
        groups = result["groups"] if len(result["groups"]) > 1 else {}
        for group, score in [*groups.items(), ("all", result["scores"])]:
            numbers = (score[key] for key in ("questions", "accuracy", "low", "high", "character_f1"))
            rows.append(ExamFacts(Path(result["exam"]).stem, group, *numbers))
    return rows


def _exam_table(exams: list[ExamFacts]) -> str:
    if not exams:
        return ""
    return "\n".join(
        [
            "## Exams, closed-book",
            "",
            "Right: the answer holds an accepted form. `trained` are questions the model was taught, `paraphrase` the "
            "same facts in words it was not taught, `unseen` facts it was never asked about.",
            "",
            "| exam | group | questions | right | 95 % | F1 by characters |",
            "|---|---|---|---|---|---|",
            *(
                f"| {it.name} | {it.group or '-'} | {it.questions} | {it.accuracy:.1%} "
                f"| {it.low:.0%}–{it.high:.0%} | {it.character_f1:.2f} |"
                for it in exams
            ),
        ]
    )


def _use(checkpoint: Checkpoint, repo: str, ggufs: bool, hub: Hub) -> str:
    chat = checkpoint.about.get("stage") in ("sft", "dpo")
    said = "[{'role': 'user', 'content': '…'}]" if chat else "'…'"
    here = hub == "huggingface"
    model = repo if here else repo.rpartition("/")[2]  # ModelScope's is downloaded first
    download = [] if here else ["```sh", f"modelscope download {repo} --local-dir {model}", "```", ""]
    lines = [
        "## Use",
        "",
        *download,
        "```python",
        "from transformers import pipeline",
        "",
        f"print(pipeline('text-generation', '{model}')({said}, max_new_tokens=128))",
        "```",
        "",
        "```sh",
        f"vllm serve {model}",
        f"python -m sglang.launch_server --model-path {model}",
        *([f"llama-server -hf {repo}" if here else f"llama-server -m {model}/….gguf"] if ggufs else []),
        "```",
    ]
    return "\n".join(lines)


STAGES = {"pretrain": "pretraining", "sft": "fine-tuning", "dpo": "preferences (DPO)"}

_LIMITS = """## Limits

It knows its books and nothing else, and of those it remembers a part: answers may sound right and be wrong. It can
repeat passages of its books word for word, so the books' rights decide what may be done with it. It was taught
nothing about safety.

它只读过上面的书，也只记得其中一部分：回答可能像真的却是错的；它会逐字背出书中段落，使用时须顾及原书的版权。"""


def _settings(runs: list[RunFacts]) -> str:
    """What each run was told, without the teacher's address and other things that are not the model's."""
    settings = {run.name: run.settings for run in runs if run.settings}
    if not settings:
        return ""
    text = json.dumps(settings, ensure_ascii=False, indent=2)
    return f"<details><summary>Settings</summary>\n\n```json\n{text}\n```\n\n</details>"
