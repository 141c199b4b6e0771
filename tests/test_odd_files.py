"""Files that people write or download, with odd types in them: each is refused in one line, at once, or works."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import get_args

import pytest
from pydantic import BaseModel

from jianghu.errors import InputError
from jianghu.llm.prompts import read_prompt
from jianghu.model import ModelConfig, Transformer
from jianghu.model.checkpoint import load_checkpoint, save_checkpoint
from jianghu.recipe import Recipe, load_recipe, to_toml
from jianghu.tokenizer_training import train_tokenizer

ODD = ("1e400", "nan", "9223372036854775807", "-1", "true", '""', '"x"', "[[]]", "{a = []}", "1979-05-27")
KEYS = (
    *(
        "sk-3f8a9c1d2b7e4056",
        "0123456789abcdef0123456789abcdef.AbCdEfGhIjKlMnOp",
        "AIzaSyD-9tSrke72PouQMnMX-a7eZSW0jkFMBWY",
    ),
    *(
        "a3f8a9c1-2b7e-4056-8d1f-aabbccddeeff",
        "ABCD1234EFGH5678IJKL9012MNOP",
        "ms-5c1f0e5e2b7e4056a3f8",
        "bce-v3/ALTAK-abc/0a1b2c",
    ),
)


def groups(model: type[BaseModel] = Recipe, path: str = "") -> Iterator[tuple[str, type[BaseModel]]]:
    """Every table of a recipe, with its settings."""
    yield path, model
    for name, field in model.model_fields.items():
        for kind in (field.annotation, *get_args(field.annotation)):
            if isinstance(kind, type) and issubclass(kind, BaseModel):
                yield from groups(kind, f"{path}.{name}".strip("."))


def refusal(call: Callable[[], object]) -> str:
    """With which words a call is refused; empty where it works. Any other error is the test's."""
    try:
        call()
    except InputError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("value", ODD)
def test_no_setting_of_an_odd_type_ends_in_a_traceback(value: str, tmp_path: Path) -> None:
    path = tmp_path / "jianghu.toml"
    for table, settings in groups():
        head = f"[[{table}]]" if table.endswith(("accounts", "rivals")) else f"[{table}]" if table else ""
        for name in settings.model_fields:
            path.write_text(f"{head}\n{name} = {value}\n", encoding="utf-8")
            told = refusal(lambda: to_toml(load_recipe(path)))
            assert "\n" not in told
            assert len(told) < 700


@pytest.mark.parametrize("text", ["a = " + "[" * 50_000, "a = " + "9" * 5000, "\ud800", "\0", "["])
def test_a_recipe_that_is_no_toml_is_refused(text: str, tmp_path: Path) -> None:
    path = tmp_path / "jianghu.toml"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    with pytest.raises(InputError, match=r"jianghu\.toml"):
        load_recipe(path)


@pytest.mark.skipif(os.name != "posix", reason="there are no pipes with names elsewhere")
def test_what_is_no_file_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", tmp_path, Path("/dev/zero")):
        for read in (load_recipe, read_prompt):
            with pytest.raises(InputError, match="not a file"):
                read(path)


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize(
    "line",
    [
        'key_env = "KEY"',
        'base_url = "https://api.example.com/v1?api_key=KEY"',
        'base_url = "https://api.example.com/v1?x=KEY"',
        'base_url = "https://user:KEY@api.example.com/v1"',
        'model = "KEY"',
        'provider = "KEY"',
        'price_in = "KEY"',
        'accounts = [{key_env = "KEY"}]',
        'accounts = [{base_url = "https://h/v1?token=KEY"}]',
        'accounts = ["KEY"]',
    ],
)
def test_a_key_in_the_wrong_place_is_refused_and_not_repeated(line: str, key: str, tmp_path: Path) -> None:
    path = tmp_path / "jianghu.toml"
    path.write_text(f"[synth.teacher]\n{line.replace('KEY', key)}\n", encoding="utf-8")
    with pytest.raises(InputError) as caught:
        load_recipe(path)
    assert key not in str(caught.value)
    assert key[4:16] not in str(caught.value)


@pytest.mark.parametrize(
    "line",
    [
        *('key_env = "JIANGHU_API_KEY"', 'key_env = "zhipu_key_2"', 'key_env = "K"', 'key_env = ""'),
        *('base_url = "https://ark.cn-beijing.volces.com/api/v3"', 'base_url = "http://10.0.0.5:8000/v1"'),
        'base_url = "https://name.openai.azure.com/openai/deployments/gpt?api-version=2024-02-15-preview"',
        *('model = "deepseek-ai/DeepSeek-V3.2-Exp"', 'model = "Qwen/Qwen3-235B-A22B-Instruct-2507"'),
        *('model = "ep-20250101123456-abcde"', 'model = "doubao-seed-1-6-flash-250828"', 'model = "key-model"'),
        'model = "anthropic/claude-3.5-haiku-20241022:beta"',
    ],
)
def test_names_and_addresses_are_no_keys(line: str, tmp_path: Path) -> None:
    path = tmp_path / "jianghu.toml"
    path.write_text(f"[synth.teacher]\n{line}\n", encoding="utf-8")
    load_recipe(path)


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "---",
            "---\n---\n",
            "\0",
            "---\nname: x\n---\n",
            "---\nname: x\n---\n# system\n",
            "\ufeff---\n: :\n---\n# user\n",
        ),
        *(
            "---\n" + "---\n" * 20_000,
            "---\nname: x\n---\n# system\n" + "\n" * 60_000,
            "---\nname: " + " " * 50_000 + "x\n",
        ),
        *("---\nname: x\ntemperature: 1e400\n---\n# user\nx", "---\nname: x\n---\n# user\n{count.__class__}{0}{}{x!r}"),
        "a" * 1_000_000,
    ],
)
def test_a_prompt_file_is_read_at_once_or_refused(text: str, tmp_path: Path) -> None:
    path = tmp_path / "own.md"
    path.write_text(text, encoding="utf-8")
    told = refusal(lambda: read_prompt(path).messages(count="3"))
    assert not told or "own.md" in told
    assert len(told) < 600


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("foreign") / "checkpoint"
    tokenizer = train_tokenizer(["沈青峰夜入寒潭寺。" * 20], "char")
    config = ModelConfig(tokenizer.vocab_size, 32, 2, 2, 2, 16, 64)
    save_checkpoint(path, Transformer(config, 0.0), tokenizer, {})
    return path


def test_a_foreign_configuration_is_refused_or_works(checkpoint: Path) -> None:
    path = checkpoint / "config.json"
    whole = path.read_text(encoding="utf-8")
    values = ("NaN", "1000000000", "true", '"\\ud800"', '{"rope_theta": []}', "null")
    fields: dict[str, object] = json.loads(whole)
    texts = [
        "{" + ", ".join(f'"{one}": {value if one == name else json.dumps(own)}' for one, own in fields.items()) + "}"
        for name in list(fields)[2:14]
        for value in values
    ]
    try:
        for text in [*texts, "", "[]", "3", "null", "[" * 50_000, '{"model_type": "qwen3"}', "1" * 6000]:
            path.write_text(text, encoding="utf-8")
            assert "\n" not in refusal(lambda: load_checkpoint(checkpoint))
    finally:
        path.write_text(whole, encoding="utf-8")
    load_checkpoint(checkpoint)


@pytest.mark.parametrize("name", ["tokenizer.json", "jianghu.json", "model.safetensors"])
def test_other_files_of_a_checkpoint_are_refused_or_work(name: str, checkpoint: Path) -> None:
    path = checkpoint / name
    whole = path.read_bytes()
    try:
        for data in (b"", b"[]", b"null", b"[" * 50_000, b"\xff\xfe", whole[: len(whole) // 2], b'{"model": []}'):
            path.write_bytes(data)
            told = refusal(lambda: load_checkpoint(checkpoint))
            assert not told or name in told
    finally:
        path.write_bytes(whole)
