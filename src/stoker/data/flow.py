"""Flow: how many rows went into a step and how many came out, in one form for every stage.

Each stage that touches rows returns its flows; the report, the limits and the summary read these
and nothing else, so a new stage is counted without anybody knowing it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import Field

from stoker.core.value import Value

Count = Annotated[int, Field(ge=0)]


class Flow(Value):
    """What one step did to the number of rows."""

    step: str
    """Recipe key of the step, or name of the stage."""
    rows_in: Count
    """Rows, or records of files, that it saw."""
    rows_out: Count
    """Rows that stay."""
    rejected: Count
    """Records of `rejects.parquet` that say why the others went."""
    unusable: bool = False
    """Whether they went because nothing can be made of them, and not because the recipe says so."""
    notes: Annotated[dict[str, Any], Field(default_factory=dict)]
    """Numbers for the report, JSON values only."""


def flow(
    step: str,
    rows_in: int,
    rejected: int,
    *,
    unusable: bool = False,
    notes: dict[str, Any] | None = None,
) -> Flow:
    """A flow from what went in and what went.

    >>> flow("outliers", 10, 3).rows_out
    7
    """
    return Flow(
        step=step,
        rows_in=rows_in,
        rows_out=rows_in - rejected,
        rejected=rejected,
        unusable=unusable,
        notes=notes or {},
    )


def stated(flows: Sequence[Flow]) -> list[dict[str, Any]]:
    """Flows as JSON values, as they stand in a stage's summary under `flows`."""
    return [one.model_dump(mode="json") for one in flows]
