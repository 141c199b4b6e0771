"""A prompt file and a passage → the messages and the schema that are sent to the teacher.

A prompt file is Markdown with front matter and the sections `# system` and `# user`; {book}, {title}, {passage} and
{count} stand for what is filled in.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from .. import files
from ..errors import InputError

_PLACES = ("book", "title", "passage", "count")
_FILE = re.compile(r"\A---\n(?P<front>.*?)\n---\n\s*# system\n(?P<system>.*?)\n# user\n(?P<user>.*)\Z", re.DOTALL)

_TEXT = {"type": "string"}
_FIELDS: dict[str, Any] = {
    "question": _TEXT,
    "answer": _TEXT,
    "short_answer": _TEXT,
    "aliases": {"type": "array", "items": _TEXT},
    "kind": _TEXT,
    "evidence": _TEXT,
}
# No maxLength and no maxItems: llama.cpp's grammar for them makes it eight times slower.
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "records": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": _FIELDS,
                "required": list(_FIELDS),
                "additionalProperties": False,
            },
        }
    },
    "required": ["records"],
    "additionalProperties": False,
}


@dataclass(frozen=True)
class Prompt:
    """A prompt file that was read.

    Attributes:
        hash: sha256 of its text, by which the store knows it.
    """

    name: str
    system: str
    user: str
    text: str = ""

    @property
    def hash(self) -> str:
        return files.sha256_bytes(self.text.encode())

    def messages(self, **values: str) -> list[dict[str, str]]:
        """The chat messages with book, title, passage and count filled in."""
        return [
            {"role": "system", "content": _fill(self.system, values)},
            {"role": "user", "content": _fill(self.user, values)},
        ]


def passage_prompt() -> Prompt:
    """The prompt of the strategy `passage` that comes with this package."""
    with resources.as_file(resources.files("jianghu.synth").joinpath("prompts/passage.md")) as path:
        return read_prompt(Path(path))


def read_prompt(path: Path) -> Prompt:
    """Read a prompt file.

    Raises:
        InputError: the file is missing, has no front matter with a name, lacks a section, or leaves out {passage}.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise InputError(f"{path}: no such prompt.") from None
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not UTF-8 ({error}).") from None
    match = _FILE.match(text)
    if match is None:
        raise InputError(
            f"{path}: not a prompt. It begins with front matter between --- lines, then # system and # user."
        )
    name = re.search(r"^name:\s*(\S.*)$", match["front"], re.MULTILINE)
    if name is None:
        raise InputError(f"{path}: the front matter has no name. Add a line such as name: passage.")
    if "{passage}" not in match["user"]:
        raise InputError(f"{path}: the section # user does not hold {{passage}}, so the teacher would see no text.")
    return Prompt(name[1].strip(), match["system"].strip(), match["user"].strip(), text)


def _fill(text: str, values: dict[str, str]) -> str:
    # In one pass, so that a passage that happens to hold {count} stays as it is.
    return re.sub("{(" + "|".join(_PLACES) + ")}", lambda match: values[match[1]], text)
