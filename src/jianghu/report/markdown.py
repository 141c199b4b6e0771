"""Facts → a Markdown document with plots beside it, for those who hand in a document."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import matplotlib

matplotlib.use("agg")
from matplotlib import font_manager, pyplot  # the backend must be chosen before

from .. import files
from ..evaluation.columns import filled_columns, group_name
from ..messages import Both
from . import names
from .advice import advice
from .charts import colours
from .facts import STAGES, Facts, Run
from .figures import loss_finding, study_finding
from .page import label
from .starts import start_table

_FONTS = ("Noto Sans CJK SC", "Noto Sans CJK JP", "Source Han Sans SC", "PingFang SC", "Microsoft YaHei", "SimHei",
          "WenQuanYi Micro Hei")  # fmt: skip


def write_markdown(path: Path, facts: Facts) -> None:
    """Write the document, and its plots as PNG and SVG in the same folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    chinese = _use_chinese_font()
    lines = ["# 江湖 · Jianghu", "", *_twice(advice(facts)), "", "## 曲线 · Curves", ""]
    for stage in STAGES:
        runs = [run for run in facts.runs if run.stage == stage]
        if runs:
            lines += [f"![{stage}]({_curves(path.parent, stage, runs, chinese)})", ""]
    lines += ["| run | stage | best step | bits per character |", "|---|---|---|---|"]
    for run in facts.runs:
        lines.append(f"| {run.name} | {run.stage} | {run.best} | {run.best_val:.4f} |")
    lines += ["", "## 考试 · Exams", ""]
    if (table := start_table(facts)) is not None:
        heads = "".join(f" {_joined(name)}: {checkpoint} |" for name, checkpoint in table.heads)
        lines += ["### 从哪里开始 · Where it started from", "", f"| |{heads}", "|---" * (len(table.heads) + 1) + "|"]
        lines += [f"| {_joined(name)} | {' | '.join(cells)} |" for name, cells in table.rows]
        lines.append("")
    columns = filled_columns(row for exam in facts.exams for row in exam.rows.values())
    for exam in facts.exams:
        lines += [f"### {label(exam)}", "", "| |" + "".join(f" {column.heading.en} |" for column in columns)]
        lines.append("|---" * (len(columns) + 1) + "|")
        for group, scores in exam.rows.items():
            cells = [_joined(group_name(group)), *(column.text(scores) for column in columns)]
            lines.append(f"| {' | '.join(cells)} |")
        lines.append("")
    if facts.reliability:
        lines += ["## 开卷 · Open book", "", "| stated probability | right | questions |", "|---|---|---|"]
        lines += [f"| {row.probability:.2f} | {row.right:.2f} | {row.questions} |" for row in facts.reliability]
        lines.append("")
    lines += ["## 问答 · Records", "", *_records(facts), ""]
    if facts.studies:
        lines += ["## 研究 · Studies", ""]
    for study in facts.studies:
        finding = study_finding(study)
        lines += [f"- {_joined(study.title)}: {_joined(finding) if finding else ''}"]
    if (finding := loss_finding(facts)) is not None:
        lines += ["", *_twice([finding])]
    lines += ["", "## 重现 · Make it again", "", "```sh", *facts.commands, "```"]
    files.write_text(path, "\n".join(lines) + "\n")


def _twice(said: Sequence[Both]) -> list[str]:
    return [line for words in said for line in (words.zh, words.en)]


def _joined(words: Both) -> str:
    return words.en if words.en == words.zh else f"{words.zh} · {words.en}"


def _records(facts: Facts) -> list[str]:
    """How many records of which kind and source there are, and what the teacher did and cost."""
    records, teacher = facts.records, facts.teacher
    parts: list[tuple[str, dict[str, int], Callable[[str], Both]]] = [
        ("split", records.splits, names.split_name),
        ("source", records.sources, names.source_name),
        ("kind", records.kinds, names.kind_name),
        ("left out", teacher.left_out, names.reason_name),
        ("rejected", teacher.rejected, names.reason_name),
    ]
    lines = [
        f"- {part}: {', '.join(f'{_joined(name(key))} {n:,}' for key, n in counts.items())}"
        for part, counts, name in parts
        if counts
    ]
    for it in teacher.models:
        tokens = f"{it.tokens_in:,} + {it.tokens_out:,} tokens"
        lines.append(f"- {it.model}: {it.replies:,} replies, {tokens}, cost {it.cost:.4f}")
    return lines or ["- 未做 · none"]


def _use_chinese_font() -> bool:
    """Choose an installed font that has Chinese; False if there is none, and labels are then English."""
    there = {font.name for font in font_manager.fontManager.ttflist}
    found = [name for name in _FONTS if name in there]
    if found:
        pyplot.rcParams["font.family"] = [found[0], "sans-serif"]
    return bool(found)


def _curves(folder: Path, stage: str, runs: list[Run], chinese: bool) -> str:
    """Validation loss (with dots) and training loss (thin) over tokens; returns the PNG's name."""
    chart, axes = pyplot.subplots(figsize=(9, 5), dpi=130)
    for run in runs:
        colour, trained, scored = colours(runs)[run.name], run.curve("train"), run.curve("val")
        axes.plot(
            [p.tokens for p, _ in trained], [loss for _, loss in trained], linewidth=0.9, alpha=0.55, color=colour
        )
        axes.plot([p.tokens for p, _ in scored], [loss for _, loss in scored], ".-", label=run.name, color=colour)
        for best, loss in scored:
            if best.step == run.best:
                axes.plot(best.tokens, loss, "*", markersize=12, color=colour)
    axes.set_xlabel("词元" if chinese else "tokens")
    axes.set_ylabel("每字比特（细线：训练）" if chinese else "bits per character (thin: training)")
    axes.grid(alpha=0.25)
    axes.legend(fontsize=7)
    for kind in ("png", "svg"):
        chart.savefig(folder / f"curves-{stage}.{kind}", bbox_inches="tight")
    pyplot.close(chart)
    return f"curves-{stage}.png"
