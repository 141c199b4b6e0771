"""Workspaces: what is stale and why, and short names of checkpoints."""

import pytest

from jianghu.errors import InputError
from jianghu.workspace import Manifest, Workspace


@pytest.fixture
def ws(tmp_path):
    (tmp_path / "jianghu.toml").write_text('preset = "demo"\n', encoding="utf-8")
    return Workspace(tmp_path)


def test_a_folder_without_a_recipe_is_no_workspace(tmp_path):
    with pytest.raises(InputError, match=r"not a workspace .*jianghu init"):
        Workspace(tmp_path)


def test_an_artifact_is_fresh_until_an_input_a_setting_or_an_output_changes(ws):
    ws.data.mkdir()
    out = ws.data / "x"
    now = Manifest({"books/a.txt": "1"}, {"tokenizer": {"vocab_size": 300}})
    assert ws.why_stale(ws.data, now, [out]) == "data/x is not there yet"
    out.write_text("x")
    ws.record(ws.data, now)
    assert ws.why_stale(ws.data, now, [out]) is None
    assert ws.why_stale(ws.data, Manifest({"books/a.txt": "2"}, now.settings), [out]) == "books/a.txt changed"
    more = Manifest({**now.inputs, "books/b.txt": "1"}, now.settings)
    assert ws.why_stale(ws.data, more, [out]) == "books/b.txt is new"
    assert ws.why_stale(ws.data, Manifest({}, now.settings), [out]) == "books/a.txt is gone"
    other = Manifest(now.inputs, {"tokenizer": {"vocab_size": 500}})
    assert ws.why_stale(ws.data, other, [out]) == "the setting tokenizer.vocab_size changed from 300 to 500"
    out.unlink()
    assert ws.why_stale(ws.data, now, [out]) == "data/x is not there yet"
    out.write_text("x")
    ws.forget(ws.data)
    assert ws.why_stale(ws.data, now, [out]) == "data is not there yet"


def checkpoint(path):
    path.mkdir(parents=True)
    (path / "config.json").write_text("{}")
    return path


def test_checkpoints_are_found_by_run_by_name_and_by_path(ws, tmp_path):
    last = checkpoint(ws.runs / "base" / "checkpoints" / "last")
    assert ws.checkpoint("base") == last
    best = checkpoint(ws.runs / "base" / "checkpoints" / "best")
    assert ws.checkpoint("base") == best
    assert ws.checkpoint("base/last") == last
    (best / "jianghu.json").write_text('{"stage": "sft", "val_bpc": 7.0}')
    assert ws.checkpoint("base") == last  # of a fine-tuned run whose best was chosen by loss the last is meant
    (best / "jianghu.json").write_text('{"stage": "sft", "val_bpc": 7.0, "score": 0.5}')
    assert ws.checkpoint("base") == best
    elsewhere = checkpoint(tmp_path / "elsewhere")
    assert ws.checkpoint(str(elsewhere)) == elsewhere
    with pytest.raises(InputError, match=r"bse: no such checkpoint\. There are: base/best, base/last"):
        ws.checkpoint("bse")


def test_a_run_name_cannot_leave_the_folder(ws):
    for name in ("../x", "a/b", ".hidden", ""):
        with pytest.raises(InputError, match="run name"):
            ws.run(name)


def test_a_run_whose_name_has_a_dot_keeps_its_own_manifest(ws):
    """Written before the folder is there; `rate-0.001` and `rate-0.003` must not share `rate-0.manifest.json`."""
    for name, rate in (("rate-0.001", 1e-3), ("rate-0.003", 3e-3)):
        ws.record(ws.run(name), Manifest({}, {"learning_rate": rate}))
    for name, rate in (("rate-0.001", 1e-3), ("rate-0.003", 3e-3)):
        assert (ws.run(name) / "manifest.json").exists()
        assert ws.why_stale(ws.run(name), Manifest({}, {"learning_rate": rate}), []) is None
