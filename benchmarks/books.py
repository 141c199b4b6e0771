"""Time and memory of reading a book, for the inputs that are hardest on it: `python -m benchmarks.books`.

Each input is read in a process of its own. Printed are seconds of one core, peak memory and what came of it; the last
column is how the time grew against the size (1 is linear, 2 is quadratic).
"""

from __future__ import annotations

import argparse
import math
import multiprocessing
import random
import tempfile
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path

from jianghu.corpus import load_book
from jianghu.errors import InputError
from jianghu.recipe import BooksSettings

LINE = "雪夜里有人敲门，他没有应声，只把灯吹灭了；过了许久，脚步声才慢慢远去，山里重新静下来。\n"


def repeated(piece: str) -> Callable[[int], bytes]:
    """A file that is one piece again and again."""
    raw = piece.encode()
    return lambda size: (raw * (size // len(raw) + 1))[:size]


def any_bytes(size: int) -> bytes:
    """Random bytes."""
    return random.Random(1).randbytes(size)


def any_characters(size: int) -> bytes:
    """Random Chinese characters without marks or line ends."""
    draw = random.Random(2)
    return "".join(chr(draw.randrange(0x4E00, 0x9FA5)) for _ in range(size // 3)).encode()


def numbered(form: str) -> Callable[[int], bytes]:
    """Lines that count up."""

    def make(size: int) -> bytes:
        parts, length, number = [], 0, 0
        while length < size:
            number += 1
            parts.append(form.format(number).encode())
            length += len(parts[-1])
        return b"".join(parts)[:size]

    return make


def words_of_adverts(size: int) -> bytes:
    """Words that adverts are made of, in any order, now and then a mark."""
    draw = random.Random(3)
    words = [
        "小说",
        "下载",
        "最新",
        "更多精彩",
        "请到",
        "本书由",
        "求",
        "（",
        "“",
        "，",
        "www.",
        ".com",
        "[",
        "未完待续",
        "TXT",
        "手机",
        "网",
        "提供",
        "阅读",
        "登录",
    ]
    raw = "".join(draw.choice(words) for _ in range(200_000)).encode()
    return (raw * (size // len(raw) + 1))[:size]


INPUTS: dict[str, tuple[str, Callable[[int], bytes]]] = {
    "a novel": (".txt", numbered("第{0}章 风雪\n" + LINE * 40)),
    "one hexadecimal word": (".txt", repeated("0123456789abcdef")),
    "spaces": (".txt", repeated(" ")),
    "wide spaces and letters": (".txt", repeated("\u3000他 ")),
    "words of adverts, one line": (".txt", words_of_adverts),
    "opening brackets": (".txt", repeated("【（“")),
    "addresses": (".txt", repeated("www.example.com看")),
    "random bytes": (".txt", any_bytes),
    "random characters, one line": (".txt", any_characters),
    "a novel on one line": (".txt", repeated(LINE.strip())),
    "two-letter lines": (".txt", repeated("好。\n")),
    "different short lines": (".txt", numbered("他走了{0}步\n")),
    "headings only": (".txt", numbered("第{0}章 雪\n")),
    "headings and a line": (".txt", numbered("{0}、雪\n他在山上住了十年，每天读书。\n")),
    "line ends": (".txt", repeated("\r\n \t")),
    "NULs in text": (".txt", repeated("他走了。\0\0")),
    "HTML, a novel": (".html", numbered("<h2>第{0}章 风雪</h2>\n" + f"<p>{LINE.strip()}</p>\n" * 40)),
    "HTML, a novel in one paragraph": (".html", repeated(LINE.strip())),
    "HTML, open tags": (".html", repeated("<p><b>他走了")),
    "HTML, tags and nothing else": (".html", repeated("<div>")),
    "HTML, attributes": (".html", repeated("<p class='x' id='y' style='color: red'>他走了</p>")),
    "HTML, links": (".html", repeated("<a href='#x'>他走了。</a>")),
    "HTML, entities": (".html", repeated("&#20182;&amp;&nbsp;")),
    "HTML, a script without end": (".html", repeated("<script>他走了。")),
    "marks of Markdown": (".md", repeated("**[_`他")),
    "HTML, half tags": (".html", repeated("<!-- <a b='")),
}


def read(path: Path, pipe: Connection) -> None:
    """Read a book in this process, and say what came of it."""
    try:
        outcome = f"{len(load_book(path, BooksSettings()).chapters)} chapters"
    except InputError as error:
        outcome = "refused: " + str(error).partition(": ")[2][:50]
    except Exception as error:  # what a benchmark is for
        outcome = f"FAILED: {type(error).__name__} {error}"[:80]
    status = Path("/proc/self/status").read_text()  # what getrusage gives begins with the parent's memory
    memory = int(status.partition("VmHWM:")[2].split()[0]) / 1024
    pipe.send((time.process_time(), memory, outcome))


def timed(path: Path, limit: float) -> tuple[float, float, str]:
    """Seconds, MiB and outcome of reading a file in a process of its own."""
    ours, theirs = multiprocessing.get_context("spawn").Pipe()
    process = multiprocessing.get_context("spawn").Process(target=read, args=(path, theirs))
    process.start()
    theirs.close()
    try:
        return ours.recv() if ours.poll(limit) else (math.inf, math.nan, "NOT DONE")
    except EOFError:
        return math.inf, math.nan, "DIED"
    finally:
        process.kill()
        process.join()


def main() -> None:
    """Measure every input at every size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=float, nargs="+", default=[1, 10, 50])
    parser.add_argument("--only", default="", help="inputs whose names hold this")
    parser.add_argument("--limit", type=float, default=300, help="seconds after which a file is given up")
    options = parser.parse_args()
    print(f"{'input':32}{'MB':>6}{'seconds':>9}{'MiB':>7}{'growth':>8}  outcome", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        for name, (suffix, make) in INPUTS.items():
            if options.only not in name:
                continue
            before: tuple[float, float] | None = None
            for size in options.megabytes:
                path = Path(folder, "book" + suffix)
                path.write_bytes(make(int(size * 1e6)))
                seconds, memory, outcome = timed(path, options.limit)
                growth = math.log(seconds / before[1]) / math.log(size / before[0]) if before else math.nan
                print(f"{name:32}{size:6g}{seconds:9.2f}{memory:7.0f}{growth:8.2f}  {outcome}", flush=True)
                before = (size, seconds)


if __name__ == "__main__":
    main()
