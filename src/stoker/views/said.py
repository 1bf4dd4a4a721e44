"""What a stage told the user, kept with what it made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stoker.core import events

if TYPE_CHECKING:
    from stoker.store.artifact import Artifact

SAID = "said"
"""Key of an artifact's summary under which the lines of its stage stand."""


def said_of(artifact: Artifact) -> tuple[events.Line, ...]:
    """What the stage said that made an artifact."""
    return tuple(events.Line(**line) for line in artifact.manifest.summary.get(SAID, ()))
