"""Compress: make smaller, faster candidates of a bundle, and keep one only if it earns it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from stoker.core.steps import Step

if TYPE_CHECKING:
    from stoker.bundle.read import Bundle
    from stoker.cells.ragged import Rows
    from stoker.data.prepare.prepared_set import PreparedSet


@dataclass(frozen=True)
class Material:
    """Rows that a compressor may use."""

    calibration: Mapping[str, Rows]
    """Prepared tensors of some training rows, by column."""
    train: PreparedSet
    """All training rows, with their targets, for a step that learns."""
    validation: PreparedSet
    """Rows that the best moment of learning is chosen by; candidates are judged on them too."""
    seed: int = 0
    """Source of all randomness."""


class Compressor(Step, ABC):
    """A step that turns a bundle into a smaller one.

    Promise: the input is left as it was; the candidate takes the same inputs and gives the same
    shape of output; two calls with equal arguments give equal bytes.
    """

    def refusal(self, bundle: Bundle) -> str | None:
        """Why this step has nothing to do for a bundle, or None if it can be tried."""
        return None

    @abstractmethod
    def compress(self, bundle: Path, out: Path, material: Material) -> None:
        """Write the candidate bundle to the new folder `out`.

        Args:
            bundle: Folder of the bundle to compress.
            out: Folder to create.
            material: Rows to measure ranges on, or to learn from; a network is trained further by
                `stoker.compress.rebuild` and `stoker.train.loop.train_network`.

        Raises:
            ArtifactError: If the graph cannot be compressed this way.
            MissingExtraError: If a library is not installed.
        """
