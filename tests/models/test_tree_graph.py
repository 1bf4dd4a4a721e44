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
from stoker.models._bins import encode, fit_fields
from stoker.models._table_graph import table_graph
from stoker.models._tree_graph import join_forests, read_forest
from stoker.networks.graph_names import graph_input

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
    feed = {graph_input(name): column for name, column in made.items()}
    return np.asarray(onnxruntime.InferenceSession(graph, options).run(None, feed)[0])


def graph_of(booster: lightgbm.Booster, made: dict[str, np.ndarray], num_outputs: int) -> bytes:
    forest = read_forest(booster.model_to_string(), num_outputs)
    return table_graph(made, num_outputs, forest=forest)


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
    assert read_forest(booster.model_to_string(), 1).num_nodes.sum() == 0
    found = run(graph_of(booster, made, 1), made)
    np.testing.assert_allclose(found, expected(booster, made, 1), rtol=1e-6)


def test_stumps_among_trees_keep_their_outputs_apart() -> None:
    made = columns(5, 200, gaps=True)
    label = np.where(np.arange(200) < 3, 2, np.arange(200) % 2)  # a class too rare to be split on
    rules = {**QUIET, "objective": "multiclass", "num_class": 3, "min_sum_hessian_in_leaf": 3}
    data = lightgbm.Dataset(matrix(made), label, categorical_feature=[2, 3], params=rules)
    booster = lightgbm.train(rules, data, 8)
    nodes = read_forest(booster.model_to_string(), 3).num_nodes
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
        read_forest(lightgbm.train(rules, data, 3).model_to_string(), 1)


def test_linear_leaves_are_refused() -> None:
    made = columns(1, 300, gaps=False)
    rules = {**QUIET, "objective": "regression", "linear_tree": True}
    data = lightgbm.Dataset(matrix(made), matrix(made)[:, 0], params=rules)
    with pytest.raises(TrainingError, match="linear leaves"):
        read_forest(lightgbm.train(rules, data, 3).model_to_string(), 1)


def test_forests_joined_and_scaled_add_up() -> None:
    made = columns(2, 300, gaps=True)
    forests = [read_forest(train(made, 1, trees).model_to_string(), 1) for trees in (3, 5)]
    joined = join_forests([forests[0].scaled(0.25), forests[1].scaled(0.75)])
    parts = [run(table_graph(made, 1, forest=forest), made) for forest in forests]
    found = run(table_graph(made, 1, forest=joined), made)
    np.testing.assert_allclose(found, 0.25 * parts[0] + 0.75 * parts[1], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("num_values", [4, 5000])
def test_trees_on_bins_are_trees_on_values(num_values: int) -> None:
    """Trees that saw bins take the same branches once their thresholds are cuts in float64."""
    random = np.random.default_rng(0)
    value = random.integers(0, num_values, 4000) / 7.0 - 1e9
    value[random.random(4000) < 0.1] = np.nan
    made = {"x": value, "y": random.normal(size=4000)}
    fields = fit_fields(made, 32, 0)
    rank_NF = encode(fields, made)
    assert max(field.size for field in fields) <= 32
    settings = {**QUIET, "objective": "regression", "min_data_in_bin": 1}
    target = np.nan_to_num(value + 1e9) + made["y"]
    booster = lightgbm.train(settings, lightgbm.Dataset(rank_NF, target, params=settings), 5)
    forest = read_forest(booster.model_to_string(), 1).on_values(fields)
    found = run(table_graph(made, 1, forest=forest), made)
    raw = np.asarray(booster.predict(rank_NF, raw_score=True))[:, None]
    np.testing.assert_allclose(found, raw, rtol=1e-6)


def test_a_cell_that_training_never_missed_counts_as_the_middle_one() -> None:
    random = np.random.default_rng(0)
    made = {"x": random.normal(size=500), "y": random.normal(size=500)}
    fields = fit_fields(made, 255, 0)
    settings = {**QUIET, "objective": "regression", "min_data_in_bin": 1}
    data = lightgbm.Dataset(encode(fields, made), made["x"] + made["y"], params=settings)
    text = lightgbm.train(settings, data, 5).model_to_string()
    graph = table_graph(made, 1, forest=read_forest(text, 1).on_values(fields))
    asked = {"x": np.array([np.nan, np.median(made["x"])]), "y": np.array([0.3, 0.3])}
    missing, middle = run(graph, asked)[:, 0]
    assert missing == middle
