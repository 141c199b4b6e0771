"""The prepared shelf as ids of another tokenizer: that of the checkpoint which a run starts from.

The stretches are those of data/tokens, so that training and validation text stay apart as they are, whatever tokenizer
reads them. Each tokenizer has a folder of its own, so that runs of different origins stand side by side.
"""

from __future__ import annotations

from pathlib import Path

from .. import files
from ..corpus import Split, Stretch, read_chapters
from ..corpus.split import Piece
from ..messages import tr
from ..tokenizer import Tokenizer
from ..workspace import Manifest, Workspace
from .tokens import Part, TokenData, TokensAbout, read_tokens, write_tokens


def shelf_tokens(ws: Workspace, tokenizer: Path) -> TokenData:
    """The shelf in the ids of a tokenizer, encoded where that is not done yet.

    Args:
        tokenizer: the folder of a checkpoint.

    Raises:
        InputError: nothing is prepared, or the tokenizer cannot be read.
    """
    key = files.sha256_file(tokenizer / "tokenizer.json")
    if (own := ws.tokenizer / "tokenizer.json").exists() and files.sha256_file(own) == key:
        return read_tokens(ws.tokens)
    folder = ws.data / "tokens-of" / key[:12]
    about = ws.tokens / "tokens.json"
    manifest = Manifest(ws.hashes([path for path in (ws.chapters, about) if path.exists()]), {"tokenizer": key})
    with files.lock(folder, tr("the tokens of another tokenizer"), wait=-1):
        if ws.why_stale(folder, manifest, [folder / "tokens.json"]) is not None:
            prepared: TokensAbout = files.read_json(about)
            chapters = list(read_chapters(ws.chapters))
            index = {(chapter.book, chapter.chapter): n for n, chapter in enumerate(chapters)}

            def stretches(part: Part) -> list[Stretch]:
                return [
                    Stretch(row["book"], tuple(Piece(index[row["book"], n], *ends) for n, *ends in row["pieces"]))
                    for row in prepared[part]["stretches"]
                ]

            ws.forget(folder)
            split = Split(stretches("train"), stretches("val"), prepared["gap_characters"])
            write_tokens(folder, chapters, split, Tokenizer.load(tokenizer))
            ws.record(folder, manifest)
    return read_tokens(folder)
