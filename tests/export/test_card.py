"""The card says what the workspace knows, and nothing it does not know; the Modelfile and the commands."""

import json
import shutil

import pytest
from huggingface_hub import ModelCard

from benchmarks.llama import Llama
from jianghu.evaluation import GROUPS
from jianghu.export import model_card, modelfile
from jianghu.model import load_checkpoint
from jianghu.recipe import SampleSettings
from jianghu.workspace import Workspace

from ..conftest import jianghu


def test_the_card_names_books_runs_exams_and_use(shelf):
    ws = Workspace(shelf)
    chat = load_checkpoint(ws.checkpoint("chat"))  # the one that took the exam
    card = model_card(chat, ws, "me/qingfeng", "cc0-1.0", ggufs=True)
    data = ModelCard(card).data.to_dict()
    assert data["language"] == "zh"
    assert data["license"] == "cc0-1.0"
    assert data["library_name"] == "transformers"
    result = json.loads((shelf / "evals" / "chat.records.json").read_text(encoding="utf-8"))
    listed = {(one.dataset_config, one.metric_type): one for one in ModelCard(card).data.eval_results}
    for group, scores in [*result["groups"].items(), ("all", result["scores"])]:
        right = listed[group, "accuracy"]
        assert right.metric_value == pytest.approx(scores["accuracy"], abs=1e-4)
        assert right.metric_args["interval_95_wilson"] == pytest.approx([scores["low"], scores["high"]], abs=1e-4)
        assert right.metric_args["questions"] == scores["questions"]
        assert listed[group, "f1"].metric_value == pytest.approx(scores["character_f1"], abs=1e-4)
    assert len(listed) == 2 * len(result["groups"]) + 2
    base = load_checkpoint(ws.checkpoint("base"))
    for fact in (
        "《青峰录》",
        f"| fine-tuning | step {chat.about['step']}, ",
        f"| pretraining | step {base.about['step']}, ",
        f"{base.about['val_bpc']:.3f} bits per held-out character",
        f"| records | all | {result['scores']['questions']} | {result['scores']['accuracy']:.1%} ",
        "vllm serve me/qingfeng",
        "llama-server -hf me/qingfeng",
        '"max_iters": 30',
    ):
        assert fact in card, fact
    explained = {"trained", "paraphrase", "unseen"}
    assert explained <= set(GROUPS)
    assert all(f"`{group}`" in card for group in explained)


def test_the_card_claims_nothing_that_is_no_longer_so(shelf, tmp_path, chat):
    copy = tmp_path / "shelf"
    shutil.copytree(shelf, copy)
    (copy / "data" / "tokens" / "train.npy").write_bytes(b"other books since")
    for result in (copy / "evals").glob("*.json"):  # other tests may have examined this checkpoint too
        result.write_text(result.read_text(encoding="utf-8").replace(_weights(chat), "0" * 64), encoding="utf-8")
    card = model_card(load_checkpoint(copy / "runs/chat/checkpoints/last"), Workspace(copy), "me/x")
    assert "青峰录" not in card
    assert "## Exams" not in card
    assert {"license", "model-index"}.isdisjoint(ModelCard(card).data.to_dict())


def _weights(checkpoint):
    from jianghu import files

    return files.sha256_file(checkpoint.path / "model.safetensors")


def test_a_checkpoint_alone_still_gets_a_card(chat, tmp_path):
    shutil.copytree(chat.path, tmp_path / "alone")
    (tmp_path / "alone" / "jianghu.json").unlink()
    card = model_card(load_checkpoint(tmp_path / "alone"), None, "me/x")
    assert "trained from nothing on novels. Made with Jianghu." in card
    assert "Settings" not in card


def test_the_modelfile_has_the_template_and_the_limits(chat, shelf):
    text = modelfile(chat, "x.gguf", SampleSettings(temperature=0.5))
    assert text.startswith("FROM ./x.gguf\n")
    assert "<|im_start|>{{ .Role }}\n{{ .Content }}<|im_end|>\n" in text
    assert f"PARAMETER num_ctx {chat.model.config.block_size}\n" in text
    assert "PARAMETER temperature 0.5\n" in text
    assert 'PARAMETER stop "<|im_end|>"\n' in text
    base = load_checkpoint(Workspace(shelf).checkpoint("base"))
    assert 'TEMPLATE """{{ .Prompt }}"""\n' in modelfile(base, "x.gguf", SampleSettings())


def test_export_writes_both_files_and_llama_loads_them(shelf, tmp_path):
    jianghu("export", "chat/last", "--to", "ollama", "--type", "q8_0", "--out", tmp_path, cwd=shelf)
    assert {path.name for path in tmp_path.iterdir()} == {"chat-last-Q8_0.gguf", "chat-last-Q8_0.Modelfile"}
    assert Llama(tmp_path / "chat-last-Q8_0.gguf", context=64).encode("沈青峰")


def test_push_shows_the_card_without_sending(shelf):
    said = jianghu("push", "chat/last", "me/x", "--gguf", "f16", "--dry-run", cwd=shelf).stdout
    assert "# x\n" in said
    assert said.splitlines()[-1] == "chat-last-F16.gguf"


@pytest.mark.parametrize(
    "command", [("export", "nobody"), ("push", "nobody", "me/x"), ("export", "chat", "--type", "q4")]
)
def test_bad_input_ends_with_2(shelf, command):
    ended = jianghu(*command, cwd=shelf, check=False)
    assert ended.returncode == 2
    assert ended.stderr.count("\n") == 1
