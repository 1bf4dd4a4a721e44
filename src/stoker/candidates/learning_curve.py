"""A learning curve: what a candidate scores by the rows that it learned from, as a plain value."""

from __future__ import annotations

from stoker.core.value import Value

FILE = "learning_curve.json"
"""Its name in the artifact of a training."""
_LITTLE = 0.02
"""Share of the loss below which a gain is not worth a doubling of the rows."""


class CurvePoint(Value):
    """What so many rows are worth."""

    rows: int
    """Rows that the candidate learned from."""
    score: float
    low: float
    """Lower end of the 95 % interval of `score`."""
    high: float


class LearningCurve(Value):
    """A candidate by the rows that it learned from."""

    candidate: str
    """Name of its entry on the leaderboard."""
    metric: str
    """`log_loss` or `rmse`; lower is better."""
    held_rows: int
    """Rows behind each score, which the candidate did not learn from."""
    points: tuple[CurvePoint, ...]
    gain: float
    """Share of the score that the last doubling took away; below 0 it made it worse."""
    is_clear: bool
    """Whether that is more than chance, row by row."""

    @property
    def words(self) -> str:
        """Whether more rows would help, in a sentence."""
        name = self.metric.replace("_", " ")
        moved = f"{name} {'fell' if self.gain >= 0 else 'rose'} by {abs(self.gain):.1%}"
        said = f"with {self.points[-1].rows:,} rows instead of {self.points[-2].rows:,} its {moved}"
        if self.gain < _LITTLE:
            return f"{said}: more rows of this kind would hardly help"
        if self.is_clear:
            return f"{said}, which is more than chance: more rows would probably help"
        return f"{said}, but {self.held_rows:,} rows left out cannot tell that from chance"
