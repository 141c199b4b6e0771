"""One page that shows everything that was done in a workspace."""

from .gather import Facts, gather
from .markdown import write_markdown
from .page import write_page

__all__ = ["Facts", "gather", "write_markdown", "write_page"]
