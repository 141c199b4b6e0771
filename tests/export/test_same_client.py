"""The same code with the official client gets the same greedy text from our server and from llama.cpp's."""

import openai

from benchmarks.llama import Llama
from jianghu.chat import question

from ..conftest import PEOPLE, PLACES
from ..serving.running import Running

ASKED = [f"{name}在哪里？" for name in PEOPLE[:4]] + [f"{place}有什么？" for place in PLACES[:2]]


def talk(address):
    """Answers to the questions, whole and streamed, and continuations of their words."""
    with openai.OpenAI(base_url=address + "/v1", api_key="none", max_retries=0) as client:
        model = client.models.list().data[0].id
        said = []
        for text in ASKED:
            options = {"model": model, "messages": question(text), "max_tokens": 24, "temperature": 0}
            whole = client.chat.completions.create(**options).choices[0]
            pieces = [chunk.choices[0] for chunk in client.chat.completions.create(stream=True, **options)]
            assert "".join(piece.delta.content or "" for piece in pieces) == whole.message.content
            assert pieces[-1].finish_reason == whole.finish_reason
            more = client.completions.create(model=model, prompt=text, max_tokens=16, temperature=0).choices[0]
            said.append((shown(whole.message.content), whole.finish_reason, shown(more.text)))
        return said


def shown(text):
    """llama.cpp writes U+FFFD for bytes that form no character; our server leaves them out."""
    return text.replace("\ufffd", "")


def test_both_servers_say_the_same(chat, gguf_of):
    with Running({"chat": chat}) as ours:
        mine = talk(ours.url)
    assert mine == talk(Llama(gguf_of("f32"), context=chat.model.config.block_size).address)
    assert any(answer for answer, _, _ in mine)
