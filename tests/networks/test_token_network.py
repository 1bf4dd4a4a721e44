"""An output for each token: in torch, in the graph, and whatever stands beside a text."""

from __future__ import annotations

import numpy as np
import onnxruntime
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from stoker.bundle._operators import OPERATORS
from stoker.cells.ragged import Ragged
from stoker.features import TokenIds
from stoker.models.rnn import Rnn
from stoker.models.transformer import Transformer
from stoker.networks.dilated import DilatedReader
from stoker.networks.export import export
from stoker.networks.graph_names import graph_feed, graph_input
from stoker.networks.preparing import as_tensors
from stoker.networks.text_encoder import EncoderShape, TextEncoder
from stoker.networks.text_towers import EncodedText
from stoker.networks.token_network import Reader, TokenNetwork
from tests.networks.words import FittedWords

NUM_TOKENS, NUM_OUTPUTS, LONGEST = 50, 5, 12
SHAPE = EncoderShape(
    num_tokens=NUM_TOKENS,
    width=16,
    embedding=16,
    layers=2,
    heads=2,
    inner=32,
    positions=LONGEST + 2,
    first_position=0,
    types=0,
    epsilon=1e-12,
    activation="gelu",
    dropout=0.1,
)


def dilated(pairs: int) -> Reader:
    return DilatedReader(TokenIds(NUM_TOKENS), width=16, layers=3, pairs=pairs, dropout=0.2)


READERS = {
    "rnn": lambda: Rnn(width=8, max_length=LONGEST).reader(TokenIds(NUM_TOKENS)),
    "transformer": lambda: Transformer(width=16, heads=2, max_length=LONGEST).reader(
        TokenIds(NUM_TOKENS)
    ),
    "dilated": lambda: dilated(pairs=64),
    "dilated, tokens alone": lambda: dilated(pairs=0),
    "encoder": lambda: EncodedText(TextEncoder(SHAPE)),
    "encoder, surrounded": lambda: EncodedText(TextEncoder(SHAPE), around=(1, 2)),
}


def network(name: str) -> TokenNetwork:
    torch.manual_seed(0)
    made = TokenNetwork("题", READERS[name](), NUM_OUTPUTS).eval()
    torch.nn.init.normal_(made.head.weight)
    return made


NETWORKS = {name: network(name) for name in READERS}
FORM = FittedWords(num_tokens=NUM_TOKENS).form
GRAPHS = {name: export(made, {"题": FORM}) for name, made in NETWORKS.items()}
SESSIONS = {name: onnxruntime.InferenceSession(graph) for name, graph in GRAPHS.items()}


def texts(length_N: list[int], seed: int = 0) -> Ragged:
    offsets = np.concatenate([[0], np.cumsum(length_N)]).astype(np.int64)
    tokens = np.random.default_rng(seed).integers(1, NUM_TOKENS, offsets[-1], dtype=np.uint16)
    return Ragged(tokens, offsets)


def answers(name: str, rows: Ragged) -> np.ndarray:
    with torch.no_grad():
        return NETWORKS[name]({"题": as_tensors(rows)}).values.numpy()


LENGTHS = st.lists(st.integers(0, 30), min_size=1, max_size=6)


@pytest.mark.parametrize("name", READERS)
@settings(max_examples=40, deadline=None)
@given(length_N=LENGTHS, seed=st.integers(0, 99))
def test_a_graph_answers_each_token_as_its_network(
    name: str, length_N: list[int], seed: int
) -> None:
    rows = texts(length_N, seed)
    found_VK = np.asarray(SESSIONS[name].run(None, graph_feed({graph_input("题"): rows}))[0])
    expected_VK = answers(name, rows)
    assert expected_VK.shape == (len(rows.values), NUM_OUTPUTS)
    np.testing.assert_allclose(found_VK, expected_VK, atol=2e-5, rtol=1e-4)


@pytest.mark.parametrize("name", READERS)
@settings(max_examples=40, deadline=None)
@given(length_N=LENGTHS, mates=LENGTHS, seed=st.integers(0, 99))
def test_neither_padding_nor_batch_mates_change_an_answer(
    name: str, length_N: list[int], mates: list[int], seed: int
) -> None:
    mine = texts(length_N, seed)
    whole = mine.joined(texts(mates, seed + 1))
    beside_VK = answers(name, whole)[: len(mine.values)]
    np.testing.assert_allclose(beside_VK, answers(name, mine), atol=2e-5, rtol=1e-4)


@pytest.mark.parametrize("name", READERS)
def test_a_token_sees_those_around_it_and_no_other_text(name: str) -> None:
    rows = texts([6, 6])
    other = Ragged(rows.values.copy(), rows.offsets)
    other.values[1] = other.values[1] % (NUM_TOKENS - 1) + 1
    is_moved_V = np.abs(answers(name, rows) - answers(name, other)).max(axis=1) > 1e-6
    assert is_moved_V[1]
    assert not is_moved_V[6:].any()
    assert is_moved_V[:6].sum() > 1


@pytest.mark.parametrize("name", READERS)
def test_every_weight_learns(name: str) -> None:
    made = network(name)
    made({"题": as_tensors(texts([5, 9, 1]))}).values.square().sum().backward()
    still = [n for n, p in made.named_parameters() if p.grad is None or not p.grad.abs().any()]
    assert still == []


@pytest.mark.parametrize("name", READERS)
def test_a_graph_holds_allowed_operators_only(name: str) -> None:
    import onnx

    nodes = onnx.load_from_string(GRAPHS[name]).graph.node
    assert {node.op_type for node in nodes} <= OPERATORS[""]
