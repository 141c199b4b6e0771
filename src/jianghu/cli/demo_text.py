"""What `jianghu demo` says of each stage, before and after it."""

from __future__ import annotations

from pathlib import Path

from ..messages import command, tr


def head(stage: str) -> tuple[str, str]:
    """The name of a stage, and what is about to happen."""
    match stage:
        case "books":
            return tr("Books"), tr(
                "Reading the file: finding its encoding, its chapters, and what does not belong to the novel."
            )
        case "prepare":
            return tr("Prepare"), tr(
                "Learning a vocabulary of character groups, and setting a tenth of the text aside for an honest test."
            )
        case "synth":
            return tr("Records"), tr("Making questions and answers from the novel, each with its place in the text.")
        case "reader":
            return tr("Reader"), tr(
                "A small network learns to find answers in the passages of the novel: the book is open to it, and it "
                "learns nothing by heart."
            )
        case "pretrain":
            return tr("Pretrain"), tr(
                "A network that knows nothing reads the novel again and again, guessing each "
                "next token. Most time goes here."
            )
        case "sft":
            return tr("Fine-tune"), tr(
                "The model learns to answer: it sees questions and is graded on the answers alone."
            )
        case "eval":
            return tr("Exam"), tr(
                "The model answers without the book: facts it was taught, in the same words "
                "and in new ones, and facts that nobody asked it about."
            )
        case _:
            raise ValueError(stage)


def done(stage: str, values: dict[str, object]) -> str:
    """What came out of a stage, by the figures that it returned."""
    match stage:
        case "books":
            return tr(
                "{name}: {chapters} chapters, {characters_after:,} characters; cleaning took out {removed:,}.",
                **values,
            )
        case "prepare":
            return tr(
                "{vocab_size:,} tokens in the vocabulary, {characters_per_token} characters "
                "each; {train_characters:,} characters to learn from, {val_characters:,} "
                "held out in {val_stretches} places.",
                **values,
            )
        case "synth":
            return tr(
                "{bundled:,} about the novel that come with Jianghu, {cloze:,} cut from the "
                "text; {train:,} to learn; held out: {paraphrase:,} in new words, {val:,} "
                "and {test:,} on facts of their own.",
                **values,
            )
        case "reader" if values.get("right") is not None:
            return tr(
                "Learned from {questions:,} questions; of {asked:,} on facts of their own it finds {right:,} answers.",
                **values,
            )
        case "reader":
            return tr("{questions:,} questions to learn from: too few. The book stays closed.", **values)
        case "sft" if values.get("best_score") is not None:
            return tr(
                "Best at step {best_step}: {best_score:.1%} right answers to questions about "
                "taught facts in words that it was not trained on. That checkpoint takes the "
                "exam.",
                **values,
            )
        case "pretrain" | "sft":
            return tr(
                "Best at step {best_step}: {best_val:.3f} bits per held-out character (lower is better).",
                **values,
            )
        case "eval":
            return tr(
                "{questions:,} questions answered.",
                **values,
            )
        case _:
            raise ValueError(stage)


def where(folder: Path) -> list[tuple[str, str]]:
    """Where everything lies: places, and what is there."""
    return [
        (f"{folder}/jianghu.toml", tr("all settings, with comments")),
        (f"{folder}/data/", tr("chapters, tokenizer, tokens, records")),
        (f"{folder}/runs/base/", tr("the pretrained model: checkpoints, metrics.jsonl, samples.jsonl, tensorboard")),
        (f"{folder}/runs/chat/", tr("the fine-tuned model; each checkpoint is a Hugging Face folder")),
        (f"{folder}/evals/", tr("every answer of the exam")),
    ]


def next_steps(question: str) -> str:
    """What to type next.

    Args:
        question: to ask the model.
    """
    return tr(
        "talk to it          {jianghu} chat\n"
        "ask one question    {jianghu} ask {question}\n"
        "let it write on     {jianghu} sample base --prompt 却说曹操\n"
        "talk in a browser   {jianghu} serve\n"
        "everything it did   {jianghu} report\n"
        "books of your own   {init}",
        question=question,
        init=command("init", "shelf", here=True),
    )
