"""Who is in a book: names given or found, and where a text mentions them."""

from .find import find_names
from .lexicon import Kind, Lexicon, Name, read_lexicon

__all__ = ["Kind", "Lexicon", "Name", "find_names", "read_lexicon"]
