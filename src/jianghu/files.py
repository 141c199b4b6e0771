"""The one way to write a file or a folder so that a crash leaves the old one or the new one, never half.

Goes in: bytes, text, rows or a folder being built. Comes out: files that other processes see whole.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import socket
import sys
import time
import uuid
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from .errors import InputError, RunError
from .messages import tr


def _fsync(path: Path) -> None:
    """Flush a file, or (where the system allows it) a folder's entries, to the disk."""
    flags = os.O_RDONLY if path.is_dir() else os.O_RDWR
    try:
        handle = os.open(path, flags)
    except PermissionError:  # Windows cannot open folders
        return
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _replace(source: Path, target: Path) -> None:
    """`os.replace`; on Windows, where it fails as long as another program (a reader, a virus scanner) has one of them
    open, tried again for a second."""
    for pause in (0.01, 0.04, 0.15, 0.3, 0.5) if sys.platform == "win32" else ():
        try:
            return os.replace(source, target)
        except PermissionError:
            time.sleep(pause)
    return os.replace(source, target)


def _beside(path: Path, word: str) -> Path:
    return path.with_name(f".{path.name}.{word}-{os.getpid()}-{uuid.uuid4().hex[:8]}")


@contextlib.contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; what is written there replaces `path` when the block ends well.

    The replacement is one `os.replace`, after an fsync, so readers see the old file or the new one.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = _beside(path, "tmp")
    try:
        yield temporary
        _fsync(temporary)
        _replace(temporary, path)
        _fsync(path.parent)
    finally:
        temporary.unlink(missing_ok=True)


def write_bytes(path: Path, data: bytes) -> None:
    """Write `data` to `path` atomically."""
    with atomic_path(path) as temporary:
        temporary.write_bytes(data)


def write_text(path: Path, text: str) -> None:
    """Write `text` to `path` atomically, as UTF-8 with `\\n` line ends on every system."""
    write_bytes(path, text.encode("utf-8"))


def write_json(path: Path, value: Any) -> None:
    """Write `value` to `path` atomically as indented JSON, Chinese left readable."""
    write_text(path, json.dumps(value, ensure_ascii=False, indent=2) + "\n")


def write_jsonl(path: Path, rows: Iterable[Mapping[str, object]]) -> int:
    """Write one JSON object a line to `path` atomically, streaming; return how many."""
    count = 0
    with atomic_path(path) as temporary, temporary.open("w", encoding="utf-8", newline="\n") as out:
        for row in rows:
            out.write(json.dumps(row, ensure_ascii=False) + "\n")
            count += 1
    return count


def read_json(path: Path) -> Any:
    """Read a JSON file.

    Raises:
        InputError: the file is missing or is not JSON; the message names it.
    """
    try:
        return json.loads(read_text(path))
    except (ValueError, RecursionError) as error:
        raise InputError(tr("{path}: not valid JSON ({error}).", path=path, error=error)) from None


def read_text(path: Path, largest: int = 64 << 20) -> str:
    """The text of a file that a person or a program wrote, in UTF-8.

    Args:
        largest: bytes; a larger file is none of these.

    Raises:
        InputError: it is missing, no file, too large, not UTF-8, or may not be read; the message names it.
    """
    try:
        if path.exists() and not path.is_file():
            raise InputError(tr("{path}: not a file.", path=path))
        if (size := path.stat().st_size) > largest:
            raise InputError(
                tr("{path}: {megabytes} MB, which is more than such a file can have.", path=path, megabytes=size >> 20)
            )
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise InputError(tr("{path}: no such file.", path=path)) from None
    except UnicodeDecodeError as error:
        raise InputError(tr("{path}: not UTF-8 ({error}).", path=path, error=error)) from None
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: {getattr(error, 'strerror', None) or error}.") from None


def read_jsonl(path: Path) -> Iterator[dict[str, Any]]:
    """Read one JSON object a line, lazily; blank lines are passed over.

    Raises:
        InputError: the file is missing, or a line is not a JSON object; the message names file and line.
    """
    try:
        source = path.open("rb")
    except FileNotFoundError:
        raise InputError(tr("{path}: no such file.", path=path)) from None
    except IsADirectoryError:
        raise InputError(tr("{path}: a folder, not a file of one JSON object a line.", path=path)) from None
    with source:
        for number, line in enumerate(source, 1):
            if not line.strip():
                continue
            try:
                row = json.loads(line.decode("utf-8-sig" if number == 1 else "utf-8"))
            except (UnicodeDecodeError, json.JSONDecodeError) as error:
                raise InputError(
                    tr(
                        "{path}, line {number}: not JSON ({error}). Fix or remove the line.",
                        path=path,
                        number=number,
                        error=error,
                    )
                ) from None
            if not isinstance(row, dict):
                raise InputError(
                    tr("{path}, line {number}: not a JSON object. Each line must be {{…}}.", path=path, number=number)
                )
            yield row


def append_jsonl(path: Path, *rows: Mapping[str, object]) -> None:
    """Append rows and flush them to the system, so that a killed process loses at most these.

    A line that a crash left unfinished is ended first, so that it spoils nothing but itself.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab+") as out:
        if out.tell() > 0:
            out.seek(-1, os.SEEK_END)
            if out.read(1) != b"\n":
                out.write(b"\n")
        out.write("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode("utf-8"))


def read_log(path: Path) -> list[dict[str, Any]]:
    """Rows of a log written by `append_jsonl`; unfinished lines, left by a crash, are passed over."""
    rows = []
    if path.exists():
        for line in path.read_bytes().splitlines():
            with contextlib.suppress(ValueError):
                row = json.loads(line)
                if isinstance(row, dict):
                    rows.append(row)
    return rows


@contextlib.contextmanager
def atomic_folder(path: Path) -> Iterator[Path]:
    """Yield an empty folder beside `path`; it takes the place of `path` when the block ends well.

    A folder cannot be replaced in one step on every system: the old one is first moved aside, and
    `recover_folder` moves it back if the process died between the two steps.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    recover_folder(path)
    temporary, old = _beside(path, "tmp"), path.with_name(f".{path.name}.old")
    temporary.mkdir()
    try:
        yield temporary
        for file in temporary.rglob("*"):
            _fsync(file)
        _fsync(temporary)
        if path.exists():
            _replace(path, old)
        _replace(temporary, path)
        _fsync(path.parent)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
        if path.exists():
            shutil.rmtree(old, ignore_errors=True)


def recover_folder(path: Path) -> None:
    """Undo a folder replacement that a crash broke off, and sweep away what dead processes left beside it."""
    old = path.with_name(f".{path.name}.old")
    if old.exists():
        if path.exists():
            shutil.rmtree(old, ignore_errors=True)
        else:
            _replace(old, path)
    sweep(path)


def sweep(path: Path) -> None:
    """Remove temporary files and folders of `path` whose writing process, on this machine, is gone."""
    if not path.parent.exists():
        return
    for left in path.parent.glob(f".{path.name}.tmp-*"):
        with contextlib.suppress(ValueError, IndexError, OSError):  # on a read-only disk it stays
            if not process_lives(int(left.name.rsplit("-", 2)[1])):
                if left.is_dir():
                    shutil.rmtree(left, ignore_errors=True)
                else:
                    left.unlink(missing_ok=True)


def process_lives(pid: int) -> bool:
    """Whether a process with this id runs on this machine."""
    if sys.platform == "win32":
        import ctypes

        kernel, code = ctypes.windll.kernel32, ctypes.c_ulong()
        if not (handle := kernel.OpenProcess(0x1000, False, pid)):  # PROCESS_QUERY_LIMITED_INFORMATION
            return False
        try:  # an ended one can be opened as long as somebody holds it
            return not kernel.GetExitCodeProcess(handle, ctypes.byref(code)) or code.value == 259  # STILL_ACTIVE
        finally:
            kernel.CloseHandle(handle)
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def sha256_bytes(data: bytes) -> str:
    """Hex SHA-256 of bytes."""
    return hashlib.sha256(data).hexdigest()


def sha256_file(path: Path) -> str:
    """Hex SHA-256 of a file's bytes, read in pieces."""
    with path.open("rb") as source:
        return hashlib.file_digest(source, "sha256").hexdigest()


def sha256_json(value: Any) -> str:
    """Hex SHA-256 of a JSON value, the same whatever the order of its keys."""
    return sha256_bytes(json.dumps(value, ensure_ascii=False, sort_keys=True).encode("utf-8"))


def sha256_tree(path: Path) -> str:
    """Hex SHA-256 of a file, or of a folder's file names and contents; hidden files do not count."""
    if path.is_file():
        return sha256_file(path)
    files = sorted(
        (file for file in path.rglob("*") if file.is_file() and not file.name.startswith(".")),
        key=lambda file: file.relative_to(path).as_posix(),
    )
    return sha256_json([(file.relative_to(path).as_posix(), sha256_file(file)) for file in files])


@contextlib.contextmanager
def lock(path: Path, what: str, wait: float = 0) -> Iterator[None]:
    """Hold the lock of an artifact; the system frees it when the process ends, however it ends.

    Args:
        path: the artifact; the lock lies beside it as `.NAME.lock`, its owner's name in `.NAME.owner`.
        what: the artifact in words, for the message.
        wait: seconds to wait for another process to let go; negative: for ever.

    Raises:
        RunError: another process holds it; the message names that process.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    owner = path.with_name(f".{path.name}.owner")
    held = FileLock(path.with_name(f".{path.name}.lock"))
    try:
        held.acquire(timeout=wait)
    except Timeout:
        name = owner.read_text(encoding="utf-8") if owner.exists() else tr("another process")
        raise RunError(
            tr("{what} is being written by {name}. Wait for it, or stop it first.", what=what, name=name)
        ) from None
    try:
        command = Path(sys.argv[0]).name + " " + " ".join(sys.argv[1:])
        name = tr(
            "process {number} on {machine} ({command})",
            number=os.getpid(),
            machine=socket.gethostname(),
            command=command.strip(),
        )
        owner.write_text(name, encoding="utf-8")
        yield
    finally:
        owner.unlink(missing_ok=True)
        held.release()
