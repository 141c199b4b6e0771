"""transformers loads a checkpoint folder and computes what we compute: the version here, and the newest v4."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from benchmarks.conformance import extracts
from jianghu.generation import Sampling, generate

from ..conftest import novel_text
from . import hugging_face
from .conftest import HARD_TEXTS

TEXTS = ["沈青峰是谁？", *[text for text in HARD_TEXTS if "<|" not in text]]
"""transformers takes special tokens typed in a text for special; our encoder does not, on purpose."""


def compare(checkpoint, theirs):
    """Ids, scores and greedy text of transformers against ours."""
    model, tokenizer = checkpoint.model, checkpoint.tokenizer
    assert theirs["model"] == "Qwen3ForCausalLM"
    assert theirs["ids"] == tokenizer.encode_many(TEXTS)
    assert theirs["talk"] == f"<|im_start|>user\n{TEXTS[0]}<|im_end|>\n<|im_start|>assistant\n"
    rows = generate(model, prompts(checkpoint), Sampling(30), tokenizer.stop_ids)
    for prompt, scores, ids, row in zip(prompts(checkpoint), theirs["scores"], theirs["greedy"], rows, strict=True):
        with torch.inference_mode():
            own = model.logits(model(torch.tensor([prompt])))[0, -1]
        assert torch.allclose(own, torch.tensor(scores), atol=1e-3, rtol=1e-4)
        assert ids[: len(row.ids)] == row.ids
        assert len(ids) == len(row.ids) + row.finished


def prompts(checkpoint):
    return [checkpoint.tokenizer.encode(text)[:60] for text in extracts(novel_text(), 12)]


@pytest.mark.parametrize("which", ["chat", "lively"])
def test_this_environments_transformers_agrees(which, request):
    checkpoint = request.getfixturevalue(which)
    compare(checkpoint, hugging_face.read(checkpoint.path, prompts(checkpoint), TEXTS))


@pytest.fixture(scope="module")
def version_4(tmp_path_factory):
    """A folder with the newest transformers v4 and what it needs besides PyTorch; JIANGHU_V4 names one made before."""
    if "JIANGHU_V4" in os.environ:
        return Path(os.environ["JIANGHU_V4"])
    folder = tmp_path_factory.mktemp("v4")
    subprocess.run([sys.executable, "-m", "pip", "install", "-q", "--target", folder, "transformers<5"], check=True)
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("which", ["chat", "lively"])
def test_the_newest_version_4_agrees(which, version_4, request):
    checkpoint = request.getfixturevalue(which)
    command = [
        sys.executable,
        hugging_face.__file__,
        checkpoint.path,
        json.dumps(prompts(checkpoint)),
        json.dumps(TEXTS),
    ]
    said = subprocess.run(command, env={**os.environ, "PYTHONPATH": str(version_4)}, stdout=subprocess.PIPE, check=True)
    theirs = json.loads(said.stdout)
    assert theirs["version"].startswith("4.")
    compare(checkpoint, theirs)
