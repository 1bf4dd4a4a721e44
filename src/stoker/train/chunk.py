"""Some batches of an epoch, side by side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from stoker.networks.preparing import RowsTensor


@dataclass(frozen=True)
class Chunk:
    """Some batches of an epoch, side by side."""

    raw: dict[str, RowsTensor]
    """Columns, augmented, in their raw types."""
    target: Any
    """Targets in the same order: a tensor or a `RaggedTensor`, in the task's form, or blended
    classes (N, K)."""
    bounds: list[tuple[int, int]]
    """First and one past last row of each batch within the chunk."""
