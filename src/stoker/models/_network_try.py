"""A perceptron as a candidate of a search; see `_tries` for the others.

Folds agree on one look of their trainings, the one that is best for all rows left out together:
the best look of each fold alone is chosen on the rows that it answers, and looks better than it is.
Served is the average of the fold models.

Cost: torch is imported when the first fold is fitted, which takes a second or two.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from stoker.candidates.conditions import Conditions
from stoker.core.seeds import derive_seed
from stoker.models._design import Layout, fit_layout
from stoker.models._row_losses import loss_of
from stoker.models._table_graph import NetworkPart
from stoker.models._tries import Try
from stoker.models.mlp import Mlp

if TYPE_CHECKING:
    from torch import Tensor

    from stoker.models._table_network import NetworkInputs, TableNetwork

_SHARE = 0.3
"""Share of a budget that the trainings of one network may take."""


@dataclass
class NetworkTry(Try[Mlp]):
    """A perceptron over the design of a linear model."""

    looks: list[list[NetworkInputs]] = field(default_factory=list)
    """Looks at the training of each fold."""

    @cached_property
    def _layout(self) -> Layout:
        return fit_layout(self.folds.rows.columns, bends=0)

    @cached_property
    def _table(self) -> Mapping[str, Tensor]:
        from stoker.models._table_network import table_tensors

        return table_tensors(self._layout.design(self.folds.rows.columns))

    def _fresh(self) -> TableNetwork:
        from stoker.models._table_network import TableNetwork
        from stoker.networks.encoders import TableShape

        sizes = tuple(size for _, size in self._layout.codes)
        num_numbers = len(self._layout.shapes.mean_B)
        shape = TableShape(len(self._layout.numbers), num_numbers, sizes)
        return TableNetwork(self.step, shape, self.folds.rows.num_outputs)

    def _fit(self, fold: int, under: Conditions, end_s: float | None) -> None:
        from stoker.models._table_network import fit_network
        from stoker.networks.repeatable import repeatable

        fit_M, held_M = self.folds.split(fold)
        seed = derive_seed(under.seed, "network", fold)
        if under.deadline_s is not None and end_s is not None:
            share_s = _SHARE * under.deadline_s / self.folds.count
            end_s = min(end_s, time.monotonic() + share_s)
        with repeatable(seed):
            looks = fit_network(
                self._fresh(),
                self._table,
                self.folds.rows,
                fit_M,
                held_M,
                seed=seed,
                end_s=end_s,
            )
        self.looks.append(looks)
        for place in range(len(self.looks)):
            self.output_NK[self.folds.split(place)[1]] = self._agreed(place).output_MK

    @property
    def best(self) -> int:
        """Position of the look with the least loss over all rows answered so far."""
        total = np.zeros(max(map(len, self.looks)))
        for fold, looks in enumerate(self.looks):
            held_M = self.folds.split(fold)[1]
            target_M = self.folds.rows.target_N[held_M]
            losses = [loss_of(one.output_MK - self.folds.shift_K, target_M) for one in looks]
            total += len(held_M) * np.array(losses + losses[-1:] * (len(total) - len(losses)))
        return int(np.argmin(total))

    def _agreed(self, fold: int) -> NetworkInputs:
        return self.looks[fold][min(self.best, len(self.looks[fold]) - 1)]

    @cached_property
    def _members(self) -> list[TableNetwork]:
        members = []
        for fold in range(len(self.looks)):
            member = self._fresh()
            member.load_state_dict(self._agreed(fold).state)
            members.append(member.eval())
        return members

    def network(self) -> NetworkPart:
        """The average of the fold models."""
        from stoker.models._table_network import mean_graph

        return NetworkPart(self._layout, mean_graph(self._members, self._table))

    def whole_outputs(self, index_M: np.ndarray) -> np.ndarray:
        """The mean over fold models."""
        import torch

        from stoker.models._table_network import outputs

        index = torch.from_numpy(index_M)
        some = {name: tensor[index] for name, tensor in self._table.items()}
        return np.mean([outputs(member, some) for member in self._members], axis=0)
