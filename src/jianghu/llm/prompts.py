"""A prompt file and what it is filled with → the messages that are sent to the teacher.

A prompt file is Markdown with front matter and the sections `# system` (may be missing) and `# user`; words in braces,
such as {book} and {passage}, stand for what is filled in. A file prompts/NAME.md in the workspace takes the place of
the one in this package.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from importlib import resources
from pathlib import Path

from .. import files
from ..errors import InputError
from ..messages import phrase, tr
from ..recipe.load import nearest

PLACES = {
    "book": "the book's title",
    "title": "the chapter's title",
    "passage": "the text that the teacher reads",
    "count": "how many to write",
    "known": "what has been noted already",
    "plan": "the facts, and the wordings that each is to get",
    "last": "the teacher's last output",
    "name": "the person, place or thing that is written about",
    "sentences": "sentences of the book that mention the person",
    "others": "titles of other novels",
    "fault": "what was wrong with the last reply",
    "question": "the question that is judged",
    "answer": "the answer that is judged",
    "before": "the text before the quote",
    "quote": "the quote that is to prove the answer",
    "after": "the text after the quote",
    "reference": "the answer that is right",
    "evidence": "the book's words that prove it",
    "first": "the first of two answers",
    "second": "the second of two answers",
}
"""What may stand in braces."""
LARGEST = 200_000  # bytes of a prompt's file
_PLACE = re.compile(r"\{([a-z_]+)\}")


@dataclass(frozen=True)
class Prompt:
    """A prompt file that was read.

    Attributes:
        text: all of the file.
        temperature: of the sampling; None: the teacher's setting.
    """

    name: str
    system: str
    user: str
    text: str
    temperature: float | None = None

    @cached_property
    def hash(self) -> str:
        """sha256 of the file's text, by which the store knows it."""
        return files.sha256_bytes(self.text.encode())

    @cached_property
    def places(self) -> set[str]:
        """The words in braces of the section `# user`."""
        return set(_PLACE.findall(self.user))

    def messages(self, **values: str) -> list[dict[str, str]]:
        """The chat messages with the places filled in."""
        system = [{"role": "system", "content": _fill(self.system, values)}] if self.system else []
        return [*system, {"role": "user", "content": _fill(self.user, values)}]


class Prompts:
    """The prompts of a workspace: its own where it has some, else those of this package.

    Args:
        folder: the workspace's folder `prompts`; None, or one that is not there: only the package's.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder

    def path(self, name: str) -> Path | None:
        """The workspace's file of a prompt; None where the package's is used."""
        path = self.folder / f"{name}.md" if self.folder else None
        return path if path and path.is_file() else None

    def get(self, name: str) -> Prompt:
        """The prompt of a name.

        Raises:
            InputError: the workspace's file is not a prompt, or lacks a place that the package's fills in.
        """
        ours = packaged(name)
        if (path := self.path(name)) is None:
            return ours
        own = read_prompt(path)
        if missing := sorted(ours.places - own.places):
            raise InputError(
                tr(
                    "{path}: the section # user does not hold {{{place}}} ({what}), so the "
                    "teacher would not see it. Put it in.",
                    path=path,
                    place=missing[0],
                    what=phrase(PLACES[missing[0]]),
                )
            )
        return own


def prompt_names() -> list[str]:
    """The names of all prompts of this package."""
    folder = resources.files("jianghu").joinpath("prompts")
    return sorted(file.name.removesuffix(".md") for file in folder.iterdir() if file.name.endswith(".md"))


def packaged(name: str) -> Prompt:
    """The prompt of a name as this package has it."""
    with resources.as_file(resources.files("jianghu").joinpath(f"prompts/{name}.md")) as path:
        return read_prompt(path)


def read_prompt(path: Path) -> Prompt:
    """Read a prompt file.

    Raises:
        InputError: the file is missing, has no front matter with a name, no section `# user`, or a place that
            nothing is filled into.
    """
    if not path.exists():
        raise InputError(tr("{path}: no such prompt.", path=path))
    text = files.read_text(path, LARGEST)
    front, parts = _sections(text)
    if front is None or "user" not in parts:
        raise InputError(
            tr(
                "{path}: not a prompt. It begins with front matter between --- lines, then # system and # user.",
                path=path,
            )
        )
    if not front.get("name"):
        raise InputError(tr("{path}: the front matter has no name. Add a line such as name: passage.", path=path))
    system, user = parts.get("system", ""), parts["user"]
    for place in _PLACE.findall(system + user):
        if place not in PLACES:
            hint = nearest(place, PLACES)
            raise InputError(
                tr(
                    "{path}: nothing is filled into {{{place}}}{hint} There are: {names}.",
                    path=path,
                    place=place,
                    hint=hint,
                    names=", ".join(PLACES),
                )
            )
    return Prompt(front["name"], system, user, text, _temperature(path, front.get("temperature")))


def _sections(text: str) -> tuple[dict[str, str] | None, dict[str, str]]:
    """The front matter of a prompt (None: it has none), and its sections `system` and `user`."""
    lines = text.splitlines()
    if not lines or lines[0] != "---" or "---" not in lines[1:]:
        return None, {}
    end = lines.index("---", 1)
    front = {
        name.strip(): value.strip() for name, mark, value in (line.partition(":") for line in lines[1:end]) if mark
    }
    body = lines[end + 1 :]
    heads = [(number, line[2:].strip()) for number, line in enumerate(body) if line.rstrip() in ("# system", "# user")]
    # What is said to the user may hold such lines itself: only the first of each begins a section.
    user = next((number for number, name in heads if name == "user"), len(body))
    system = next((number for number, name in heads if name == "system" and number < user), None)
    before = body[: user if system is None else system]
    if any(line.strip() for line in before):
        return front, {}
    parts = {"user": "\n".join(body[user + 1 :]).strip()} if user < len(body) else {}
    if system is not None:
        parts["system"] = "\n".join(body[system + 1 : user]).strip()
    return front, parts


def _temperature(path: Path, value: str | None) -> float | None:
    if value is None:
        return None
    if not re.fullmatch(r"[0-2](\.\d+)?", value) or float(value) > 2:
        raise InputError(tr("{path}: temperature: {value} must be a number from 0 to 2.", path=path, value=value))
    return float(value)


def _fill(text: str, values: dict[str, str]) -> str:
    # In one pass, so that a passage that happens to hold {count} stays as it is.
    return _PLACE.sub(lambda match: values.get(match[1], match[0]), text)
