"""Under which conditions a model is fitted: seed, time, effort, and what training is told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from stoker.train.habits import Preset

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np

    from stoker.features import FittedFeature
    from stoker.train.hooks import Hook
    from stoker.train.settings import Settings


@dataclass(frozen=True)
class Conditions:
    """Under which a model is fitted."""

    seed: int
    """Source of all randomness."""
    deadline_s: float | None = None
    """Seconds of wall time that it may take; None for no limit."""
    threads: int = 0
    """CPU threads, 0 for all cores; the result of an estimator does not depend on it."""
    preset: Preset = "good"
    """How much effort."""
    unit_N: np.ndarray | None = None
    """Unit of each row, training rows first, then validation rows; rows of one unit (a writer, a
    patient) stand in one fold.  None: each row is one."""
    is_ordered: bool = False
    """Whether validation rows come after all training rows in time, so that no fold may mix them.
    """
    weight_K: np.ndarray | None = None
    """Weight of the rows of each class, float32; None where all count alike."""
    features: Mapping[str, FittedFeature] = field(default_factory=dict)
    """Fitted feature of each column; a network is built from them."""
    settings: Settings | None = None
    """How a network is trained, weights of classes and time included; None: the defaults."""
    finds_rate: bool = False
    """Whether a network's learning rate is searched for."""
    hooks: tuple[Hook, ...] = ()
    """What looks on while a network is trained."""
    scratch: Path | None = None
    """Folder for checkpoints of this very training; None: it keeps none."""
