"""Bytes of a text file in any encoding that users have → text.

A byte-order mark decides; then strict UTF-8; then the encoding that makes most sense of samples (GB18030 and Big5 often
both decode), with the fewest damaged characters, up to a small limit. NULs that pad a file are damage, not its end.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from pathlib import Path

from ..errors import InputError
from ..messages import tr
from .mojibake import read_hz, repair

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
_GARBLED = 0.06
"""Share of the common ones among the Chinese characters of a text below which it was decoded wrongly once."""
_LATIN_SHARE = 0.5
"""Least share of ASCII letters in a text of a Western encoding."""
_CHUNKS, _CHUNK = 16, 4096
"""How many samples of how many bytes choose the encoding."""

_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_CODECS = {"utf-8": "utf-8", "utf-16-le": "utf-16-le", "utf-16-be": "utf-16-be", "gb18030": "gb18030", "big5": "cp950"}
_CONTROL = re.compile(r"[\x01-\x08\x0e-\x19\x7f]")
_LONE = re.compile(rb"(?<![\x80-\xff])[\x80-\xff](?![\x80-\xff])")
_HAN = re.compile(r"[\u3400-\u9fff]")
_SURROGATES = re.compile(r"[\ud800-\udfff]")


@dataclass(frozen=True)
class Decoded:
    """Text without U+FFFD, the encoding's name, how many characters were undecodable and dropped, and remarks."""

    text: str
    encoding: str
    damaged: int
    remarks: tuple[str, ...] = ()


def decode(data: bytes, path: Path) -> Decoded:
    """Decode the bytes of a text file; `path` is only for messages.

    Raises:
        InputError: the file is empty, binary, or fits no encoding (the message says at which byte).
    """
    if not data.strip(b" \t\r\n\v\f\0"):
        raise InputError(tr("{path}: the file is empty.", path=path))
    for bom, name in _BOMS:
        if data.startswith(bom):
            data, dropped = (data[len(bom) :], 0) if name != "utf-8" else _without_nul(data[len(bom) :])
            text = _try(data, name)
            if text is None:
                raise _refusal(data, path, name, len(bom))
            return _finished(text, name + " with BOM", dropped, path)
    wide_name = _wide(data)
    if wide_name and (text := _try(data, wide_name)) is not None and _commonness(text) >= _PLAUSIBLE:
        return _finished(text, wide_name, 0, path)
    bare, dropped = _without_nul(data)
    padded = dropped <= max(20, len(data) // 1000)  # more runs of NULs are no padding
    text = _try(bare, "utf-8") if padded else None
    if text is not None and "\ufffd" not in text:
        return _finished(text, "utf-8", dropped, path)
    if padded and _is_western(bare) and (text := _western(bare)) is not None:
        return _finished(text, "windows-1252", dropped, path)
    for name in _by_sense(data, bare):
        wide = name.startswith("utf-16")
        text = _try(data if wide else bare, name) if wide or padded else None
        if text is not None and _commonness(text) >= _PLAUSIBLE:
            return _finished(text, name, 0 if wide else dropped, path)
    if not padded:
        raise InputError(tr("{path}: a binary file, not a text. Give a book's text.", path=path))
    if (text := _mixed(bare)) is not None:
        return _finished(text, "utf-8 and gb18030", dropped, path)
    raise _refusal(bare, path, _nearest(bare), 0)


def _without_nul(data: bytes) -> tuple[bytes, int]:
    """The bytes without NULs, and how many runs of NULs there were."""
    if b"\0" not in data:
        return data, 0
    return data.translate(None, b"\0"), len(re.findall(rb"\0+", data))


def _wide(data: bytes) -> str | None:
    """UTF-16 without a mark, told by NULs (of spaces, line ends, Latin letters) at odd or at even places only."""
    sample = data[:200_000]
    low, high = sample[1::2].count(0), sample[::2].count(0)
    return "utf-16-le" if low > 4 * high else "utf-16-be" if high > 4 * low else None


def _by_sense(data: bytes, bare: bytes) -> list[str]:
    """Encodings that fit samples of the bytes, the one with the most common characters first; `bare`: without NULs."""
    scores = {}
    for name, codec in _CODECS.items():
        source = data if name.startswith("utf-16") else bare
        step = max(_CHUNK, len(source) // _CHUNKS // 2 * 2)
        texts = [source[at : at + _CHUNK].decode(codec, errors="replace") for at in range(0, len(source), step)]
        lost = sum(max(0, text.count("\ufffd") - 4) for text in texts)  # a chunk begins and ends inside a character
        if lost <= sum(map(len, texts)) * 0.05:
            scores[name] = _commonness("".join(texts))
    return sorted((name for name in scores if scores[name] >= _PLAUSIBLE / 2), key=lambda name: -scores[name])


def _is_western(data: bytes) -> bool:
    """Mostly ASCII letters, and bytes above stand alone: é, “, —."""
    sample = data[:400_000]
    high = len(sample) - len(sample.translate(None, bytes(range(0x80, 0x100))))
    letters = sum(sample.count(bytes([letter])) for letter in b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
    return high > 0 and letters >= _LATIN_SHARE * len(sample) and len(_LONE.findall(sample)) >= 0.6 * high


def _western(data: bytes) -> str | None:
    text = data.decode("cp1252", errors="replace")
    if text.count("\ufffd") > len(text) * DAMAGE_LIMIT:
        text = data.decode("latin-1")
    return None if len(_CONTROL.findall(text)) > len(text) * DAMAGE_LIMIT else text


def _mixed(data: bytes) -> str | None:
    """Files that were put together from UTF-8 and GB18030: every line by itself."""
    if len(data) > 20_000_000:
        return None
    lines = []
    damaged = 0
    for line in data.split(b"\n"):
        try:
            lines.append(line.decode("utf-8"))
        except UnicodeDecodeError:
            lines.append(line.decode("gb18030", errors="replace"))
            damaged += lines[-1].count("\ufffd")
    text = "\n".join(lines)
    plausible = damaged <= len(text) * DAMAGE_LIMIT and _commonness(text) >= 2 * _PLAUSIBLE
    return text if plausible and not _CONTROL.search(text) else None


def _finished(text: str, encoding: str, dropped: int, path: Path) -> Decoded:
    """The text without replacement characters, turned back if it was decoded wrongly once.

    Raises:
        InputError: it was decoded wrongly, and cannot be turned back.
    """
    remarks = []
    if dropped:
        remarks.append(tr("{count} runs of NUL bytes dropped; parts of the file may be lost.", count=dropped))
    if (plain := read_hz(text)) is not None:
        text, encoding = plain, "hz"
    elif (repaired := repair(text, _commonness)) is not None:
        text, how = repaired
        remarks.append(tr("the text was decoded wrongly once ({how}) and is turned back.", how=how))
    elif _is_garbled(text):
        raise InputError(
            tr(
                "{path}: this text was decoded wrongly once and saved so. Get the original file, or another copy.",
                path=path,
            )
        )
    damaged = text.count("\ufffd")
    return Decoded(_SURROGATES.sub("", text.replace("\ufffd", "")), encoding, damaged + dropped, tuple(remarks))


def _is_garbled(text: str) -> bool:
    """Chinese characters without the common ones among them: what a wrong encoding makes of a text."""
    sample = text[:: len(text) // 30_000 + 1]
    han = _HAN.findall(sample)
    if "锟斤拷" in text[:200_000] and text.count("锟斤拷") * 100 > len(text):
        return True
    return len(sample) >= 500 and 10 * len(han) >= 6 * len(sample) and _commonness("".join(han)) < _GARBLED


def _try(data: bytes, name: str) -> str | None:
    """The text, with U+FFFD for undecodable characters, or None if they are too many or it is not text."""
    text = data.decode(_CODECS[name], errors="replace")
    if name == "big5" and "\ufffd" in text:
        # Characters of Hong Kong's and ETEN's extensions; cp950 loses them with the byte after each.
        text = min(text, data.decode("big5hkscs", errors="replace"), key=lambda found: found.count("\ufffd"))
    allowed = max(1, int(len(text) * DAMAGE_LIMIT))
    if text.count("\ufffd") > allowed or text.count("\0") > allowed or len(_CONTROL.findall(text)) > allowed:
        return None
    return text


def _commonness(text: str) -> float:
    """Share of very common characters in about 30,000 characters taken evenly from the text."""
    sample = text[:: len(text) // 30_000 + 1]
    return sum(character in _COMMON for character in sample) / max(1, len(sample))


def _nearest(data: bytes) -> str:
    """The encoding that makes most sense of the bytes, for the message."""
    return max(_CODECS, key=lambda name: _commonness(data[:100_000].decode(_CODECS[name], errors="replace")))


def _refusal(data: bytes, path: Path, name: str, skip: int) -> InputError:
    """Why the bytes are no text, with the place of the first fault."""
    try:
        text = data.decode(_CODECS[name])
    except UnicodeDecodeError as error:
        if len(_CONTROL.findall(data[:100_000].decode("latin-1"))) * 20 > len(data[:100_000]):
            return InputError(tr("{path}: a binary file, not a text. Give a book's text.", path=path))
        return InputError(
            tr(
                "{path}: fits no known encoding (UTF-8, UTF-16, GB18030, Big5, Windows-1252): as {name}, undecodable "
                "at byte {offset}. Save it as UTF-8.",
                path=path,
                name=name,
                offset=skip + error.start,
            )
        )
    if (control := _CONTROL.search(text)) is not None:
        offset = skip + len(text[: control.start()].encode(_CODECS[name], errors="replace"))
        return InputError(
            tr(
                "{path}: a binary file (control characters, the first at byte {offset}), not a text.",
                path=path,
                offset=offset,
            )
        )
    if (lost := text.find("\ufffd")) >= 0:
        offset = skip + len(text[:lost].encode(_CODECS[name], errors="replace"))
        return InputError(
            tr(
                "{path}: too many damaged characters (U+FFFD), the first at byte {offset}. Get a whole copy.",
                path=path,
                offset=offset,
            )
        )
    return InputError(
        tr("{path}: fits no known encoding (UTF-8, UTF-16, GB18030, Big5, Windows-1252). Save it as UTF-8.", path=path)
    )
