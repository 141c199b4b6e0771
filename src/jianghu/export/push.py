"""A checkpoint on the Hugging Face Hub: its folder, its card and its GGUF files, in one commit."""

from __future__ import annotations

from pathlib import Path

from huggingface_hub import CommitOperationAdd, HfApi, get_token
from huggingface_hub.errors import HfHubHTTPError, HFValidationError

from ..errors import InputError, RunError
from ..messages import tr
from ..model import Checkpoint


def files_to_push(checkpoint: Checkpoint) -> list[Path]:
    """The files of a checkpoint's folder, without hidden ones."""
    return sorted(path for path in checkpoint.path.iterdir() if path.is_file() and not path.name.startswith("."))


def push(checkpoint: Checkpoint, repo: str, card: str, more: list[Path], public: bool = False) -> str:
    """Send a checkpoint to the Hub (or to where HF_ENDPOINT points); the repository is made if it is not there.

    One commit holds everything, so that nobody ever sees half a model.

    Args:
        repo: OWNER/NAME.
        card: the text of README.md.
        more: further files, such as GGUF, put beside the others.
        public: make a new repository public; an old one stays as it is.

    Returns:
        The address of the repository.

    Raises:
        InputError: no token, or a name that cannot be a repository's.
        RunError: the Hub refused or could not be reached.
    """
    token = get_token()
    if token is None:
        raise InputError(
            tr("no token for the Hub. `hf auth login` keeps one, or set HF_TOKEN (it needs write access).")
        )
    api = HfApi(token=token)
    operations = [CommitOperationAdd("README.md", card.encode("utf-8"))]
    operations += [CommitOperationAdd(path.name, path) for path in (*files_to_push(checkpoint), *more)]
    try:
        url = api.create_repo(repo, private=not public, exist_ok=True)
        api.create_commit(url.repo_id, operations, commit_message=f"{checkpoint.path.name}, by jianghu")
    except HFValidationError as error:
        raise InputError(
            tr("{repo}: not a repository's name ({one_line}). Write OWNER/NAME.", repo=repo, one_line=_one_line(error))
        ) from None
    except HfHubHTTPError as error:
        raise RunError(
            tr("{repo}: the Hub refused ({one_line}). {fix}", repo=repo, one_line=_one_line(error), fix=_fix(error))
        ) from None
    except Exception as error:  # a network's faults are of whichever HTTP client this huggingface_hub has
        raise RunError(
            tr("{repo}: the upload failed ({one_line}). Run it again.", repo=repo, one_line=_one_line(error))
        ) from None
    return str(url)


def _one_line(error: Exception) -> str:
    return " ".join(str(error.__cause__ or error).split())


def _fix(error: HfHubHTTPError) -> str:
    if error.response.status_code in (401, 403):
        return "Is the token right, and may it write there? `hf auth whoami` shows whose it is."
    return "What was sent before is kept there; run it again."
