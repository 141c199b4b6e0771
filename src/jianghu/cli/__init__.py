"""The command line: parse, call, print. Errors are one line; bad input exits with 2, failed work with 1."""

from .app import main

__all__ = ["main"]
