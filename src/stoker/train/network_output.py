"""Outputs of a network on a prepared set, in evaluation mode.

Batches are slices of the memory-mapped columns in stored order, so nothing is gathered.

Cost: a forward pass; memory for the outputs and one batch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import nn

from stoker.networks.preparing import RaggedTensor, device_of, moved

if TYPE_CHECKING:
    from stoker.cells.ragged import Ragged
    from stoker.data.prepare.prepared_set import PreparedSet

_BATCH_BYTES = 8 << 20


def outputs(network: nn.Module, prepared: PreparedSet) -> np.ndarray:
    """Raw outputs (logits or standardised values) of all rows, in order.

    Args:
        network: Takes a mapping of raw tensors; its mode is left as it was found.
        prepared: Rows to answer for.

    Returns:
        Shape (N, num_outputs), float32.
    """
    was_training = network.training
    network.eval()
    size = _rows_per_batch(prepared)
    device = device_of(network)
    with torch.inference_mode():
        parts = [
            network(_slice(prepared, start, start + size, device)).float().cpu().numpy()
            for start in range(0, len(prepared), size)
        ]
    network.train(was_training)
    return np.concatenate(parts)


def _slice(
    prepared: PreparedSet, start: int, stop: int, device: torch.device
) -> dict[str, torch.Tensor | RaggedTensor]:
    index = np.arange(start, min(stop, len(prepared)))
    columns: dict[str, torch.Tensor | RaggedTensor] = {
        **{n: torch.from_numpy(np.array(c[start:stop])) for n, c in prepared.columns.items()},
        **{n: _gathered(c, index) for n, c in prepared.ragged.items()},
    }
    return {name: moved(column, device) for name, column in columns.items()}


def _gathered(column: Ragged, index: np.ndarray) -> RaggedTensor:
    rows = column.gather(index)
    return RaggedTensor(torch.from_numpy(rows.values), torch.from_numpy(rows.offsets))


def _rows_per_batch(prepared: PreparedSet) -> int:
    row_bytes = 4 * sum(int(np.prod(c.shape[1:])) for c in prepared.columns.values())
    lengths = [column.lengths.max(initial=0) for column in prepared.ragged.values()]
    row_bytes += 4 * int(sum(lengths))
    return max(16, min(8192, _BATCH_BYTES // max(1, row_bytes)))
