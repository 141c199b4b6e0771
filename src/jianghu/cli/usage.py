"""Help and refusals of flags in the reader's language. What cyclopts makes of commands and settings goes in;
what is printed comes out.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from cyclopts import CycloptsError
from cyclopts.help import DefaultFormatter, HelpEntry, HelpPanel
from cyclopts.help.inline_text import InlineText
from rich.text import Text

from ..messages import Language, language, phrase, tr

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions

REFUSALS = (
    (r'Unknown option: "?(?P<flag>[^" ]+?)"?\.(?= |$)', "Unknown option: {flag}."),
    (r'Unknown command "?(?P<name>[^" ]+?)"?\.(?= |$)', "Unknown command {name}."),
    (r'Did you mean "?(?P<name>[^" ]+?)"?\?', "Did you mean {name}?"),
    (r"Available commands: (?P<names>.+)$", "Available commands: {names}"),
    (
        r'Invalid value (?:"(?P<value>.*?)" )?for "?(?P<flag>[^" ]+?)"?\. Choose from: (?P<names>.+)\.(?= |$)',
        "{flag} {value} cannot be used. Choose from: {names}.",
    ),
    (
        r'Invalid value for "?(?P<flag>[^" ]+?)"?: unable to convert "(?P<value>.*?)" into (?P<kind>.+)\.(?= |$)',
        "{flag} {value} cannot be used: {kind} is wanted.",
    ),
    (
        r'(?:Command ".+?" p|P)arameter "?(?P<flag>[^" ]+?)"? requires (?:an|(?P<count>\d+)) arguments?\.(?= |$)',
        "{flag} needs a value.",
    ),
    (
        r'(?:Command ".+?" p|P)arameter "?(?P<flag>[^" ]+?)"? (?:was )?specified multiple times\.',
        "{flag} is given twice.",
    ),
    (r"Unused Tokens: \[(?P<words>.+)\]\.", "Too many words: {words}."),
)
"""How cyclopts says what is wrong, and how it is said in the reader's language."""


def asked_language(words: Sequence[str]) -> Language | None:
    """The language after --lang, wherever it stands; it is wanted before anything else is read."""
    for word, after in zip(words, [*words[1:], ""], strict=True):
        name, _, value = word.partition("=")
        if name == "--lang" and (value or after) in ("en", "zh"):
            return "zh" if (value or after) == "zh" else "en"
    return None


def usage_error(error: CycloptsError) -> str:
    """What is wrong with a command line, in one line."""
    text = " ".join(str(error).split())
    if language() == "en":
        return text
    for pattern, message in REFUSALS:
        if found := re.search(pattern, text):
            fields = {name: value or "" for name, value in found.groupdict().items()}
            text = text.replace(found[0], phrase(message).format(**fields).replace("  ", " "))
    return text


class HelpFormatter(DefaultFormatter):
    """Cyclopts' own pages; their texts are looked up in the table of messages."""

    def __call__(self, console: Console, options: ConsoleOptions, panel: HelpPanel) -> None:
        """Print a panel of commands or flags."""
        title = panel.title
        if isinstance(title, str) and title.istitle():  # the name of a group of settings is what is typed
            title = phrase(title)
        super().__call__(console, options, panel.copy(title=title, entries=[_entry(entry) for entry in panel.entries]))

    def render_usage(self, console: Console, options: ConsoleOptions, usage: Any) -> None:
        """Print the line that says what may be typed."""
        if usage and language() == "zh":
            usage = Text(tr("Usage: {usage}", usage=str(usage)), style="bold")
            console.print(usage)
        else:
            super().render_usage(console, options, usage)

    def render_description(self, console: Console, options: ConsoleOptions, description: Any) -> None:
        """Print what a command does."""
        super().render_description(console, options, _translated(description))


def _entry(entry: HelpEntry) -> HelpEntry:
    """A row in the language in use, with what may be chosen and what is usual at its end."""
    if language() == "en":
        return entry
    description = _translated(entry.description)
    notes = []
    if entry.choices:
        notes.append(Text(tr("[choices: {names}]", names=", ".join(entry.choices)), "dim"))
    if entry.default is not None:
        notes.append(Text(tr("[default: {value}]", value=entry.default), "dim"))
    if entry.required:
        notes.append(Text(tr("[required]"), "dim red"))
    if notes and not isinstance(description, InlineText):
        description = InlineText(description or Text())
    for note in notes:
        description.append(note)
    return entry.copy(description=description, choices=None, default=None, required=False)


def _translated(description: Any) -> Any:
    """A description with its paragraphs looked up; what is no text stays."""
    inner = description.primary_renderable if isinstance(description, InlineText) else description
    source = getattr(inner, "markup", None) or getattr(inner, "plain", None) or inner
    if language() == "en" or not isinstance(source, str):
        return description
    text = "\n\n".join(phrase(paragraph) for paragraph in source.strip().split("\n\n"))
    if not isinstance(description, InlineText):
        return Text(text)
    return InlineText.from_format(text, "markdown", force_empty_end=description.force_empty_end)
