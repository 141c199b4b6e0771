"""What a failed call means: a table for each provider, by the code in the body, then by its words, then by the status.

One status hides many meanings: Zhipu's 429 is too many at once (1302), a spent day (1304), a busy platform (1305) or
an unpaid bill (1113). Sources: docs.bigmodel.cn/cn/api/api-code, api-docs.deepseek.com/quick_start/error_codes,
help.aliyun.com/zh/model-studio/error-code, platform.openai.com/docs/guides/error-codes, and the sources of llama.cpp,
vLLM and Ollama.
"""

from __future__ import annotations

import email.utils
import json
import math
import re
import time
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from typing import Any, Literal

Outcome = Literal[
    "ok",  # an answer
    "truncated",  # an answer, cut off at the length limit
    "empty",  # an answer without a word
    "invalid",  # status 200, but no chat completion
    "rate_limited",  # the account asks too much at once: ask less
    "server_error",  # the provider's trouble: try again after a while
    "timeout",  # no reply in time
    "unreachable",  # no connection
    "quota_exhausted",  # the account's quota is spent until a time
    "invalid_key",  # the key is refused
    "account_blocked",  # the account is refused: unpaid, locked, without permission
    "not_found",  # no such model or address
    "filtered",  # the provider's filter refuses this request
    "too_long",  # the prompt is longer than the model reads
    "bad_request",  # the provider does not understand this request
]

ZHIPU: dict[str, Outcome] = {
    **dict.fromkeys(("1000", "1001", "1002", "1003", "1004"), "invalid_key"),
    **dict.fromkeys(("1110", "1111", "1112", "1113", "1121", "1220", "1309", "1311"), "account_blocked"),
    **dict.fromkeys(("500", "1100", "1120", "1230", "1231", "1234", "1305", "1312"), "server_error"),
    **dict.fromkeys(("1210", "1213", "1214", "1215"), "bad_request"),
    **dict.fromkeys(("1211", "1212", "1221", "1222"), "not_found"),
    **dict.fromkeys(("1300", "1301"), "filtered"),
    **dict.fromkeys(("1302", "1303", "1313"), "rate_limited"),
    **dict.fromkeys(("1304", "1308", "1310"), "quota_exhausted"),
    "1261": "too_long",
}
DEEPSEEK: dict[str, Outcome] = {"insufficient_balance": "account_blocked", "invalid_api_key": "invalid_key"}
QWEN: dict[str, Outcome] = {
    **dict.fromkeys(("invalidapikey", "invalid_api_key"), "invalid_key"),
    **dict.fromkeys(
        (
            "arrearage",
            "accessdenied",
            "accessdenied.unpurchased",
            "model.accessdenied",
            "access_denied",
            "allocationquota.freetieronly",
        ),
        "account_blocked",
    ),
    # insufficient_quota is OpenAI's word for an unpaid bill; here it is the limit of tokens a minute.
    **dict.fromkeys(
        (
            "throttling",
            "throttling.ratequota",
            "throttling.burstrate",
            "throttling.allocationquota",
            "limitrequests",
            "limit_requests",
            "limit_burst_rate",
            "insufficient_quota",
        ),
        "rate_limited",
    ),
    **dict.fromkeys(("datainspectionfailed", "data_inspection_failed"), "filtered"),
    **dict.fromkeys(("modelnotfound", "model_not_found", "model_not_supported"), "not_found"),
    **dict.fromkeys(
        (
            "internalerror",
            "internalerror.algo",
            "internalerror.timeout",
            "internal_error",
            "modelunavailable",
            "modelserviceunavailable",
            "serviceunavailable",
            "requesttimeout",
            "responsetimeout",
        ),
        "server_error",
    ),
}
OPENAI: dict[str, Outcome] = {
    **dict.fromkeys(("invalid_api_key", "incorrect_api_key"), "invalid_key"),
    **dict.fromkeys(
        (
            "insufficient_quota",
            "billing_hard_limit_reached",
            "billing_not_active",
            "account_deactivated",
            "unsupported_country_region_territory",
        ),
        "account_blocked",
    ),
    "rate_limit_exceeded": "rate_limited",
    "slow_down": "rate_limited",
    "model_not_found": "not_found",
    "context_length_exceeded": "too_long",
    **dict.fromkeys(("content_policy_violation", "content_filter"), "filtered"),
    "server_error": "server_error",
}
LOCAL: dict[str, Outcome] = {
    "exceed_context_size_error": "too_long",  # llama.cpp
    "unavailable_error": "server_error",  # llama.cpp, while it loads the model
    "server_error": "server_error",
    "authentication_error": "invalid_key",
    "notfounderror": "not_found",  # vLLM
}
TABLES: Mapping[str, Mapping[str, Outcome]] = {
    "zhipu": ZHIPU, "openai": OPENAI, "deepseek": DEEPSEEK, "local": LOCAL, "qwen": QWEN,
}  # fmt: skip
"""In the order in which they are asked where the provider is not known: most others copy OpenAI's codes."""
_HOSTS = {
    "bigmodel.cn": "zhipu", "z.ai": "zhipu", "deepseek.com": "deepseek", "aliyuncs.com": "qwen", "openai.com": "openai",
}  # fmt: skip
_WORDS: dict[str, Outcome] = {
    "insufficient balance": "account_blocked",
    "余额不足": "account_blocked",
    "欠费": "account_blocked",
    "exceeded your current quota": "account_blocked",
    "maximum context length": "too_long",
    "context size": "too_long",
    "range of input length": "too_long",
}
"""Words that mean the same with nearly everybody."""
_OWN_WORDS: dict[str, dict[str, Outcome]] = {
    "qwen": {
        "free allocated quota exceeded": "account_blocked",
        "allocated quota exceeded": "rate_limited",
        "exceeded your current quota": "rate_limited",
    }
}
"""Words that come before a provider's codes, because one code of it has two meanings."""
MAX_WAIT = 30 * 86400.0  # seconds; no server means more
DAILY = 3600.0  # seconds to leave an account alone whose quota is spent, where it does not say until when
_RESET = re.compile(r"(20\d\d-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)")
_CHINA = timezone(timedelta(hours=8))


def provider_of(host: str) -> str:
    """Whose codes an address speaks; empty where it is not known."""
    return next((name for end, name in _HOSTS.items() if host == end or host.endswith("." + end)), "")


def outcome_of(
    status: int, text: str, provider: str = "", headers: Mapping[str, str] | None = None
) -> tuple[Outcome, float | None]:
    """What a failure means, and how many seconds to wait if the server says so.

    Args:
        status: of HTTP.
        text: the body, JSON or not.
        provider: a name in TABLES; its table comes before the others.
    """
    codes, words = _error(text)
    lower, own = words.lower(), _OWN_WORDS.get(provider, {})
    outcome = _by_words(lower, own) or _by_code(codes, provider) or _by_words(lower, _WORDS) or _by_status(status)
    wait = retry_after(headers or {})
    if outcome == "quota_exhausted" and wait is None:
        wait = _until(words) or DAILY
    return outcome, wait


def _by_code(codes: list[str], provider: str) -> Outcome | None:
    tables = [TABLES[provider], *TABLES.values()] if provider else list(TABLES.values())
    return next((table[code] for table in tables for code in codes if code in table), None)


def _by_words(words: str, table: Mapping[str, Outcome]) -> Outcome | None:
    return next((outcome for word, outcome in table.items() if word in words), None)


def _by_status(status: int) -> Outcome:
    if status == 402:
        return "account_blocked"
    if status in (401, 403):
        return "invalid_key"
    if status == 429:
        return "rate_limited"
    if status == 404:
        return "not_found"
    if status == 413:
        return "too_long"
    if status in (408, 409, 425) or status >= 500:
        return "server_error"
    return "invalid" if status < 300 else "bad_request"


def _error(text: str) -> tuple[list[str], str]:
    """Code and type of an error body in lower case, and its words; the text itself where it is no JSON."""
    try:
        body: Any = json.loads(text)
    except (ValueError, RecursionError):
        return [], text
    error = body.get("error", body) if isinstance(body, dict) else body
    if not isinstance(error, dict):
        return [], error if isinstance(error, str) else text
    codes = [str(error[name]).lower() for name in ("code", "type") if isinstance(error.get(name), str | int)]
    message = error.get("message")
    return codes, message if isinstance(message, str) and message else text


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds of a Retry-After header, which is a number or a date."""
    header = headers.get("retry-after")
    if not header:
        return None
    try:
        wait = float(header)
    except ValueError:
        try:
            wait = email.utils.parsedate_to_datetime(header).timestamp() - time.time()
        except (ValueError, TypeError, OverflowError):
            return None
    return None if math.isnan(wait) else min(max(0.0, wait), MAX_WAIT)


def _until(words: str) -> float | None:
    """Seconds to a date in the words, by the clock of China, where the providers that write one are."""
    found = _RESET.search(words)
    if found is None:
        return None
    try:
        at = datetime.fromisoformat(f"{found[1]}T{found[2]}").replace(tzinfo=_CHINA)
    except ValueError:
        return None
    return min(max(1.0, at.timestamp() - time.time()), MAX_WAIT)
