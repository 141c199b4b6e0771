"""Text that was decoded wrongly once and saved so (Ã§Â¬Â¬, 绗竴绔犮€), and HZ: found, and turned back where nothing was
lost. A text goes in; the text as it was meant comes out, with the encodings that were mixed up, or None.
"""

from __future__ import annotations

import re
from collections.abc import Callable

_SAMPLE = 4000
"""Characters that are tried before the whole text is."""
_BETTER = 0.1
"""By how much the share of common characters must rise for a repair to be believed."""
_WINDOWS = {bytes([n]).decode("cp1252", errors="ignore") or chr(n): n for n in range(0x80, 0xA0)}
_LATIN = {ord(character): number for character, number in _WINDOWS.items()}
_HZ = re.compile(r"~\{(?:[\x21-\x7e]{2})+~\}")


def repair(text: str, commonness: Callable[[str], float]) -> tuple[str, str] | None:
    """What a text was before it was decoded with the wrong encoding, once or twice over.

    Args:
        text: decoded text.
        commonness: the share of a text's characters that are common ones.

    Returns the repaired text and what was wrong ("utf-8 read as windows-1252"); None if there is nothing to repair.
    """
    sample = text[:_SAMPLE]
    before = commonness(sample)
    steps = [] if len(sample) < 60 or before > 0.5 else _steps(sample, before + _BETTER, 2, commonness)
    for wrong, right in steps:
        data = _ENCODE[wrong](text)
        if data is None or _loss(data, right) > 0.001:
            return None
        text = data.decode(right, errors="ignore")
    return (text, ", ".join(f"{right} read as {wrong}" for wrong, right in steps)) if steps else None


def _steps(sample: str, wanted: float, depth: int, commonness: Callable[[str], float]) -> list[tuple[str, str]]:
    """The pairs (wrong, right encoding) that make sense of a sample; empty if none do."""
    for wrong, encode in _ENCODE.items():
        data = encode(sample)
        if data is None:
            continue
        for right in ("utf-8", "gb18030", "big5"):
            if right == wrong or _loss(data, right) > 0.01:
                continue
            trial = data.decode(right, errors="ignore")
            if commonness(trial) >= wanted:
                return [(wrong, right)]
            if depth > 1 and (wrong, right) == ("windows-1252", "utf-8"):
                deeper = _steps(trial, wanted, depth - 1, commonness)
                if deeper:
                    return [(wrong, right), *deeper]
    return []


def _loss(data: bytes, encoding: str) -> float:
    """Share of the characters that an encoding cannot read (a sample's cut end aside)."""
    text = data.decode(encoding, errors="replace")
    return max(0, text.count("\ufffd") - 1) / max(1, len(text))


def _as_latin(text: str) -> bytes | None:
    try:
        return text.translate(_LATIN).encode("latin-1")
    except UnicodeEncodeError:
        return None


def _as_gb18030(text: str) -> bytes | None:
    return None if text.isascii() else text.encode("gb18030", errors="ignore")


def _as_big5(text: str) -> bytes | None:
    data = text.encode("cp950", errors="ignore")
    return None if text.isascii() or len(data) < len(text) else data


_ENCODE: dict[str, Callable[[str], bytes | None]] = {
    "windows-1252": _as_latin,
    "gb18030": _as_gb18030,
    "big5": _as_big5,
}


def read_hz(text: str) -> str | None:
    """HZ, an old 7-bit form of GB2312 (~{5ZR;UB~}), as text; None if the text is not that."""
    if not text.isascii() or len(_HZ.findall(text[:100_000])) < 3:
        return None
    return _HZ.sub(lambda match: bytes(ord(c) | 0x80 for c in match[0][2:-2]).decode("gb2312", errors="replace"), text)
