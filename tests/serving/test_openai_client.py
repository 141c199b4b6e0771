"""The official `openai` client against our server: the shapes of answers, streams and errors."""

import json
import math

import httpx
import openai
import pytest
import torch
from openai.types import Completion
from openai.types.chat import ChatCompletion, ChatCompletionChunk

from jianghu.chat import question, render
from jianghu.generation import Sampling, generate

ASK = "沈青峰在哪里？"
QUESTION = question(ASK)


@pytest.fixture(scope="module")
def client(server):
    with openai.OpenAI(base_url=server.url + "/v1", api_key="none", max_retries=0) as client:
        yield client


def exact(kind, data):
    """Validate strictly against the client's own type, and allow no field that it does not know."""
    found = kind.model_validate(data, strict=True)

    def known(value):
        if hasattr(value, "model_extra"):
            assert not value.model_extra, value.model_extra
            for name in value.model_fields_set:
                known(getattr(value, name))
        elif isinstance(value, list):
            for item in value:
                known(item)

    known(found)
    return found


def events(server, path, body):
    """The data of a stream's events, as they are on the wire."""
    with httpx.stream("POST", server.url + path, json={**body, "stream": True}) as response:
        assert response.status_code == 200
        assert response.headers["content-type"].startswith("text/event-stream")
        lines = [line for line in response.iter_lines() if line]
    assert all(line.startswith("data: ") for line in lines)
    assert lines[-1] == "data: [DONE]"
    return [json.loads(line[6:]) for line in lines[:-1]]


def greedy(checkpoint, prompt, count):
    """What the engine writes on its own."""
    row = generate(checkpoint.model, [prompt], Sampling(count), checkpoint.tokenizer.stop_ids)[0]
    return checkpoint.tokenizer.written(row.ids), len(row.ids) + row.finished, row.finished


def test_models(client):
    assert [model.id for model in client.models.list()] == ["chat", "base", "jianghu-open-book"]
    assert client.models.retrieve("base").object == "model"


def test_a_whole_answer_is_what_the_engine_writes(client, checkpoints):
    prompt = render(checkpoints["chat"].tokenizer, QUESTION, prompt=True).ids
    text, count, finished = greedy(checkpoints["chat"], prompt, 20)
    raw = client.chat.completions.with_raw_response.create(
        model="chat", messages=QUESTION, max_completion_tokens=20, temperature=0
    )
    answer = exact(ChatCompletion, raw.http_response.json())
    assert set(raw.http_response.json()) == {
        *("id", "object", "created", "model", "choices", "usage", "system_fingerprint")
    }
    assert answer.id.startswith("chatcmpl-")
    assert answer.object == "chat.completion"
    (choice,) = answer.choices
    assert (choice.message.role, choice.message.content, choice.message.refusal) == ("assistant", text, None)
    assert choice.finish_reason == ("stop" if finished else "length")
    assert answer.usage.model_dump(exclude_unset=True) == {
        "prompt_tokens": len(prompt),
        "completion_tokens": count,
        "total_tokens": len(prompt) + count,
    }


@pytest.mark.parametrize("settings", [{"temperature": 0}, {"temperature": 1.5, "seed": 5}, {"seed": -1, "top_p": 0.5}])
def test_a_stream_holds_the_same_as_the_whole(client, settings):
    asked = {"model": "chat", "messages": QUESTION, "max_tokens": 40, "n": 3, **settings}
    whole = client.chat.completions.create(**asked)
    texts, endings = [""] * 3, [None] * 3
    for chunk in client.chat.completions.create(**asked, stream=True):
        for choice in chunk.choices:
            assert endings[choice.index] is None, "nothing comes after the end"
            texts[choice.index] += choice.delta.content or ""
            endings[choice.index] = choice.finish_reason
    assert texts == [choice.message.content for choice in whole.choices]
    assert endings == [choice.finish_reason for choice in whole.choices]
    assert not any("\ufffd" in text for text in texts)
    if settings.get("temperature") == 0:
        assert len(set(texts)) == 1
    else:
        assert len(set(texts)) > 1, "each choice has its own random numbers"


def test_the_events_of_a_stream(server):
    body = {"model": "chat", "messages": QUESTION, "max_tokens": 6, "temperature": 0}
    found = events(server, "/v1/chat/completions", body)
    for data in found:
        exact(ChatCompletionChunk, data)
        assert "usage" not in data
    assert found[0]["choices"][0]["delta"] == {"role": "assistant", "content": ""}
    assert found[-1]["choices"][0]["delta"] == {} or found[-1]["choices"][0]["delta"]["content"]
    assert [data["choices"][0]["finish_reason"] for data in found[:-1]] == [None] * (len(found) - 1)
    assert found[-1]["choices"][0]["finish_reason"] in ("stop", "length")
    assert len({data["id"] for data in found}) == 1
    with_usage = events(server, "/v1/chat/completions", {**body, "stream_options": {"include_usage": True}})
    *others, last = with_usage
    assert all(data["usage"] is None for data in others)
    assert last["choices"] == []
    assert last["usage"]["total_tokens"] == last["usage"]["prompt_tokens"] + last["usage"]["completion_tokens"]


def test_stop_strings_end_a_text_and_are_never_shown(client, server, checkpoints):
    asked = {"model": "base", "prompt": "沈青峰", "max_tokens": 30, "temperature": 0}
    text = client.completions.create(**asked).choices[0].text
    assert len(text) > 12
    stop = text[6:9]
    found = client.completions.create(**asked, stop=["不会出现", stop])
    assert found.choices[0].text == text[: text.index(stop)]
    assert found.choices[0].finish_reason == "stop"
    assert found.usage.completion_tokens < 30
    pieces = [chunk.choices[0].text for chunk in client.completions.create(**asked, stop=stop, stream=True)]
    assert "".join(pieces) == text[: text.index(stop)]
    nearly = text[6:8] + "龘"  # begins as the text does and goes on otherwise: held back, then shown
    assert client.completions.create(**asked, stop=nearly).choices[0].text == text
    assert "".join(c.choices[0].text for c in client.completions.create(**asked, stop=nearly, stream=True)) == text


def test_likelihoods_are_the_models_own(client, checkpoints):
    model, tokenizer = checkpoints["chat"].model, checkpoints["chat"].tokenizer
    asked = {"model": "chat", "messages": QUESTION, "max_tokens": 12, "logprobs": True, "top_logprobs": 4}
    for temperature in (0, 1.0):
        answer = client.chat.completions.create(**asked, temperature=temperature, seed=1)
        exact(ChatCompletion, json.loads(answer.to_json(exclude_unset=True)))
        likely = answer.choices[0].logprobs.content
        ids = render(tokenizer, QUESTION, prompt=True).ids
        assert b"".join(bytes(token.bytes) for token in likely).decode("utf-8", "ignore") == (
            answer.choices[0].message.content
        )
        for token in likely:
            with torch.inference_mode():
                shares = model.logits(model(torch.tensor([ids])))[0, -1].log_softmax(-1)
            best = shares.topk(4)
            id = tokenizer.token_bytes.index(bytes(token.bytes))
            assert token.logprob == pytest.approx(shares[id].item(), abs=1e-4)
            assert [top.logprob for top in token.top_logprobs] == pytest.approx(best.values.tolist(), abs=1e-4)
            if temperature == 0:
                assert token.logprob == token.top_logprobs[0].logprob
            ids.append(id)
        streamed = [
            token
            for chunk in client.chat.completions.create(**asked, temperature=temperature, seed=1, stream=True)
            if chunk.choices and chunk.choices[0].logprobs
            for token in chunk.choices[0].logprobs.content
        ]
        assert streamed == likely


def test_continuations(client, server, checkpoints):
    tokenizer = checkpoints["base"].tokenizer
    prompts = ["柳如烟", "次日清晨，"]
    alone = [client.completions.create(model="base", prompt=p, max_tokens=9, temperature=0) for p in prompts]
    texts = [answer.choices[0].text for answer in alone]
    assert texts == [greedy(checkpoints["base"], tokenizer.encode(p), 9)[0] for p in prompts]
    for given in (prompts, [tokenizer.encode(p) for p in prompts]):
        together = client.completions.create(model="base", prompt=given, max_tokens=9, temperature=0, n=2, echo=True)
        assert [choice.text for choice in together.choices] == [
            prompts[0] + texts[0],
            prompts[0] + texts[0],
            prompts[1] + texts[1],
            prompts[1] + texts[1],
        ]
        assert [choice.index for choice in together.choices] == [0, 1, 2, 3]
        assert together.usage.prompt_tokens == sum(answer.usage.prompt_tokens for answer in alone)
        assert together.usage.completion_tokens == 2 * sum(answer.usage.completion_tokens for answer in alone)
    one = client.completions.create(model="base", prompt=tokenizer.encode(prompts[0]), max_tokens=9, temperature=0)
    assert one.choices[0].text == texts[0]
    likely = client.completions.create(model="base", prompt=prompts[0], max_tokens=9, temperature=0, logprobs=2)
    exact(Completion, json.loads(likely.to_json(exclude_unset=True)))
    found = likely.choices[0].logprobs
    assert len(found.tokens) == len(found.token_logprobs) == len(found.top_logprobs) == len(found.text_offset) == 9
    values = found.token_logprobs
    assert all(len(top) == 2 and max(top.values()) == own for top, own in zip(found.top_logprobs, values, strict=True))
    assert all(math.isfinite(value) and value <= 0 for value in found.token_logprobs)
    assert found.text_offset == sorted(found.text_offset)
    for data in events(server, "/v1/completions", {"model": "base", "prompt": "白无双", "max_tokens": 5}):
        if data["choices"][0]["finish_reason"] is None:  # as on OpenAI's wire, though not in the client's type
            data["choices"][0]["finish_reason"] = "stop"
        exact(Completion, data)


def test_a_fresh_start_and_the_default_length(client):
    answer = client.completions.create(model="base", prompt="", temperature=0)
    assert answer.usage.prompt_tokens == 1
    assert answer.usage.completion_tokens <= 16


def test_penalties_fall_on_what_was_written(client):
    asked = {"model": "base", "prompt": "沈青峰", "max_tokens": 60, "temperature": 0, "logprobs": 0}

    def distinct(**settings):
        answer = client.completions.create(**asked, **settings)
        return len(set(answer.choices[0].logprobs.tokens)) / answer.usage.completion_tokens

    plain = distinct()
    assert distinct(frequency_penalty=2.0) > plain
    assert distinct(presence_penalty=2.0) > plain
    assert distinct(extra_body={"repetition_penalty": 3.0}) > plain


def test_messages_of_every_form(client):
    whole = {"model": "chat", "max_tokens": 8, "temperature": 0}
    plain = client.chat.completions.create(**whole, messages=QUESTION).choices[0].message.content
    parts = [{"role": "user", "content": [{"type": "text", "text": ASK[:3]}, {"type": "text", "text": ASK[3:]}]}]
    assert client.chat.completions.create(**whole, messages=parts).choices[0].message.content == plain
    talk = [{"role": "system", "content": "答"}, *QUESTION, {"role": "assistant", "content": "是"}, *QUESTION]
    assert client.chat.completions.create(**whole, messages=talk).usage.prompt_tokens > 30
    developer = [{"role": "developer", "content": "答"}, *talk[1:]]
    assert (
        client.chat.completions.create(**whole, messages=developer).choices
        == client.chat.completions.create(**whole, messages=talk).choices
    )


@pytest.mark.parametrize(
    "message",
    [
        {"id": 7, "name": "lin", "opts": {"a": [1]}},
        {"refusal": None, "tool_calls": None, "function_call": None, "annotations": [], "audio": None},
        {"reasoning_content": "先想一想", "tool_calls": []},
        {"content": [{"type": "text", "text": ASK, "cache_control": {"type": "ephemeral"}}]},
    ],
)
def test_what_other_servers_put_into_messages_says_nothing(client, server, message):
    body = {"model": "chat", "max_tokens": 8, "temperature": 0, "messages": QUESTION}
    plain = client.chat.completions.create(**body).choices
    answer = httpx.post(server.url + "/v1/chat/completions", json={**body, "messages": [{**QUESTION[0], **message}]})
    assert answer.status_code == 200, answer.text
    assert answer.json()["choices"] == [json.loads(choice.to_json(exclude_unset=True)) for choice in plain]
    assert "warning" not in answer.headers


def test_parameters_that_are_not_known_are_passed_over_with_a_warning(client, server):
    url = server.url + "/v1/chat/completions"
    body = {"model": "chat", "max_tokens": 4, "messages": QUESTION}
    quiet = {"user": "me", "store": False, "prediction": None, "functions": None, "modalities": ["text"], "tools": []}
    assert "warning" not in httpx.post(url, json={**body, **quiet, "ignore_eos": None}).headers
    odd = {"temprature": 1, "best_of": 2, "坏\r\nX-A: 1": {"a": 1}, "x" * 1000: 1}
    for stream in (False, True):
        answer = httpx.post(url, json={**body, **odd, "stream": stream})
        assert answer.status_code == 200
        warning = answer.headers["warning"]
        assert warning.startswith("299 ")
        assert "temprature, best_of, \\u574f" in warning
        assert len(warning) < 300
        assert "x-a" not in answer.headers


@pytest.mark.parametrize("narrow", [{"top_p": 0}, {"min_p": 1.0}, {"top_k": 1}, {"temperature": 1e-38}])
def test_narrow_settings_are_greedy(client, narrow):
    asked = {"model": "base", "prompt": "沈青峰", "max_tokens": 12}
    greedy = client.completions.create(**asked, temperature=0).choices
    warm = {"temperature": 1.0, "repetition_penalty": 1.0, **narrow}
    assert client.completions.create(**asked, extra_body=warm).choices == greedy


def test_a_long_talk_loses_its_oldest_turns_on_demand(client):
    long = [{"role": "user", "content": "龘靐齉" * 30}, {"role": "assistant", "content": "好"}, *QUESTION]
    asked = {"model": "chat", "max_tokens": 8, "temperature": 0}
    with pytest.raises(openai.BadRequestError) as caught:
        client.chat.completions.create(**asked, messages=long)
    assert caught.value.code == "context_length_exceeded"
    assert caught.value.param == "messages"
    short = client.chat.completions.create(**asked, messages=QUESTION)  # no answer without its question
    cut = client.chat.completions.create(**asked, messages=long, extra_body={"truncate_prompt": True})
    assert cut.choices == short.choices
    with pytest.raises(openai.BadRequestError):
        client.completions.create(model="base", prompt="龘靐齉" * 30)
    client.completions.create(model="base", prompt="龘靐齉" * 30, extra_body={"truncate_prompt": True})


def test_of_a_prompt_far_too_long_only_the_end_is_read(client):
    asked = {"model": "base", "max_tokens": 8, "temperature": 0, "extra_body": {"truncate_prompt": True}}
    long = "次日清晨，沈青峰走进青石镇。" * 20_000
    short = client.completions.create(prompt=long[-3000:], **asked)
    assert client.completions.create(prompt=long, **asked).choices == short.choices
    assert short.usage.prompt_tokens == client.completions.create(prompt=long, **asked).usage.prompt_tokens
    with pytest.raises(openai.BadRequestError, match="reads at most"):
        client.completions.create(model="base", prompt=long)
    talk = [{"role": "user", "content": long}, {"role": "assistant", "content": "好"}, *QUESTION]
    asked["model"] = "chat"
    short = client.chat.completions.create(messages=QUESTION, **asked)
    assert client.chat.completions.create(messages=talk, **asked).choices == short.choices


@pytest.mark.parametrize(
    ("body", "param", "code", "message"),
    [
        ({"temperature": 3}, "temperature", "invalid_value", "less than or equal to 2"),
        ({"temperature": "warm"}, "temperature", "invalid_value", "valid number"),
        ({"repetition_penalty": 1e-45}, "repetition_penalty", "invalid_value", "greater than or equal to 0.01"),
        ({"top_p": -0.1}, "top_p", "invalid_value", "greater than or equal to 0"),
        ({"modalities": ["audio"]}, "modalities.0", "invalid_value", "'text'"),
        ({"functions": [{"name": "f"}]}, "functions", "invalid_value", "at most 0 items"),
        ({"n": 0}, "n", "invalid_value", "greater than or equal to 1"),
        ({"max_tokens": 10**9}, "max_tokens", "invalid_value", "max_tokens is too large"),
        ({"top_logprobs": 3}, "top_logprobs", "invalid_value", "'logprobs' must be true"),
        ({"messages": []}, "messages", "invalid_value", "at least 1 item"),
        ({"messages": [{"role": "tool", "content": "x"}]}, "messages.0.role", "invalid_value", "'user'"),
        ({"stop": ["a"] * 5}, "stop", "invalid_value", "at most 4"),
        ({"logit_bias": {"5": 1}}, "logit_bias", "unsupported_parameter", "not supported"),
        ({"stream_options": {"include_usage": True}}, "stream_options", None, "only allowed when 'stream'"),
        ({"tools": [{"type": "function"}]}, "tools", "invalid_value", "at most 0 items"),
        ({"response_format": {"type": "json_object"}}, "response_format.type", "invalid_value", "'text'"),
    ],
)
def test_what_cannot_be_done_is_refused_with_its_name(client, body, param, code, message):
    with pytest.raises(openai.BadRequestError) as caught:
        client.chat.completions.create(model="chat", messages=QUESTION, extra_body=body)
    error = caught.value.response.json()["error"]
    assert set(error) == {"message", "type", "param", "code"}
    assert error["type"] == "invalid_request_error"
    assert error["code"] == code
    assert error["param"] == param
    assert message in error["message"]


def test_errors_of_other_kinds(client, server):
    with pytest.raises(openai.NotFoundError) as missing:
        client.chat.completions.create(model="chta", messages=QUESTION)
    assert missing.value.code == "model_not_found"
    assert "Did you mean 'chat'?" in missing.value.message
    with pytest.raises(openai.NotFoundError):
        client.models.retrieve("nothing")
    with pytest.raises(openai.NotFoundError) as unknown:
        client.embeddings.create(model="chat", input="x")
    assert unknown.value.code == "unknown_url"
    url = server.url + "/v1/chat/completions"
    assert httpx.get(url).json()["error"]["code"] == "method_not_supported"
    for content in (b"{", b"", b"[]", b'"x"', b"\xff", b"[" * 100_000, b'{"model": "\\ud800"}', b"1" * 5000):
        answer = httpx.post(url, content=content, headers={"content-type": "application/json"})
        assert answer.status_code == 400, content
        assert answer.json()["error"]["type"] == "invalid_request_error"


def test_who_asks_for_plain_text_content(server):
    answer = httpx.post(server.url + "/v1/chat/completions", content=json.dumps({"model": "chat"}))
    assert answer.status_code == 400
    assert "application/json" in answer.json()["error"]["message"]
