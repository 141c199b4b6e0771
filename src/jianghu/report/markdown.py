"""Facts → a Markdown document with plots beside it, for those who hand in a document."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("agg")
from matplotlib import font_manager, pyplot  # the backend must be chosen before

from .. import files
from .advice import advice
from .findings import findings
from .gather import Facts, Run
from .page import exam_rows

_FONTS = ("Noto Sans CJK SC", "Noto Sans CJK JP", "Source Han Sans SC", "PingFang SC", "Microsoft YaHei", "SimHei",
          "WenQuanYi Micro Hei")  # fmt: skip


def write_markdown(path: Path, facts: Facts) -> None:
    """Write the document, and its plots as PNG and SVG in the same folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    chinese = _use_chinese_font()
    lines = [
        "# 江湖 · Jianghu",
        "",
        *(line for said in advice(facts) for line in (said.en, said.zh)),
        "",
        "## 曲线 · Curves",
        "",
    ]
    for stage in ("pretrain", "sft"):
        runs = [run for run in facts.runs if run.stage == stage]
        if runs:
            lines += [f"![{stage}]({_curves(path.parent, stage, runs, chinese)})", ""]
    lines += ["| run | stage | best step | bits per character |", "|---|---|---|---|"]
    for run in facts.runs:
        lines.append(f"| {run.name} | {run.stage} | {run.best} | {min(p['val_bpc'] for p in run.points):.4f} |")
    lines += ["", "## 考试 · Exams", "", "| checkpoint | asked | right | 95 % |", "|---|---|---|---|"]
    for name, scores in exam_rows(facts):
        interval = f"{scores.low:.1%}–{scores.high:.1%}"
        lines.append(f"| {name} | {scores.questions} | {scores.accuracy:.1%} | {interval} |")
    lines += ["", "## 问答 · Records", "", *_records(facts), "", "## 发现 · Findings", ""]
    for finding in findings(facts):
        lines.append(f"- {' '.join(finding.sentence)} {' '.join(finding.figure).strip() or '未做 · not run'}")
    files.write_text(path, "\n".join(lines) + "\n")


def _records(facts: Facts) -> list[str]:
    """How many records of which kind and source there are, and what the teacher did and cost."""
    told = {"split": facts.records["splits"], "source": facts.records["sources"], "kind": facts.records["kinds"]}
    told |= {"left out": facts.teacher.get("left_out", {}), "rejected": facts.teacher.get("rejected", {})}
    lines = [
        f"- {name}: {', '.join(f'{key} {n:,}' for key, n in counts.items())}" for name, counts in told.items() if counts
    ]
    for model, it in facts.teacher.get("models", {}).items():
        tokens = f"{it['tokens_in']:,} + {it['tokens_out']:,} tokens"
        lines.append(f"- {model}: {it['replies']:,} replies, {tokens}, cost {it['cost']:.4f}")
    return lines or ["- 未做 · none"]


def _use_chinese_font() -> bool:
    """Choose an installed font that has Chinese; False if there is none, and labels are then English."""
    there = {font.name for font in font_manager.fontManager.ttflist}
    found = [name for name in _FONTS if name in there]
    if found:
        pyplot.rcParams["font.family"] = [found[0], "sans-serif"]
    return bool(found)


def _curves(folder: Path, stage: str, runs: list[Run], chinese: bool) -> str:
    """Validation loss over tokens; returns the PNG's name."""
    chart, axes = pyplot.subplots(figsize=(9, 5), dpi=130)
    for run in runs:
        (line,) = axes.plot([p["tokens"] for p in run.points], [p["val_bpc"] for p in run.points], label=run.name)
        best: dict[str, Any] = next(point for point in run.points if point["step"] == run.best)
        axes.plot(best["tokens"], best["val_bpc"], "*", markersize=11, color=line.get_color())
    axes.set_xlabel("词元" if chinese else "tokens")
    axes.set_ylabel("每字比特" if chinese else "bits per character")
    axes.grid(alpha=0.25)
    axes.legend(fontsize=7)
    for kind in ("png", "svg"):
        chart.savefig(folder / f"curves-{stage}.{kind}", bbox_inches="tight")
    pyplot.close(chart)
    return f"curves-{stage}.png"
