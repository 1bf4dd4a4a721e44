"""Texts read in their order by a recurrent network, and the network that `rnn` builds of it.

Padding stands behind a row, so reading forwards no state of the row has seen it; the other
direction reads rows that were turned round within their own lengths.  torch's packed rows would do
the same, but their gradient copies all inputs at each place: ten times as long for 110 places
(torch 2.13, CPU).  A graph has an operator for each cell that is told the lengths, and turns rows
itself.

Cost: of a layer and direction 3 (GRU) or 4 (LSTM) times (inputs + width) * width multiplications a
token, one token after the other: a text of 300 tokens is 300 small products.

Shapes: N rows, L places of the longest row, E inputs of a layer, D directions, H width of one, G
gates times H, S outputs of a layer, D times H.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import torch
from torch import Tensor, nn

from stoker.networks.hybrid import hybrid
from stoker.networks.preparing import RaggedTensor
from stoker.networks.ragged import Padded, Pooling, of_tokens, padded, summed_up
from stoker.networks.token_network import Reader

if TYPE_CHECKING:
    from stoker.features import FittedFeature, TokenIds

Cell = Literal["gru", "lstm"]
_CELLS: dict[Cell, type[nn.GRU | nn.LSTM]] = {"gru": nn.GRU, "lstm": nn.LSTM}
_GATES = {"GRU": (1, 0, 2), "LSTM": (0, 3, 1, 2)}
"""Where the gates of an operator stand among those of torch's cell."""


class RnnShape(NamedTuple):
    """How a recurrent network is built."""

    cell: Cell
    width: int
    """Numbers of a token's vector, and of a direction's state."""
    depth: int
    bidirectional: bool
    dropout: float
    pooling: Pooling
    max_length: int
    """Tokens of a text that are read."""


def build(
    features: Mapping[str, FittedFeature],
    num_outputs: int,
    *,
    shape: RnnShape,
    hidden: tuple[int, ...],
) -> nn.Module:
    """A fresh recurrent network."""
    return hybrid(
        features,
        num_outputs,
        lambda tokens: Recurrent(tokens, shape),
        hidden=hidden,
        dropout=shape.dropout,
    )


class Recurrent(Reader):
    """A text as what the states of a recurrent network sum up to, or as the states."""

    def __init__(self, tokens: TokenIds, shape: RnnShape) -> None:
        """Draw the weights."""
        super().__init__()
        self.max_length, self.pooling = shape.max_length, shape.pooling
        self.num_features = self.num_token_features = shape.width * (1 + shape.bidirectional)
        self.embedding = nn.Embedding(tokens.num_tokens, shape.width)
        nn.init.normal_(self.embedding.weight, std=shape.width**-0.5)
        self.dropout = nn.Dropout(shape.dropout)
        inputs = (shape.width, *[self.num_features] * (shape.depth - 1))
        self.layers = nn.ModuleList(RecurrentLayer(shape, each) for each in inputs)

    def forward(self, rows: RaggedTensor) -> Tensor:
        """(N, num_features); zeros for a text without any token."""
        text = padded(rows, self.max_length)
        return self.dropout(summed_up(self._read(text), text.is_real_NL, self.pooling))

    def tokens(self, rows: RaggedTensor) -> Tensor:
        """(V, num_features); zeros for tokens that are not read."""
        return self.dropout(of_tokens(self._read(padded(rows, self.max_length)), rows))

    def _read(self, text: Padded) -> Tensor:
        state_NLS = self.embedding(text.value_NL)
        for layer in self.layers:
            state_NLS = layer(self.dropout(state_NLS), text.is_real_NL)
        return state_NLS


class RecurrentLayer(nn.Module):
    """A cell for each direction."""

    def __init__(self, shape: RnnShape, inputs: int) -> None:
        """Draw the weights.

        Args:
            shape: How the network is built.
            inputs: Numbers of a place's vector.
        """
        super().__init__()
        cell, directions = _CELLS[shape.cell], 1 + shape.bidirectional
        self.sides = nn.ModuleList(
            cell(inputs, shape.width, batch_first=True) for _ in range(directions)
        )

    def forward(self, input_NLE: Tensor, is_real_NL: Tensor) -> Tensor:
        """States of both directions side by side (N, L, S); those in the padding mean nothing."""
        if torch.onnx.is_in_onnx_export():
            return self._in_graph(input_NLE, is_real_NL)
        there, *back = self.sides
        found = [there(input_NLE)[0]]
        if back:
            index_NL1 = _turned_round(is_real_NL).unsqueeze(2)
            turned_NLE = input_NLE.gather(1, index_NL1.expand_as(input_NLE))
            state_NLH = back[0](turned_NLE)[0]
            found.append(state_NLH.gather(1, index_NL1.expand_as(state_NLH)))
        return torch.cat(found, 2)

    def _in_graph(self, input_NLE: Tensor, is_real_NL: Tensor) -> Tensor:
        """The same by one operator."""
        cells = [cell for cell in self.sides if isinstance(cell, nn.RNNBase)]
        weight_DGE, weight_DGH, input_DG, state_DG = (
            torch.stack([_by_gate(cell, name) for cell in cells])
            for name in ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")
        )
        state_LDNH = _Operator.apply(
            cells[0].mode,
            input_NLE.transpose(0, 1),
            weight_DGE,
            weight_DGH,
            torch.cat([input_DG, state_DG], 1),
            is_real_NL.sum(1).clamp(min=1).int(),
        )
        return state_LDNH.permute(2, 0, 1, 3).flatten(2)


def _turned_round(is_real_NL: Tensor) -> Tensor:
    """The place that stands at each place of rows read from their ends; padding stays behind.

    >>> _turned_round(torch.tensor([[True, True, True, False]])).tolist()
    [[2, 1, 0, 3]]
    """
    place_L = torch.arange(is_real_NL.shape[1], device=is_real_NL.device)
    return torch.where(is_real_NL, is_real_NL.sum(1, keepdim=True) - 1 - place_L, place_L)


def _by_gate(cell: nn.RNNBase, name: str) -> Tensor:
    """A weight with its gates in the order of the operator."""
    order = _GATES[cell.mode]
    parts = cell.get_parameter(name).chunk(len(order))
    return torch.cat([parts[place] for place in order])


class _Operator(torch.autograd.Function):
    """The operator `GRU` or `LSTM`; only a graph that is traced has it, and asks for a shape."""

    @staticmethod
    def forward(ctx: Any, kind: str, *given: Tensor) -> Tensor:
        """Zeros of the shape of its states (L, D, N, H)."""
        places, rows, _ = given[0].shape
        directions, _, width = given[2].shape
        return given[0].new_zeros(places, directions, rows, width)

    @staticmethod
    def symbolic(graph: Any, kind: str, *given: Any) -> Any:
        """The operator with the lengths of rows."""
        directions, _, width = given[2].type().sizes()
        of_gru = {"linear_before_reset_i": 1} if kind == "GRU" else {}
        state_LDNH, *_ = graph.op(
            kind,
            *given,
            direction_s="bidirectional" if directions == 2 else "forward",
            hidden_size_i=width,
            outputs=2,
            **of_gru,
        )
        return state_LDNH.setType(given[0].type().with_sizes([None, directions, None, width]))
