"""llama.cpp on this machine, through xllamacpp: a GGUF file goes in, a server that answers HTTP comes out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import xllamacpp


class Llama:
    """A running llama.cpp server; it ends with this object.

    Args:
        path: the GGUF file.
        context: tokens of prompt and answer together, in each slot.
        slots: requests answered at once.
        threads: threads for the arithmetic.
        exact: keep keys and values in float32 and leave flash attention out, as our model computes.
    """

    def __init__(self, path: Path, context: int, slots: int = 1, threads: int = 1, exact: bool = True) -> None:
        settings = xllamacpp.CommonParams()
        settings.model.path = str(path)
        settings.n_parallel, settings.n_ctx = slots, context * slots
        settings.cpuparams.n_threads = settings.cpuparams_batch.n_threads = threads
        settings.warmup = settings.fit_params = False
        settings.verbosity = 0
        if exact:
            settings.cache_type_k = settings.cache_type_v = xllamacpp.ggml_type.GGML_TYPE_F32
            settings.flash_attn_type = xllamacpp.llama_flash_attn_type.LLAMA_FLASH_ATTN_TYPE_DISABLED
        self._server = xllamacpp.Server(settings)
        self.address: str = self._server.listening_address
        self._http = httpx.Client(base_url=self.address, timeout=600)

    def post(self, route: str, body: dict[str, Any]) -> dict[str, Any]:
        """The reply of a route of llama.cpp's own API."""
        reply = self._http.post(route, json=body)
        reply.raise_for_status()
        answer: dict[str, Any] = reply.json()
        return answer

    def encode(self, text: str, special: bool = False) -> list[int]:
        """Ids of a text; `special`: tokens such as <|im_end|> written in it are taken for what they name."""
        ids: list[int] = self.post("/tokenize", {"content": text, "parse_special": special})["tokens"]
        return ids

    def render(self, messages: list[Any]) -> str:
        """The text that the chat template of the file makes of a conversation."""
        text: str = self.post("/apply-template", {"messages": messages})["prompt"]
        return text

    def greedy(self, prompt: list[int], most: int) -> list[int]:
        """The likeliest continuation, with the token that ended it if one did."""
        body = {"prompt": prompt, "n_predict": most, "temperature": 0, "return_tokens": True, "cache_prompt": False}
        answer = self.post("/completion", body)
        ids: list[int] = answer["tokens"]
        return ids

    def log_probability(self, context: list[int], id: int, vocab_size: int) -> float:
        """Natural logarithm of the probability of one next token, as the model gives it, before any setting.

        The setting is needed only so that a whole character is written: without one there are no probabilities.
        """
        body = {"prompt": context, "n_predict": 1, "n_probs": vocab_size, "logit_bias": [["a", 1e6]]}
        rows = self.post("/completion", body)["completion_probabilities"][0]["top_logprobs"]
        return float(next(row["logprob"] for row in rows if row["id"] == id))
