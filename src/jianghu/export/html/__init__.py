"""A checkpoint as one HTML file in which it answers: no server, no installation, no network.

`engine/` is the model in JavaScript, which runs in a worker; `page/` is what the chat page (`serving/page/`) needs to
speak to that worker instead of to a server.
"""

from .bundle import bundle
from .pack import Packed, pack
from .single_file import Examples, html_name, weights_block, worker_script, write_html

__all__ = ["Examples", "Packed", "bundle", "html_name", "pack", "weights_block", "worker_script", "write_html"]
