"""Networks that learn to read: who stands beside a text, padding and order of rows tell nothing."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from stoker.bundle._operators import _WRITTEN
from stoker.bundle.interface import Interface
from stoker.bundle.session import Session
from stoker.cells.ragged import Ragged
from stoker.core.steps import make_step
from stoker.data.prepare.prepared_set import Column, PreparedSet, PreparedWriter
from stoker.features import FittedFeature, TokenIds
from stoker.models import Network
from stoker.networks.export import export
from stoker.networks.preparing import as_tensors
from stoker.networks.rnn import Recurrent, RecurrentLayer, RnnShape
from stoker.networks.transformer import turn_of, turned
from stoker.tasks.regress import FittedRegress
from stoker.train.network_output import outputs
from stoker.train.speed import multiplications
from tests.networks.words import FittedWords

NUM_TOKENS = 40
LONGEST = 9
FEATURES: dict[str, FittedFeature] = {"题": FittedWords(num_tokens=NUM_TOKENS)}
FORMS = {name: feature.form for name, feature in FEATURES.items()}
INTERFACE = Interface(FEATURES, (), "y", FittedRegress(mean=0, std=1, low=0, high=1))
LENGTHS = st.lists(st.integers(0, 2 * LONGEST), min_size=1, max_size=7)
MODELS = {
    "gru": {"rnn": {"cell": "gru", "width": 6, "depth": 2}},
    "lstm": {"rnn": {"cell": "lstm", "width": 6, "depth": 2, "pooling": "mean"}},
    "gru, one way": {"rnn": {"cell": "gru", "width": 6, "bidirectional": False}},
    "lstm, one way": {"rnn": {"cell": "lstm", "width": 6, "bidirectional": False}},
    "gelu": {"transformer": {"width": 8, "depth": 2, "heads": 2, "hidden": [5]}},
    "swiglu": {"transformer": {"width": 8, "heads": 4, "feedforward": "swiglu", "pooling": "max"}},
}


def build(name: str) -> nn.Module:
    ((kind, fields),) = MODELS[name].items()
    torch.manual_seed(4)
    step = make_step("stoker.models", {kind: {**fields, "max_length": LONGEST}}, Network)
    network = step.build(FEATURES, 1)
    for weight in network.parameters():
        nn.init.normal_(weight, std=0.5)
    return network.eval()


NETWORKS = {name: build(name) for name in MODELS}
GRAPHS = {name: export(network, FORMS) for name, network in NETWORKS.items()}
SESSIONS = {
    name: Session(graph, INTERFACE, where=Path("here"), threads=1) for name, graph in GRAPHS.items()
}
EACH = pytest.mark.parametrize("name", MODELS)


def texts(length_N: list[int], seed: int = 0) -> Ragged:
    offsets = np.concatenate([[0], np.cumsum(length_N)]).astype(np.int64)
    tokens = np.random.default_rng(seed).integers(1, NUM_TOKENS, offsets[-1], dtype=np.uint16)
    return Ragged(tokens, offsets)


def answers(name: str, rows: Ragged) -> np.ndarray:
    with torch.no_grad():
        return NETWORKS[name]({"题": as_tensors(rows)}).numpy()


def served(name: str, rows: Ragged) -> np.ndarray:
    found = SESSIONS[name].run({"题": rows})
    assert isinstance(found, np.ndarray)
    return found


@EACH
@settings(max_examples=40, deadline=None)
@given(length_N=LENGTHS, seed=st.integers(0, 99))
def test_a_graph_answers_as_its_network(name: str, length_N: list[int], seed: int) -> None:
    for lengths in (length_N, [1], [LONGEST], [LONGEST, 1], [0]):
        rows = texts(lengths, seed)
        found_NK = served(name, rows)
        np.testing.assert_allclose(found_NK, answers(name, rows), atol=1e-5, rtol=1e-5)


@EACH
@settings(max_examples=40, deadline=None)
@given(length_N=LENGTHS, mates=LENGTHS, seed=st.integers(0, 99))
def test_padding_and_batch_mates_change_no_answer(
    name: str, length_N: list[int], mates: list[int], seed: int
) -> None:
    mine = texts(length_N, seed)
    whole = mine.joined(texts([*mates, 2 * LONGEST], seed + 1))
    for ask in (answers, served):
        found_NK = ask(name, whole)[: len(mine)]
        np.testing.assert_allclose(found_NK, ask(name, mine), atol=1e-5, rtol=1e-5)


@EACH
def test_what_stands_behind_the_last_token_that_is_read_tells_nothing(name: str) -> None:
    whole = texts([2 * LONGEST])
    begin = Ragged(whole.values[:LONGEST], np.array([0, LONGEST]))
    np.testing.assert_allclose(answers(name, whole), answers(name, begin), atol=1e-6)
    less = Ragged(whole.values[: LONGEST - 1], np.array([0, LONGEST - 1]))
    assert not np.allclose(answers(name, less), answers(name, begin), atol=1e-4)


@EACH
def test_the_order_of_words_is_seen(name: str) -> None:
    there, back = (Ragged(np.array(said, np.uint16), np.array([0, 3])) for said in (
        [5, 6, 7], [7, 6, 5],
    ))  # fmt: skip
    assert not np.allclose(answers(name, there), answers(name, back), atol=1e-3)


@EACH
def test_an_empty_text_is_one_of_its_own_whoever_stands_beside(name: str) -> None:
    zero = Ragged(np.zeros(1, np.uint16), np.array([0, 0, 1]))
    empty_K, token_K = answers(name, zero)
    assert not np.allclose(empty_K, token_K, atol=1e-3), "the first token is a word, too"
    nothing = Ragged(np.zeros(0, np.uint16), np.zeros(4, np.int64))
    for found in (answers(name, nothing), served(name, nothing)):
        np.testing.assert_allclose(found, np.tile(empty_K, (3, 1)), atol=1e-6)


@EACH
def test_every_weight_learns_from_the_first_step_on(name: str) -> None:
    network = NETWORKS[name].train()
    rows = texts([LONGEST, 4, 0, 1])
    network({"题": as_tensors(rows)}).square().sum().backward()
    for weight_name, weight in network.named_parameters():
        assert weight.grad is not None, weight_name
        assert torch.isfinite(weight.grad).all(), weight_name
        assert weight.grad.any(), weight_name
    network.zero_grad()
    network.eval()


@EACH
def test_the_order_of_rows_changes_no_answer(name: str, tmp_path: Path) -> None:
    length_N = np.random.default_rng(0).integers(0, 400, 40)
    rows, order = texts(length_N.tolist()), np.random.default_rng(1).permutation(40)
    found = []
    for part, given_rows in (("train", rows), ("test", rows.gather(order))):
        with PreparedWriter(
            tmp_path, part, {"题": Column("uint16", ragged=True)}, Column("int64")
        ) as out:
            out.append({"题": given_rows}, target=np.zeros(40, np.int64), row=np.arange(40))
        found.append(outputs(NETWORKS[name], PreparedSet.open(tmp_path, part)))
    np.testing.assert_allclose(found[0][order], found[1], atol=1e-5, rtol=1e-5)
    one_by_one = [answers(name, rows.between(row, row + 1))[0] for row in range(40)]
    np.testing.assert_allclose(found[0], one_by_one, atol=1e-5, rtol=1e-5)


@EACH
def test_a_graph_is_made_of_known_operators_and_in_silence(
    name: str, capfd: pytest.CaptureFixture[str]
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert export(NETWORKS[name], FORMS) == GRAPHS[name]
    assert capfd.readouterr() == ("", "")
    used = {node.op_type for node in onnx.load_from_string(GRAPHS[name]).graph.node}
    assert used <= {*_WRITTEN}
    if "rnn" in MODELS[name]:
        assert {"gru": "GRU", "lstm": "LSTM"}[name.partition(",")[0]] in used


@pytest.mark.parametrize("cell", ["gru", "lstm"])
def test_both_directions_are_those_of_packed_rows(cell: str) -> None:
    torch.manual_seed(0)
    shape = RnnShape(cell, 5, 1, True, 0.0, "max", LONGEST)  # pyrefly: ignore[bad-argument-type]
    layer = Recurrent(TokenIds(NUM_TOKENS), shape).layers[0]
    assert isinstance(layer, RecurrentLayer)
    whole = {"gru": nn.GRU, "lstm": nn.LSTM}[cell](5, 5, batch_first=True, bidirectional=True)
    for side, end in zip(layer.sides, ("", "_reverse"), strict=True):
        for weight_name, weight in side.named_parameters():
            whole.get_parameter(weight_name + end).data.copy_(weight)
    length_N = torch.tensor([3, 7, 1])
    input_NLE, is_real_NL = torch.randn(3, 7, 5), torch.arange(7) < length_N[:, None]
    packed = pack_padded_sequence(input_NLE, length_N, batch_first=True, enforce_sorted=False)
    wanted = pad_packed_sequence(whole(packed)[0], batch_first=True)[0]
    found = layer(input_NLE, is_real_NL)
    torch.testing.assert_close(found[is_real_NL], wanted[is_real_NL], atol=1e-6, rtol=0)


def test_a_product_of_turned_vectors_follows_their_distance_alone() -> None:
    query, key = torch.randn(1, 1, 1, 8), torch.randn(1, 1, 1, 8)
    turn = turn_of(torch.arange(50), 8)
    at: list[Tensor] = [
        turned(each.expand(1, 1, 50, 8), turn)[0, 0].double() for each in (query, key)
    ]
    product_LL = at[0] @ at[1].T
    for distance in (0, 1, 20):
        along = product_LL.diagonal(distance)
        torch.testing.assert_close(along, along[:1].expand_as(along), atol=1e-5, rtol=1e-5)
    assert product_LL.diagonal(1)[0] != pytest.approx(float(product_LL.diagonal(2)[0]), abs=1e-3)
    torch.testing.assert_close(at[0].norm(dim=1), query.norm().double().expand(50))


def test_work_of_recurrent_layers_is_counted() -> None:
    row = {"题": as_tensors(texts([7]))}
    directions, gates, width = 1, 3, 6
    cell = directions * gates * (width + width) * width * 7
    head = width
    assert multiplications(NETWORKS["gru, one way"], row) == 3 * (cell + head)
