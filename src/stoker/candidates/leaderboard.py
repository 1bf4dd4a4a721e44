"""The leaderboard: every candidate that a search tried, as a plain value.

It is written as `leaderboard.json` beside the bundle of a training.  What depends on the machine
and the moment (seconds of a fit, milliseconds of an answer) is kept apart by whoever measures it,
so that equal searches write equal bytes; see `Timing`.
"""

from __future__ import annotations

from typing import Any

from stoker.core import events
from stoker.core.value import Value

FILE = "leaderboard.json"
"""Its name in the artifact of a training."""


class Entry(Value):
    """One candidate."""

    name: str
    """Short name, such as `trees, 15 leaves`; unique on its board."""
    model: dict[str, Any]
    """The step with its fields, as a recipe would write it."""
    score: float | None = None
    """Its loss on rows that it was not fitted to; None if it was not scored to the end."""
    low: float | None = None
    """Lower end of the 95 % interval of `score`."""
    high: float | None = None
    """Upper end."""
    folds: int = 0
    """Folds that it was scored on; 0 if the budget was used up before."""
    weight: float = 0.0
    """Share of its answers in the model; 0 if it is not part of it."""
    size_bytes: int | None = None
    """Of its graph alone; None if none was made."""
    note: str = ""
    """Why it was given up, or what to mind."""


class Leaderboard(Value):
    """Every candidate, the best first."""

    metric: str
    """What `score` is: `log_loss` or `rmse`; lower is better, `rmse` is in the target's unit."""
    rows: int
    """Rows behind the scores."""
    how: str
    """How they were kept apart, such as `5 folds of training and validation rows`."""
    entries: tuple[Entry, ...]

    @property
    def members(self) -> tuple[Entry, ...]:
        """Candidates that are part of the model."""
        return tuple(entry for entry in self.entries if entry.weight > 0)


class Timing(Value):
    """What was measured of a candidate; kept in the catalog and never in an artifact."""

    name: str
    """Of its entry."""
    fit_s: float
    """CPU seconds of its fits."""
    answer_ms: float | None = None
    """Milliseconds of an answer to one row, where it was measured."""


def tell(board: Leaderboard) -> None:
    """One line for each candidate."""
    events.message(f"candidates, by {board.metric} on {board.rows:,} rows ({board.how}):")
    for entry in board.entries:
        share = f", {entry.weight:.0%} of the model" if entry.weight else ""
        if entry.score is None:
            events.message(f"  {entry.name}: {entry.note}")
            continue
        note = f" ({entry.note})" if entry.note else ""
        events.message(
            f"  {entry.name}: {entry.score:.4g} [{entry.low:.4g}, {entry.high:.4g}]{share}{note}"
        )
