"""From a request to a generation: which checkpoint, which prompt, which settings; and the generation's life."""

from __future__ import annotations

import asyncio
import difflib
import secrets
import time
from collections.abc import AsyncIterator, Mapping

from ..chat import Message, newest_turns, render
from ..generation import MIN_TEMPERATURE, Detokenizer, Sampling
from ..model import Checkpoint
from ..recipe import Recipe
from .errors import ApiError
from .generation_request import GenerationRequest, Text, TextDelta
from .metrics import Metrics
from .model_worker import Worker
from .requests import Asked, ChatRequest, CompletionRequest

MAX_TOLD = 131_072
"""Tokens, likely ones included, whose likelihoods one whole answer may tell: about 10 MB."""


class Service:
    """Everything that the routes share.

    Attributes:
        checkpoints: by the names that clients use; to read one may take a while.
        began: of the server, seconds since 1970.
        large: held while the prompt of a large request is read.
    """

    def __init__(self, checkpoints: Mapping[str, Checkpoint], recipe: Recipe) -> None:
        self.checkpoints, self.recipe, self.settings = checkpoints, recipe, recipe.serve
        self.metrics = Metrics()
        self.worker = Worker(checkpoints, recipe.serve, self.metrics)
        self.began = int(time.time())
        self.large = asyncio.Semaphore(1)

    def checkpoint(self, name: str) -> Checkpoint:
        """A checkpoint by name.

        Raises:
            ApiError: 404.
        """
        if name not in self.checkpoints:
            near = difflib.get_close_matches(name, self.checkpoints, n=1)
            hint = f" Did you mean '{near[0]}'?" if near else ""
            message = f"The model '{name}' does not exist.{hint} /v1/models lists them."
            raise ApiError(404, message, "model_not_found", "model")
        return self.checkpoints[name]

    def chat_generation(self, asked: ChatRequest) -> GenerationRequest:
        """The generation of a conversation's next turn.

        Raises:
            ApiError: 400 or 404.
        """
        asked.check()
        checkpoint = self.checkpoint(asked.model)
        enough = _most_characters(checkpoint) + 1
        talk: list[Message] = [
            {
                "role": "system" if message.role == "developer" else message.role,
                "content": message.text.strip()[:enough],
            }
            for message in asked.messages
        ]
        if asked.truncate_prompt:
            talk = newest_turns(checkpoint.tokenizer, talk, checkpoint.model.config.block_size - 1)
        prompt = render(checkpoint.tokenizer, talk, prompt=True).ids
        most = asked.max_completion_tokens or asked.max_tokens
        where = "max_completion_tokens" if asked.max_completion_tokens else "max_tokens"
        return self._order(asked, checkpoint, [prompt], self._most(most, where), asked.likeliest, "messages")

    def text_generation(self, asked: CompletionRequest) -> GenerationRequest:
        """The generation of continuations.

        Raises:
            ApiError: 400 or 404.
        """
        asked.check()
        checkpoint = self.checkpoint(asked.model)
        tokenizer, room = checkpoint.tokenizer, checkpoint.model.config.block_size - 1
        prompts, enough = [], _most_characters(checkpoint) + 1
        for prompt in asked.prompts:
            if isinstance(prompt, str):
                prompt = prompt[-2 * enough :] if asked.truncate_prompt else prompt[:enough]
            ids = tokenizer.encode(prompt) if isinstance(prompt, str) else prompt
            if any(id >= tokenizer.vocab_size for id in ids):
                raise ApiError(400, f"Invalid 'prompt': ids end at {tokenizer.vocab_size - 1}.", None, "prompt")
            ids = ids or [tokenizer.end_of_text]
            prompts.append(ids[-room:] if asked.truncate_prompt else ids)
        most = self._most(asked.max_tokens or 16, "max_tokens")
        return self._order(asked, checkpoint, prompts, most, asked.logprobs, "prompt")

    def _most(self, given: int | None, where: str) -> int:
        limit = self.settings.max_tokens
        if given is not None and given > limit:
            message = f"{where} is too large: {given}. This server writes at most {limit} tokens."
            raise ApiError(400, message, "invalid_value", where)
        return given or min(limit, self.recipe.sample.max_new_tokens)

    def _order(
        self,
        asked: Asked,
        checkpoint: Checkpoint,
        prompts: list[list[int]],
        most: int,
        likeliest: int | None,
        where: str,
    ) -> GenerationRequest:
        room = checkpoint.model.config.block_size - 1
        longest = max(map(len, prompts))
        if longest > room:
            message = (
                f"This model reads at most {room} tokens. However, your {where} resulted in at least {longest} tokens."
            )
            raise ApiError(400, message, "context_length_exceeded", where)
        count = asked.n or 1
        if len(prompts) * count > self.settings.batch + self.settings.queue:
            raise ApiError(400, f"{len(prompts) * count} texts at once are too many.", "invalid_value", where)
        told = len(prompts) * count * most * (1 + (likeliest or 0))
        if likeliest is not None and not asked.stream and told > MAX_TOLD:
            message = (
                f"The likelihoods of {told} tokens are too many for one answer; the limit is {MAX_TOLD}. "
                "Ask for fewer, or stream."
            )
            raise ApiError(400, message, "invalid_value", "logprobs")
        sampling = self._sampling(asked, most, likeliest)
        tokenizer = checkpoint.tokenizer
        texts = [
            Text(
                index=index,
                prompt=prompts[index // count],
                sampling=sampling,
                stop=set() if asked.ignore_eos else tokenizer.stop_ids,
                draws=None if asked.seed is None else [asked.seed % 2**64, index],
                writer=Detokenizer(tokenizer.stream(), asked.stops),
            )
            for index in range(len(prompts) * count)
        ]
        deadline = time.monotonic() + self.settings.request_seconds  # the clock of event loops
        return GenerationRequest(asked.model, checkpoint, texts, sum(map(len, prompts)), deadline)

    def _sampling(self, asked: Asked, most: int, likeliest: int | None) -> Sampling:
        """The request's settings over the recipe's [sample]. Greedy text is not penalised unless that is asked for."""
        own = self.recipe.sample
        temperature = own.temperature if asked.temperature is None else asked.temperature
        penalty = 1.0 if temperature < MIN_TEMPERATURE else own.repetition_penalty
        return Sampling(
            max_new_tokens=most,
            temperature=temperature,
            top_k=own.top_k if asked.top_k is None else max(0, asked.top_k),
            top_p=own.top_p if asked.top_p is None else asked.top_p,
            repetition_penalty=penalty if asked.repetition_penalty is None else asked.repetition_penalty,
            presence_penalty=asked.presence_penalty or 0.0,
            frequency_penalty=asked.frequency_penalty or 0.0,
            logprobs=likeliest,
            min_p=asked.min_p or 0.0,
        )

    async def pieces(self, generation: GenerationRequest) -> AsyncIterator[list[tuple[int, TextDelta]]]:
        """The pieces of a submitted generation, and note how long they took.

        Raises:
            ApiError: see `GenerationRequest.pieces`.
        """
        began, first = time.perf_counter(), True
        self.metrics.prompt_tokens.labels(generation.model).inc(generation.prompt_tokens)
        async for pieces in generation.pieces():
            if first:
                self.metrics.first.labels(generation.model).observe(time.perf_counter() - began)
                first = False
            self.worker.make_room(generation)
            yield pieces
        self.metrics.whole.labels(generation.model).observe(time.perf_counter() - began)


def _most_characters(checkpoint: Checkpoint) -> int:
    """Characters above which a text has more tokens than the model reads, whatever it says: only so many are split
    into tokens, since a megabyte of text takes hundreds of memory."""
    return checkpoint.model.config.block_size * checkpoint.tokenizer.longest_token


def new_id(prefix: str) -> str:
    """A name for an answer."""
    return f"{prefix}-{secrets.token_hex(12)}"
