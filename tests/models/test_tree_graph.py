"""The ONNX graph of a forest takes every branch that LightGBM takes."""

from __future__ import annotations

import lightgbm
import numpy as np
import onnx
import onnxruntime
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stoker.core.errors import TrainingError
from stoker.models._tree_graph import read_forest, tree_graph

QUIET = {"verbose": -1, "num_threads": 1, "deterministic": True, "force_row_wise": True}
FLOATS = st.floats(width=64, allow_nan=False)


def columns(seed: int, rows: int, gaps: bool) -> dict[str, np.ndarray]:
    """Two number columns (one with few values, so that thresholds are hit) and two of codes."""
    random = np.random.default_rng(seed)
    made = {
        "wide": random.normal(size=rows).astype(np.float32),
        "few": (random.integers(-3, 4, rows) / 10).astype(np.float32),
        "编码": random.integers(0, 40, rows).astype(np.int32),
        "small": random.integers(0, 3, rows).astype(np.int32),
    }
    if gaps:
        made["wide"][random.random(rows) < 0.2] = np.nan
        made["few"][random.random(rows) < 0.1] = np.nan
    return made


def matrix(made: dict[str, np.ndarray]) -> np.ndarray:
    return np.stack([c.astype(np.float64) for c in made.values()], axis=1)


def train(made: dict[str, np.ndarray], num_outputs: int, trees: int = 6) -> lightgbm.Booster:
    m = np.nan_to_num(matrix(made))
    signal = m[:, 0] + 3 * m[:, 1] + (m[:, 2] % 7 > 3) - m[:, 3]
    extra: dict[str, object] = {"objective": "regression"}
    if num_outputs > 1:
        signal = np.digitize(signal, np.quantile(signal, np.arange(1, num_outputs) / num_outputs))
        extra = {"objective": "binary"}
    if num_outputs > 2:
        extra = {"objective": "multiclass", "num_class": num_outputs}
    settings = {**QUIET, **extra, "num_leaves": 15, "min_data_in_leaf": 2, "min_data_per_group": 5}
    data = lightgbm.Dataset(matrix(made), signal, categorical_feature=[2, 3], params=settings)
    return lightgbm.train(settings, data, trees)


def run(graph: bytes, made: dict[str, np.ndarray]) -> np.ndarray:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return np.asarray(onnxruntime.InferenceSession(graph, options).run(None, made)[0])


def graph_of(booster: lightgbm.Booster, made: dict[str, np.ndarray], num_outputs: int) -> bytes:
    types = {name: column.dtype for name, column in made.items()}
    return tree_graph(read_forest(booster.model_to_string()), types, num_outputs)


def expected(booster: lightgbm.Booster, made: dict[str, np.ndarray], outputs: int) -> np.ndarray:
    raw = np.asarray(booster.predict(matrix(made), raw_score=True)).reshape(len(made["few"]), -1)
    return np.hstack([np.zeros_like(raw), raw]) if outputs == 2 else raw


@pytest.mark.parametrize("num_outputs", [1, 2, 4])
@given(seed=st.integers(0, 2**16), gaps=st.booleans(), unseen_gaps=st.booleans())
@settings(max_examples=12, deadline=None)
def test_outputs_equal_those_of_lightgbm(
    num_outputs: int, seed: int, gaps: bool, unseen_gaps: bool
) -> None:
    made = columns(seed, 300, gaps)
    booster = train(made, num_outputs)
    asked = columns(seed + 1, 500, gaps or unseen_gaps)
    asked["编码"] = asked["编码"] * 3  # most of them never seen in training
    found = run(graph_of(booster, made, num_outputs), asked)
    assert found.shape == (500, num_outputs)
    np.testing.assert_allclose(found, expected(booster, asked, num_outputs), rtol=0, atol=2e-5)


@pytest.mark.parametrize("value", [np.inf, -np.inf, 3.4e38, -3.4e38, 1e-45, -0.0])
def test_extreme_numbers_take_the_same_branches(value: float) -> None:
    made = columns(3, 400, gaps=True)
    booster = train(made, 2)
    asked = {**columns(4, 64, gaps=False), "wide": np.full(64, value, np.float32)}
    found = run(graph_of(booster, made, 2), asked)
    np.testing.assert_allclose(found, expected(booster, asked, 2), rtol=0, atol=2e-5)


def test_trees_without_a_split_are_constants() -> None:
    made = columns(0, 50, gaps=False)
    flat = {**QUIET, "objective": "regression", "min_data_in_leaf": 40}
    data = lightgbm.Dataset(matrix(made), np.arange(50.0), params=flat)
    booster = lightgbm.train(flat, data, 3)
    assert read_forest(booster.model_to_string()).num_nodes.sum() == 0
    found = run(graph_of(booster, made, 1), made)
    np.testing.assert_allclose(found, expected(booster, made, 1), rtol=1e-6)


def test_stumps_among_trees_keep_their_outputs_apart() -> None:
    made = columns(5, 200, gaps=True)
    label = np.where(np.arange(200) < 3, 2, np.arange(200) % 2)  # a class too rare to be split on
    rules = {**QUIET, "objective": "multiclass", "num_class": 3, "min_sum_hessian_in_leaf": 3}
    data = lightgbm.Dataset(matrix(made), label, categorical_feature=[2, 3], params=rules)
    booster = lightgbm.train(rules, data, 8)
    nodes = read_forest(booster.model_to_string()).num_nodes
    assert (nodes == 0).any()
    assert (nodes > 0).any()
    found = run(graph_of(booster, made, 3), made)
    np.testing.assert_allclose(found, expected(booster, made, 3), rtol=0, atol=2e-5)


def test_equal_boosters_give_equal_bytes() -> None:
    made = columns(1, 300, gaps=True)
    graphs = [graph_of(train(made, 4), made, 4) for _ in range(2)]
    assert graphs[0] == graphs[1]
    onnx.checker.check_model(onnx.load_from_string(graphs[0]), full_check=True)


def test_zero_taken_as_missing_is_refused() -> None:
    made = columns(1, 300, gaps=False)
    rules = {**QUIET, "objective": "regression", "zero_as_missing": True, "min_data_in_leaf": 2}
    data = lightgbm.Dataset(matrix(made), matrix(made)[:, 0], params=rules)
    with pytest.raises(TrainingError, match="zero as missing"):
        read_forest(lightgbm.train(rules, data, 3).model_to_string())


def test_linear_leaves_are_refused() -> None:
    made = columns(1, 300, gaps=False)
    rules = {**QUIET, "objective": "regression", "linear_tree": True}
    data = lightgbm.Dataset(matrix(made), matrix(made)[:, 0], params=rules)
    with pytest.raises(TrainingError, match="linear leaves"):
        read_forest(lightgbm.train(rules, data, 3).model_to_string())
