"""The two halves of a network: what needs no weights, and what learns.

Work without weights (bytes to floats, gaps, positions in tables) is the same each time a row is
seen in an epoch, so training does it for many batches at once; `forward` is both halves, and that
is what is exported and served.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol, Self

import torch
from torch import Tensor, nn

from stoker.cells.ragged import Ragged, Rows


class Inputs(Protocol):
    """Inputs of many rows, prepared, that can be cut into batches."""

    def rows(self, start: int, stop: int) -> Self:
        """A run of rows, as views."""
        ...


class RaggedTensor(NamedTuple):
    """Rows of any length: values end to end, and where each row begins."""

    values: Tensor
    """Shape (V, ...)."""
    offsets: Tensor
    """int64 on the CPU, one more than rows, from 0."""

    def rows(self, start: int, stop: int) -> RaggedTensor:
        """A run of rows, as views."""
        first, last = int(self.offsets[start]), int(self.offsets[stop])
        return RaggedTensor(self.values[first:last], self.offsets[start : stop + 1] - first)

    def float(self) -> RaggedTensor:
        """Values as float32."""
        return self._replace(values=self.values.float())


RowsTensor = Tensor | RaggedTensor
"""Rows in axis 0, or rows of any length."""


def as_tensors(rows: Ragged) -> RaggedTensor:
    """The same values and offsets, without a copy."""
    return RaggedTensor(torch.from_numpy(rows.values), torch.from_numpy(rows.offsets))


def tensors_of(rows: Rows) -> RowsTensor:
    """Rows of either kind as tensors, without a copy."""
    return as_tensors(rows) if isinstance(rows, Ragged) else torch.from_numpy(rows)


def tensors_between(rows: RowsTensor, start: int, stop: int) -> RowsTensor:
    """A run of rows, as views.

    >>> tensors_between(RaggedTensor(torch.tensor([7, 8]), torch.tensor([0, 1, 2])), 1, 2).values
    tensor([8])
    """
    return rows.rows(start, stop) if isinstance(rows, RaggedTensor) else rows[start:stop]


def num_rows(rows: RowsTensor) -> int:
    """Rows there are."""
    return len(rows.offsets) - 1 if isinstance(rows, RaggedTensor) else len(rows)


def moved(column: RowsTensor, device: torch.device) -> RowsTensor:
    """A column on a device; offsets of ragged rows stay on the CPU, as cutting reads them."""
    if isinstance(column, RaggedTensor):
        return column._replace(values=column.values.to(device))
    return column.to(device)


def device_of(network: nn.Module) -> torch.device:
    """Where a network's weights are."""
    return next((weight.device for weight in network.parameters()), torch.device("cpu"))


class Tower(nn.Module):
    """A network from one column to vectors of `num_features` numbers a row."""

    num_features: int


class PreparingNetwork(nn.Module, ABC):
    """A network whose work without weights can be done for many batches at once."""

    @abstractmethod
    def prepare(self, raw: Mapping[str, Any]) -> Inputs:
        """The half without weights: raw tensors by column to inputs of the other half."""

    @abstractmethod
    def learn(self, inputs: Any) -> RowsTensor:
        """The half with weights: outputs, float32, the rows in axis 0; or those of each token."""

    def forward(self, raw: Mapping[str, Any]) -> RowsTensor:
        """Raw tensors by column to outputs."""
        return self.learn(self.prepare(raw))


class RawRows(NamedTuple):
    """Columns as they are."""

    raw: dict[str, RowsTensor]

    def rows(self, start: int, stop: int) -> RawRows:
        """A run of rows, as views."""
        return RawRows({n: tensors_between(rows, start, stop) for n, rows in self.raw.items()})


class Whole(PreparingNetwork):
    """A module that does everything in `forward`: nothing is prepared."""

    def __init__(self, module: nn.Module) -> None:
        """Keep the module."""
        super().__init__()
        self.module = module

    def prepare(self, raw: Mapping[str, Any]) -> RawRows:
        """The columns as they are."""
        return RawRows(dict(raw))

    def learn(self, inputs: RawRows) -> Tensor:
        """All of the module."""
        return self.module(inputs.raw)


def preparing(network: nn.Module) -> PreparingNetwork:
    """The two halves of any network; one that has none does everything in the second."""
    return network if isinstance(network, PreparingNetwork) else Whole(network)
