"""The data card of an export: what the records are, how they were made and checked, and what is known against them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .export import Exported

_FIELDS = {
    "jsonl": "`id`, `fact` (what is asked; wordings of one fact share it), `wording`, `kind`, `question`, `answer`, "
    "`short_answer`, `aliases`, `book`, `chapter`, `start` and `end` (the evidence is `text[start:end]` of the "
    "chapter as Jianghu cleaned it), `source`, `split`",
    "qa": "`Question`, `Answer`",
    "alpaca": "`instruction`, `input` (always empty), `output`",
    "sharegpt": "`id`, `conversations`: a turn `from` human, a turn `from` gpt",
    "chatml": "`messages`: a turn of the user, a turn of the assistant",
}
_FIELDS["parquet"] = _FIELDS["jsonl"]
_SOURCES = {
    "cloze": "cut from the text by program, no model",
    "manners": "greetings and who the model is, by program",
    "written": "written down by the user beside the book",
    "bundled": "written by language models that read the novel (docs/records.md)",
    "passage": "asked of a teacher model, passage by passage",
    "basics": "asked of a teacher model: what is asked first about the book's best-known names, then wordings of each",
    "facts": "asked of a teacher model: facts with quotes, then wordings of each",
    "rolling": "asked of a teacher model with rotating examples; not tied to a passage",
    "import": "from another program's file",
}


def data_card(done: Exported, format: str, about: Mapping[str, Any]) -> str:
    """The card in Markdown, with the front matter that data hubs read."""
    total = sum(done.splits.values())
    suffix = "parquet" if format == "parquet" else "jsonl"
    config = [f"  - split: {_hub(split)}\n    path: {split}.{suffix}" for split in done.splits]
    parts = [
        "---\ntask_categories: [question-answering]\nlanguage: [zh]\nconfigs:\n- config_name: default\n  data_files:\n"
        + "\n".join(config)
        + "\n---",
        f"# Question-answer records about {_list(f'《{book}》' for book in sorted(done.books))}",
        f"{total:,} records. Fields: {_FIELDS[format]}.",
        _table("file", done.splits),
        _table("book", done.books),
        _table("kind", done.kinds),
        "## How they were made",
        "\n".join(
            f"- **{name}** ({count:,}): {_SOURCES.get(name, name)}." for name, count in done.sources.most_common()
        ),
        "## How they were checked",
        f"- {done.grounded:,} of {total:,} have their evidence in the book, at known offsets; the quote is the book's "
        "own words.",
        "- Records that ask the same as an earlier one (character 3-grams, Jaccard 0.8) are left out, and those that "
        "contradict one.",
        "- Splits are by fact and never change: no wording of a fact that is asked in the test is in the training "
        "file, nor is a question nearly the same.",
        "- `paraphrase` and `val_paraphrase` hold other wordings of facts that are in the training file, kept from it "
        "to examine what was taught and to choose a checkpoint by. Do not train on them.",
    ]
    if left_out := about.get("left_out"):
        parts.append("- Left out: " + _list(f"{name} {count:,}" for name, count in left_out.items()) + ".")
    parts.append(f"- {about.get('judge') or 'No judge has read them.'}")
    parts += [
        "## What is known against them",
        "A quote that stands in the book does not prove an answer. Records made by a model hold its errors; the books' "
        "texts are not part of this export, and their licences are the user's to know.",
    ]
    return "\n\n".join(parts) + "\n"


def _hub(split: str) -> str:
    return {"val": "validation"}.get(split, split)


def _list(words: Any) -> str:
    return ", ".join(words)


def _table(name: str, counts: Mapping[str, int]) -> str:
    rows = sorted(counts.items(), key=lambda row: (-row[1], row[0]))
    return "\n".join([f"| {name} | records |", "|---|---|", *(f"| {key} | {count:,} |" for key, count in rows)])
