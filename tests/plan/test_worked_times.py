"""Estimates worked out by hand: what counts in a time, how often, and what nobody can tell."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stoker.core.steps import find_step
from stoker.data.extent import Extent
from stoker.models import Model
from stoker.models.linear import Linear
from stoker.models.mlp import Mlp
from stoker.plan import effort
from stoker.plan.earlier_runs import KEY, look_back
from stoker.plan.effort import Effort, efforts, measure_gflops
from stoker.plan.forecast import _Guess, _seconds
from stoker.plan.size import Size
from stoker.recipe.load import load_recipe
from stoker.recipe.model import Recipe
from stoker.store.catalog import Catalog

TABLE = Extent(
    rows=1000,
    exact=True,
    size_bytes=50_000,
    num_files=1,
    num_columns=5,
    picture=None,
    encoded=False,
    classes=3,
    parts={"train": 800, "validation": 100, "test": 100},
)
PICTURES = replace(
    TABLE, size_bytes=40_000_000, num_columns=2, picture=(3, 20, 30), encoded=True, classes=None
)


def recipe(inputs: str = "", target: str = "classify", train: str = "") -> Recipe:
    return load_recipe(
        "version: 1\nname: a\ndata: {sources: [{csv: {path: a.csv}}]}\n"
        f"{inputs}target: {{y: {target}}}\n{train}"
    )


def size(extent: Extent = TABLE, gflops: float = 2.0, **more: str) -> Size:
    return Size(recipe(**more), extent, gflops)


def mlp(*hidden: int) -> Mlp:
    return Mlp(hidden=hidden)


@pytest.mark.parametrize(
    ("inputs", "extent", "picture", "columns"),
    [
        ("", TABLE, None, 4),
        ("inputs: {a: number}\n", TABLE, None, 1),
        ("inputs: {a: number, b: category}\n", TABLE, None, 2),
        ("", PICTURES, (3, 20, 30), 1),
        ("inputs: {p: image}\n", PICTURES, (3, 20, 30), 0),
        ("inputs: {a: number, p: {image: {size: [8, 9]}}}\n", PICTURES, (3, 8, 9), 1),
    ],
)
def test_what_a_model_sees(inputs: str, extent: Extent, picture: Any, columns: int) -> None:
    found = size(extent, inputs=inputs)
    assert (found.picture, found.columns, found.texts) == (picture, columns, "none")


@pytest.mark.parametrize(
    ("target", "extent", "outputs"),
    [
        ("regress", TABLE, 1),
        ("classify", TABLE, 3),
        ("classify", replace(TABLE, classes=None), 2),
        ("classify", PICTURES, 10),
        ("classify", replace(PICTURES, classes=4), 4),
    ],
)
def test_a_model_has_an_output_for_each_class(target: str, extent: Extent, outputs: int) -> None:
    assert size(extent, target=target).outputs == outputs


def test_pictures_cost_their_bytes_and_raw_pixels_a_copy() -> None:
    """A file of 40 kB takes 40 us and a millisecond for its bytes."""
    assert size(PICTURES).decode(10) == pytest.approx(10 * 1.04e-3)
    assert size(replace(PICTURES, encoded=False)).decode(10) == pytest.approx(30e-6)
    assert size(TABLE).decode(10) == 0


def test_an_answer_takes_two_operations_a_multiplication_at_less_than_half_of_the_peak() -> None:
    assert size(gflops=2.0).answer(900, 1000) == pytest.approx(2 * 900 * 1000 / 0.9e9)


def test_training_is_steps_rows_and_six_operations_a_multiplication() -> None:
    """Four columns: a start, 10 epochs of 800 rows in batches of 32, and 100 rows compared."""
    found = size(gflops=2.0).train(mlp(7), "good", {"epochs": 10, "batch_size": 32})
    seen, work = 8000, mlp(7).multiplications(None, 4, 3)
    assert work is not None
    wanted = 0.5 + 6 * work * seen / 0.9e9
    wanted += seen * (1e-6 + 2e-9 * 4) + 0.4e-3 * seen / 32
    assert found == pytest.approx(wanted + 100 * 0.3e-6 * 4)


def test_training_on_pictures_is_dearer_steps_their_pixels_and_decoding() -> None:
    model = find_step("stoker.models", "cnn", Model)()
    found = size(PICTURES, inputs="inputs: {p: image}\n").train(
        model, "good", {"epochs": 2, "batch_size": 16}
    )
    work = model.multiplications((3, 20, 30), 0, 10)
    assert work is not None
    seen = 1600
    wanted = 0.5 + 6 * work * seen / 0.9e9
    wanted += seen * (1e-6 + 2e-9 * 1800) + 6e-3 * seen / 16
    assert found == pytest.approx(wanted + 100 * 1.04e-3)


def test_settings_that_are_not_given_are_those_of_the_preset() -> None:
    habits = mlp(7).habits
    usual = {"epochs": habits.num_epochs("fast", 800), "batch_size": habits.num_batch_rows(800)}
    assert size().train(mlp(7), "fast", {}) == size().train(mlp(7), "fast", usual)
    assert size().train(mlp(7), "fast", {}) != size().train(mlp(7), "best", {})


def test_no_rows_to_learn_from_is_no_error() -> None:
    empty = replace(TABLE, parts={"train": 0, "validation": 0, "test": 1000})
    assert size(empty).train(mlp(7), "good", {}) == pytest.approx(0.5)


def test_an_estimator_says_its_own_time() -> None:
    fit_s = Linear().fit_seconds(800, 4, 3)
    assert fit_s is not None
    assert size().train(Linear(), "good", {}) == pytest.approx(fit_s + 100 * 0.3e-6 * 4)


def test_who_cannot_tell_tells_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Linear, "fit_seconds", lambda *_: None)
    monkeypatch.setattr(Mlp, "multiplications", lambda *_: None)
    assert size().train(Linear(), "good", {}) is None
    assert size().train(mlp(7), "good", {}) is None


@pytest.mark.parametrize(
    ("extent", "data"),
    [(TABLE, "table"), (PICTURES, "pictures"), (replace(PICTURES, encoded=False), "pixels")],
)
def test_kinds_are_of_data_and_where_it_counts_of_the_model(extent: Extent, data: str) -> None:
    told = load_recipe(
        "version: 1\nname: a\ndata: {sources: [{csv: {path: a.csv}}]}\ntarget: {y: classify}\n"
        "model: mlp\n"
    )
    found = efforts(told, extent)
    assert found["acquire"].kind == data
    assert found["train"].kind == f"{data} mlp"
    assert all(round(one.seconds, 3) == one.seconds for one in found.values())


def test_a_product_of_matrices_is_timed_by_its_best(monkeypatch: pytest.MonkeyPatch) -> None:
    """Products of 2, 1 and 3 ms: 2 * 96**3 operations in one of them, for each thread."""
    times = iter([0.0, 2e-3, 1.0, 1.001, 2.0, 2.003])
    monkeypatch.setattr("stoker.plan.effort._PROBES", 3)
    monkeypatch.setattr("stoker.plan.effort.perf_counter", lambda: next(times))
    assert measure_gflops(4) == pytest.approx(4 * 2 * 96**3 / 1e-3 / 1e9)


def ran(
    catalog: Catalog, name: str, mark: str, seconds: float, kept: Effort | None, **more: str
) -> None:
    """A run of one stage, and what was kept beside its time."""
    run = catalog.start_run(name, "", stoker="0")
    measured = {KEY: {"seconds": kept.seconds, "kind": kept.kind}} if kept else {}
    status: Any = more.get("status", "done")
    catalog.record_stage(run, "train", mark * 64, status, seconds, measured=measured)
    catalog.finish_run(run, "done", {})


NOW = {"train": Effort(30.0, "table mlp")}


def test_times_are_scaled_by_effort_and_the_latest_counts(tmp_path: Path) -> None:
    catalog = Catalog(tmp_path)
    assert look_back(catalog, "a", NOW) == {}
    ran(catalog, "a", "1", 4.0, Effort(20.0, "table mlp"))
    assert look_back(catalog, "a", NOW) == {"train": 6.0}
    ran(catalog, "a", "2", 5.0, Effort(15.0, "table mlp"))
    assert look_back(catalog, "a", NOW) == {"train": 10.0}


@pytest.mark.parametrize(
    ("name", "kept", "status", "found"),
    [
        ("a", Effort(20.0, "table cnn"), "done", {}),
        ("a", Effort(20.0, "table mlp"), "cached", {}),
        ("a", None, "done", {"train": 4.0}),
        ("b", None, "done", {}),
        ("b", Effort(20.0, "table mlp"), "done", {"train": 6.0}),
    ],
)
def test_only_what_was_done_of_the_same_kind_counts(
    tmp_path: Path, name: str, kept: Effort | None, status: str, found: dict[str, float]
) -> None:
    catalog = Catalog(tmp_path)
    ran(catalog, name, "1", 4.0, kept, status=status)
    assert look_back(catalog, "a", NOW) == found


def test_the_recipes_own_runs_come_before_newer_ones_of_others(tmp_path: Path) -> None:
    catalog = Catalog(tmp_path)
    ran(catalog, "a", "1", 4.0, Effort(20.0, "table mlp"))
    ran(catalog, "b", "2", 400.0, Effort(20.0, "table mlp"))
    assert look_back(catalog, "a", NOW) == {"train": 6.0}


@pytest.mark.parametrize(("others", "found"), [(19, {"train": 6.0}), (20, {})])
def test_twenty_runs_are_looked_at(tmp_path: Path, others: int, found: dict[str, float]) -> None:
    catalog = Catalog(tmp_path)
    ran(catalog, "a", "1", 4.0, Effort(20.0, "table mlp"))
    for _ in range(others):
        catalog.finish_run(catalog.start_run("c", "", stoker="0"), "done", {})
    assert look_back(catalog, "a", NOW) == found


@pytest.mark.parametrize(
    ("past", "rate", "budget", "wanted"),
    [
        (None, None, "", (None, None)),
        (None, 7.0, "", (7.0, "rates")),
        (5.00049, 7.0, "", (5.0, "runs")),
        (5.0, 7.0, "train: {budget: 5s}\n", (5.0, "runs")),
        (5.001, 7.0, "train: {budget: 5s}\n", (5.0, "budget")),
        (None, 7.0, "train: {budget: 5s}\n", (5.0, "budget")),
        (None, None, "train: {budget: 5s}\n", (5.0, "budget")),
    ],
)
def test_runs_come_before_rates_and_a_budget_caps_both(
    past: float | None, rate: float | None, budget: str, wanted: tuple[float | None, str | None]
) -> None:
    guess = _Guess(
        extent=TABLE,
        past={} if past is None else {"train": past},
        rates={} if rate is None else {"train": Effort(rate, "table")},
    )
    assert _seconds("train", recipe(train=budget), guess) == wanted


def test_only_training_has_a_budget() -> None:
    guess = _Guess(extent=TABLE, past={"acquire": 9.0}, rates={})
    assert _seconds("acquire", recipe(train="train: {budget: 5s}\n"), guess) == (9.0, "runs")


def test_speed_is_that_of_the_quickest_float32_product(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two operations for each of 96 x 96 x 96 multiplications; one product is not disturbed."""
    made: list[np.ndarray] = []
    seconds = iter([second for number in range(300) for second in (number, number + 0.5)])
    ends = {200.5: 200.25}
    monkeypatch.setattr(effort, "perf_counter", lambda: (t := next(seconds), ends.get(t, t))[1])
    ones = np.ones
    monkeypatch.setattr(effort.np, "ones", lambda *a, **k: made.append(ones(*a, **k)) or made[0])
    assert measure_gflops(3) == pytest.approx(3 * 2 * 96**3 / 0.25 / 1e9)
    assert [(one.shape, one.dtype) for one in made] == [((96, 96), np.dtype("float32"))]
