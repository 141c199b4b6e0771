"""A checkpoint on ModelScope (魔搭社区): its folder, its card and its GGUF files, by ModelScope's own client."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from ..errors import InputError, RunError
from ..messages import tr
from ..model import Checkpoint
from .push import files_to_push

LICENSES = {"apache-2.0": "Apache-2.0", "mit": "MIT", "cc0-1.0": "CC0-1.0"} | {
    f"cc-{kind}-4.0": f"CC-{kind.upper()}-4.0" for kind in ("by", "by-sa", "by-nc")
}
"""What ModelScope calls the licences that the Hugging Face Hub calls so."""
OTHER = "Other"
"""What a new repository gets where no licence is named: it must have one, and would claim Apache's."""


def push_to_modelscope(
    checkpoint: Checkpoint, repo: str, card: str, more: list[Path], public: bool = False, license: str = ""
) -> str:
    """Send a checkpoint to ModelScope (or to where MODELSCOPE_ENDPOINT points); the repository is made if need be.

    Args:
        repo: OWNER/NAME.
        card: the text of README.md.
        more: further files, such as GGUF, put beside the others.
        public: make a new repository public; an old one stays as it is.
        license: an identifier such as apache-2.0, for a new repository.

    Returns:
        The address of the repository.

    Raises:
        InputError: the client is not installed, no token, or a name that cannot be a repository's.
        RunError: ModelScope refused or could not be reached.
    """
    try:
        from modelscope_hub import HubApi, HubConfig, HubError, InvalidParameter
    except ImportError:
        raise InputError(tr("ModelScope needs its client: pip install 'jianghu[modelscope]'.")) from None
    config = HubConfig()
    if not config.token:
        raise InputError(
            tr(
                "no token for ModelScope. Set MODELSCOPE_API_TOKEN (modelscope.cn/my/myaccesstoken shows it), or log "
                "in once: `ms login`."
            )
        )
    api = HubApi(config)
    try:
        if not api.repo_exists(repo, "model"):
            visibility = "public" if public else "private"
            kept = LICENSES.get(license.lower(), license) or OTHER
            api.create_repo(repo, "model", visibility=visibility, license=kept)
        with tempfile.TemporaryDirectory(prefix="jianghu-") as folder:
            for path in (*files_to_push(checkpoint), *more):
                shutil.copyfile(path, Path(folder) / path.name)
            (Path(folder) / "README.md").write_text(card, encoding="utf-8", newline="\n")
            message = f"{checkpoint.path.name}, by jianghu"
            api.upload_folder(repo, "model", folder, commit_message=message, use_cache=False, disable_tqdm=True)
    except InvalidParameter as error:
        raise InputError(
            tr("{repo}: not a repository's name ({one_line}). Write OWNER/NAME.", repo=repo, one_line=_one_line(error))
        ) from None
    except HubError as error:
        raise RunError(
            tr(
                "{repo}: ModelScope refused, or could not be reached ({one_line}). Is the token right, and may it "
                "write there? What was sent before is kept there; run it again.",
                repo=repo,
                one_line=_one_line(error),
            )
        ) from None
    return f"{config.endpoint}/models/{repo}"


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())
