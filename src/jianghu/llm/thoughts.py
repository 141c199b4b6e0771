"""What a model thought before it answered, taken out of a text. One pass, however many marks there are."""

from __future__ import annotations

import re

_WORD = r"(?:[a-z]{1,12}:)?(?:think(?:ing)?|thoughts?|reasoning|reflection)"
_MARK = re.compile(
    rf"(?P<open><{_WORD}\s?>|\[think\]|◁think▷|<\|begin_of_thought\|>|<\|channel\|>analysis<\|message\|>)"
    rf"|(?P<close></{_WORD}\s?>|\[/think\]|◁/think▷|<\|end_of_thought\|>"
    r"|(?:<\|end\|>)?(?:<\|start\|>assistant)?<\|channel\|>final<\|message\|>)",
    re.IGNORECASE,
)


def without_thoughts(text: str) -> str:
    """The text behind its thoughts.

    Of a thought whose beginning the server swallowed all before its end goes, of one that never ends all behind its
    beginning.
    """
    kept: list[str] = []
    at, thinking = 0, False
    for mark in _MARK.finditer(text):
        if mark["close"]:
            if not thinking:
                kept.clear()
            thinking, at = False, mark.end()
        elif not thinking:
            kept.append(text[at : mark.start()])
            thinking = True
    return "".join(kept) if thinking else "".join([*kept, text[at:]])


def has_thoughts(text: str) -> bool:
    """Whether a text holds a mark of thoughts."""
    return _MARK.search(text) is not None
