"""Models: encoder per feature, combiner and head, as steps.

A `Network` builds a torch module that is trained by `stoker.train`; an `Estimator` (boosted trees)
fits itself.  Both end as one ONNX graph with one input per column and one output, `output`, of
shape (N, num_outputs): logits for `classify`, standardised values for `regress`.

What a model takes, how it is usually trained and about what it costs, its own step says; nothing
else knows the names of models.  Importing a step of stoker's imports neither torch nor LightGBM.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from stoker.candidates.leaderboard import Leaderboard, Timing
from stoker.core.steps import Step
from stoker.networks.stages import Shape
from stoker.train.habits import Habits, Preset

if TYPE_CHECKING:
    import numpy as np
    from torch import nn

    from stoker.candidates.learning_curve import LearningCurve
    from stoker.data.prepare.prepared_set import PreparedSet
    from stoker.features import FittedFeature
    from stoker.tasks import FittedTask


class Model(Step, ABC):
    """Anything that may stand under `model`."""

    needs_pictures: ClassVar[bool] = False
    """Whether it makes no sense without a column of pictures."""
    takes_pictures: ClassVar[bool] = True
    """Whether it can look at one."""

    def multiplications(
        self, picture: Shape | None, num_columns: int, num_outputs: int
    ) -> int | None:
        """About how many multiplications the answer to one row takes; None: nobody can tell.

        Args:
            picture: The picture column as the model sees it, if there is one.
            num_columns: Numbers and categories beside it.
            num_outputs: Classes, or 1.
        """
        return None


class Network(Model, ABC):
    """A model that is a torch module.

    Promise: the module takes a mapping from column to the feature's raw tensor (uint8 images in
    NCHW, float32 numbers with NaN for missing, int32 codes), does scaling and missing-value
    handling inside, and returns (N, num_outputs) float32; any mix of features works; equal torch
    seeds build equal weights; it exports to ONNX with a dynamic batch.
    """

    habits: ClassVar[Habits] = Habits()
    """How it is usually trained; keys of the recipe go before."""

    @abstractmethod
    def build(self, features: Mapping[str, FittedFeature], num_outputs: int) -> nn.Module:
        """A fresh module with random weights from torch's global generator."""


@dataclass(frozen=True)
class Conditions:
    """Under which an estimator works."""

    seed: int
    """Source of all randomness."""
    deadline_s: float | None = None
    """Seconds of wall time that it may take; None for no limit."""
    threads: int = 0
    """CPU threads, 0 for all cores; the result does not depend on it."""
    preset: Preset = "good"
    """How much effort."""
    unit_N: np.ndarray | None = None
    """Unit of each row, training rows first, then validation rows; rows of one unit (a writer, a
    patient) stand in one fold.  None: each row is one."""
    is_ordered: bool = False
    """Whether validation rows come after all training rows in time, so that no fold may mix them.
    """


@dataclass(frozen=True)
class HeldOut:
    """Answers to rows by models that were not fitted to them, in any order."""

    output_NK: np.ndarray
    """Float32 (N, num_outputs)."""
    target_N: np.ndarray
    """Encoded targets of the same rows."""


@dataclass(frozen=True)
class Estimate:
    """What an estimator ends with."""

    graph: bytes
    """ONNX model, serialised."""
    weights: dict[str, np.ndarray]
    """Everything needed to rebuild it, as named arrays for safetensors."""
    validation_output_NK: np.ndarray
    """The training-time model's own outputs on the validation set, which the bundle must repeat."""
    history: list[dict[str, float]]
    """One record per round reported."""
    facts: dict[str, Any] = field(default_factory=dict)
    """What else is worth knowing, JSON values without times."""
    held_out: HeldOut | None = None
    """Outputs for rows that the members of the model were not fitted to; None: the validation rows
    are such rows."""
    leaderboard: Leaderboard | None = None
    """What was tried, where several were."""
    timings: tuple[Timing, ...] = ()
    """What was measured of each of them."""
    threads: int | None = None
    """CPU threads of a fit; None where it never takes more than one of its own."""
    candidate_graphs: Mapping[str, Callable[[], bytes]] = field(default_factory=dict)
    """Of candidates that were finished, by name: what makes the graph of this one alone."""
    learning_curve: LearningCurve | None = None
    """What more rows would bring, where that was looked at."""


class Estimator(Model, ABC):
    """A model that fits itself to prepared sets.

    Promise: equal seeds, thread counts and data give equal bytes.
    """

    def fit_seconds(self, num_rows: int, num_columns: int, num_outputs: int) -> float | None:
        """About how long a fit takes on two quiet cores; None: nobody can tell."""
        return None

    @abstractmethod
    def fit(
        self,
        train: PreparedSet,
        validation: PreparedSet,
        task: FittedTask,
        *,
        under: Conditions,
        weight_K: np.ndarray | None = None,
    ) -> Estimate:
        """Fit to `train`, stop early on `validation`.

        Args:
            train: Rows to learn from.
            validation: Rows that say when to stop.
            task: What is asked of the target.
            under: Seed, time and threads.
            weight_K: Weight of the rows of each class, float32; None where all count alike.
        """
