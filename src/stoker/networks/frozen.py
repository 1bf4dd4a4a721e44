"""A frozen backbone under a linear head: vectors once, then a convex problem.

The backbone answers every row once, in onnxruntime (34 ms of CPU a picture at side 192, 14 at 128,
on a busy AMD Zen 5; torch took 44 and 24).  On
top is a linear layer over standardised vectors (and the numbers and categories beside the picture),
fitted by L-BFGS for a few strengths of the penalty; the one with the lowest validation loss stays.
What comes after that, if the last layers are trained further, is in `fine_tuned`.

Cost: one forward pass of the backbone a row; 5 KB of memory a row for the vectors; the head takes a
second or two for some thousand rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from stoker.core import events
from stoker.features import Form
from stoker.networks.efficientnet_lite import EfficientNetLite
from stoker.networks.graph_names import OUTPUT, graph_input

PENALTIES = (1.0, 0.3, 0.1, 0.03, 0.01, 0.003)
"""Strengths of the penalty on standardised vectors, mean loss, strongest first."""
_MOST_ROUNDS = 200
BLOCK = 64
"""Rows that the backbone looks at together."""

Loss = Callable[[Tensor, Tensor], Tensor]


class Vectors(nn.Module):
    """Raw tensors of all columns to one vector a row: what the head looks at."""

    def __init__(self, columns: Mapping[str, Form], codes: Mapping[str, int], side: int) -> None:
        """Plan the parts.

        Args:
            columns: Type and shape of each column's tensor.
            codes: Codes that can occur, for columns of categories.
            side: Height and width to which pictures are brought first.
        """
        super().__init__()
        self._columns, self._codes, self._side = dict(columns), dict(codes), side
        self.backbone = EfficientNetLite(side)

    def forward(self, raw: Mapping[str, Tensor]) -> Tensor:
        """Vectors (N, F), float32; numbers keep their unit, gaps are NaN."""
        return self.above(self.below(raw, 1), 1)

    def below(self, raw: Mapping[str, Tensor], count: int) -> list[Tensor]:
        """What enters the last `count` layers of the backbone, and the parts beside pictures."""
        return [self._below(name, raw[name], count) for name in self._columns]

    def above(self, parts: Sequence[Tensor], count: int) -> Tensor:
        """Vectors of what `below` gives."""
        return torch.cat([self.backbone.above(p, count) if p.ndim == 4 else p for p in parts], 1)

    def _below(self, name: str, value: Tensor, count: int) -> Tensor:
        shape = self._columns[name].shape
        if len(shape) == 3:
            return self.backbone.below(self._picture(value, shape), count)
        if name in self._codes:
            return torch.eye(self._codes[name])[value.long()]
        return value.float() if shape else value.float().unsqueeze(1)

    def _picture(self, pixel_NCHW: Tensor, shape: tuple[int, ...]) -> Tensor:
        channels, height, width = shape
        image = (pixel_NCHW.float() - 127) / 128
        image = image[:, :3] if channels >= 3 else image[:, :1].expand(-1, 3, -1, -1)
        if (height, width) == (self._side, self._side):
            return image
        return functional.interpolate(image, size=(self._side, self._side), mode="bilinear")


class Head(nn.Module):
    """A linear layer over standardised vectors."""

    def __init__(self, vector_NF: Tensor, num_outputs: int) -> None:
        """Take mean and deviation from training vectors; gaps count as the mean."""
        super().__init__()
        known_NF = torch.where(torch.isnan(vector_NF), torch.zeros(()), vector_NF).double()
        count_F = (~torch.isnan(vector_NF)).sum(0).clamp(min=1)
        mean_F = known_NF.sum(0) / count_F
        spread_NF = torch.where(torch.isnan(vector_NF), torch.zeros(()), known_NF - mean_F)
        std_F = (spread_NF.square().sum(0) / count_F).sqrt()
        self.register_buffer("mean", mean_F.float())
        self.register_buffer("std", torch.where(std_F > 1e-6, std_F, torch.ones(())).float())
        self.linear = nn.Linear(vector_NF.shape[1], num_outputs)
        nn.init.zeros_(self.linear.weight)
        nn.init.zeros_(self.linear.bias)

    def forward(self, vector_NF: Tensor) -> Tensor:
        """Outputs (N, K)."""
        scaled = (vector_NF - self.get_buffer("mean")) / self.get_buffer("std")
        return self.linear(torch.where(torch.isnan(scaled), torch.zeros_like(scaled), scaled))


class FrozenNetwork(nn.Module):
    """Both halves as one network, for the graph."""

    def __init__(self, vectors: Vectors, head: Head) -> None:
        """Put them together."""
        super().__init__()
        self.vectors, self.head = vectors, head

    def forward(self, raw: Mapping[str, Tensor]) -> Tensor:
        """Raw tensors by column to outputs (N, K)."""
        return self.head(self.vectors(raw))


def blocks_of(
    graph: bytes, columns: Mapping[str, np.ndarray], *, threads: int, title: str
) -> Iterator[np.ndarray]:
    """What a graph answers to all rows, some rows at a time."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    num_rows = len(next(iter(columns.values())))
    with events.task(title, total=num_rows, unit="rows") as view:
        for start in range(0, num_rows, BLOCK):
            feed = {
                graph_input(n): np.asarray(c[start : start + BLOCK]) for n, c in columns.items()
            }
            found = np.asarray(session.run([OUTPUT], feed)[0])
            yield found
            view.advance(len(found))


def vectors_of(
    graph: bytes, columns: Mapping[str, np.ndarray], *, threads: int, title: str
) -> Tensor:
    """The vectors of all rows, by the graph of `Vectors`."""
    blocks = blocks_of(graph, columns, threads=threads, title=title)
    return torch.cat([torch.from_numpy(block) for block in blocks])


@dataclass(frozen=True)
class FittedHead:
    """The head that was best on the validation rows."""

    head: Head
    history: list[dict[str, float]]
    """One record a penalty that was tried."""

    @property
    def penalty(self) -> float:
        """The strength that was best."""
        return min(self.history, key=lambda record: record["validation_loss"])["penalty"]


def fit_head(
    train: tuple[Tensor, Tensor], validation: tuple[Tensor, Tensor], num_outputs: int, loss: Loss
) -> FittedHead:
    """Fit the head for each penalty, from the strongest on, and keep the best.

    Args:
        train: Vectors (N, F) and targets of the training rows.
        validation: Those of the validation rows, which choose.
        num_outputs: Width of the output.
        loss: Mean loss of outputs and targets.
    """
    head = Head(train[0], num_outputs)
    history: list[dict[str, float]] = []
    best: dict[str, Tensor] = {}
    for penalty in PENALTIES:
        _descend(head, *train, loss, penalty)
        with torch.no_grad():
            found = float(loss(head(validation[0]), validation[1]))
        if not best or found < min(record["validation_loss"] for record in history):
            best = {name: value.clone() for name, value in head.state_dict().items()}
        history.append({"penalty": penalty, "validation_loss": found})
    head.load_state_dict(best)
    return FittedHead(head, history)


def refit_head(head: Head, vector_NF: Tensor, target_N: Tensor, loss: Loss, penalty: float) -> Head:
    """A head for other vectors of the same rows, found from where the old one stands."""
    found = Head(vector_NF, head.linear.out_features)
    found.linear.load_state_dict(head.linear.state_dict())
    _descend(found, vector_NF, target_N, loss, penalty)
    return found


def _descend(head: Head, vector_NF: Tensor, target_N: Tensor, loss: Loss, penalty: float) -> None:
    """Minimise loss and penalty from where the head stands."""
    method = torch.optim.LBFGS(
        head.parameters(), max_iter=_MOST_ROUNDS, line_search_fn="strong_wolfe"
    )

    def closure() -> Tensor:
        method.zero_grad()
        value = loss(head(vector_NF), target_N)
        value = value + penalty / 2 * head.linear.weight.square().sum()
        value.backward()
        return value

    # pyrefly: ignore [bad-argument-type] - torch's closure gives a tensor, as its documents say
    method.step(closure)
