"""`serve`: the API and the chat page."""

from __future__ import annotations

from pathlib import Path

from ..errors import InputError
from ..messages import tr
from ..recipe import load_recipe
from ..workspace import BASE, CHAT, Workspace
from . import output, place
from .flags import ServeFlags, given


def serve(*checkpoints: str, settings: ServeFlags = None) -> None:
    """Serve checkpoints: an OpenAI-compatible API and a chat page.

    Args:
        checkpoints: Runs' names, RUN/last, RUN/step-020000, or folders; default: chat and base, as far as there are.
    """
    import logging

    from .. import serving
    from ..machine import pick_device
    from ..model import load_checkpoint

    ws = place.workspace_if_any()
    overrides = {"serve": given(settings)}
    recipe = ws.recipe(overrides) if ws else load_recipe(overrides=overrides)
    key = serving.server_key(recipe.serve)
    paths = {_name(reference): _path(ws, reference) for reference in checkpoints or _default(ws)}
    device = str(pick_device("auto"))
    loaded = {name: load_checkpoint(path, device) for name, path in paths.items()}
    logging.basicConfig(format="%(asctime)s %(message)s")
    sock = serving.listen(recipe.serve)
    host, port = sock.getsockname()[:2]
    url = f"http://{f'[{host}]' if ':' in host else host}:{port}"

    def say() -> None:
        output.say(
            tr(
                "Serving {names} on {url}\n"
                "  chat page           {url}/\n"
                "  OpenAI-compatible   {url}/v1{key}\n"
                "Ctrl-C stops.",
                names=", ".join(loaded),
                url=url,
                key=tr("   (key: ${name})", name=recipe.serve.key_env) if key else "",
            )
        )

    serving.run_server(serving.make_app(loaded, recipe, ws, key), recipe.serve, sock, say)


def _default(ws: Workspace | None) -> list[str]:
    """The runs that a workspace has been trained to."""
    if ws is None:
        raise InputError(tr("name at least one checkpoint folder, or serve from a workspace."))
    names = [name for name in (CHAT, BASE) if (ws.runs / name / "checkpoints").is_dir()]
    if not names:
        raise InputError(tr("{root}: no checkpoint to serve yet. `{jianghu} run` trains some.", root=ws.root))
    return names


def _path(ws: Workspace | None, reference: str) -> Path:
    return ws.checkpoint(reference) if ws else Path(reference)


def _name(reference: str) -> str:
    """The name under which clients know a checkpoint: never a path."""
    path = Path(reference)
    return reference if not path.is_absolute() and len(path.parts) <= 2 and ".." not in path.parts else path.name
