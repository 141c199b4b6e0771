"""What tests of this room share with those of `llm`: an open store, and waits that are over quickly."""

from tests.llm.conftest import quick, store

__all__ = ["quick", "store"]
