"""Models at Hugging Face and ModelScope: the few files that a checkpoint consists of, fetched once.

Hugging Face's own client does the one, and keeps the files in its cache; plain HTTPS does the other. config.json comes
first, so that a model which cannot be read costs no gigabytes.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

import httpx
from huggingface_hub import HfApi, hf_hub_download, try_to_load_from_cache
from huggingface_hub.errors import HfHubHTTPError

from .. import files
from ..errors import InputError, RunError
from ..messages import tr
from .config import ModelConfig
from .weights import WEIGHTS, weight_files

Say = Callable[[str], None]

LARGEST = 200 * 10**9
"""Bytes of a model, at most."""
LARGEST_LIST = 16 << 20
TIMEOUT = httpx.Timeout(30.0)
MODELSCOPE_FOLDER = "modelscope"

SMALL = (
    "config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json", "chat_template.jinja",
    "model.safetensors.index.json",
)  # fmt: skip
_SHARD = re.compile(r"model(-[\w-]+)?\.safetensors")


class NotFetched(InputError):  # noqa: N818 - nothing went wrong
    """A model of others that is not on this machine yet."""


def hugging_face(name: str, fetch: bool, say: Say) -> Path:
    """The folder of a model in Hugging Face's cache (HF_HOME), where HF_ENDPOINT serves it from.

    Args:
        name: OWNER/NAME.

    Raises:
        InputError, RunError: see `sources.find_source`.
    """
    config = try_to_load_from_cache(name, "config.json")
    if isinstance(config, str) and _is_whole(Path(config).parent):
        return Path(config).parent
    if not fetch:
        raise NotFetched(tr("{name}: not on this machine yet; training fetches it.", name=name))
    try:
        info = HfApi().model_info(name, files_metadata=True, timeout=30)
        sizes = {file.rfilename: file.size or 0 for file in info.siblings or []}
        wanted = _wanted(name, sizes)
        folder = Path(hf_hub_download(name, "config.json")).parent
        _see_that_it_is_read(folder, name)
        say(_fetching(name, "Hugging Face", wanted))
        for path in wanted:
            hf_hub_download(name, path)
        return folder
    except HfHubHTTPError as error:
        missing = error.response is not None and error.response.status_code in (401, 403, 404)
        raise (InputError if missing else RunError)(
            tr("{name}: Hugging Face does not give it ({reason}).", name=name, reason=_one_line(error))
        ) from None
    except (InputError, RunError):
        raise
    except Exception as error:  # a network's faults are of whichever HTTP client this huggingface_hub has
        raise RunError(_no_network(name, "Hugging Face", error)) from None


def modelscope(name: str, fetch: bool, say: Say) -> Path:
    """The folder of a model of ModelScope in jianghu's cache (XDG_CACHE_HOME, or ~/.cache).

    A download that was broken off goes on where it was.

    Args:
        name: OWNER/NAME.

    Raises:
        InputError, RunError: see `sources.find_source`.
    """
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "jianghu" / MODELSCOPE_FOLDER
    folder = cache / name
    if _is_whole(folder):
        return folder
    if not fetch:
        raise NotFetched(tr("{name}: not on this machine yet; training fetches it.", name=f"modelscope:{name}"))
    # The names of the variables are those of ModelScope's own client.
    domain = os.environ.get("MODELSCOPE_DOMAIN", "www.modelscope.cn")
    address = f"{os.environ.get('MODELSCOPE_URL_SCHEME', 'https://')}{domain}/api/v1/models/{name}/repo"
    with httpx.Client(timeout=TIMEOUT, follow_redirects=True) as client:
        try:
            listed = _listed(client, address, name)
            wanted = _wanted(name, {path: size for path, (size, _) in listed.items()})
            for path in ("config.json", *wanted):
                _download(client, f"{address}?Revision=master&FilePath={path}", folder / path, *listed[path])
                if path == "config.json":
                    _see_that_it_is_read(folder, name)
                    say(_fetching(name, "ModelScope", wanted))
        except httpx.HTTPStatusError as error:
            status = error.response.status_code
            raise (InputError if status in (401, 403, 404) else RunError)(
                tr("{name}: ModelScope does not give it (status {status}).", name=name, status=status)
            ) from None
        except httpx.HTTPError as error:
            raise RunError(_no_network(name, "ModelScope", error)) from None
    return folder


def _listed(client: httpx.Client, address: str, name: str) -> dict[str, tuple[int, str]]:
    """Size and SHA-256 of each file of a model at ModelScope."""
    with client.stream("GET", f"{address}/files", params={"Revision": "master", "Recursive": "false"}) as reply:
        reply.raise_for_status()
        body = b""
        for part in reply.iter_bytes():
            body += part
            if len(body) > LARGEST_LIST:
                raise RunError(tr("{name}: ModelScope's list of its files has no end.", name=name))
    try:
        rows = json.loads(body)["Data"]["Files"]
        return {str(row["Path"]): (int(row["Size"]), str(row.get("Sha256") or "")) for row in rows}
    except (ValueError, KeyError, TypeError):
        raise RunError(tr("{name}: ModelScope's list of its files cannot be read.", name=name)) from None


def _download(client: httpx.Client, address: str, path: Path, size: int, sha256: str) -> None:
    """Fetch one file, going on with what is there of it; it has its name once it is whole and its hash is right."""
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    held = part.stat().st_size if part.exists() else 0
    if held < size:
        with client.stream("GET", address, headers={"Range": f"bytes={held}-"} if held else {}) as reply:
            reply.raise_for_status()
            with part.open("ab" if reply.status_code == 206 else "wb") as out:
                for data in reply.iter_bytes():
                    out.write(data)
                    if out.tell() > size:
                        break
    if part.stat().st_size != size or (sha256 and files.sha256_file(part) != sha256):
        part.unlink()
        raise RunError(tr("{path}: arrived damaged, and is removed. Run it again.", path=path))
    os.replace(part, path)


def _wanted(name: str, sizes: Mapping[str, int]) -> dict[str, int]:
    """The files of a checkpoint, and their sizes.

    Raises:
        InputError: a file is missing, or they are too large.
    """
    shards = {path: size for path, size in sizes.items() if _SHARD.fullmatch(path)}
    if WEIGHTS in shards:
        shards = {WEIGHTS: shards[WEIGHTS]}
    for path in ("config.json", "tokenizer.json"):
        if path not in sizes:
            raise InputError(tr("{name}: has no {file}, which jianghu reads.", name=name, file=path))
    if not shards:
        raise InputError(tr("{name}: has no {file}, which jianghu reads.", name=name, file=WEIGHTS))
    wanted = {path: sizes[path] for path in SMALL if path in sizes} | dict(sorted(shards.items()))
    total = sum(wanted.values())
    if total > LARGEST:
        raise InputError(tr("{name}: {size} GB are more than jianghu fetches.", name=name, size=total // 10**9))
    free = shutil.disk_usage(Path.home()).free
    if total > free:
        raise InputError(
            tr("{name}: {size} MB, and {free} MB of the disk are free.", name=name, size=total >> 20, free=free >> 20)
        )
    return wanted


def _is_whole(folder: Path) -> bool:
    """Whether all files of a checkpoint are there."""
    small = all((folder / name).exists() for name in ("config.json", "tokenizer.json"))
    return small and all(path.exists() for path in weight_files(folder))


def _see_that_it_is_read(folder: Path, name: str) -> None:
    ModelConfig.from_hugging_face(files.read_json(folder / "config.json"), f"{name}: config.json")


def _fetching(name: str, hub: str, wanted: Mapping[str, int]) -> str:
    size = sum(wanted.values())
    return tr("fetching {name} from {hub}: {size} MB", name=name, hub=hub, size=f"{size / 1e6:,.1f}")


def _no_network(name: str, hub: str, error: Exception) -> str:
    return tr(
        "{name}: {hub} could not be reached ({reason}). Without a network, give a folder that holds the model.",
        name=name,
        hub=hub,
        reason=_one_line(error),
    )


def _one_line(error: Exception) -> str:
    return " ".join(str(error.__cause__ or error).split())[:300]
