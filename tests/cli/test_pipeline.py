"""The whole path through the command line, on a small made-up novel."""

import json
import shutil

import pytest
import torch

from jianghu.workspace import Workspace

from ..conftest import jianghu


@pytest.fixture
def copy(shelf, tmp_path):
    """A copy of the finished workspace, to be changed."""
    return shutil.copytree(shelf, tmp_path / "shelf")


def test_every_artifact_is_there(shelf):
    for name in (
        "data/chapters.jsonl", "data/tokenizer/tokenizer.json", "data/tokens/train.npy", "data/tokens/tokens.json",
        "data/records/train.jsonl", "data/records/val.jsonl", "data/records/test.jsonl",
        "runs/base/recipe.toml", "runs/base/metrics.jsonl", "runs/base/samples.jsonl",
        "runs/base/state/state.safetensors",
        "runs/base/checkpoints/best/model.safetensors", "runs/base/checkpoints/last/config.json",
        "runs/chat/checkpoints/best/model.safetensors", "evals/chat.records.json",
    ):  # fmt: skip
        assert (shelf / name).is_file(), name
    assert not list(shelf.rglob(".*.tmp-*"))


def test_each_record_and_each_fact_is_in_one_split(shelf):
    parts = {}
    for split in ("train", "paraphrase", "val", "test"):
        lines = (shelf / f"data/records/{split}.jsonl").read_text(encoding="utf-8").splitlines()
        parts[split] = [json.loads(line) for line in lines]
        assert {row["split"] for row in parts[split]} <= {"train" if split == "paraphrase" else split}
    facts = {split: {row["fact"] for row in rows} for split, rows in parts.items()}
    assert all(facts[split] for split in ("train", "val", "test"))
    assert not facts["train"] & (facts["val"] | facts["test"])
    assert not facts["val"] & facts["test"]


def test_a_second_run_does_nothing_and_says_so(copy):
    before = {path: path.stat().st_mtime_ns for path in copy.rglob("*") if path.is_file() and path.name[0] != "."}
    out = jianghu("run", cwd=copy).stdout
    assert out.splitlines() == [
        f"{stage}: fresh" for stage in ("prepare", "synth", "reader", "pretrain", "sft", "eval")
    ]
    after = {path: path.stat().st_mtime_ns for path in copy.rglob("*") if path.is_file() and path.name[0] != "."}
    assert after == before
    assert json.loads(jianghu("status", "--json", cwd=copy).stdout)["sft"] == "fresh"


def test_a_changed_setting_repeats_only_what_depends_on_it_and_keeps_the_old_run(copy):
    recipe = (copy / "jianghu.toml").read_text().replace("[sft]\nmax_iters = 30", "[sft]\nmax_iters = 12")
    (copy / "jianghu.toml").write_text(recipe)
    out = jianghu("run", cwd=copy).stdout
    assert "prepare: fresh" in out
    assert "pretrain: fresh" in out
    assert "sft: the setting sft.max_iters changed from 30 to 12" in out
    assert "eval: runs/chat/checkpoints/best/model.safetensors changed" in out
    assert json.loads((copy / "runs/chat/result.json").read_text())["step"] == 12
    assert (copy / "runs/chat-old1/checkpoints/best/model.safetensors").is_file()


def test_bundled_records_are_left_out_with_a_reason_on_a_shelf_of_other_books(copy):
    both = ("synth", "run", "--strategy", "bundled", "--strategy", "cloze", "--json")
    facts = json.loads(jianghu(*both, cwd=copy).stdout)
    assert facts["bundled"] == 0
    assert facts["cloze"] > 0
    assert facts["bundled_left_out"]
    alone = jianghu("synth", "run", "--strategy", "bundled", cwd=copy, check=False)
    assert alone.returncode == 2


def test_an_exam_with_other_settings_does_not_pass_for_the_pipelines(copy):
    jianghu("eval", "chat", "--max-new-tokens", 3, cwd=copy)
    assert "eval: the setting eval.max_new_tokens changed from 3 to 8" in jianghu("run", cwd=copy).stdout


def test_a_partial_exam_takes_no_other_ones_place(copy):
    whole = copy / "evals/chat.records.json"
    before = whole.read_bytes()
    said = jianghu("eval", "chat", "--limit", 3, cwd=copy).stdout
    asked = len(json.loads(before)["answers"])
    assert f"only 3 of {asked} questions" in said
    assert whole.read_bytes() == before
    assert len(json.loads((copy / "evals/chat.records.limit-3.json").read_bytes())["answers"]) == 3
    assert "eval: fresh" in jianghu("run", cwd=copy).stdout


def test_a_token_can_be_traced_to_book_chapter_and_character(shelf):
    from jianghu.corpus import read_chapters
    from jianghu.dataset import read_tokens
    from jianghu.tokenizer import Tokenizer

    tokenizer, data = Tokenizer.load(shelf / "data/tokenizer"), read_tokens(shelf / "data/tokens")
    chapters = {(chapter.book, chapter.chapter): chapter for chapter in read_chapters(shelf / "data/chapters.jsonl")}
    for part in ("train", "val"):
        ids = getattr(data, part)
        for start, end in data.stretches(part):
            for index in range(start, end, 37):
                place = data.locate(part, index, tokenizer)
                text = chapters[place.book, place.chapter].full
                token = tokenizer.token_bytes[ids[index]]
                if tokenizer.chars_per_token[ids[index]] and token.decode("utf-8", "ignore"):
                    whole = token.decode("utf-8", "ignore")
                    assert text[place.offset :].startswith(whole) or whole.startswith(text[place.offset :])
        assert data.about[part]["characters"] == sum(
            int(tokenizer.chars_per_token[ids[start:end]].sum()) for start, end in data.stretches(part)
        )


def test_validation_text_is_not_training_text(shelf):
    from jianghu.corpus import read_chapters, split_chapters
    from jianghu.recipe import load_recipe

    chapters = read_chapters(shelf / "data/chapters.jsonl")
    split = split_chapters(chapters, load_recipe(shelf / "jianghu.toml").split)
    places = {"train": set(), "val": set()}
    for name in places:
        for stretch in getattr(split, name):
            for piece in stretch.pieces:
                span = {(piece.chapter_index, at) for at in range(piece.start, piece.end)}
                assert not span & places["train"]
                assert not span & places["val"]
                places[name] |= span


def test_greedy_answers_equal_those_of_transformers(shelf):
    from transformers import AutoModelForCausalLM, AutoTokenizer

    folder = Workspace(shelf).checkpoint("chat")
    asked = ("ask", "chat", "沈青峰是谁？", "--closed-book", "--greedy", "--max-new-tokens", 24)
    said = jianghu(*asked, cwd=shelf).stdout.rstrip("\n")
    model, tokenizer = AutoModelForCausalLM.from_pretrained(folder), AutoTokenizer.from_pretrained(folder)
    talk = [{"role": "user", "content": "沈青峰是谁？"}]
    ids = tokenizer.apply_chat_template(talk, add_generation_prompt=True, return_dict=True)["input_ids"]
    written = model.generate(torch.tensor([ids]), max_new_tokens=24, do_sample=False)[0, len(ids) :]
    expected = tokenizer.decode(written, skip_special_tokens=True).replace("\ufffd", "")
    assert said == expected


def test_sample_and_chat_write_whole_characters(shelf):
    out = jianghu("sample", "base", "--prompt", "沈青峰", "--max-new-tokens", 60, cwd=shelf).stdout
    assert out.startswith("沈青峰")
    assert len(out) > 10
    assert "\ufffd" not in out
    again = jianghu("sample", "base", "--prompt", "沈青峰", "--max-new-tokens", 60, cwd=shelf).stdout
    assert again == out
    talk = jianghu("chat", "chat", "--max-new-tokens", 20, cwd=shelf, input="你是谁？\n/new\n沈青峰？\n\n").stdout
    assert talk.count("> ") == 4
    assert "\ufffd" not in talk


def test_eval_of_a_users_exam(shelf, tmp_path):
    exam = tmp_path / "quiz.jsonl"
    rows = [{"id": str(n), "question": f"第{n}问：谁？", "answer": "沈青峰", "type": "who"} for n in range(3)]
    exam.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows), encoding="utf-8")
    results = json.loads(jianghu("eval", "chat", "base/last", "--exam", exam, "--json", cwd=shelf).stdout)
    assert [result["scores"]["questions"] for result in results] == [3, 3]
    assert (shelf / "evals/base-last.quiz.json").exists()
    table = jianghu("eval", "chat", "--exam", exam, cwd=shelf).stdout
    assert "95 %" in table
    assert "evals/chat.quiz.json" in table


def test_init_add_check_prepare(tmp_path, novel):
    book = tmp_path / "青峰录.txt"
    book.write_text(novel, encoding="gb18030")
    jianghu("init", "shelf", "--preset", "demo", cwd=tmp_path)
    assert "12 chapters" in jianghu("-C", "shelf", "books", "add", "青峰录.txt", cwd=tmp_path).stdout
    report = json.loads(jianghu("-C", "shelf", "books", "check", "--json", cwd=tmp_path).stdout)
    assert report[0]["encoding"] == "gb18030"
    assert report[0]["chapters"] == 12
    flags = ("--vocab-size", 500, "--stretch-chars", 600, "--gap-chars", 50)
    facts = json.loads(jianghu("-C", "shelf", "prepare", *flags, "--json", cwd=tmp_path).stdout)
    assert facts["vocab_size"] == 500
    assert facts["val_characters"] / facts["characters"] == pytest.approx(0.1, rel=0.4)
    assert book.read_bytes() == novel.encode("gb18030")


def test_help_fits_on_a_screen_and_shows_the_settings(tmp_path):
    assert len(jianghu("--help", cwd=tmp_path).stdout.splitlines()) <= 40
    out = jianghu("pretrain", "--help", cwd=tmp_path).stdout
    for flag in ("--max-iters", "--eval-interval", "--save-interval", "--keep-every", "--batch-size", "--block-size",
                 "--learning-rate", "--min-lr", "--resume", "--n-layer"):  # fmt: skip
        assert flag in out
    assert "Peak learning rate" in out
