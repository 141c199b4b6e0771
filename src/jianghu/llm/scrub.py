"""Secrets out of text: a server that is sent a key may send it back, plain or in any common disguise.

Text of a server goes in; the same text with [key] wherever a secret stood comes out. It runs in one pass.
"""

from __future__ import annotations

import base64
import re
from functools import cached_property

MASK = "[key]"
SHORTEST = 6  # characters of a secret that is looked for inside words; a shorter one ("none") must stand alone
_DISGUISED = re.compile(r"\\+[uUx]0*[0-9a-fA-F]{2}|%(?:25)*[0-9a-fA-F]{2}|&#|\\+/")


class Secret:
    """One secret, and the ways in which it may stand in a text."""

    def __init__(self, secret: str) -> None:
        self._secret = secret

    def scrub(self, text: str) -> str:
        """The text without the secret.

        Found are its characters as they are or escaped, each by itself, as in JSON, URLs, HTML and program text; and
        the secret in base64 or hexadecimal, also in the middle of something longer.
        """
        if not self._secret:
            return text
        if len(self._secret) < SHORTEST:
            return re.sub(rf"(?<!\w){re.escape(self._secret)}(?!\w)", MASK, text)
        if self._secret in text:
            text = text.replace(self._secret, MASK)
        if _DISGUISED.search(text):
            text = self._escaped.sub(MASK, text)
        return self._encoded.sub(MASK, text)

    @cached_property
    def _escaped(self) -> re.Pattern[str]:
        return re.compile("".join(map(_spellings, self._secret)))

    @cached_property
    def _encoded(self) -> re.Pattern[str]:
        data = self._secret.encode()
        forms = {data.hex(), data.hex().upper()}
        for before in range(3):
            # The characters that depend on the secret alone, whatever stands before and behind it.
            whole = base64.b64encode(b"\0" * before + data).decode().rstrip("=")
            middle = whole[(before * 8 + 5) // 6 : (before + len(data)) * 8 // 6]
            forms |= {middle, middle.replace("+", "-").replace("/", "_")}
        return re.compile("|".join(map(re.escape, sorted(forms))))


def _spellings(character: str) -> str:
    """A pattern for one character, as it is or escaped."""
    code = f"{ord(character):02x}"
    digits = "".join(f"[{digit}{digit.upper()}]" if digit.isalpha() else digit for digit in code)
    html = f"&#(?:[xX]0*{digits}|0*{ord(character)});"
    plain = rf"\\*{re.escape(character)}" if character in "/\\\"'" else re.escape(character)
    return rf"(?:{plain}|\\+[uUx]0*{digits}|%(?:25)*{digits}|{html})"


class Scrubber:
    """All secrets that were sent anywhere in a run."""

    def __init__(self) -> None:
        self._secrets: dict[str, Secret] = {}

    def add(self, secret: str) -> None:
        """From now on, take this secret out of every text."""
        if secret and secret not in self._secrets:
            self._secrets[secret] = Secret(secret)
            # The longest first: where one secret begins like another, nothing of it may be left.
            self._secrets = dict(sorted(self._secrets.items(), key=lambda pair: -len(pair[0])))

    def scrub(self, text: str) -> str:
        """The text without any of the secrets."""
        for secret in self._secrets.values():
            text = secret.scrub(text)
        return text
