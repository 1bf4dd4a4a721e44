"""The last layers of a backbone, trained further under a head that is fitted anew each time.

What enters those layers is computed once, by the layers below, and kept in a file that is mapped
into memory.  A round is one pass of the layers over the rows, by AdamW, while the head stands
still; then the head is fitted to what they make of the rows now, which is convex and quick.  A head
that moves along with the layers runs away from its penalty: on emoji the validation loss rose from
0.72 to 0.86 in two such passes, and fell to 0.60 in two rounds.  Rounds go on while the validation
loss falls.

Cost: at side 192 and 1,314 rows 3 CPU seconds a round for the last convolution, 9 with the last
block; 46 and 28 KB a row of temporary files.

Shapes: N rows, M numbers that enter the layers, F features of a vector, K outputs.

Source: Howard & Ruder 2018, "Universal Language Model Fine-tuning", section 3.2 (later layers learn
at higher rates), https://arxiv.org/abs/1801.06146; Kumar et al. 2022, "Fine-Tuning can Distort
Pretrained Features" (the head first), https://arxiv.org/abs/2202.10054
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from stoker.core import events
from stoker.core.seeds import derive_seed
from stoker.features import Form
from stoker.networks.export import export
from stoker.networks.frozen import BLOCK, FittedHead, Head, Loss, Vectors, blocks_of, refit_head
from stoker.store.durable import machine_errors

_ROUNDS, _BATCH = 6, 32
_RATE, _SLOWER = 1e-3, 0.1
"""Rate of the last convolution; that of the blocks before it is a tenth."""


class Below(nn.Module):
    """Raw tensors of all columns to what enters the layers that are trained further."""

    def __init__(self, vectors: Vectors, count: int) -> None:
        """Everything but the last `count` layers of the backbone."""
        super().__init__()
        self.vectors, self.count = vectors, count

    def forward(self, raw: Mapping[str, Tensor]) -> Tensor:
        """Maps of pictures and all other parts, side by side (N, M)."""
        return torch.cat([p.flatten(1) for p in self.vectors.below(raw, self.count)], 1)


class Above(nn.Module):
    """What `Below` gives to vectors; its weights are those of the backbone itself."""

    def __init__(self, vectors: Vectors, columns: Mapping[str, Form], count: int) -> None:
        """The last `count` layers of the backbone."""
        super().__init__()
        self.layers = nn.ModuleList(vectors.backbone.last(count))
        self._vectors, self._count = [vectors], count
        row = {n: torch.from_numpy(np.zeros((1, *s), d)) for n, (d, s, _) in columns.items()}
        with torch.no_grad():
            self._shapes = [part.shape[1:] for part in vectors.below(row, count)]

    def forward(self, row_NM: Tensor) -> Tensor:
        """Vectors (N, F)."""
        parts_NM = row_NM.split([shape.numel() for shape in self._shapes], 1)
        parts = [p.unflatten(1, s) for p, s in zip(parts_NM, self._shapes, strict=True)]
        return self._vectors[0].above(parts, self._count)

    def groups(self) -> list[dict[str, object]]:
        """Weights with their rates, for the optimiser."""
        *blocks, last = self.layers
        slow = [weight for block in blocks for weight in block.parameters()]
        groups: list[dict[str, object]] = [{"params": list(last.parameters()), "lr": _RATE}]
        return [*groups, {"params": slow, "lr": _RATE * _SLOWER}] if slow else groups


@dataclass(frozen=True)
class Kept:
    """Rows as they enter the layers, and their targets."""

    row_NM: np.ndarray
    """float32, mapped from a file."""
    target_N: Tensor

    def vectors(self, above: Above) -> Tensor:
        """What the layers make of all rows now, (N, F)."""
        starts = range(0, len(self.row_NM), BLOCK)
        with torch.no_grad():
            return torch.cat([above(self.some(slice(start, start + BLOCK))) for start in starts])

    def some(self, index: slice | np.ndarray) -> Tensor:
        """Some rows, copied."""
        return torch.from_numpy(np.array(self.row_NM[index]))


def keep(
    below: bytes, columns: Mapping[str, np.ndarray], target_N: Tensor, file: Path, threads: int
) -> Kept:
    """Let the layers below answer all rows, into a file.

    Args:
        below: Graph of `Below`.
        columns: Prepared columns.
        target_N: Targets of the rows.
        file: Where to keep the answers; named after the part.
        threads: For the layers below.

    Raises:
        MachineError: If the disk is full.
    """
    with machine_errors(f"write {file}"), file.open("wb") as stream:
        for block in blocks_of(below, columns, threads=threads, title=f"look at {file.stem}"):
            stream.write(block.astype("<f4", copy=False).tobytes())
    return Kept(np.memmap(file, "<f4", "r").reshape(len(target_N), -1), target_N)


def below_graph(vectors: Vectors, columns: Mapping[str, Form], count: int) -> bytes:
    """The graph of the layers that stay as they are."""
    return export(Below(vectors, count), columns)


@dataclass(frozen=True)
class Tuned:
    """What the rounds ended with; the layers hold the weights of the best of them."""

    head: Head
    history: list[dict[str, float]]
    """One record a round; none where there was no time for one."""

    @property
    def rounds(self) -> int:
        """Rounds until the best one."""
        losses = [record["validation_loss"] for record in self.history]
        return losses.index(min(losses)) + 1


def fine_tune(
    above: Above,
    frozen: FittedHead,
    parts: tuple[Kept, Kept],
    loss: Loss,
    *,
    seed: int,
    end_s: float,
) -> Tuned:
    """Train the layers further, in place, while that lowers the validation loss.

    The round with the lowest one stays, even if the frozen layers had less; that is for the caller
    to judge.

    Args:
        above: The layers.
        frozen: The head on them as they are.
        parts: Training and validation rows.
        loss: Mean loss of outputs and targets.
        seed: Source of the order of rows.
        end_s: Moment of `time.monotonic` at which no round may still be running.
    """
    train, validation = parts
    head, history = frozen.head, list[dict[str, float]]()
    best, least = (head, _copy(above)), float("inf")
    most = min(record["validation_loss"] for record in frozen.history)
    method = torch.optim.AdamW(above.groups(), weight_decay=0.0)
    round_s = 0.0
    with events.task("fine-tune", total=_ROUNDS, unit="rounds") as view:
        for number in range(_ROUNDS):
            begin = time.monotonic()
            if begin + round_s >= end_s:
                break
            _pass(above, head, train, loss, method, derive_seed(seed, "round", number))
            vector_NF = train.vectors(above)
            head = refit_head(head, vector_NF, train.target_N, loss, frozen.penalty)
            record = {
                "train_loss": _loss(head, vector_NF, train.target_N, loss),
                "validation_loss": _loss(
                    head, validation.vectors(above), validation.target_N, loss
                ),
            }
            history.append(record)
            view.advance()
            if record["validation_loss"] < least:
                best, least = (head, _copy(above)), record["validation_loss"]
            if record["validation_loss"] > min(least, most):
                break
            round_s = time.monotonic() - begin
    above.load_state_dict(best[1])
    return Tuned(best[0], history)


def _pass(
    above: Above, head: Head, train: Kept, loss: Loss, method: torch.optim.Optimizer, seed: int
) -> None:
    """Show all rows to the layers once, in an order drawn anew."""
    head.requires_grad_(requires_grad=False)
    order_N = np.random.default_rng(seed).permutation(len(train.row_NM))
    for start in range(0, len(order_N), _BATCH):
        index = order_N[start : start + _BATCH]
        loss(head(above(train.some(index))), train.target_N[torch.from_numpy(index)]).backward()
        method.step()
        method.zero_grad()


def _loss(head: Head, vector_NF: Tensor, target_N: Tensor, loss: Loss) -> float:
    with torch.no_grad():
        return float(loss(head(vector_NF), target_N))


def _copy(above: Above) -> dict[str, Tensor]:
    return {name: value.clone() for name, value in above.state_dict().items()}
