"""A checkpoint as one HTML file in which it answers: no server, no installation, no network.

`engine/` is the model in JavaScript, which runs in a worker; `page/` is what the chat page (`serving/page/`) needs to
speak to that worker instead of to a server.
"""

from .single_file import Examples, html_name, write_html

__all__ = ["Examples", "html_name", "write_html"]
