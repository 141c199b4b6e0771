"""The command line: parse, call, print. Errors are one line; bad input exits with 2, failed work with 1.

Commands import what they call when they are called: PyTorch takes seconds to load, and help needs none of it.
"""

from .app import main

__all__ = ["main"]
