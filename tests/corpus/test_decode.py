"""Any encoding comes back exactly; what is no text is refused by name and byte."""

import codecs
import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jianghu.corpus.decode import decode
from jianghu.errors import InputError

SIMPLE = "他站在山门外，听见里面有人说话。那人道：“你来了，就不要走。”雪下得很大，灯火一点一点地灭了。\n"
TRADITIONAL = "他站在山門外，聽見裡面有人說話。那人道：「你來了，就不要走。」雪下得很大，燈火一點一點地滅了。\n"
HERE = Path("书.txt")


def sentences(source: str) -> st.SearchStrategy[str]:
    """Texts with the characters of `source` in any order: as common as in prose, but never the same."""

    def shuffled(seed: int, times: int) -> str:
        characters = list(source * times)
        random.Random(seed).shuffle(characters)
        return "第" + "".join(characters)

    return st.builds(shuffled, st.integers(0, 2**32), st.integers(5, 40))


@given(text=sentences(SIMPLE), encoding=st.sampled_from(["utf-8", "utf-16-le", "utf-16-be", "gb18030"]))
def test_simplified_text_comes_back(text, encoding):
    decoded = decode(text.encode(encoding), HERE)
    assert (decoded.text, decoded.encoding, decoded.damaged) == (text, encoding, 0)


@given(text=sentences(TRADITIONAL), encoding=st.sampled_from(["utf-8", "utf-16-le", "gb18030", "big5"]))
def test_traditional_text_comes_back(text, encoding):
    decoded = decode(text.encode(encoding), HERE)
    assert (decoded.text, decoded.encoding, decoded.damaged) == (text, encoding, 0)


@pytest.mark.parametrize(
    ("bom", "encoding"),
    [(codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be")],
)
def test_a_byte_order_mark_decides_and_is_no_character(bom, encoding):
    decoded = decode(bom + SIMPLE.encode(encoding), HERE)
    assert decoded.text == SIMPLE
    assert decoded.encoding == f"{encoding} with BOM"


@given(text=st.text(st.characters(exclude_categories=["C"], exclude_characters="\ufffd"), min_size=1))
def test_utf_8_of_any_script_comes_back(text):
    if text.strip():
        assert decode(text.encode("utf-8"), HERE).text == text


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030", "big5"])
def test_a_few_damaged_bytes_are_counted_and_dropped(encoding):
    text = (TRADITIONAL if encoding == "big5" else SIMPLE) * 100
    lines = text.encode(encoding).split(b"\n")
    lines[50] += b"\xff"
    decoded = decode(b"\n".join(lines), HERE)
    assert (decoded.text, decoded.encoding, decoded.damaged) == (text, encoding, 1)


def test_replacement_characters_of_an_earlier_accident_are_dropped_and_counted():
    decoded = decode((SIMPLE * 100 + "\ufffd").encode(), HERE)
    assert decoded.text == SIMPLE * 100
    assert decoded.damaged == 1


def test_many_damaged_bytes_are_refused_with_the_first_offset():
    line = SIMPLE.encode()
    with pytest.raises(InputError, match=rf"书\.txt.*utf-8, undecodable at byte {len(line) * 3}\."):
        decode(line * 3 + b"\xff\xff\xff" * 20 + line * 17, HERE)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "empty"),
        (b" \r\n\t", "empty"),
        (SIMPLE.encode() + b"\0\0\1\2" * 30, "binary"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(range(256)) * 40, "binary"),
        (random.Random(3).randbytes(20_000), "binary|no known encoding"),
        (bytes(c for c in random.Random(3).randbytes(20_000) if c >= 0x80), "no known encoding.*byte"),
    ],
)
def test_what_is_no_text_is_refused(data, message):
    with pytest.raises(InputError, match=message) as caught:
        decode(data, HERE)
    assert "书.txt" in str(caught.value)


@given(
    text=sentences(SIMPLE),
    encoding=st.sampled_from(["utf-8", "gb18030"]),
    places=st.lists(st.integers(0, 999), max_size=5),
)
def test_nul_padding_is_damage_not_the_end(text, encoding, places):
    lines = text.split("\n")
    for place in places:
        lines[place % len(lines)] += "\0" * (1 + place)
    decoded = decode("\n".join(lines).encode(encoding) + b"\0" * 58, HERE)
    assert (decoded.text, decoded.encoding) == (text, encoding)
    assert decoded.damaged >= 1
    assert "NUL" in decoded.remarks[0]


WESTERN = "“It was late,” she said — the café’s lamps were out. Déjà vu? Naïve, perhaps; but no one’s fault…\n" * 30


@pytest.mark.parametrize("encoding", ["cp1252", "latin-1"])
def test_western_encodings(encoding):
    text = (
        WESTERN
        if encoding == "cp1252"
        else WESTERN.translate({0x201C: '"', 0x201D: '"', 0x2019: "'", 0x2014: "-", 0x2026: "."})
    )
    decoded = decode(text.encode(encoding), HERE)
    assert (decoded.text, decoded.encoding) == (text, "windows-1252")


def latin(data: bytes) -> str:
    """Bytes as Windows-1252 shows them, those that it does not define as control characters."""
    return "".join(bytes([n]).decode("cp1252", errors="ignore") or chr(n) for n in data)


@given(text=sentences(SIMPLE), right=st.sampled_from(["utf-8", "gb18030"]), times=st.integers(1, 2))
def test_text_decoded_wrongly_once_is_turned_back(text, right, times):
    wrong = text
    for _ in range(times):
        wrong = latin(wrong.encode(right))
        right = "utf-8"
    decoded = decode(wrong.encode("utf-8"), HERE)
    assert decoded.text == text
    assert "decoded wrongly" in decoded.remarks[0]


@given(text=sentences(TRADITIONAL))
def test_big5_read_as_gb18030_is_turned_back(text):
    wrong = text.encode("cp950").decode("gb18030", errors="replace")
    if "\ufffd" not in wrong:
        assert decode(wrong.encode("utf-8"), HERE).text == text


def test_what_cannot_be_turned_back_is_refused():
    wrong = (SIMPLE * 40).encode("utf-8").decode("gb18030", errors="replace").replace("\ufffd", "?")
    with pytest.raises(InputError, match="decoded wrongly once"):
        decode(wrong.encode("utf-8"), HERE)


@given(text=sentences(SIMPLE))
def test_hz(text):
    data = "\n".join(
        "~{" + "".join(chr(b & 0x7F) for b in line.encode("gb2312")) + "~}" if line else "" for line in text.split("\n")
    )
    decoded = decode(data.encode("ascii"), HERE)
    assert (decoded.text, decoded.encoding) == (text, "hz")


def test_lines_in_two_encodings():
    lines = (SIMPLE * 20).split("\n")
    data = b"\n".join(line.encode("gb18030" if number % 3 else "utf-8") for number, line in enumerate(lines))
    assert decode(data, HERE).text == SIMPLE * 20


def test_big5_with_the_extensions_of_hong_kong():
    """Decoded as plain Big5 these characters are lost, each with the byte after it."""
    text = (TRADITIONAL + "阿粵道：「鱲魚在涌口，𨋢門開咗。」\n") * 40
    decoded = decode(text.encode("big5hkscs"), HERE)
    assert (decoded.text, decoded.encoding, decoded.damaged) == (text, "big5", 0)
