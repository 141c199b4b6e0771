"""What every group of settings is made of.

The docstring under each field is its help on the command line and its comment in `jianghu.toml`.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

LARGEST = 10**15
"""Of any count; beyond it arithmetic is no longer exact, and loops no longer end."""
Positive = Annotated[int, Field(gt=0, le=LARGEST)]
NotNegative = Annotated[int, Field(ge=0, le=LARGEST)]
Share = Annotated[float, Field(ge=0, le=1)]
FilePath = Annotated[str, "a file"]
"""The path of a file; in `jianghu.toml` it begins at that file's folder, on the command line where the user stands."""


class Settings(BaseModel):
    """A group of settings: frozen, strict about types, refusing keys it does not know
    and numbers that are none."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, use_attribute_docstrings=True, allow_inf_nan=False
    )
