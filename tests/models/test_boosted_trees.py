"""Boosted trees: equal bytes, parity with LightGBM, early stopping, clear refusals."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import onnxruntime
import pytest

from stoker.candidates.conditions import Conditions
from stoker.candidates.fitted import Fitted
from stoker.core.errors import RecipeError
from stoker.core.events import Silent, TaskView, listening
from stoker.data.prepare.prepared_set import Column, PreparedSet, PreparedWriter
from stoker.models._rows import join
from stoker.models.boosted_trees import BoostedTrees
from stoker.networks.graph_names import graph_input
from stoker.tasks import FittedTask
from stoker.tasks.classify import FittedClassify
from stoker.tasks.regress import FittedRegress

SMALL = {"num_trees": 25, "num_leaves": 7, "min_rows_per_leaf": 5, "patience": 10}
BINARY = FittedClassify(classes=("no", "yes"), counts=(1, 1), kind="text")
TERNARY = FittedClassify(classes=("a", "b", "c"), counts=(1, 1, 1), kind="text")
NUMBER = FittedRegress(mean=0, std=1, low=-9, high=9)


def make_part(folder: Path, part: str, task: FittedTask, rows: int, seed: int) -> PreparedSet:
    random = np.random.default_rng(seed)
    number = random.normal(size=rows).astype(np.float32)
    code = random.integers(0, 9, rows).astype(np.int32)
    signal = number + (code % 3) + random.normal(0, 0.3, rows)
    target = signal.astype(np.float32)
    if task.output.width > 1:
        target = np.digitize(signal, [0.8, 1.6][: task.output.width - 1]).astype(np.int64)
    number[random.random(rows) < 0.1] = np.nan
    columns = {"数": Column("float32"), "code": Column("int32")}
    with PreparedWriter(folder, part, columns, task.target_form) as writer:
        writer.append({"数": number, "code": code}, target=target, row=np.arange(rows))
    return PreparedSet.open(folder, part)


@pytest.fixture(params=[BINARY, TERNARY, NUMBER], ids=["binary", "ternary", "number"])
def task(request: pytest.FixtureRequest) -> FittedTask:
    return request.param


@pytest.fixture
def parts(tmp_path: Path, task: FittedTask) -> tuple[PreparedSet, PreparedSet]:
    return (
        make_part(tmp_path, "train", task, 600, 0),
        make_part(tmp_path, "validation", task, 200, 1),
    )


def fit(
    parts: tuple[PreparedSet, PreparedSet],
    task: FittedTask,
    deadline_s: float | None = None,
    threads: int = 1,
    **fields: object,
) -> Fitted:
    model = BoostedTrees.model_validate({**SMALL, **fields})
    return model.fit(*parts, task, under=Conditions(3, deadline_s, threads))


def test_graph_repeats_the_training_time_outputs(parts, task: FittedTask) -> None:
    estimate = fit(parts, task)
    feed = {graph_input(name): np.array(c) for name, c in parts[1].columns.items()}
    found = np.asarray(onnxruntime.InferenceSession(estimate.graph).run(None, feed)[0])
    assert estimate.validation_output_NK.shape == (200, task.output.width)
    np.testing.assert_allclose(found, estimate.validation_output_NK, atol=1e-5)


def test_learns_better_than_a_constant(parts, task: FittedTask) -> None:
    estimate = fit(parts, task)
    target_N, output_NK = parts[1].target, estimate.validation_output_NK
    if task.output.width == 1:
        assert np.mean((output_NK[:, 0] - target_N) ** 2) < 0.4 * np.var(target_N)
    else:
        assert np.mean(output_NK.argmax(1) == target_N) > 0.75


def test_equal_seeds_give_equal_bytes_on_any_number_of_threads(parts, task: FittedTask) -> None:
    first, again, threaded = fit(parts, task), fit(parts, task), fit(parts, task, threads=2)
    assert first.graph == again.graph == threaded.graph
    assert first.history == again.history == threaded.history
    for name, array in first.weights.items():
        np.testing.assert_array_equal(array, again.weights[name])


def test_shares_below_one_stay_deterministic(parts, task: FittedTask) -> None:
    some = {"row_fraction": 0.5, "feature_fraction": 0.5}
    assert fit(parts, task, **some).graph == fit(parts, task, **some).graph
    assert fit(parts, task, **some).graph != fit(parts, task).graph


def test_stops_when_the_validation_loss_no_longer_falls(parts, task: FittedTask) -> None:
    estimate = fit(parts, task, num_trees=500, learning_rate=0.5, patience=4)
    losses = [record["validation_loss"] for record in estimate.history]
    best = int(np.argmin(losses))
    assert len(losses) == best + 1 + 4 < 500
    per_round = task.output.width if task.output.width > 2 else 1
    assert len(estimate.weights["num_nodes"]) == (best + 1) * per_round


def test_a_deadline_in_the_past_still_gives_one_round(parts, task: FittedTask) -> None:
    assert len(fit(parts, task, deadline_s=0.0).history) == 1


def test_says_how_far_it_is(parts, task: FittedTask) -> None:
    class Counter(Silent):
        rounds = 0

        def task(self, title: str, total: float | None, unit: str, done: float) -> TaskView:
            assert (title, total, unit) == ("boosted trees", 25, "trees")
            return self  # type: ignore[return-value]  # counts its own advances

        def advance(self, amount: float = 1) -> None:
            self.rounds += int(amount)

        def note(self, text: str) -> None:
            assert text.startswith("validation loss")

        def close(self) -> None:
            pass

    counter = Counter()
    with listening(counter):
        estimate = fit(parts, task)
    assert counter.rounds == len(estimate.history)


def test_pictures_are_refused_by_name(tmp_path: Path) -> None:
    columns = {"图像": Column("uint8", (1, 2, 2))}
    with PreparedWriter(tmp_path, "train", columns, Column("int64")) as writer:
        pixels = np.zeros((4, 1, 2, 2), np.uint8)
        writer.append({"图像": pixels}, target=np.arange(4) % 2, row=np.arange(4))
    part = PreparedSet.open(tmp_path, "train")
    with pytest.raises(RecipeError, match=r"cannot read the column '图像'"):
        BoostedTrees().fit(part, part, BINARY, under=Conditions(0))


def test_a_weight_counts_like_that_many_rows(tmp_path: Path) -> None:
    """Weighing a class by two is the same as having each of its rows twice."""
    part = make_part(tmp_path, "once", BINARY, 300, 5)
    twice = np.concatenate([np.arange(300), np.flatnonzero(part.target == 1)])
    columns = {name: np.array(column)[twice] for name, column in part.columns.items()}
    forms = {"数": Column("float32"), "code": Column("int32")}
    with PreparedWriter(tmp_path, "twice", forms, Column("int64")) as writer:
        writer.append(columns, target=part.target[twice], row=np.arange(len(twice)))
    doubled = PreparedSet.open(tmp_path, "twice")
    model = BoostedTrees(num_trees=1, num_leaves=2, min_rows_per_leaf=1, feature_fraction=1.0)
    weight_K, one = np.array([1, 2], np.float32), Conditions(0, threads=1)
    weighed = model.fit(part, part, BINARY, under=replace(one, weight_K=weight_K))
    copied = model.fit(doubled, doubled, BINARY, under=one)
    assert model.fit(part, part, BINARY, under=one).history != weighed.history
    losses = [made.history[0]["validation_loss"] for made in (weighed, copied)]
    assert losses[0] == pytest.approx(losses[1], rel=1e-3)


def numbers(value: np.ndarray, target: np.ndarray, folder: Path, part: str) -> PreparedSet:
    folder.mkdir(exist_ok=True)
    with PreparedWriter(folder, part, {"x": Column("float64")}, Column("int64")) as writer:
        writer.append({"x": value}, target=target, row=np.arange(len(value)))
    return PreparedSet.open(folder, part)


def output_of(folder: Path, value_N: np.ndarray, **fields: object) -> np.ndarray:
    """Outputs for the values themselves, of trees that learned a wave from them."""
    wave_N = np.sin(np.arange(len(value_N)) * 40 / len(value_N))
    target_N = (wave_N > 0).astype(np.int64)
    train, validation = (
        numbers(value_N[rest::2], target_N[rest::2], folder, part)
        for rest, part in enumerate(("train", "validation"))
    )
    model = BoostedTrees.model_validate({"num_trees": 40, **fields})
    graph = model.fit(train, validation, BINARY, under=Conditions(0, threads=1)).graph
    return np.asarray(onnxruntime.InferenceSession(graph).run(None, {graph_input("x"): value_N})[0])


@pytest.mark.parametrize(("factor", "shift"), [(1e-9, 0), (1e12, 0), (1, 1e7), (3, -1e9)])
def test_scale_and_shift_change_no_answer(tmp_path: Path, factor: float, shift: float) -> None:
    value_N = np.arange(2000.0)
    plain = output_of(tmp_path / "plain", value_N)
    np.testing.assert_array_equal(output_of(tmp_path / "moved", value_N * factor + shift), plain)


def test_far_cells_hide_nothing(tmp_path: Path) -> None:
    """One per cent of 999999999999 among 0 to 1,000 left two values of a float32."""
    value_N = np.arange(2000.0)
    far_N = value_N.copy()
    far_N[7::100] = 999_999_999_999
    found, plain = output_of(tmp_path / "far", far_N), output_of(tmp_path / "plain", value_N)
    near_N = far_N == value_N
    agree_N = found[near_N].argmax(1) == plain[near_N].argmax(1)
    assert agree_N.mean() > 0.98


def test_the_order_of_rows_changes_no_answer(tmp_path: Path) -> None:
    part = make_part(tmp_path, "train", TERNARY, 500, 0)
    validation = make_part(tmp_path, "validation", TERNARY, 150, 1)
    order = np.random.default_rng(0).permutation(500)
    forms = {name: Column(column.dtype.name) for name, column in part.columns.items()}
    with PreparedWriter(tmp_path, "mixed", forms, Column("int64")) as writer:
        columns = {name: np.array(column)[order] for name, column in part.columns.items()}
        writer.append(columns, target=np.array(part.target)[order], row=order)
    mixed = PreparedSet.open(tmp_path, "mixed")
    assert fit((part, validation), TERNARY).graph == fit((mixed, validation), TERNARY).graph


def heard(folder: Path, num_rows: int, **fields: object) -> list[str]:
    class Told(Silent):
        lines: list[str] = []  # noqa: RUF012 - one list, read once

        def warning(self, text: str) -> None:
            self.lines.append(text)

    told = Told()
    told.lines = []
    with listening(told):
        output_of(folder, np.arange(float(num_rows)), **fields)
    return told.lines


def test_a_forest_without_a_split_is_named(tmp_path: Path) -> None:
    (line,) = heard(tmp_path / "few", 60, min_rows_per_leaf=20)
    assert "found no split that helps: its leaves need 20 rows each, of 30 training rows" in line
    assert heard(tmp_path / "fewer", 60, num_trees=2000) == []


def test_trees_that_were_cut_short_say_so(tmp_path: Path) -> None:
    (line,) = heard(tmp_path / "short", 2000, num_trees=3, learning_rate=0.05)
    assert "stopped at 3 trees while the validation loss was still falling" in line


def test_categories_of_few_rows_are_seen(tmp_path: Path) -> None:
    """40 levels of 37 rows each: with a smoothing of 50 none of them would be looked at."""
    random = np.random.default_rng(0)

    def made(part: str, rows: int) -> PreparedSet:
        code = random.integers(0, 40, rows).astype(np.int32)
        target = (np.sin(7.0 * code) + random.normal(0, 0.05, rows)).astype(np.float32)
        with PreparedWriter(tmp_path, part, {"town": Column("int32")}, Column("float32")) as writer:
            writer.append({"town": code}, target=target, row=np.arange(rows))
        return PreparedSet.open(tmp_path, part)

    parts = made("train", 1050), made("validation", 225)
    found = BoostedTrees().fit(*parts, NUMBER, under=Conditions(0, threads=1))
    error = found.validation_output_NK[:, 0] - parts[1].target
    assert 1 - error.var() / np.var(parts[1].target) > 0.97
    assert found.facts["unused"] == []


@pytest.mark.parametrize("is_random", [False, True])
@pytest.mark.parametrize("values", [(0.0, 1.0), (-7.5, 3.0), (2.0, np.nan)])
def test_a_column_of_two_values_is_cut_by_random_cuts_too(
    tmp_path: Path, values: tuple[float, float], *, is_random: bool
) -> None:
    random = np.random.default_rng(0)

    def made(part: str, rows: int) -> PreparedSet:
        is_high = random.random(rows) < 0.5
        target = (is_high + random.normal(0, 0.1, rows)).astype(np.float32)
        with PreparedWriter(
            tmp_path, part, {"flag": Column("float64")}, Column("float32")
        ) as writer:
            column = np.where(is_high, values[1], values[0])
            writer.append({"flag": column}, target=target, row=np.arange(rows))
        return PreparedSet.open(tmp_path, part)

    parts = made("train", 400), made("validation", 100)
    model = BoostedTrees(extra_random=is_random)
    found = model.fit(*parts, NUMBER, under=Conditions(0, threads=1))
    error = found.validation_output_NK[:, 0] - parts[1].target
    assert 1 - error.var() / np.var(parts[1].target) > 0.9


def test_a_small_table_is_left_to_one_thread(parts, task: FittedTask) -> None:
    train, validation = parts
    rows = join(train, validation, task.output.width, max_bins=255, seed=0)
    settings = BoostedTrees().settings(rows, 600, Conditions(0))
    assert settings["num_threads"] == 1
    assert BoostedTrees().settings(rows, 600, Conditions(0, threads=3))["num_threads"] == 3
