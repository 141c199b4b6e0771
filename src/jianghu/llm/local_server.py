"""A teacher on this machine: a GGUF file served by llama.cpp (the extra `local-teacher`) for as long as a run lasts."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..errors import InputError, RunError
from ..messages import tr
from ..recipe import TeacherSettings

PROMPT = 4096  # tokens of a slot for the prompt; a passage with its instructions takes about half of it


@contextmanager
def local_teacher(settings: TeacherSettings) -> Iterator[TeacherSettings]:
    """Serve `settings.gguf` with `settings.concurrency` slots; yields settings that point there.

    Where no GGUF is named, yields the settings as they are.

    Raises:
        InputError: the file is not there or is no GGUF, or xllamacpp is not installed.
        RunError: llama.cpp cannot load it.
    """
    if not settings.gguf:
        yield settings
        return
    path = Path(settings.gguf).expanduser()
    try:
        with path.open("rb") as source:
            magic = source.read(4)
    except OSError as error:
        raise InputError(
            tr("[synth.teacher] gguf {path}: {reason}. Name a GGUF file.", path=path, reason=error.strerror or error)
        ) from None
    if magic != b"GGUF":
        raise InputError(tr("[synth.teacher] gguf {path}: not a GGUF file.", path=path))
    try:
        import xllamacpp
    except ImportError:
        raise InputError(
            tr("[synth.teacher] gguf needs xllamacpp, which is not installed: pip install 'jianghu[local-teacher]'")
        ) from None
    params = xllamacpp.CommonParams()
    params.model.path = str(path)
    params.n_parallel = settings.concurrency
    params.n_ctx = settings.concurrency * (PROMPT + settings.max_tokens)  # llama.cpp shares it among the slots
    params.hostnames, params.port = ["127.0.0.1"], 0
    params.cpuparams.n_threads = os.cpu_count() or 1
    try:
        server = xllamacpp.Server(params)
    except RuntimeError as error:
        raise RunError(tr("{path}: llama.cpp cannot load it ({error}).", path=path, error=error)) from None
    own = {"base_url": f"{server.listening_address.rstrip('/')}/v1", "key_env": "", "provider": "local"}
    yield named(settings).model_copy(update=own)
    del server  # which ends with its last reference


def named(settings: TeacherSettings) -> TeacherSettings:
    """Settings whose model has the name of the GGUF, if it has no other: requests are known by it."""
    if not settings.gguf or settings.model:
        return settings
    return settings.model_copy(update={"model": Path(settings.gguf).stem})
