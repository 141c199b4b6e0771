"""Bytes of a text file in any encoding that users have → text.

A byte-order mark decides; then strict decoding; then the fewest damaged characters, up to a small limit.
Where several encodings fit, the one whose characters are common wins (GB18030 and Big5 often both decode).
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from pathlib import Path

from ..errors import InputError

DAMAGE_LIMIT = 0.001
"""Largest share of characters that may be undecodable; more than this is not the file's encoding."""

_COMMON = frozenset(
    "的一是了我不人在他有这个上们来到时大地为子中你说生国年着就那和要她出也得里后自以会家可下而过天去能对小多然于心学么"
    "之都好看起发当没成只如事把还用第样道想作种开总从无情己面最女但现前些所同日手又行意动方头经长儿回分老因很给名间"
    "两身者被高亲其进此话与正曰汝吾乃却将军兵马见问笑听便叫声何安"
    "這個們來時為國說後會過對學麼發當沒樣種開總從無現動頭經長兒給間兩親進話與將軍馬見問聽聲裡還著於"
    "，。！？：；、“”‘’「」『』《》（）…—　 \n\r\t.,!?;:'\"-"
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
)
_PLAUSIBLE = 0.15
"""Least share of common characters in a text whose encoding is only inferred; a wrong guess gives about 0.03."""

_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_CODECS = {"utf-8": "utf-8", "utf-16-le": "utf-16-le", "utf-16-be": "utf-16-be", "gb18030": "gb18030", "big5": "cp950"}
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x19\x7f]")


@dataclass(frozen=True)
class Decoded:
    """Text without U+FFFD, the encoding's name, and how many characters were undecodable and dropped."""

    text: str
    encoding: str
    damaged: int


def decode(data: bytes, path: Path) -> Decoded:
    """Decode the bytes of a text file; `path` is only for messages.

    Raises:
        InputError: the file is empty, binary, or fits no encoding (the message says at which byte).
    """
    if not data.strip():
        raise InputError(f"{path}: the file is empty.")
    for bom, name in _BOMS:
        if data.startswith(bom):
            text = _try(data[len(bom) :], name)
            if text is None:
                raise _refusal(data, path, name, len(bom))
            return _finished(text, name + " with BOM")
    strict = _try(data, "utf-8")
    if strict is not None and "\ufffd" not in strict:
        return _finished(strict, "utf-8")
    texts = {name: text for name in _CODECS if (text := _try(data, name)) is not None}
    fitting = {name: score for name, text in texts.items() if (score := _commonness(text)) >= _PLAUSIBLE}
    if not fitting:
        raise _refusal(data, path, _nearest(data), 0)
    best = max(fitting, key=lambda name: fitting[name])
    return _finished(texts[best], best)


def _finished(text: str, encoding: str) -> Decoded:
    damaged = text.count("\ufffd")
    return Decoded(text.replace("\ufffd", ""), encoding, damaged)


def _try(data: bytes, name: str) -> str | None:
    """The text, with U+FFFD for undecodable characters, or None if they are too many or it is not text."""
    text = data.decode(_CODECS[name], errors="replace")
    allowed = max(1, int(len(text) * DAMAGE_LIMIT))
    if text.count("\ufffd") > allowed or "\0" in text or len(_CONTROL.findall(text)) > allowed:
        return None
    return text


def _commonness(text: str) -> float:
    """Share of very common characters in about 30,000 characters taken evenly from the text."""
    sample = text[:: len(text) // 30_000 + 1]
    return sum(character in _COMMON for character in sample) / len(sample)


def _nearest(data: bytes) -> str:
    """The encoding that makes most sense of the bytes, for the message."""
    return max(_CODECS, key=lambda name: _commonness(data.decode(_CODECS[name], errors="replace")))


def _refusal(data: bytes, path: Path, name: str, skip: int) -> InputError:
    body = data[skip:]
    if (nul := body.find(b"\0")) >= 0 and not name.startswith("utf-16"):
        return InputError(
            f"{path}: a binary file (NUL at byte {skip + nul}), not a text. Give .txt, .md, .html or .epub."
        )
    known = f"{path}: fits no known encoding (UTF-8, UTF-16, GB18030, Big5)"
    try:
        text = body.decode(_CODECS[name])
    except UnicodeDecodeError as error:
        offset = skip + error.start
        return InputError(f"{known}: as {name}, undecodable at byte {offset}. Save it as UTF-8.")
    if (control := _CONTROL.search(text)) is not None:
        offset = skip + len(text[: control.start()].encode(_CODECS[name]))
        return InputError(f"{path}: a binary file (control characters, the first at byte {offset}), not a text.")
    if (lost := text.find("\ufffd")) >= 0:
        offset = skip + len(text[:lost].encode(_CODECS[name]))
        return InputError(
            f"{path}: too many damaged characters (U+FFFD), the first at byte {offset}. Get a whole copy."
        )
    return InputError(f"{known} at byte {skip}. Save it as UTF-8.")
