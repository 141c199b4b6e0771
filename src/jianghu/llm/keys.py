"""Keys and accounts: read from the environment or from a private file, known elsewhere by a short hash only."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from .. import files
from ..errors import InputError
from ..messages import tr
from ..recipe import AccountSettings, TeacherSettings


@dataclass(eq=False)
class Key:
    """A secret, and how it fares. It is sent in a header and appears nowhere else.

    Attributes:
        hash: eight hex digits by which it is called; empty for "no key".
        flying: requests in flight with it.
        dead: why it is not used any more.
    """

    secret: str = field(repr=False)
    flying: int = 0
    dead: str = ""
    hash: str = field(init=False)

    def __post_init__(self) -> None:
        self.hash = files.sha256_bytes(self.secret.encode())[:8] if self.secret else ""


@dataclass(frozen=True)
class AccountKeys:
    """What the settings say of one account: its keys, and its own settings laid over the teacher's."""

    keys: tuple[Key, ...]
    base_url: str
    model: str
    concurrency: int
    rpm: int
    tpm: int


def read_accounts(settings: TeacherSettings) -> list[AccountKeys]:
    """The accounts of a teacher, with their keys.

    Raises:
        InputError: a key is missing, or its file may be read by others; nothing has been sent then, and no message
            holds a key.
    """
    if not settings.accounts:
        found = _groups(settings.key_env, settings.keys_file, "[synth.teacher]")
        if settings.limits_by == "key":  # each key is as good as an account
            found = [[secret] for group in found for secret in group]
        return [_account(settings, AccountSettings(), group) for group in found]
    accounts = []
    for number, own in enumerate(settings.accounts, 1):
        where = f"[[synth.teacher.accounts]], number {number}:"
        groups = _groups(own.key_env, own.keys_file, where)
        accounts.append(_account(settings, own, [secret for group in groups for secret in group]))
    return accounts


def _account(settings: TeacherSettings, own: AccountSettings, secrets: Sequence[str]) -> AccountKeys:
    return AccountKeys(
        tuple(Key(secret) for secret in secrets),
        own.base_url or settings.base_url,
        own.model or settings.model,
        own.concurrency or settings.concurrency,
        own.rpm or settings.rpm,
        own.tpm or settings.tpm,
    )


def _groups(key_env: str, keys_file: str, where: str) -> list[list[str]]:
    """Keys of accounts: lines or commas part accounts, spaces part the keys of one."""
    if keys_file:
        path = Path(keys_file).expanduser()
        text, source = _private(path, where), str(path)
    elif key_env:
        text, source = os.environ.get(key_env, ""), tr("the environment variable {name}", name=key_env)
        if not text.strip():
            raise InputError(
                tr(
                    "the teacher's key is missing: {source} is not set. Set it, or write key_env "
                    '= "" under [synth.teacher] if the endpoint wants no key.',
                    source=source,
                )
            )
    else:
        return [[""]]
    lines = [line for line in re.split(r"[\n\r,;]+", text) if line.strip() and not line.lstrip().startswith("#")]
    groups = [line.split() for line in lines]
    if not groups:
        raise InputError(tr("{source} holds no key. Write one account a line.", source=source))
    if not all(secret.isascii() and secret.isprintable() for group in groups for secret in group):
        raise InputError(tr("{source} does not hold a key: it has odd characters.", source=source))
    every = [secret for group in groups for secret in group]
    if len(set(every)) < len(every):
        raise InputError(
            tr("{source} holds a key twice. Its limits would be counted twice; leave one out.", source=source)
        )
    return groups


def _private(path: Path, where: str) -> str:
    try:
        text = path.read_text(encoding="utf-8-sig")
        mode = path.stat().st_mode
    except FileNotFoundError:
        raise InputError(tr("{where} keys_file {path}: no such file.", where=where, path=path)) from None
    except (UnicodeDecodeError, IsADirectoryError):
        raise InputError(
            tr("{where} keys_file {path}: not a text file of keys, one account a line.", where=where, path=path)
        ) from None
    if os.name == "posix" and stat.S_IMODE(mode) & 0o077:
        raise InputError(tr("{path}: others may read these keys. Make it private with: chmod 600 {path}", path=path))
    return text
