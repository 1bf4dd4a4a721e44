"""Outputs of a network on a prepared set, in evaluation mode.

Batches are slices of the memory-mapped columns in stored order, so nothing is gathered; rows of any
length are gathered with those of like length, so that little is padded.

Cost: a forward pass; memory for the outputs and one batch.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import nn

from stoker.cells.ragged import Ragged, Rows, alike, joined_rows, lengths_of, values_of
from stoker.networks.preparing import RaggedTensor, as_tensors, device_of, moved

if TYPE_CHECKING:
    from stoker.data.prepare.prepared_set import PreparedSet

_BATCH_BYTES = 8 << 20


def outputs(network: nn.Module, prepared: PreparedSet) -> np.ndarray:
    """As `output_rows`, float32 (N, num_outputs); of tokens those of all rows end to end."""
    return values_of(output_rows(network, prepared))


def output_rows(network: nn.Module, prepared: PreparedSet) -> Rows:
    """Raw outputs (logits or standardised values) of all rows, in order.

    Args:
        network: Takes a mapping of raw tensors; its mode is left as it was found.
        prepared: Rows to answer for.

    Returns:
        Shape (N, num_outputs), float32; rows of any length where each token has an output.
    """
    was_training = network.training
    network.eval()
    device, size = device_of(network), _rows_per_batch(prepared)
    length_N = lengths_of(prepared.inputs)
    if length_N is None:
        batches, order_N = _slices(prepared, size), None
    else:
        pieces = [part for one in alike(length_N) for part in _cut(one, size)]
        batches, order_N = _gathered(prepared, pieces), np.concatenate(pieces)
    with torch.inference_mode():
        parts = [
            _as_rows(network({n: moved(c, device) for n, c in batch.items()})) for batch in batches
        ]
    network.train(was_training)
    return joined_rows(parts, order_N)


def _as_rows(output: torch.Tensor | RaggedTensor) -> Rows:
    if isinstance(output, RaggedTensor):
        return Ragged(_array(output.values), output.offsets.numpy())
    return _array(output)


def _array(output: torch.Tensor) -> np.ndarray:
    return output.float().cpu().numpy()


def _slices(prepared: PreparedSet, size: int) -> Iterator[dict[str, torch.Tensor | RaggedTensor]]:
    """So many rows at a time, in stored order."""
    for start in range(0, len(prepared), size):
        columns = prepared.columns.items()
        yield {name: torch.from_numpy(np.array(c[start : start + size])) for name, c in columns}


def _gathered(
    prepared: PreparedSet, pieces: list[np.ndarray]
) -> Iterator[dict[str, torch.Tensor | RaggedTensor]]:
    """The rows of each piece."""
    for index in pieces:
        rows = prepared.gather(index)
        yield {
            **{name: torch.from_numpy(column) for name, column in rows.columns.items()},
            **{name: as_tensors(column) for name, column in rows.ragged.items()},
        }


def _cut(index: np.ndarray, size: int) -> list[np.ndarray]:
    return np.split(index, range(size, len(index), size))


def _rows_per_batch(prepared: PreparedSet) -> int:
    row_bytes = 4 * sum(int(np.prod(c.shape[1:])) for c in prepared.columns.values())
    return max(16, min(8192, _BATCH_BYTES // max(1, row_bytes)))
