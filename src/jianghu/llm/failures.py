"""What became of requests, in words: outcomes and how often → a sentence with what came and what to do."""

from __future__ import annotations

from collections.abc import Mapping

from ..messages import tr


def outcome_words(outcome: str) -> str:
    """An outcome as people say it."""
    words = {
        "ok": tr("answered"),
        "empty": tr("an answer without text"),
        "truncated": tr("cut off at max_tokens before it said anything"),
        "invalid": tr("something that is no answer"),
        "rate_limited": tr("too many requests"),
        "server_error": tr("trouble at the provider"),
        "timeout": tr("no reply in time"),
        "unreachable": tr("no connection"),
        "quota_exhausted": tr("the quota is spent"),
        "invalid_key": tr("the key is refused"),
        "account_blocked": tr("the account is refused, as for an unpaid bill"),
        "not_found": tr("no such model or address"),
        "filtered": tr("refused by the provider's filter"),
        "too_long": tr("the prompt is too long for the model"),
        "bad_request": tr("the request is not understood"),
    }
    return words.get(outcome, outcome)


def failures(counts: Mapping[str, int], details: Mapping[str, str]) -> str:
    """Failures, the commonest first, each with what the server said last.

    Args:
        counts: outcome → how many requests were given up with it.
        details: outcome → what was said.
    """
    parts = []
    for outcome, count in sorted(counts.items(), key=lambda pair: -pair[1]):
        told = details.get(outcome, "").strip().rstrip(".。")
        parts.append(f"{count:,} × {outcome_words(outcome)}{f' ({told})' if told else ''}")
    return "; ".join(parts)
