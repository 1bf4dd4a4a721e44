"""Compress: make smaller, faster candidates of a bundle, and keep one only if it earns it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from stoker.core.steps import Step

if TYPE_CHECKING:
    import numpy as np

    from stoker.bundle.read import Bundle


class Compressor(Step, ABC):
    """A step that turns a bundle into a smaller one.

    Promise: the input is left as it was; the candidate takes the same inputs and gives the same
    shape of output; two calls with equal arguments give equal bytes.
    """

    def refusal(self, bundle: Bundle) -> str | None:
        """Why this step has nothing to do for a bundle, or None if it can be tried."""
        return None

    @abstractmethod
    def compress(self, bundle: Path, out: Path, calibration: Mapping[str, np.ndarray]) -> None:
        """Write the candidate bundle to the new folder `out`.

        Args:
            bundle: Folder of the bundle to compress.
            out: Folder to create.
            calibration: Prepared tensors of some training rows, by column.

        Raises:
            ArtifactError: If the graph cannot be compressed this way.
            MissingExtraError: If a library is not installed.
        """
