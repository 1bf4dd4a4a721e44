"""What a run comes to, and how it shows itself in a notebook."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from html import escape
from pathlib import Path
from typing import Any, Literal

from stoker.core.errors import GateError
from stoker.core.html import html_table


@dataclass(frozen=True, repr=False)
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
    warnings: Sequence[str] = ()
    """What the run warned of, each line once; the report has them too."""

    def __repr__(self) -> str:
        """The score in a sentence, and where to look on."""
        said = self.summary.get("headline") or ", ".join(self.seconds)
        paths = [f"{name} {path}" for name, path in self._paths() if path]
        return f"<RunResult {self.run}: {'; '.join([self.status, said, *paths])}>"

    def _repr_html_(self) -> str:
        """Warnings, scores with their intervals, and links, for a notebook."""
        head = f"<p><b>{escape(self.run)}</b>: {escape(self.status)}</p>"
        said = [self.summary["headline"]] if "headline" in self.summary else []
        lines = [*said, *(f"warning: {text}" for text in self.warnings)]
        names = ("value", "low", "high", "constant")
        rows = [(name, *map(one.get, names)) for name, one in self.metrics.items()]
        links = [
            f'<a href="{escape(path.absolute().as_uri())}">{name}</a>'
            for name, path in self._paths()
            if path
        ]
        return "".join(
            [
                head,
                *(f"<p>{escape(line)}</p>" for line in lines),
                html_table(["metric", "value", "95 % from", "to", "constant"], rows) * bool(rows),
                _leaderboard_html(self.summary.get("leaderboard")),
                f"<p>{' · '.join(links)}</p>" * bool(links),
            ]
        )

    def _paths(self) -> list[tuple[str, Path | None]]:
        return [("report", self.report), ("bundle", self.bundle)]


def _leaderboard_html(board: Mapping[str, Any] | None) -> str:
    """The candidates of a search as a table; nothing without one."""
    if not board:
        return ""
    names = ("name", "score", "low", "high", "weight", "note")
    rows = [[entry[name] for name in names] for entry in board["entries"]]
    head = ["candidate", board["metric"], "95 % from", "to", "share of the model", ""]
    return f"<p>tried on {escape(board['how'])}</p>{html_table(head, rows)}"


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
        "warnings": list(result.warnings),
    }
