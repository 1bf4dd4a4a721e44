"""What ten thresholds would do, and who comes first: for two classes only.

A threshold is the probability of the second class from which on it is answered.  The lift says how
much more often the class occurs among the rows that the model puts first than among all: whoever
can look at one row in ten only wants to know that.

Cost: one sort of the validation rows.
"""

from __future__ import annotations

import numpy as np

from stoker.answers.classes import ClassAnswers
from stoker.core.value import Value
from stoker.evaluate.probes import Probed

TENTHS = 10
_FEWEST_ROWS = 20


class Threshold(Value):
    """What one threshold does."""

    at: float
    answered: float
    """Share of rows answered with the second class."""
    precision: float | None
    """None if it is never answered."""
    recall: float
    f1: float
    is_chosen: bool = False
    """Whether it is that of the bundle."""


class Tenth(Value):
    """The rows that are put first, second and so on, a tenth each."""

    rows: int
    share: float
    """Share of them that are of the second class."""
    lift: float
    """That share against the one of all rows."""
    found: float
    """Share of all rows of the class that are among these or come before."""


def thresholds(subject: Probed) -> tuple[Threshold, ...]:
    """Ten thresholds, and the one of the bundle; empty unless there are two classes."""
    chance_N, is_one_N = _binary(subject)
    if chance_N is None:
        return ()
    chosen = 0.5 if subject.threshold is None else subject.threshold
    # Spread over the probabilities that occur: of a rare class all may lie below 0.2.
    spread = np.quantile(chance_N, 1 - np.geomspace(0.01, 0.9, TENTHS))
    found = {f"{at:.3g}": at for at in [*spread.tolist(), chosen] if 0 < at < 1}
    return tuple(
        _threshold(at, chance_N, is_one_N, is_chosen=at == chosen) for at in sorted(found.values())
    )


def lift(subject: Probed) -> tuple[Tenth, ...]:
    """Ten tenths of the rows by falling probability; empty unless there are two classes."""
    chance_N, is_one_N = _binary(subject)
    if chance_N is None:
        return ()
    ordered = is_one_N[np.argsort(-chance_N, kind="stable")]
    base, found = float(ordered.mean()), 0
    tenths = []
    for part in np.array_split(ordered, TENTHS):
        found += int(part.sum())
        share = float(part.mean())
        tenths.append(
            Tenth(
                rows=len(part), share=share, lift=share / base, found=found / float(ordered.sum())
            )
        )
    return tuple(tenths)


def _binary(subject: Probed) -> tuple[np.ndarray | None, np.ndarray]:
    """Probability of the second class and whether it is the truth; None where that says nothing."""
    answers = subject.answers
    if not isinstance(answers, ClassAnswers) or answers.num_classes != 2:
        return None, np.empty(0)
    is_one_N = answers.truth_N == 1
    if len(is_one_N) < _FEWEST_ROWS or is_one_N.all() or not is_one_N.any():
        return None, is_one_N
    return answers.probability_NK[:, 1], is_one_N


def _threshold(
    at: float, chance_N: np.ndarray, is_one_N: np.ndarray, *, is_chosen: bool
) -> Threshold:
    answered_N = chance_N >= at
    hits, answered, ones = (
        int((answered_N & is_one_N).sum()),
        int(answered_N.sum()),
        int(is_one_N.sum()),
    )
    return Threshold(
        at=float(at),
        answered=answered / len(chance_N),
        precision=hits / answered if answered else None,
        recall=hits / ones,
        f1=2 * hits / (answered + ones),
        is_chosen=is_chosen,
    )
