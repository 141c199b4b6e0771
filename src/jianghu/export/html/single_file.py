"""A checkpoint as one HTML file that answers: the chat page of `jianghu serve`, with the model in it, not a server.

The file loads nothing and sends nothing: scripts are allowed by their hash, and no address but its own may be asked.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from markupsafe import Markup, escape

from ... import __version__, files
from ...messages import Both
from ...model import Checkpoint
from ...pages import as_data, picture, served, source, templates, with_pictures
from ...reader import Reader
from ...recipe import SampleSettings
from ...retrieval import OpenBook
from ..card import ModelFacts
from ..gguf import Kind, short_name
from .book import book_data
from .bundle import bundle
from .pack import Packed, pack

MOST_TOKENS = 1024
"""Of an answer, as far as the page's slider goes."""
ENGINE = (
    "simd", "kernels", "tensors", "model", "tokenizer", "sampler", "chat", "characters", "shelf",
    "asking", "candidates", "match", "features", "network", "reader", "writer", "worker",
)  # fmt: skip
OWN = ("engine", "api", "card")
"""Modules of the page that are not the chat page's; `api` takes the place of the one that speaks to a server."""
CARD_BUTTON = """<button type="button" class="quiet icon" id="open-card" data-label="card" aria-haspopup="dialog">
        <svg viewBox="0 0 24 24" aria-hidden="true"><circle cx="12" cy="12" r="8.5"/><path d="M12 11v5m0-8.4v.2"/></svg>
      </button>"""
SHARED = (
    *("app", "ask", "book", "chat", "chat_view", "columns", "dom", "download"),
    *("settings", "store", "talk", "talk_list", "talks", "words"),
)


@dataclass(frozen=True)
class Examples:
    """What the page proposes: questions as {"text", "split"}, beginnings as {"text", "book"}, titles of books."""

    books: list[str] = field(default_factory=list)
    questions: list[dict[str, str]] = field(default_factory=list)
    beginnings: list[dict[str, str]] = field(default_factory=list)


def html_name(checkpoint: Path, kind: Kind) -> str:
    """File name like that of a GGUF file: chat-last-Q8_0.html."""
    return f"{short_name(checkpoint)}-{kind.upper()}.html"


def write_html(
    checkpoint: Checkpoint,
    path: Path,
    facts: ModelFacts,
    group_name: Callable[[str], Both],
    examples: Examples | None = None,
    sampling: SampleSettings | None = None,
    kind: Kind = "q8_0",
    book: OpenBook | None = None,
    reader: Reader | None = None,
) -> None:
    """Write the page of a checkpoint, atomically.

    Args:
        facts: what its card tells.
        group_name: what people call a group of an exam.
        examples: what it proposes to ask.
        sampling: where its settings begin.
        kind: how the weights are stored; see `pack`.
        book: the books to hold, whole, so that passages can be looked up in them.
        reader: finds answers in those passages.

    Raises:
        InputError: the checkpoint cannot be packed.
    """
    packed = pack(checkpoint, kind)
    name = short_name(checkpoint.path)
    card = templates("export/html/page").get_template("card.html.j2").render(
        name=name,
        facts=facts,
        books=_books(list(facts.books)),
        group_name=group_name,
        kind=kind,
        size=len(packed.weights),
        version=__version__,
    )  # fmt: skip
    data = {
        "worker": worker_script(),
        "engine": packed.about,
        "about": {
            **_about(checkpoint, name, sampling or SampleSettings()),
            "open_book": book is not None,
            "reader": reader is not None,
        },
        "examples": vars(examples or Examples()),
        "books": book_data(book, reader) if book else None,
    }
    files.sweep(path)
    files.write_text(path, _page(name, card, data, packed))


def worker_script() -> str:
    """The source of the worker that holds the model."""
    return bundle(["worker"], dict.fromkeys(ENGINE, "export/html/engine"))


def weights_block(packed: Packed) -> str:
    """The weights as an element that is no script."""
    return f'<script type="application/octet-stream" id="weights">{base64.b64encode(packed.weights).decode()}</script>'


def _about(checkpoint: Checkpoint, name: str, sampling: SampleSettings) -> dict[str, Any]:
    """What `/api/about` is to the chat page."""
    return {
        "checkpoints": [{"name": name, "kind": "base" if checkpoint.about.get("stage") == "pretrain" else "chat"}],
        "settings": {
            "temperature": sampling.temperature,
            "top_k": sampling.top_k,
            "top_p": sampling.top_p,
            "min_p": 0.0,
            "repetition_penalty": sampling.repetition_penalty,
            "max_tokens": min(sampling.max_new_tokens, MOST_TOKENS),
            "seed": 0,
        },
        "most_tokens": MOST_TOKENS,
        "workspace": False,
    }


def _books(names: Sequence[str]) -> Both:
    return Both(", ".join(f"《{name}》" for name in names), "".join(f"《{name}》" for name in names))


def _page(name: str, card: str, data: dict[str, Any], packed: Packed) -> str:
    """The chat page's HTML with everything inside."""
    sheets = "\n".join([*map(served, ("base.css", "page.css", "talk.css")), source("export/html/page/card.css")])
    style, script = with_pictures(sheets), _page_script()
    policy = "; ".join(
        [
            "default-src 'none'",
            f"script-src {_hash(script)} 'wasm-unsafe-eval'",
            "worker-src blob:",
            f"style-src {_hash(style)}",
            "img-src data:",
            "base-uri 'none'",
            "form-action 'none'",
        ]
    )
    tools = '<nav id="tools" data-label="tools">'
    digest = hashlib.sha256(packed.weights).hexdigest()[:12]
    meta, seal = '<meta charset="utf-8">', picture("seal.svg")
    changes = {
        '<html lang="en">': f'<html lang="en" data-store="jianghu.{digest}">',
        meta: f'{meta}\n  <meta http-equiv="Content-Security-Policy" content="{policy}">',
        "<title>江湖 Jianghu</title>": f"<title>{escape(name)} · 江湖 Jianghu</title>",
        'href="page/seal.svg" type="image/svg+xml"': f'href="{seal}"',
        'src="page/seal.svg"': f'src="{seal}"',
        '  <link rel="stylesheet" href="page/page.css">\n': "",
        '  <link rel="stylesheet" href="page/talk.css">\n': "",
        '<link rel="stylesheet" href="page/base.css">': f"<style>{style}</style>",
        '  <script type="module" src="page/app.js"></script>\n': "",
        '<p data-word="tagline"></p>': f"<p>{escape(name)}</p>",
        tools: f"{tools}\n      {CARD_BUTTON}",
        "</body>": f"""{card}
<script type="application/json" id="data">{as_data(data)}</script>
<script>{script}</script>
{weights_block(packed)}
</body>""",
    }
    page = served("index.html")
    for old, new in changes.items():
        if page.count(old) != 1:
            raise ValueError(f"index.html of the chat page has {page.count(old)} times {old!r}")
        page = page.replace(old, new)
    return page


def _page_script() -> str:
    folders = dict.fromkeys(SHARED, "serving/page") | dict.fromkeys(OWN, "export/html/page")
    return bundle(["app", "card"], folders)


def _hash(text: str) -> Markup:
    """How a content security policy names an inline script or sheet."""
    return Markup(f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'")
