"""A key in the wrong place: settings are written into recipes and reports, so what looks like a key is refused there.

The text of a setting goes in; the text comes out, or an error that does not repeat it.
"""

from __future__ import annotations

import re
import urllib.parse
from typing import Annotated

from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

from ..messages import tr

_PREFIX = re.compile(
    r"(?<![A-Za-z0-9])(?:(?:sk|pk|rk|ak|gsk|xai|hf|nvapi|tvly|sess|bearer)[-_](?=[A-Za-z_-]*[0-9])|ms-(?=[0-9a-f]*[0-9])|AIza|AKIA|bce-v3/|"
    r"eyJ[A-Za-z0-9_-]{8}|ghp_)[A-Za-z0-9._/+=-]{6,}",
    re.IGNORECASE,
)
"""How keys of providers begin."""
_LONG = re.compile(r"(?<![A-Za-z0-9])(?=[A-Za-z0-9]*\d)(?=[A-Za-z0-9]*[A-Za-z])[A-Za-z0-9]{24,}(?![A-Za-z0-9])")
"""Letters and digits without a break, as no word and no name has them."""
_UUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE)
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SECRET_NAMES = re.compile(r"(?:api|access|auth)?[-_]?(?:key|token|secret|sig|signature|password|pwd)", re.IGNORECASE)
KEY = "looks_like_a_key"
"""The type of the validation error; whoever tells it does not repeat the setting."""


def looks_like_key(text: str) -> bool:
    """Whether a text holds something that is probably a key."""
    found = _LONG.search(text)
    plain = bool(found) and re.fullmatch(r"\d*[a-z]*|[a-z]*\d*", found[0], re.IGNORECASE) is None  # type: ignore[index]
    return bool(_PREFIX.search(text) or _UUID.search(text) or plain)


def without_keys(text: str) -> str:
    """A message with what looks like a key taken out."""
    for pattern in (_PREFIX, _UUID, _LONG):
        text = pattern.sub("…", text)
    return text


def shown(value: object, most: int = 80) -> str:
    """A setting's value in a message: short, on one line, and without what looks like a key."""
    text = repr(value)
    if looks_like_key(text):
        return tr("(not shown, since it looks like a key)")
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _variable(value: str) -> str:
    if value and (looks_like_key(value) or not _VARIABLE.fullmatch(value) or _no_name(value)):
        raise PydanticCustomError(
            KEY,
            tr(
                "it is to name an environment variable, such as TEACHER_KEY, and is not that name but looks like the "
                "key itself. Put the key into the variable (export TEACHER_KEY=...) and the variable's name here"
            ),
        )
    return value


def _no_name(value: str) -> bool:
    """Whether a text that could be a variable's name is more likely a key: long, with digits, in one piece."""
    return len(value) >= 16 and "_" not in value and any(character.isdigit() for character in value)


def _address(value: str) -> str:
    try:
        parts = urllib.parse.urlsplit(value)
        query = urllib.parse.parse_qsl(parts.query, keep_blank_values=True)
    except ValueError:
        parts, query = urllib.parse.SplitResult("", "", value, "", ""), []
    told = any(_SECRET_NAMES.fullmatch(name) for name, _ in query)
    if told or parts.password or looks_like_key(value):
        raise PydanticCustomError(
            KEY,
            tr(
                "it holds what looks like a key or a password, and settings are written into recipes and reports. "
                "Put the key into an environment variable and its name into key_env"
            ),
        )
    return value


def _plain(value: str) -> str:
    if looks_like_key(value):
        raise PydanticCustomError(
            KEY,
            tr(
                "it looks like a key, and settings are written into recipes and reports. Put the key into an "
                "environment variable and its name into key_env"
            ),
        )
    return value


VariableName = Annotated[str, AfterValidator(_variable)]
"""The name of an environment variable; a key in its place is refused."""
Address = Annotated[str, AfterValidator(_address)]
"""An address without a password or a key in it."""
Name = Annotated[str, AfterValidator(_plain)]
"""A name that is no key."""
