"""The ways to get records out of a teacher; each is a `Strategy`."""

from .passage import PassageStrategy

__all__ = ["PassageStrategy"]
