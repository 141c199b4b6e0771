"""What the routers of the studio share."""

from __future__ import annotations

from dataclasses import dataclass

from ..jobs import Jobs
from ..recipe import ServeSettings
from ..workspace import Workspace
from .events import Events


@dataclass(frozen=True)
class Studio:
    """One workspace that is shown in a page.

    Attributes:
        settings: [serve] of its recipe, with flags laid over it.
        events: what the open pages are told.
    """

    workspace: Workspace
    settings: ServeSettings
    jobs: Jobs
    events: Events
