"""The linear model of tables: the right weights, equal bytes, no torch, free of scale."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import onnxruntime
import pytest

from stoker.candidates.conditions import Conditions
from stoker.candidates.fitted import Fitted
from stoker.core.errors import RecipeError
from stoker.data.prepare.prepared_set import Column, PreparedSet, PreparedWriter
from stoker.models._design import Design, quantiles
from stoker.models._linear_fit import fit_path
from stoker.models._row_losses import loss_of
from stoker.models.linear import Linear
from stoker.networks.graph_names import graph_input
from stoker.tasks import FittedTask
from stoker.tasks.classify import FittedClassify
from stoker.tasks.regress import FittedRegress

BINARY = FittedClassify(classes=("no", "yes"), counts=(1, 1), kind="text")
TERNARY = FittedClassify(classes=("a", "b", "c"), counts=(1, 1, 1), kind="text")
NUMBER = FittedRegress(mean=0, std=1, low=-9, high=9)
FORMS = {"数": Column("float64"), "when": Column("float64", (2,)), "code": Column("int32")}


def make_part(folder: Path, part: str, task: FittedTask, rows: int, **change: float) -> PreparedSet:
    random = np.random.default_rng(len(part))
    number, pair = random.normal(size=rows), random.normal(size=(rows, 2))
    code = random.integers(0, 6, rows).astype(np.int32)
    signal = number - 2 * pair[:, 1] + np.sin(code) + random.normal(0, 0.2, rows)
    target = signal.astype(np.float32)
    if task.output.width > 1:
        target = np.digitize(signal, [0.0, 1.5][: task.output.width - 1]).astype(np.int64)
    number = number * change.get("factor", 1.0) + change.get("shift", 0.0)
    number[::11] = np.nan
    folder.mkdir(exist_ok=True)
    with PreparedWriter(folder, part, FORMS, task.target_form) as writer:
        columns = {"数": number, "when": pair, "code": code}
        writer.append(columns, target=target, row=np.arange(rows))
    return PreparedSet.open(folder, part)


STRAIGHT, BENT, WAVING = Linear(), Linear(bends=5), Linear(waves=60)


def fit(folder: Path, task: FittedTask, model: Linear = STRAIGHT, **change: float) -> Fitted:
    train = make_part(folder, "train", task, 400, **change)
    test = make_part(folder, "test", task, 150, **change)
    return model.fit(train, test, task, under=Conditions(0, threads=1))


@pytest.mark.parametrize("model", [STRAIGHT, BENT, WAVING, Linear(bends=2, waves=9)], ids=repr)
@pytest.mark.parametrize("task", [BINARY, TERNARY, NUMBER], ids=["binary", "ternary", "number"])
def test_learns_and_its_graph_repeats_it(tmp_path: Path, task: FittedTask, model: Linear) -> None:
    found = fit(tmp_path, task, model)
    part = PreparedSet.open(tmp_path, "test")
    feed = {graph_input(name): np.array(c) for name, c in part.columns.items()}
    output_NK = np.asarray(onnxruntime.InferenceSession(found.graph).run(None, feed)[0])
    np.testing.assert_allclose(output_NK, found.validation_output_NK, atol=2e-5)
    if task.output.width == 1:
        assert np.mean((output_NK[:, 0] - part.target) ** 2) < 0.2 * np.var(part.target)
    else:
        assert np.mean(output_NK.argmax(1) == part.target) > 0.85


@pytest.mark.parametrize("model", [STRAIGHT, WAVING], ids=repr)
def test_equal_rows_give_equal_bytes(tmp_path: Path, model: Linear) -> None:
    assert fit(tmp_path / "a", TERNARY, model).graph == fit(tmp_path / "b", TERNARY, model).graph


@pytest.mark.parametrize("change", [{"factor": 1e-9}, {"factor": 1e12}, {"shift": 1e6}])
@pytest.mark.parametrize("model", [BENT, WAVING], ids=repr)
def test_scale_and_shift_change_no_answer(
    tmp_path: Path, model: Linear, change: dict[str, float]
) -> None:
    plain = fit(tmp_path / "plain", BINARY, model).validation_output_NK
    moved = fit(tmp_path / "moved", BINARY, model, **change).validation_output_NK
    np.testing.assert_allclose(moved, plain, atol=1e-3)


@pytest.mark.parametrize("kind", ["numbers", "codes"])
def test_waves_see_what_columns_do_together(tmp_path: Path, kind: str) -> None:
    """The sign of a product: no column tells anything by itself."""
    random = np.random.default_rng(0)

    def made(part: str, rows: int) -> PreparedSet:
        columns = {name: random.normal(size=rows) for name in ("left", "right")}
        if kind == "codes":
            columns = {name: (x > 0).astype(np.int32) + 1 for name, x in columns.items()}
        signs = [np.sign(x - (1.5 if kind == "codes" else 0)) for x in columns.values()]
        forms = {name: Column(x.dtype.name) for name, x in columns.items()}
        with PreparedWriter(tmp_path, part, forms, Column("float32")) as writer:
            target = np.prod(signs, axis=0).astype(np.float32)
            writer.append(columns, target=target, row=np.arange(rows))
        return PreparedSet.open(tmp_path, part)

    parts, under = (made("train", 600), made("validation", 200)), Conditions(0, threads=1)
    straight, waving = (
        model.fit(*parts, NUMBER, under=under).held_out for model in (STRAIGHT, Linear(waves=200))
    )
    assert straight is not None
    assert waving is not None
    assert loss_of(straight.output_NK, straight.target_N) > 0.9
    assert loss_of(waving.output_NK, waving.target_N) < 0.5


@pytest.mark.parametrize("model", [STRAIGHT, WAVING], ids=repr)
def test_an_unseen_code_counts_as_missing(tmp_path: Path, model: Linear) -> None:
    found = fit(tmp_path, NUMBER, model)
    feed = {
        graph_input("数"): np.zeros(2),
        graph_input("when"): np.zeros((2, 2)),
        graph_input("code"): np.array([0, 999], np.int32),
    }
    first, unseen = np.asarray(onnxruntime.InferenceSession(found.graph).run(None, feed)[0])
    np.testing.assert_array_equal(first, unseen)


def test_pictures_are_refused_by_name(tmp_path: Path) -> None:
    with PreparedWriter(
        tmp_path, "train", {"图像": Column("uint8", (1, 2, 2))}, Column("int64")
    ) as writer:
        pixels = np.zeros((4, 1, 2, 2), np.uint8)
        writer.append({"图像": pixels}, target=np.arange(4) % 2, row=np.arange(4))
    part = PreparedSet.open(tmp_path, "train")
    with pytest.raises(RecipeError, match=r"cannot read the column '图像'"):
        Linear().fit(part, part, BINARY, under=Conditions(0))


@pytest.mark.parametrize(("rows", "numbers"), [(200, 5), (30, 80), (700, 650)])
def test_ridge_weights_are_those_of_the_normal_equations(rows: int, numbers: int) -> None:
    """With fewer weights than rows, with more, and with many of both."""
    random = np.random.default_rng(0)
    dense = random.normal(size=(rows, numbers)).astype(np.float32)
    dense -= dense.mean(axis=0)
    target = dense[:, :1] - 0.5 * dense[:, 1:2] + random.normal(size=(rows, 1))
    design = Design(dense, np.zeros((rows, 0), np.int64), ())
    (found,) = fit_path(design, target, None, (10.0,), classes=False)
    wide = dense.astype(np.float64)
    right = np.linalg.solve(wide.T @ wide + 10 * np.eye(numbers), wide.T @ (target - target.mean()))
    np.testing.assert_allclose(found.weight_WK, right, atol=2e-3)


def test_rare_categories_are_held_back_more() -> None:
    """The weight of a level goes towards the mean of all as its rows get fewer."""
    code = np.repeat([0, 1, 2], [100, 100, 2])
    target = np.array([0.0, 1.0, 1.0])[code][:, None]
    design = Design(np.zeros((202, 0), np.float32), code[:, None], (3,))
    (found,) = fit_path(design, target, None, (10.0,), classes=False)
    common, rare = found.weight_WK[1, 0], found.weight_WK[2, 0]
    assert common > 3 * rare > 0


def test_torch_is_not_needed() -> None:
    program = (
        "import sys\nfrom stoker.models.linear import Linear\n"
        "from stoker.models.boosted_trees import BoostedTrees\n"
        "from stoker.models._lightgbm import lightgbm\nlightgbm()\n"
        "bad = {'torch', 'pandas', 'sklearn', 'lightgbm'} & set(sys.modules)\nassert not bad, bad\n"
        "import lightgbm as own\nassert own.compat.PANDAS_INSTALLED"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


@pytest.mark.parametrize("size", [1, 2, 7, 500])
def test_quantiles_of_sorted_numbers_are_numpys(size: int) -> None:
    number_N = np.sort(np.random.default_rng(size).normal(size=size))
    share_Q = [0.0, 0.01, 0.25, 1 / 3, 0.5, 0.75, 0.99, 1.0]
    np.testing.assert_allclose(
        quantiles(number_N, share_Q), np.quantile(number_N, share_Q), rtol=1e-12
    )
