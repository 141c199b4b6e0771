"""Settings of teachers: the endpoint, its accounts, what it costs, and the presets of known providers.

A preset is a file presets/teachers/NAME.toml: where it stands, when and where its prices were read.
"""

from __future__ import annotations

import json
import re
import tomllib
from functools import cache
from importlib import resources
from typing import Annotated, Any, Literal, get_args

from pydantic import AfterValidator, Field, model_validator

from ..messages import tr
from .base import FilePath, NotNegative, Positive, Settings
from .secrets import Address, Name, VariableName, looks_like_key

Teacher = Literal[
    "",
    "deepseek",
    "zhipu",
    "dashscope",
    "siliconflow",
    "modelscope",
    "qianfan",
    "ark",
    "openai",
    "openrouter",
    "ollama",
    "vllm",
    "llama.cpp",
]
TEACHERS = tuple(name for name in get_args(Teacher) if name)
Switch = Literal["none", "thinking", "enable_thinking", "effort_none", "effort_minimal", "chat_template", "reasoning"]
"""Ways to tell a model not to think; see `llm.dialect`."""
Price = Annotated[float, Field(ge=0, le=1e9)]
HOURS = re.compile(
    r"(?P<first>Mon|Tue|Wed|Thu|Fri|Sat|Sun)-(?P<last>Mon|Tue|Wed|Thu|Fri|Sat|Sun)"
    r"(?P<spans>(?: [0-2]\d:[0-5]\d-[0-2]\d:[0-5]\d)+) (?P<zone>[+-][01]\d:[0-5]\d)"
)


def _hours(value: str) -> str:
    if value and not HOURS.fullmatch(value):
        raise ValueError(tr("write days, hours and the time zone, such as Mon-Fri 09:00-12:00 14:00-18:00 +08:00"))
    return value


def _extra(value: dict[str, object]) -> dict[str, object]:
    if taken := sorted({"model", "messages"} & value.keys()):
        raise ValueError(tr("{name} has a place of its own", name=taken[0]))
    try:
        text = json.dumps(value, allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        raise ValueError(tr("it holds what cannot be sent as JSON, such as a date")) from None
    if looks_like_key(text):
        raise ValueError(tr("it holds what looks like a key; put the key into the variable that key_env names"))
    return value


Hours = Annotated[str, AfterValidator(_hours)]
Extra = Annotated[dict[str, object], AfterValidator(_extra)]


@cache
def _preset(name: str) -> str:
    return resources.files("jianghu").joinpath(f"presets/teachers/{name}.toml").read_text(encoding="utf-8")


def teacher_values(name: str) -> dict[str, Any]:
    """The settings of a known provider."""
    return tomllib.loads(_preset(name))


class AccountSettings(Settings):
    """One account with a provider of the teacher. What is left out is as in [synth.teacher]."""

    base_url: Address = ""
    """Address, if it is another one."""
    model: Name = ""
    """What the same model is called there."""
    key_env: VariableName = ""
    """Environment variable that holds the account's key, or several keys with spaces between them."""
    keys_file: FilePath = ""
    """File with the account's keys instead, one a line."""
    concurrency: NotNegative = 0
    """Most requests in flight at once."""
    rpm: NotNegative = 0
    """Most requests a minute."""
    tpm: NotNegative = 0
    """Most tokens a minute."""


class TeacherSettings(Settings):
    """An OpenAI-compatible endpoint that writes records. One line is enough: teacher = "deepseek", or another name."""

    teacher: Teacher = ""
    """A provider or server whose settings are known (presets/teachers/*.toml); each line here overrides one of them."""
    base_url: Address = ""
    """For example https://open.bigmodel.cn/api/paas/v4 (Zhipu), https://api.deepseek.com, http://127.0.0.1:8080/v1."""
    model: Name = ""
    """The model's name at that endpoint."""
    key_env: VariableName = "JIANGHU_API_KEY"
    """Environment variable that holds the key; several with commas between are several accounts. Empty: no key."""
    keys_file: FilePath = ""
    """File (mode 0600) with keys instead; each line is an account, several keys on it share its limits."""
    gguf: FilePath = ""
    """A GGUF file to serve on this machine by llama.cpp, instead of base_url."""
    provider: Literal["", "zhipu", "deepseek", "qwen", "openai", "local"] = ""
    """Whose error codes the endpoint speaks; empty: seen by its address."""
    format: Literal["json_schema", "json_object", "plain"] = "json_schema"
    """The strictest response_format to begin with; a poorer one is taken where the endpoint refuses it."""
    think: bool = False
    """Let the model think before it answers; several times the price and the time."""
    thinking_off: list[Switch] = []
    """How the model is told not to think, one after the other until its replies hold no thoughts; what worked is
    remembered. Empty: nothing is sent, and all are tried if it thinks."""
    extra: Extra = {}
    """Further parameters of each request, as they are: [synth.teacher.extra]."""
    currency: str = ""
    """In which the prices are."""
    price_in: Price = 0.0
    """Price of a million prompt tokens."""
    price_cached: Price | None = None
    """Price of a million prompt tokens that the endpoint had in its cache; unset: price_in."""
    price_out: Price = 0.0
    """Price of a million completion tokens."""
    peak_hours: Hours = ""
    """When the prices are peak_factor times as high, such as Mon-Fri 09:00-12:00 14:00-18:00 +08:00."""
    peak_factor: Annotated[float, Field(ge=1)] = 1.0
    """How many times the prices in peak hours are."""
    prices_read: str = ""
    """When the prices were read."""
    prices_page: str = ""
    """Where the prices stand."""
    concurrency: Positive = 8
    """Most requests in flight at once, for each account; how many it bears is found on the way."""
    rpm: NotNegative = 0
    """Most requests a minute, for each account; 0: not limited."""
    tpm: NotNegative = 0
    """Most tokens a minute, for each account; 0: not limited."""
    limits_by: Literal["account", "key"] = "account"
    """Whether keys on one line share their limits, as with most providers, or each key has its own."""
    max_tokens: Positive = 2048
    """Longest reply, in tokens."""
    temperature: Annotated[float, Field(ge=0, le=2)] = 0.7
    """Sampling temperature of the teacher."""
    timeout: Annotated[float, Field(gt=0)] = 120.0
    """Seconds to wait for a reply, from sending to its last byte."""
    retries: NotNegative = 5
    """Further tries after a failure that may pass: 5xx, a cut connection, an empty reply."""
    certificates: FilePath = ""
    """A file of certificates (PEM) that are trusted besides the system's, for a server with its own."""
    verify: bool = True
    """Check the server's certificate. Without it anybody on the way can read the key."""
    accounts: list[AccountSettings] = []
    """Accounts with settings of their own, instead of key_env and keys_file above."""

    @model_validator(mode="before")
    @classmethod
    def _with_preset(cls, given: Any) -> Any:
        """A teacher's name alone, or with settings that override its own."""
        if isinstance(given, str):
            given = {"teacher": given}
        if isinstance(given, dict) and isinstance(name := given.get("teacher"), str) and name in TEACHERS:
            return {**teacher_values(name), **given}
        return given


class OtherSettings(Settings):
    """Another model beside the teacher. What is left out is as in [synth.teacher]."""

    teacher: Teacher = ""
    """A known provider instead; the lines below override its settings."""
    base_url: Address = ""
    """Its address; empty: the teacher's, with its keys."""
    model: Name = ""
    """Its name there; empty: the teacher's own."""
    key_env: VariableName = ""
    """Environment variable that holds its key, if it has a base_url; empty: no key."""
    price_in: Annotated[float, Field(ge=0)] | None = None
    """Price of a million prompt tokens; unset: the teacher's."""
    price_out: Annotated[float, Field(ge=0)] | None = None
    """Price of a million completion tokens; unset: the teacher's."""

    def instead_of(self, teacher: TeacherSettings) -> TeacherSettings:
        """The teacher's settings with these laid over them."""
        names = OtherSettings.model_fields.keys() - {"teacher"}
        own = {name: getattr(self, name) for name in names if getattr(self, name) not in ("", None)}
        if self.teacher:
            return TeacherSettings(teacher=self.teacher).model_copy(update=own)
        if self.base_url:  # another endpoint: the teacher's keys are none of its business
            own |= {"key_env": self.key_env, "keys_file": "", "accounts": [], "gguf": "", "provider": ""}
            own |= {"teacher": "", "thinking_off": [], "extra": {}, "certificates": "", "peak_hours": ""}
        else:
            own.pop("key_env", None)
        return teacher.model_copy(update=own)


class RivalSettings(OtherSettings):
    """A teacher that `synth teachers` compares with others."""

    name: Name
    """How it is called in --models and in the table."""
