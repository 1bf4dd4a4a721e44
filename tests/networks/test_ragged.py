"""Rows of any length in networks and their graphs: padding and batch mates change no answer."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn import functional

from stoker.bundle._operators import _WRITTEN, OPERATORS
from stoker.bundle._tensors import by_length
from stoker.bundle.interface import Interface
from stoker.bundle.session import Session, run_graph
from stoker.cells.ragged import MOST_VALUES, Ragged, alike, values_of
from stoker.features import FittedFeature, TokenIds
from stoker.models.logistic import Logistic
from stoker.models.mlp import Mlp
from stoker.networks.columns import ColumnNetwork, Flattened
from stoker.networks.export import export
from stoker.networks.graph_names import graph_input, offsets_input
from stoker.networks.preparing import RaggedTensor, Tower, as_tensors
from stoker.networks.ragged import MeanVector, mean_vectors, padded
from stoker.tasks.regress import FittedRegress
from tests.networks.words import FittedWords

NUM_TOKENS = 40
FEATURES: dict[str, FittedFeature] = {"题": FittedWords(num_tokens=NUM_TOKENS)}
FORMS = {name: feature.form for name, feature in FEATURES.items()}
LENGTHS = st.lists(st.integers(0, 12), min_size=1, max_size=9)
TASK = FittedRegress(mean=0, std=1, low=0, high=1)


class Attention(Tower):
    """A layer in which each token looks at the others of its row, and their mean."""

    def __init__(self, tokens: TokenIds) -> None:
        super().__init__()
        self.num_features = 8
        self.vectors = nn.Embedding(tokens.num_tokens, 8)
        self.query, self.key = nn.Linear(8, 8), nn.Linear(8, 8)

    def forward(self, rows: RaggedTensor) -> Tensor:
        value_NL, is_real_NL = padded(rows)
        vector_NLE = self.vectors(value_NL)
        seen_NLE = functional.scaled_dot_product_attention(
            self.query(vector_NLE), self.key(vector_NLE), vector_NLE, is_real_NL.unsqueeze(1)
        )
        # A row without tokens sees nothing, which is no number.
        seen_NLE = torch.where(is_real_NL.unsqueeze(2), seen_NLE, torch.zeros(()))
        return seen_NLE.sum(1) / is_real_NL.sum(1, keepdim=True).clamp(min=1)


def attention() -> nn.Module:
    return ColumnNetwork(
        FEATURES, tower=Flattened, reader=Attention, head=lambda width: nn.Linear(width, 1)
    )


def shaken(network: nn.Module) -> nn.Module:
    torch.manual_seed(3)
    for weight in network.parameters():
        nn.init.normal_(weight)
    return network.eval()


NETWORKS = {
    "mlp": shaken(Mlp(hidden=(6,)).build(FEATURES, 1)),
    "logistic": shaken(Logistic().build(FEATURES, 1)),
    "attention": shaken(attention()),
}
GRAPHS = {name: export(network, FORMS) for name, network in NETWORKS.items()}
SESSIONS = {
    name: Session(graph, Interface(FEATURES, (), "y", TASK), where=Path("here"), threads=1)
    for name, graph in GRAPHS.items()
}


def texts(length_N: list[int], seed: int = 0) -> Ragged:
    offsets = np.concatenate([[0], np.cumsum(length_N)]).astype(np.int64)
    tokens = np.random.default_rng(seed).integers(1, NUM_TOKENS, offsets[-1], dtype=np.uint16)
    return Ragged(tokens, offsets)


def answers(name: str, rows: Ragged) -> np.ndarray:
    with torch.no_grad():
        return NETWORKS[name]({"题": as_tensors(rows)}).numpy()


@pytest.mark.parametrize("name", NETWORKS)
@settings(max_examples=60, deadline=None)
@given(length_N=LENGTHS, seed=st.integers(0, 99))
def test_a_graph_answers_as_its_network(name: str, length_N: list[int], seed: int) -> None:
    rows = texts(length_N, seed)
    found_NK = values_of(SESSIONS[name].run({"题": rows}))
    np.testing.assert_allclose(found_NK, answers(name, rows), atol=2e-5, rtol=1e-4)
    assert np.isfinite(found_NK).all()


@pytest.mark.parametrize("name", NETWORKS)
@settings(max_examples=60, deadline=None)
@given(length_N=LENGTHS, mates=LENGTHS, seed=st.integers(0, 99))
def test_padding_and_batch_mates_change_no_answer(
    name: str, length_N: list[int], mates: list[int], seed: int
) -> None:
    mine, others = texts(length_N, seed), texts([*mates, 30], seed + 1)
    whole = Ragged(
        np.concatenate([mine.values, others.values]),
        np.concatenate([mine.offsets, others.offsets[1:] + mine.offsets[-1]]),
    )
    alone_NK = values_of(SESSIONS[name].run({"题": mine}))
    beside_NK = values_of(SESSIONS[name].run({"题": whole}))[: len(mine)]
    np.testing.assert_allclose(beside_NK, alone_NK, atol=2e-5, rtol=1e-5)
    np.testing.assert_allclose(answers(name, whole)[: len(mine)], answers(name, mine), atol=2e-5)


@given(length_N=st.lists(st.integers(0, 3_000), max_size=60))
def test_pieces_hold_each_row_once_and_little_padding(length_N: list[int]) -> None:
    lengths = np.array(length_N, np.int64)
    pieces = alike(lengths)
    assert sorted(np.concatenate([*pieces, np.zeros(0, int)]).tolist()) == list(range(len(lengths)))
    longest_before = 0
    for piece in pieces:
        length_M = lengths[piece]
        padded_size, size = len(piece) * int(length_M.max()), int(length_M.sum())
        assert length_M.min() >= longest_before, "pieces rise in length"
        assert len(piece) == 1 or padded_size <= MOST_VALUES
        assert len(piece) == 1 or padded_size - size <= max(64, 0.01 * size)
        longest_before = int(length_M.max())


@settings(max_examples=30, deadline=None)
@given(length_N=st.lists(st.sampled_from([0, 1, 2, 300, 700]), min_size=1, max_size=12))
def test_rows_asked_by_length_come_back_in_their_order(length_N: list[int]) -> None:
    rows = texts(length_N)
    session, asked = SESSIONS["attention"], []

    def run(tensors):
        asked.append(len(tensors["题"]))
        return session.run(tensors)

    found_NK = values_of(by_length(run, {"题": rows}))
    assert sum(asked) == len(rows)
    one_by_one = [session.run({"题": rows.between(i, i + 1)})[0] for i in range(len(rows))]
    np.testing.assert_allclose(found_NK, one_by_one, atol=2e-5, rtol=1e-4)
    by_input = run_graph(GRAPHS["attention"], {graph_input("题"): rows})
    np.testing.assert_allclose(by_input, one_by_one, atol=2e-5, rtol=1e-4)


def test_a_very_long_row_takes_no_memory_of_others() -> None:
    rows = texts([20_000, *[3] * 500])
    pieces = alike(rows.lengths)
    assert [len(piece) for piece in pieces] == [500, 1]
    found_NK = values_of(by_length(SESSIONS["mlp"].run, {"题": rows}))
    np.testing.assert_allclose(found_NK, answers("mlp", rows), atol=5e-5)


def test_ids_stand_at_the_beginning_of_padded_rows_and_nothing_behind_them() -> None:
    rows = texts([2, 0, 3])
    value_NL, is_real_NL = padded(as_tensors(rows))
    assert value_NL.shape == (3, 3)
    assert is_real_NL.sum(1).tolist() == [2, 0, 3]
    assert not value_NL[~is_real_NL].any()
    for row in range(3):
        assert value_NL[row][is_real_NL[row]].tolist() == rows[row].tolist()


def test_rows_without_any_token_are_zeros_and_still_learn() -> None:
    bag = MeanVector(TokenIds(NUM_TOKENS), 4)
    found = bag(as_tensors(texts([0, 2]))._replace(values=torch.tensor([5, 6])))
    assert found[0].tolist() == [0] * 4
    found.sum().backward()
    torch.testing.assert_close(
        mean_vectors(
            RaggedTensor(torch.zeros(0, dtype=torch.int64), torch.zeros(3).long()), bag.vectors
        ),
        torch.zeros(2, 4),
    )


def test_a_graph_has_two_inputs_for_such_a_column_and_no_loop() -> None:
    for made, graph in GRAPHS.items():
        model = onnx.load_from_string(graph)
        name = graph_input("题")
        assert [one.name for one in model.graph.input] == [name, offsets_input(name)]
        known = OPERATORS[""] if made == "attention" else {*_WRITTEN}
        assert {node.op_type for node in model.graph.node} <= known
        axes = [one.type.tensor_type.shape.dim[0].dim_param for one in model.graph.input]
        assert axes == [f"values of {name}", "offsets"]


def test_equal_networks_give_equal_bytes() -> None:
    for name, network in NETWORKS.items():
        assert export(network, FORMS) == GRAPHS[name]
