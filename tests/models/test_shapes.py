"""Small tables with one informative column: never worse than the linear model, free of scale.

Rows from 30 to 5,000, levels from 2 to 500, numbers scaled by 1e-9 to 1e12, sorted or shuffled.
A handful is looked at always, all of them with the slow tests.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import onnxruntime
import pytest

from stoker.candidates.conditions import Conditions
from stoker.data.prepare.prepared_set import Column, PreparedSet, PreparedWriter
from stoker.models import Estimator
from stoker.models._row_losses import losses_N
from stoker.models.blend import Blend
from stoker.models.linear import Linear
from stoker.networks.graph_names import graph_input
from stoker.tasks.classify import FittedClassify
from stoker.tasks.regress import FittedRegress

BINARY = FittedClassify(classes=("no", "yes"), counts=(1, 1), kind="text")
NUMBER = FittedRegress(mean=0, std=1, low=-9, high=9)
TEST_ROWS = 2000
MOST = 0.05
"""Loss by which no shape may be worse, however wide its interval is."""


@dataclass(frozen=True)
class Shape:
    """One small table."""

    rows: int
    levels: int
    """Levels of the informative category; 0 for an informative number."""
    is_class: bool
    signal: str = "step"
    factor: float = 1.0
    shift: float = 0.0
    is_sorted: bool = False

    def __str__(self) -> str:
        """Its name in the list of tests."""
        kind = f"{self.levels} levels" if self.levels else self.signal
        return f"{self.rows} rows, {kind}, {'class' if self.is_class else 'number'}"

    def columns(self, rows: int, seed: int) -> tuple[dict[str, np.ndarray], np.ndarray]:
        """Columns and targets, the same for any factor, shift and order."""
        random = np.random.default_rng(seed)
        x, other = random.normal(size=rows), random.normal(size=rows)
        code = random.integers(1, self.levels + 1, rows).astype(np.int32) if self.levels else None
        if code is not None:
            mean_N = np.sin(7.0 * code)
        else:
            shapes = {"step": np.sign(x - 0.2), "line": x, "wave": np.sin(3 * x)}
            mean_N = shapes[self.signal]
        value_N = mean_N + random.normal(0, 0.3, rows)
        target_N = (value_N > 0).astype(np.int64) if self.is_class else value_N.astype(np.float32)
        columns = {"x": x * self.factor + self.shift, "other": other}
        if code is not None:
            columns = {"code": code, "other": other * self.factor + self.shift}
        order_N = np.argsort(mean_N, kind="stable") if self.is_sorted else np.arange(rows)
        return {name: column[order_N] for name, column in columns.items()}, target_N[order_N]


def write(
    folder: Path, part: str, columns: dict[str, np.ndarray], target: np.ndarray
) -> PreparedSet:
    folder.mkdir(exist_ok=True, parents=True)
    forms = {name: Column(column.dtype.name) for name, column in columns.items()}
    with PreparedWriter(folder, part, forms, Column(target.dtype.name)) as writer:
        writer.append(columns, target=target, row=np.arange(len(target)))
    return PreparedSet.open(folder, part)


def outputs(model: Estimator, shape: Shape, folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """Outputs for unseen rows, always in the same order, and their targets."""
    train = write(folder, "train", *shape.columns(round(0.8 * shape.rows), 1))
    validation = write(folder, "validation", *shape.columns(shape.rows - len(train), 2))
    task = BINARY if shape.is_class else NUMBER
    estimate = model.fit(train, validation, task, under=Conditions(0, threads=1))
    columns, target_N = replace(shape, is_sorted=False).columns(TEST_ROWS, 3)
    feed = {graph_input(name): column for name, column in columns.items()}
    return np.asarray(onnxruntime.InferenceSession(estimate.graph).run(None, feed)[0]), target_N


def shapes() -> Iterator[Shape]:
    for rows, is_class in itertools.product((30, 60, 150, 500, 5000), (True, False)):
        for signal in ("step", "line"):
            yield Shape(rows, 0, is_class, signal)
        for levels in (2, 40) if rows < 500 else (40, 500):
            yield Shape(rows, levels, is_class)


EVERY = list(shapes())
FEW = [Shape(40, 0, True), Shape(150, 40, False), Shape(500, 0, False, "wave")]


def check_not_worse(shape: Shape, folder: Path) -> None:
    output_NK, target_N = outputs(Blend(), shape, folder / "blend")
    plain_NK, _ = outputs(Linear(), shape, folder / "linear")
    plain_N = losses_N(plain_NK, target_N)
    gap = losses_N(output_NK, target_N).mean() - plain_N.mean()
    # The interval of the plain score that a run shows, whose test part has 15 % of the rows.
    half = min(1.96 * plain_N.std() / (0.15 * shape.rows) ** 0.5, MOST)
    assert gap <= half, f"{shape}: worse by {gap:.4g}, more than {half:.4g}"


def check_free_of_scale(shape: Shape, folder: Path) -> None:
    plain_NK, _ = outputs(Blend(), shape, folder / "plain")
    for place, changed in enumerate(
        (
            replace(shape, factor=1e-9),
            replace(shape, factor=1e12),
            replace(shape, shift=1e6),
            replace(shape, is_sorted=True),
        )
    ):
        found_NK, _ = outputs(Blend(), changed, folder / f"changed {place}")
        np.testing.assert_allclose(found_NK, plain_NK, atol=2e-3, rtol=1e-3, err_msg=str(changed))


@pytest.mark.parametrize("shape", FEW, ids=str)
def test_never_clearly_worse_than_the_linear_model(tmp_path: Path, shape: Shape) -> None:
    check_not_worse(shape, tmp_path)


def test_scale_shift_and_order_change_no_answer(tmp_path: Path) -> None:
    check_free_of_scale(Shape(60, 0, True), tmp_path)


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("shape", EVERY, ids=str)
def test_all_shapes_are_not_clearly_worse(tmp_path: Path, shape: Shape) -> None:
    check_not_worse(shape, tmp_path)


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("shape", EVERY[::5], ids=str)
def test_all_shapes_are_free_of_scale(tmp_path: Path, shape: Shape) -> None:
    check_free_of_scale(shape, tmp_path)
