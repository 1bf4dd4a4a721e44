"""What fitting a model ends with, whatever the model is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from stoker.candidates.leaderboard import Leaderboard, Timing
from stoker.cells.ragged import Ragged, Rows

if TYPE_CHECKING:
    import numpy as np

    from stoker.candidates.learning_curve import LearningCurve


@dataclass(frozen=True)
class HeldOut:
    """Answers to rows by models that were not fitted to them, in any order."""

    output_NK: np.ndarray
    """Float32 (N, K)."""
    target_N: np.ndarray
    """Encoded targets of the same rows."""


@dataclass(frozen=True)
class Fitted:
    """A fitted model: what a bundle is made of, and what became known on the way."""

    graph: bytes
    """ONNX model, serialised."""
    weights: dict[str, np.ndarray]
    """Everything needed to rebuild it, as named arrays for safetensors."""
    validation_output_NK: np.ndarray
    """The model's own outputs on the validation set, which the bundle must repeat."""
    history: list[dict[str, Any]]
    """One record per epoch or round reported."""
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
    measured: dict[str, Any] = field(default_factory=dict)
    """Seconds and speed, JSON values that belong into no artifact."""
    candidate_graphs: Mapping[str, Callable[[], bytes]] = field(default_factory=dict)
    """Of candidates that were finished, by name: what makes the graph of this one alone."""
    learning_curve: LearningCurve | None = None
    """What more rows would bring, where that was looked at."""
    validation_offsets: np.ndarray | None = None
    """Where each row's outputs begin, int64 (N + 1), where each token has one; None: a row has."""

    @property
    def validation_outputs(self) -> Rows:
        """Those outputs, cut into rows."""
        if self.validation_offsets is None:
            return self.validation_output_NK
        return Ragged(self.validation_output_NK, self.validation_offsets)
