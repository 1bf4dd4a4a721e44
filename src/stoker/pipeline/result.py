"""What a run comes to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from stoker.core.errors import GateError


@dataclass(frozen=True)
class RunResult:
    """What a run came to."""

    run: str
    """Its id in the catalog."""
    status: Literal["done", "unchanged", "partial", "refused"]
    """`unchanged`: everything was there already; `partial`: stopped after the stage asked for;
    `refused`: a gate was missed, and no model was registered."""
    bundle: Path | None = None
    report: Path | None = None
    metrics: Mapping[str, Any] = field(default_factory=dict)
    """Scores of the bundle by metric: `value`, `low`, `high`."""
    seconds: Mapping[str, float] = field(default_factory=dict)
    """Wall time of each stage."""
    model: str | None = None
    """How other commands call what was registered: `NAME` for the champion, else `NAME@VERSION`."""
    summary: Mapping[str, Any] = field(default_factory=dict)
    """The score in a sentence, the positive class, and where rejected rows are."""


class RefusedRun(GateError):
    """A gate was missed; the result is whole and can be looked at."""

    def __init__(self, result: RunResult, what: str, *, fix: str) -> None:
        """Keep the result beside the message."""
        super().__init__(what, expected="every gate under evaluate.gates", fix=fix)
        self.result = replace(result, status="refused")


def as_json(result: RunResult) -> dict[str, Any]:
    """The result as JSON values, as the catalog keeps it."""
    return {
        "status": result.status,
        "bundle": result.bundle and str(result.bundle),
        "report": result.report and str(result.report),
        "metrics": dict(result.metrics),
        "seconds": dict(result.seconds),
        "model": result.model,
        "summary": dict(result.summary),
    }
