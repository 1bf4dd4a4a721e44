"""Parity: the bundle must answer as the model did when it was trained.

Checked when a bundle is written: validation rows go through the whole predictor, from raw cells on,
and its outputs are compared with those that training computed from its own tensors.  A difference
means that a preprocessing step, the export or the runtime disagrees, and such a bundle must not
leave the factory.

Cost: one pass over the rows given.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from stoker.bundle.frames import Rows
from stoker.bundle.predictor import Predictor, load
from stoker.cells.ragged import Rows as Tensor
from stoker.cells.ragged import values_of
from stoker.core.errors import ArtifactError

TOLERANCE = 1e-4
"""Largest difference, relative to the largest output or to 1, whichever is more."""


def check_parity(bundle: str | Path | Predictor, expected: Tensor, rows: Iterable[Rows]) -> float:
    """Compare a bundle's outputs for raw rows with the training-time model's.

    Args:
        bundle: Folder of the bundle, or its predictor.
        expected: Raw outputs of the training-time model for the same rows.
        rows: Raw rows in pieces, in the same order, with the input columns.

    Returns:
        The largest difference found, relative to the scale of the outputs.

    Raises:
        ArtifactError: If it is more than 1e-4, an output is not finite, or the number of rows
            differs.
    """
    predictor = bundle if isinstance(bundle, Predictor) else load(bundle)
    parts = [predictor.outputs(part) for part in rows]
    expected_NK = values_of(expected)
    output_NK = np.concatenate(parts) if parts else np.empty((0, *expected_NK.shape[1:]))
    if output_NK.shape != expected_NK.shape:
        raise ArtifactError(
            f"the bundle gave outputs of shape {output_NK.shape} for the validation rows",
            expected=f"{expected_NK.shape}, as in training",
        )
    difference = relative_difference(output_NK, predictor.decision.adjust(expected_NK))
    if not difference <= TOLERANCE:
        raise ArtifactError(
            f"the bundle's outputs differ from the trained model's by {difference:.2g}",
            expected=f"at most {TOLERANCE:g} of their scale",
            fix="the bundle was not written; report this with the recipe",
        )
    return difference


def relative_difference(found_NK: np.ndarray, expected_NK: np.ndarray) -> float:
    """Largest absolute difference, divided by the largest expected magnitude or 1; NaN if any is.

    >>> relative_difference(np.array([[1.0, 10.5]]), np.array([[1.0, 10.0]]))
    0.05
    """
    if not expected_NK.size:
        return 0.0
    scale = max(1.0, float(np.abs(expected_NK).max()))
    return float(np.abs(found_NK.astype(np.float64) - expected_NK).max()) / scale
