"""Records leave for other programs, and come in from them."""

from .export import Exported, export_records
from .formats import Format, pairs_in
from .importer import ImportStrategy, read_imports, reread_imports
from .tolerant_json import scan

__all__ = [
    "Exported",
    "Format",
    "ImportStrategy",
    "export_records",
    "pairs_in",
    "read_imports",
    "reread_imports",
    "scan",
]
