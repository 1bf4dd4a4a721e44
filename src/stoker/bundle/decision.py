"""From a graph's output to a decision: calibrated probabilities, a threshold, sets and intervals.

Four things are learned from rows that no member of the model was fitted to (folds left out, or the
validation part), and kept in the bundle beside the graph, so that every way to ask the model gets
the same answer:

* `shift` takes back the weights of classes: weights w multiply the odds that a model learns by w,
  so log(w) is subtracted from its logits, and its probabilities mean shares of rows again;
* `temperature` divides the logits where that lowers the log loss (Guo et al. 2017);
* `weights` move the answer: the class with the largest probability times weight is answered, which
  for two classes is a threshold.  Probabilities are not touched;
* `share` and `interval` are split conformal: sets of classes and intervals of numbers that hold the
  truth in `level` of unseen rows, whatever the model (Vovk et al. 2005; Sadinle et al. 2019).

A bundle without a decision answers as one whose decision changes nothing.

Cost: a few operations a row.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Annotated, Any, Self

import numpy as np
from pydantic import Field, model_validator

from stoker.answers.classes import ClassAnswers
from stoker.cells.ragged import Ragged, Rows
from stoker.core.errors import RecipeError
from stoker.core.value import Value

if TYPE_CHECKING:
    from stoker.tasks import FittedTask

Positive = Annotated[float, Field(gt=0)]
Share = Annotated[float, Field(gt=0, lt=1)]


class Interval(Value):
    """How far the truth lies from the prediction, by size of the prediction.

    Rows are grouped by their predicted number, as errors of large numbers are often larger; values
    are standardised, as the graph gives them.  A model that is biased within a group has both ends
    on one side of zero; the prediction is then an end itself, as an answer outside of its own
    interval would deny one of the two.
    """

    edges: tuple[float, ...] = ()
    """Predictions at which a new group begins, rising."""
    low: tuple[float, ...]
    """For each group, what is added to the prediction for the lower end."""
    high: tuple[float, ...]
    """For each group, what is added to it for the upper end."""

    @model_validator(mode="after")
    def _ends_fit(self) -> Self:
        if not len(self.low) == len(self.high) == len(self.edges) + 1:
            raise ValueError("an interval has one low and one high more than it has edges")
        if any(before >= after for before, after in pairwise(self.edges)):
            raise ValueError("edges rise")
        return self

    def around(self, value_N: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Lower and upper end for each predicted standardised value.

        >>> [end.tolist() for end in Interval(low=(-1.0,), high=(2.0,)).around(np.array([5.0]))]
        [[4.0], [7.0]]
        >>> [end.tolist() for end in Interval(low=(1.0,), high=(2.0,)).around(np.array([5.0]))]
        [[5.0], [7.0]]
        """
        group_N = np.searchsorted(np.asarray(self.edges), value_N, side="right")
        low_G, high_G = np.minimum(self.low, 0.0), np.maximum(self.high, 0.0)
        return value_N + low_G[group_N], value_N + high_G[group_N]


class Decision(Value):
    """What stands between the output of a graph and an answer."""

    shift: tuple[float, ...] | None = None
    """Added to the logit of each class; None: nothing."""
    temperature: Positive = 1.0
    """What logits are divided by, after the shift."""
    weights: tuple[Positive, ...] | None = None
    """The class with the largest probability times weight is answered; None: the most probable.
    Of labels, of which a row may have several, each is answered whose product is one half or more;
    one weight is that of all of them."""
    aim: str = ""
    """What `weights` were chosen for, in words; empty for the most probable class."""
    level: Share = 0.9
    """Share of unseen rows whose truth sets and intervals are to hold."""
    share: float | None = None
    """Smallest probability of a class that belongs to a set; None: no sets."""
    interval: Interval | None = None
    """Ends of intervals around a predicted number; None: no intervals."""

    @property
    def threshold(self) -> float | None:
        """Probability of the second of two classes from which on it is answered.

        >>> Decision(weights=(1.0, 3.0)).threshold, Decision().threshold
        (0.25, None)
        """
        if self.weights is None or len(self.weights) != 2:
            return None
        return self.weights[0] / (self.weights[0] + self.weights[1])

    def threshold_in_words(self, classes: Sequence[Any]) -> str:
        """From which probability on the second of two classes is answered, and what says so.

        >>> Decision().with_threshold(0.2, "--threshold").threshold_in_words(["no", "yes"])
        "'yes' from a probability of 0.2 on (by --threshold)"
        >>> Decision().threshold_in_words(["no", "yes"])  # the more probable one is answered
        ''
        """
        if self.threshold is None:
            return ""
        by = f" (by {self.aim})" if self.aim else ""
        return f"{classes[1]!r} from a probability of {self.threshold:.4g} on{by}"

    @property
    def changes_nothing(self) -> bool:
        """Whether outputs and answers are as the graph gives them."""
        return self.shift is None and self.temperature == 1.0 and self.weights is None

    def with_threshold(self, threshold: float, said_by: str) -> Self:
        """The same decision with another threshold for the second of two classes.

        Args:
            threshold: Probability from which on it is answered.
            said_by: Who wants it so, for a message: a key of the recipe, an option.

        Raises:
            RecipeError: If it does not lie between 0 and 1.

        >>> Decision().with_threshold(0.2, "--threshold").threshold
        0.2
        """
        if not 0 < threshold < 1:
            raise RecipeError(
                f"the threshold {threshold:g} is no probability",
                expected="a number between 0 and 1, both left out",
            )
        weights = (threshold, 1 - threshold)
        return self.model_copy(update={"weights": weights, "aim": said_by})

    def adjusted(self, outputs: Rows) -> Rows:
        """As `adjust`, of outputs of rows or of their tokens."""
        if isinstance(outputs, Ragged):
            return Ragged(self.adjust(outputs.values), outputs.offsets)
        return self.adjust(outputs)

    def adjust(self, output_NK: np.ndarray) -> np.ndarray:
        """Outputs whose softmax is calibrated; standardised values stay as they are, float32.

        >>> Decision(shift=(0.0, -1.0), temperature=2.0).adjust(np.array([[0.0, 3.0]])).tolist()
        [[0.0, 1.0]]
        """
        if self.shift is not None:
            output_NK = output_NK + np.asarray(self.shift)
        if self.temperature != 1.0:
            output_NK = output_NK / self.temperature
        return np.asarray(output_NK, np.float32)

    def fits(self, num_outputs: int) -> bool:
        """Whether its parts are those of a model with so many outputs."""
        lengths = {len(part) for part in (self.shift, self.weights) if part is not None}
        is_number = num_outputs == 1
        return lengths <= {num_outputs, 1} and not (is_number and (lengths or self.share))


def check_threshold(task: FittedTask, name: str) -> None:
    """Refuse a threshold where there are not two classes to choose between.

    Raises:
        RecipeError: If the target of the model of that name is a number or has more classes.
    """
    if len(task.class_names) != 2 or not issubclass(task.gives, ClassAnswers):
        raise RecipeError(
            f"{name} has no threshold: it does not choose between two classes",
            expected="a model of exactly two classes",
        )
