"""Tables of so many rows that they are not all in memory: the same model, and the same answers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime
import pytest

from stoker.candidates.conditions import Conditions
from stoker.data.prepare.prepared_set import Column, PreparedSet, PreparedWriter
from stoker.models import Estimator, _design, _rows, boosted_trees
from stoker.models._row_losses import loss_of
from stoker.models._rows import TableRows, join
from stoker.models.blend import Blend
from stoker.models.boosted_trees import BoostedTrees
from stoker.models.linear import Linear
from stoker.networks.graph_names import graph_input
from stoker.tasks import FittedTask
from stoker.tasks.classify import FittedClassify
from stoker.tasks.regress import FittedRegress

BINARY = FittedClassify(classes=("no", "yes"), counts=(1, 1), kind="text")
TERNARY = FittedClassify(classes=("a", "b", "c"), counts=(1, 1, 1), kind="text")
NUMBER = FittedRegress(mean=0, std=1, low=-9, high=9)
FORMS = {"数": Column("float64"), "rare": Column("float64"), "code": Column("int32")}
TREES = BoostedTrees(num_trees=25, num_leaves=7, patience=10)


def make_part(folder: Path, part: str, task: FittedTask, rows: int) -> PreparedSet:
    """Numbers, some of them missing; a column in which one cell is; codes."""
    random = np.random.default_rng(len(part))
    number, rare = random.normal(size=rows), random.normal(size=rows)
    code = random.integers(0, 9, rows).astype(np.int32)
    signal = number + (code % 3) + random.normal(0, 0.3, rows)
    target = signal.astype(np.float32)
    if task.output.width > 1:
        target = np.digitize(signal, [0.8, 1.6][: task.output.width - 1]).astype(np.int64)
    number[random.random(rows) < 0.1] = np.nan
    if part == "train":
        rare[-7] = np.nan
    with PreparedWriter(folder, part, FORMS, task.target_form) as writer:
        columns = {"数": number, "rare": rare, "code": code}
        writer.append(columns, target=target, row=np.arange(rows))
    return PreparedSet.open(folder, part)


@pytest.fixture(params=[BINARY, TERNARY, NUMBER], ids=["binary", "ternary", "number"])
def task(request: pytest.FixtureRequest) -> FittedTask:
    return request.param


@pytest.fixture
def parts(tmp_path: Path, task: FittedTask) -> tuple[PreparedSet, PreparedSet]:
    return make_part(tmp_path, "train", task, 900), make_part(tmp_path, "validation", task, 300)


@pytest.fixture
def many(monkeypatch: pytest.MonkeyPatch) -> None:
    """A table of some hundred rows counts as one of many."""
    monkeypatch.setattr(_rows, "_MOST_SORTED", 500)
    monkeypatch.setattr(_rows, "_SAMPLED_ROWS", 400)
    monkeypatch.setattr(_rows, "_BLOCK_ROWS", 64)
    monkeypatch.setattr(boosted_trees, "_ANSWERED_ROWS", 64)
    monkeypatch.setattr(_design, "MANY_ROWS", 500)
    monkeypatch.setattr(_design, "_PART_ROWS", 64)


def answers(graph: bytes, part: PreparedSet) -> np.ndarray:
    feed = {graph_input(name): np.array(column) for name, column in part.columns.items()}
    return np.asarray(onnxruntime.InferenceSession(graph).run(None, feed)[0])


@pytest.mark.parametrize("model", [TREES, Linear()], ids=["trees", "linear"])
def test_the_graph_repeats_the_model_and_the_model_is_as_good(
    parts, task: FittedTask, model: Estimator, request: pytest.FixtureRequest
) -> None:
    few = model.fit(parts[0], parts[1], task, under=Conditions(3, threads=1))
    request.getfixturevalue("many")
    found = model.fit(parts[0], parts[1], task, under=Conditions(3, threads=1))
    again = model.fit(parts[0], parts[1], task, under=Conditions(3, threads=1))
    assert found.graph == again.graph
    np.testing.assert_allclose(
        answers(found.graph, parts[1]), found.validation_output_NK, atol=2e-5
    )
    losses = [loss_of(one.validation_output_NK, parts[1].target) for one in (few, found)]
    assert losses[1] < losses[0] * 1.15


@pytest.mark.usefixtures("many")
def test_a_blend_is_what_its_graph_says(parts, task: FittedTask) -> None:
    found = Blend().fit(parts[0], parts[1], task, under=Conditions(3, threads=1, preset="fast"))
    np.testing.assert_allclose(
        answers(found.graph, parts[1]), found.validation_output_NK, atol=2e-5
    )


@pytest.mark.usefixtures("many")
def test_a_cell_that_is_missing_in_one_row_alone_is_answered_alike(parts, task: FittedTask) -> None:
    """The only gap of a column lies in no evenly spaced row."""
    rows = join(parts[0], parts[1], task.output.width, max_bins=255, seed=0)
    grown = boosted_trees.grow(
        TREES, rows, rows.train_M, rows.validation_M, Conditions(3, threads=1), None
    )
    found = TREES.fit(parts[0], parts[1], task, under=Conditions(3, threads=1))
    output_NK = grown.outputs(rows, rows.train_M)
    np.testing.assert_allclose(answers(found.graph, parts[0]), output_NK, atol=2e-5)


@pytest.mark.usefixtures("many")
def test_bins_are_those_of_all_rows_at_once(parts, task: FittedTask) -> None:
    rows: TableRows = join(parts[0], parts[1], task.output.width, max_bins=255, seed=0)
    assert rows.binned is None
    index_M = np.array([3, 899, 900, 1_199, 5])
    whole_NF = rows.ranks(np.arange(len(rows)))
    np.testing.assert_array_equal(rows.ranks(index_M), whole_NF[index_M])
    assert rows.dataset.num_data() == 1_200
