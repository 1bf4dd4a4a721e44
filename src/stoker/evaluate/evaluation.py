"""An evaluation as a plain value: what is written as JSON, shown in reports and checked by gates.

Everything here survives JSON unchanged.  Numbers are finite or None: what is undefined is None,
with the reason beside it.
"""

from __future__ import annotations

from typing import Literal

from stoker.core.value import Value

LEVEL = 0.95
"""Share of resamples inside every interval."""


CONSTANT = "constant"
"""Name of the candidate that looks at no input; see `FittedTask.constant_output_K`."""


FEW_OF_CLASS = 5
"""Rows of a class below which it says little that none of them was found."""


class Score(Value):
    """One metric, with its interval."""

    title: str
    """Its name for readers."""
    about: str
    """What it is, in one line."""
    higher_is_better: bool
    value: float | None
    """None if undefined on these rows; `note` says why."""
    low: float | None = None
    """Lower end of the 95 % interval; None if there is none, with the reason in `note`."""
    high: float | None = None
    resamples: int = 0
    """Bootstrap resamples behind the interval; large sets get fewer (see `bootstrap`)."""
    detail: bool = False
    """Another average of a metric that is there already; a short table leaves it out."""
    takes_skill: bool = True
    """Whether an answer that looks at no input cannot be good at it."""
    place: int = 1000
    """Where it stands in tables, small numbers first, as JSON objects have no order."""
    note: str | None = None
    """Why it is undefined, or what to mind when reading the interval."""


class Difference(Value):
    """How much better a candidate is than another one on the same rows."""

    value: float | None
    """Candidate minus reference; above 0 is not always better, see the metric."""
    low: float | None = None
    high: float | None = None
    verdict: Literal["better", "worse", "unclear"] = "unclear"
    """Of the candidate; unclear while the interval holds 0, or with fewer than 6 rows or groups."""


class Comparison(Value):
    """A paired comparison: both sides are resampled together, row by row."""

    reference: str
    """Name of the candidate compared with."""
    metrics: dict[str, Difference]


class ClassScore(Value):
    """Scores of one class."""

    name: str
    rows: int
    """Rows whose true class it is."""
    answered: int
    """Rows answered with it."""
    precision: float | None
    """None if it was never answered."""
    precision_interval: tuple[float, float] | None = None
    recall: float | None
    """None if it has no rows."""
    recall_interval: tuple[float, float] | None = None
    f1: float | None
    f1_interval: tuple[float, float] | None = None


class ConfusedPair(Value):
    """A class taken for another one."""

    truth: str
    answer: str
    rows: int
    share: float
    """Of the true class's rows, in [0, 1]."""


class Confusion(Value):
    """Which class was taken for which."""

    rows: list[list[int]] | None
    """Rows by true class, then by answer; None for more than 100 classes."""
    pairs: list[ConfusedPair]
    """The commonest mistakes, most rows first, at most 50."""


class Bin(Value):
    """Rows of similar probability."""

    low: float
    high: float
    rows: int
    mean: float | None
    """Mean probability; None for an empty bin."""
    share: float | None
    """Share of rows for which it came true."""


class Curves(Value):
    """Lines for charts, thinned to at most about 200 points."""

    roc: list[tuple[float, float]] | None = None
    """(false positive rate, true positive rate), for two classes."""
    pr: list[tuple[float, float]] | None = None
    """(recall, precision), for two classes."""
    calibration: list[Bin] | None = None
    """By probability of the positive class, for two classes."""
    reliability: list[Bin] | None = None
    """By probability of the answered class; the bins of `ece`."""


class Residuals(Value):
    """How a regression's errors are spread."""

    points: list[tuple[float, float]]
    """(truth, prediction) of at most 500 rows, drawn by the seed."""
    histogram: list[tuple[float, float, int]]
    """(low, high, rows) of prediction minus truth, 30 bins of equal width."""
    quantiles: dict[str, float]
    """Of prediction minus truth: `0.05`, `0.25`, `0.5`, `0.75`, `0.95`."""


class Coverage(Value):
    """How often sets of classes, or intervals of numbers, held the truth of the scored rows."""

    level: float
    """How often they were made to."""
    value: float
    """Share of rows whose truth they held."""
    low: float
    """Lower end of the exact 95 % interval of that share."""
    high: float
    """Upper end."""
    size: float
    """Mean number of classes in a set, or mean width of an interval in the target's own unit."""


class Uncalibrated(Value):
    """How probabilities would be without the temperature of the bundle."""

    log_loss: float
    ece: float
    calibration: list[Bin] | None = None
    """As `Curves.calibration`."""
    reliability: list[Bin] | None = None
    """As `Curves.reliability`."""


class Evaluation(Value):
    """Everything measured about one candidate on one set of rows."""

    task: str
    """Recipe name of the task, such as `classify`."""
    num_rows: int
    num_groups: int | None = None
    """Groups that resamples draw from; None: they draw rows."""
    seed: int
    resamples: int
    level: float = LEVEL
    metrics: dict[str, Score]
    """By recipe name, such as `accuracy` or `f1_macro`."""
    headline: str
    """The metric to show first."""
    watched: tuple[str, ...] = ()
    """Metrics of which none may fall when a model is made smaller."""
    classes: list[str] | None = None
    positive: str | None = None
    """The second of two classes, which binary metrics are about."""
    per_class: list[ClassScore] | None = None
    confusion: Confusion | None = None
    curves: Curves | None = None
    residuals: Residuals | None = None
    comparison: Comparison | None = None
    """With the baseline, where there is one."""
    over_constant: Comparison | None = None
    """With the constant answer, where it was scored too."""
    threshold: float | None = None
    """Probability of the positive class from which on it is answered; None: the most probable class
    is answered."""
    aim: str = ""
    """What the answers were chosen for, in words; empty for the most probable class."""
    coverage: Coverage | None = None
    """Of sets or intervals, where the bundle knows them."""
    uncalibrated: Uncalibrated | None = None
    """Before the temperature, where there is one."""

    @property
    def never_answered(self) -> list[ClassScore]:
        """Classes that were not answered once, though some rows are of them."""
        classes = self.per_class or ()
        return [one for one in classes if not one.answered and one.rows >= FEW_OF_CLASS]

    @property
    def gap_to_constant(self) -> Difference | None:
        """How much better the main score is than the constant answer's, where that is known."""
        if self.over_constant is None:
            return None
        gap = self.over_constant.metrics.get(self.headline)
        return None if gap is None or gap.value is None else gap

    @property
    def is_no_better_than_constant(self) -> bool:
        """Whether it is known that looking at the inputs did not clearly help the main score."""
        gap = self.gap_to_constant
        if gap is None or gap.value is None:
            return False
        if gap.low is not None:
            return gap.verdict != "better"
        rises = self.metrics[self.headline].higher_is_better
        return gap.value <= 0 if rises else gap.value >= 0

    @property
    def worse_than_constant(self) -> list[str]:
        """Metrics beside the main one that the constant answer, clearly, is better at."""
        gaps = self.over_constant.metrics if self.over_constant else {}
        return [
            name
            for name, score in self.in_order()
            if name != self.headline and score.takes_skill
            if name in gaps and gaps[name].verdict == "worse"
        ]

    def in_order(self, *, details: bool = False) -> list[tuple[str, Score]]:
        """Metrics by name as tables show them, with or without the other averages."""
        shown = [item for item in self.metrics.items() if details or not item[1].detail]
        return sorted(shown, key=lambda item: (item[1].place, item[1].detail, item[0]))
