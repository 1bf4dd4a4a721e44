"""Some batches of an epoch, side by side."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from stoker.networks.preparing import RaggedTensor


@dataclass(frozen=True)
class Chunk:
    """Some batches of an epoch, side by side."""

    raw: dict[str, Tensor | RaggedTensor]
    """Columns, augmented, in their raw types."""
    target: Tensor
    """Targets in the same order: codes or values (N,), or blended classes (N, K)."""
    bounds: list[tuple[int, int]]
    """First and one past last row of each batch within the chunk."""
