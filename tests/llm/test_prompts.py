import json
from pathlib import Path

import pytest

from jianghu.errors import InputError
from jianghu.llm.dialect import Dialect
from jianghu.llm.prompts import Prompts, read_prompt
from jianghu.llm.store import Body
from jianghu.synth import schemas


def test_the_packages_prompt_is_filled_in_once() -> None:
    passage = "沈青峰拾起纸条，上写 {count} 与 {book} 二字。"
    messages = Prompts().get("passage").messages(book="青峰录", title="第七回", passage=passage, count="5")
    assert [message["role"] for message in messages] == ["system", "user"]
    assert passage in messages[1]["content"]
    assert "《青峰录》" in messages[0]["content"]
    assert "5 组" in messages[0]["content"]
    assert "JSON" in messages[0]["content"]  # json_object mode wants the word


@pytest.mark.parametrize("name", ["RECORDS", "FACTS", "WORDINGS", "CONTRASTS", "PAIRS", "NAMES", "TEXTS"])
def test_no_schema_has_what_slows_a_grammar(name: str) -> None:
    words = json.dumps(getattr(schemas, name))
    assert not any(word in words for word in ("maxLength", "minLength", "maxItems", "minItems", "pattern"))


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("只有正文", "front matter"),
        ("---\nabout: x\n---\n# system\n你\n# user\n{passage}", "name"),
        ("---\nname: x\n---\n# system\n你", "not a prompt"),
        ("---\nname: x\n---\n# user\n{pasage}", "did you mean passage"),
        ("---\nname: x\ntemperature: warm\n---\n# user\n{passage}", "temperature"),
    ],
)
def test_bad_prompt_files_are_refused(tmp_path: Path, text: str, fault: str) -> None:
    path = tmp_path / "own.md"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=fault) as caught:
        read_prompt(path)
    assert "own.md" in str(caught.value)


def test_a_prompt_of_the_workspace_takes_the_place_of_ours_and_must_show_as_much(tmp_path: Path) -> None:
    ours = Prompts(tmp_path).get("facts")
    (tmp_path / "facts.md").write_text("---\nname: facts\n---\n# user\n只看：{passage}", encoding="utf-8")
    with pytest.raises(InputError, match=r"facts\.md.*\{title\}"):
        Prompts(tmp_path).get("facts")
    (tmp_path / "facts.md").write_text("---\nname: facts\n---\n# user\n{title}：{passage}", encoding="utf-8")
    own = Prompts(tmp_path).get("facts")
    assert own.hash != ours.hash
    assert own.messages(title="第一回", passage="夜雨")[0]["content"] == "第一回：夜雨"


def test_a_missing_prompt_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such prompt"):
        read_prompt(tmp_path / "none.md")


def refused(dialect: Dialect, words: str) -> Dialect:
    other = dialect.after_refusal(words)
    assert other is not None
    return other


def test_refusals_lead_from_the_strictest_format_to_none() -> None:
    first = Dialect()
    second = refused(first, "This response_format type is unavailable now")
    third = refused(second, "unknown field response_format")
    assert [first.format, second.format, third.format] == ["json_schema", "json_object", "plain"]
    assert third.after_refusal("no") is None


def test_refusals_that_name_a_parameter_change_that_parameter() -> None:
    request: Body = {"messages": [], "max_tokens": 9, "temperature": 0.5, "schema": schemas.RECORDS}
    other = refused(Dialect(), "'max_tokens' is not supported, use 'max_completion_tokens' instead.")
    assert other.body(request, "m")["max_completion_tokens"] == 9
    assert "max_tokens" not in other.body(request, "m")
    cold = refused(other, "Unsupported value: 'temperature' does not support 0.5")
    assert "temperature" not in cold.body(request, "m")
    calm = refused(cold, "parameter.enable_thinking must be set to false for non-streaming calls")
    assert calm.body(request, "m")["enable_thinking"] is False
    assert calm.format == "json_schema"
