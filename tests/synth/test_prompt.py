import json
from pathlib import Path

import pytest

from jianghu.errors import InputError
from jianghu.synth.dialect import Dialect
from jianghu.synth.prompt import Prompts, prompt_names, read_prompt
from jianghu.synth.schemas import CONTRASTS, FACTS, NAMES, PAIRS, RECORDS, WORDINGS


def test_the_packages_prompt_is_filled_in_once() -> None:
    passage = "沈青峰拾起纸条，上写 {count} 与 {book} 二字。"
    messages = Prompts().get("passage").messages(book="青峰录", title="第七回", passage=passage, count="5")
    assert [message["role"] for message in messages] == ["system", "user"]
    assert passage in messages[1]["content"]
    assert "《青峰录》" in messages[0]["content"]
    assert "5 组" in messages[0]["content"]
    assert "JSON" in messages[0]["content"]  # json_object mode wants the word


def test_the_schema_has_nothing_that_slows_a_grammar() -> None:
    words = json.dumps([RECORDS, FACTS, WORDINGS, CONTRASTS, PAIRS, NAMES])
    assert not any(word in words for word in ("maxLength", "minLength", "maxItems", "minItems", "pattern"))


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("只有正文", "front matter"),
        ("---\nabout: x\n---\n# system\n你\n# user\n{passage}", "name"),
        ("---\nname: x\n---\n# user\n{pasage}", "did you mean passage"),
        ("---\nname: x\n---\n# system\n{passage}", "not a prompt"),
    ],
)
def test_bad_prompt_files_are_refused(tmp_path: Path, text: str, fault: str) -> None:
    path = tmp_path / "own.md"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=fault) as caught:
        read_prompt(path)
    assert "own.md" in str(caught.value)


def test_every_prompt_of_the_package_can_be_read() -> None:
    assert {"facts", "passage", "judge", "rolling-12"} <= set(prompt_names())
    assert all(Prompts().get(name).name == name for name in prompt_names())


def test_a_workspaces_prompt_takes_the_packages_place_and_must_show_what_is_filled_in(tmp_path: Path) -> None:
    text = Prompts().get("passage").text
    (tmp_path / "passage.md").write_text(text + "\n请写得简短。\n", encoding="utf-8")
    own = Prompts(tmp_path).get("passage")
    assert own.user.endswith("请写得简短。")
    assert own.hash != Prompts().get("passage").hash
    (tmp_path / "passage.md").write_text(text.replace("{passage}", ""), encoding="utf-8")
    with pytest.raises(InputError, match=r"does not hold \{passage\}"):
        Prompts(tmp_path).get("passage")


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
    request = {"messages": [], "max_tokens": 9, "temperature": 0.5, "schema": RECORDS}
    other = refused(Dialect(), "'max_tokens' is not supported, use 'max_completion_tokens' instead.")
    assert other.body(request, "m")["max_completion_tokens"] == 9
    assert "max_tokens" not in other.body(request, "m")
    cold = refused(other, "Unsupported value: 'temperature' does not support 0.5")
    assert "temperature" not in cold.body(request, "m")
    calm = refused(cold, "parameter.enable_thinking must be set to false for non-streaming calls")
    assert calm.body(request, "m")["enable_thinking"] is False
    assert calm.format == "json_schema"
