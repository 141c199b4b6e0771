"""Who is in a book: names given or found, where a text mentions them, and who belongs to another book."""

from .find import find_names
from .lexicon import Kind, Lexicon, Name, read_lexicon
from .strangers import Stranger, Strangers, famous, famous_elsewhere, strangers_of

__all__ = [
    "Kind",
    "Lexicon",
    "Name",
    "Stranger",
    "Strangers",
    "famous",
    "famous_elsewhere",
    "find_names",
    "read_lexicon",
    "strangers_of",
]
