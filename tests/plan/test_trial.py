"""`check` refuses what `run` refuses before training, and knows every column."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from stoker.core import events
from stoker.core.errors import RecipeError, StokerError
from stoker.dag.build import build_graph
from stoker.dag.cache import cached
from stoker.pipeline.run import check, run
from stoker.plan import trial
from stoker.plan.check_training import check_training
from stoker.recipe.load import load_recipe
from stoker.store.store import Store

Make = Callable[..., dict[str, Any]]


@pytest.fixture
def recipe(tmp_path: Path) -> Make:
    """Write a table and give a recipe for it; keys may be replaced."""

    def made(columns: dict[str, Any], **keys: Any) -> dict[str, Any]:
        pq.write_table(pa.table(columns), tmp_path / "a.parquet")
        source = {"parquet": {"path": str(tmp_path / "a.parquet")}}
        data = {"sources": [source], **keys.pop("data", {})}
        return {"version": 1, "name": "a", "target": {"y": "classify"}, **keys, "data": data}

    return made


def warned(found: list[events.Line]) -> list[str]:
    return [line.text for line in found if line.kind == "warning"]


X = [n / 7 for n in range(60)]
Y = ["a", "b"] * 30
DAYS = [dt.datetime(2024, 1, 1) + dt.timedelta(days=n) for n in range(60)]
STAMPS = [dt.datetime(2024, 1 + n % 6, 1) for n in range(60)]


@pytest.mark.parametrize(
    ("columns", "keys", "said"),
    [
        ({"x": X, "y": ["a"] * 60}, {}, "nothing to learn from"),
        (
            {"x": X, "t": DAYS, "y": ["a"] * 50 + ["b"] * 10},
            {"data": {"split": {"time": "t"}}, "inputs": {"x": "number"}},
            "training rows have 'a'; 10 rows of other parts have others, such as 'b'",
        ),
        (
            {"x": X, "t": DAYS, "y": [1.5] * 50 + [2.5] * 10},
            {
                "data": {"split": {"time": "t"}},
                "inputs": {"x": "number"},
                "target": {"y": "regress"},
            },
            "training rows have '1.5'; 10 rows of other parts have others, such as '2.5'",
        ),
        ({"x": X, "y": [None] * 60}, {}, "target"),
        ({"x": ["u"] * 60, "y": Y}, {}, "no column can serve as an input"),
        ({"x": X, "y": Y}, {"target": {"y": "regress"}}, "no number among"),
        ({"x": ["u", "7"] * 30, "y": Y}, {"inputs": {"x": "number"}}, "records cannot be used"),
        ({"x": [b"u", b"v"] * 30, "y": Y}, {"inputs": {"x": "number"}}, "not a number"),
        ({"x": X, "c": [[1]] * 60, "y": Y}, {"inputs": {"c": "category"}}, "nested"),
        ({"x": X[:5], "y": Y[:5]}, {"data": {"split": {"test": 0.9}}}, ""),
    ],
)
def test_check_and_run_refuse_the_same(
    recipe: Make, tmp_path: Path, columns: dict[str, Any], keys: dict[str, Any], said: str
) -> None:
    made = recipe(columns, **keys)
    with pytest.raises(StokerError) as by_run:
        run(made, home=tmp_path / "home", until="prepare")
    with pytest.raises(StokerError) as by_check:
        check(made, home=tmp_path / "other")
    assert said in str(by_check.value)
    assert str(by_check.value).splitlines()[0] == str(by_run.value).splitlines()[0]
    assert "stoker-check-" not in str(by_check.value)
    assert not (tmp_path / "other").exists()


THREE = ["a", "b", "c"] * 20


@pytest.mark.parametrize(
    ("y", "keys", "said"),
    [
        (Y, {"train": {"class_weights": {"bb": 2.0}}}, "did you mean 'b'"),
        (X, {"train": {"class_weights": "balanced"}}, "class_weights needs classes"),
        (THREE, {"evaluate": {"decision": "f1"}}, "between two classes, and there are 3"),
        (X, {"evaluate": {"decision": {"recall": 0.8}}}, "to this target are numbers"),
        (THREE, {"serve": {"threshold": 0.3}}, "it does not choose between two classes"),
    ],
)
def test_what_the_target_cannot_give_is_refused_before_training(
    recipe: Make, tmp_path: Path, y: list[Any], keys: dict[str, Any], said: str
) -> None:
    task = "regress" if y is X else "classify"
    made = recipe({"x": X, "y": y}, target={"y": task}, **keys)
    with pytest.raises(StokerError) as by_check:
        check(made, home=tmp_path / "home")
    assert said in str(by_check.value)
    for _ in range(2):  # the second time the data is prepared already
        with pytest.raises(StokerError) as by_run:
            run(made, home=tmp_path / "home", until="train")
        assert str(by_run.value) == str(by_check.value)
    with pytest.raises(StokerError, match=re.escape(by_check.value.what)):
        check(made, home=tmp_path / "home")


NETWORK = {"model": "mlp", "inputs": {"x": "number"}}


@pytest.mark.parametrize(
    ("y", "keys", "said"),
    [
        (X, {"label_smoothing": 0.1}, "label_smoothing needs classes"),
        (Y, {"augment": ["flip"]}, "no input is an image"),
        (Y, {"augment": ["mixup"]}, "no input is an image"),
        (Y, {"accumulate": 9, "batch_size": 8}, "into empty pieces"),
        (X, {"loss": "focal"}, "the loss focal is about"),
        (Y, {"loss": "mse"}, "the loss mse is about"),
        (X, {"sampler": "weighted"}, "goes by one class a row"),
        (Y, {"sampler": "bucketed"}, "goes by the length of rows"),
    ],
)
def test_what_a_network_cannot_be_trained_with_is_refused_before_training(
    recipe: Make, tmp_path: Path, y: list[Any], keys: dict[str, Any], said: str
) -> None:
    task = "regress" if y is X else "classify"
    for chosen in (NETWORK, {"model": "mlp"}):
        made = recipe({"x": X, "y": y}, target={"y": task}, train=keys, **chosen)
        for do in (check, run):
            with pytest.raises(RecipeError, match=said):
                do(made, home=tmp_path / "home")
    made = recipe({"x": X, "y": y}, target={"y": task}, train=keys)
    if "accumulate" not in keys:
        assert check(made, home=tmp_path / "home").to_do, "a model that fits itself looks at none"


def test_what_a_network_of_pictures_cannot_be_trained_with_is_refused_unread() -> None:
    sources = [{"images": {"path": "photos"}}]
    whole = {"version": 1, "name": "a", "data": {"sources": sources}}
    mixing = load_recipe({**whole, "target": {"y": "classify"}, "train": {"augment": ["mixup"]}})
    check_training(mixing, {"image": True})
    with pytest.raises(RecipeError, match="half a category"):
        check_training(mixing, {"image": True, "age": False})
    smooth = load_recipe({**whole, "target": {"y": "regress"}, "train": {"label_smoothing": 0.1}})
    check_training(smooth, None)
    with pytest.raises(RecipeError, match="needs classes"):
        check_training(smooth, {"image": True})


def test_a_column_that_nobody_wants_is_told_and_the_rest_is_sound(
    recipe: Make, tmp_path: Path
) -> None:
    made = recipe({"x": X, "many": [[1]] * 60, "stamp": STAMPS, "y": Y})
    with events.recording(aloud=False) as lines:
        plan = check(made, home=tmp_path / "home")
    assert any("'many' is left out" in text for text in warned(lines))
    assert plan.choices is not None
    assert [one.column for one in plan.choices.columns] == ["x", "stamp"]
    done = run(made, home=tmp_path / "home", until="prepare")
    assert done.status == "partial"


def test_choices_are_those_of_the_run_and_are_known_when_it_is_cached(
    recipe: Make, tmp_path: Path
) -> None:
    made = recipe({"x": X, "id": list(range(60)), "y": Y})
    before = check(made, home=tmp_path / "home").choices
    assert before is not None
    assert before.inputs() == {"x": {"number": {}}}
    run(made, home=tmp_path / "home", until="prepare")
    assert check(made, home=tmp_path / "home").choices == before


def test_what_is_absurd_and_what_is_the_target_again_is_warned_of(
    recipe: Make, tmp_path: Path
) -> None:
    columns = {"x": X * 10, "y": [n % 60 for n in range(600)]}
    with events.recording(aloud=False) as lines:
        check(recipe(columns), home=tmp_path / "home")
    assert any("60 different numbers from 0 to 59, and classify makes" in t for t in warned(lines))
    twin = {"x": X, "code": [0, 1] * 30, "y": Y}
    with events.recording(aloud=False) as lines:
        check(recipe(twin), home=tmp_path / "home")
    assert any(text.startswith("'code': each value stands for one") for text in warned(lines))
    with events.recording(aloud=False) as lines:
        check(recipe(twin, inputs={"x": "number"}), home=tmp_path / "home")
    assert warned(lines) == []


def test_thousands_that_are_read_as_fractions_are_warned_of(recipe: Make, tmp_path: Path) -> None:
    rent = [f"{n // 1000}.{n % 1000:03}" if n > 999 else str(n) for n in range(600, 6_600, 100)]
    with events.recording(aloud=False) as lines:
        check(recipe({"x": rent, "y": Y}, inputs={"x": "number"}), home=tmp_path / "home")
    (said,) = warned(lines)
    assert said.startswith(
        "column 'x': '1.000' is read as 1, but the cells of the column are those"
    )
    assert said.endswith('write x: {number: {thousands: ".", decimal: ","}}')
    inputs = {"x": {"number": {"thousands": "."}}}
    with events.recording(aloud=False) as lines:
        check(recipe({"x": rent, "y": Y}, inputs=inputs), home=tmp_path / "home")
    assert warned(lines) == []


def test_a_column_that_is_left_out_and_seems_to_tell_something_is_warned_of(
    recipe: Make, tmp_path: Path
) -> None:
    mixed = [f"1{n}.5" if n % 2 else f"1{n},25" for n in range(60)]
    with events.recording(aloud=False) as lines:
        check(recipe({"x": X, "way": mixed, "y": Y}, inputs={"x": "number"}), home=tmp_path / "h")
    (said,) = warned(lines)
    assert said.startswith("column 'way' is not used: some have a decimal point")
    assert "{number: {decimal: either}}" in said


def test_fractions_that_are_read_as_thousands_are_warned_of(recipe: Make, tmp_path: Path) -> None:
    way = [f"{n} m" if n < 1_000 else f"{n / 1000:.3f} km" for n in range(101, 6_101, 100)]
    unit = {"unit": {"m": 1, "km": 1000}}
    inputs = {"x": {"number": {**unit, "thousands": "."}}}
    with events.recording(aloud=False) as lines:
        check(recipe({"x": way, "y": Y}, inputs=inputs), home=tmp_path / "home")
    (said,) = warned(lines)
    assert said.startswith("column 'x': '1.001 km' is read as 1001, but the cells of the column")
    assert said.endswith("write x: {number: {unit: {m: 0.001, km: 1}}}")
    with events.recording(aloud=False) as lines:
        check(recipe({"x": way, "y": Y}, inputs={"x": {"number": unit}}), home=tmp_path / "home")
    assert warned(lines) == []


def test_values_that_may_mean_that_nothing_is_known_are_warned_of(
    recipe: Make, tmp_path: Path
) -> None:
    heat = [-999 if n % 12 == 0 else 17 + n % 7 for n in range(60)]
    columns = {"x": heat, "y": [n / 7 for n in range(59)] + [99_999]}
    asked: Any = ({}, {"inputs": {"x": "number"}})
    for more in asked:
        with events.recording(aloud=False) as lines:
            check(recipe(columns, target={"y": "regress"}, **more), home=tmp_path / "home")
        (said,) = warned(lines)
        assert said.startswith("column 'x': '-999' stands 5 times, apart from all other values; if")
        assert 'x: {number: {missing: ["-999"]}}' in said
    inputs = {"x": {"number": {"missing": ["-999"]}}}
    with events.recording(aloud=False) as lines:
        check(recipe(columns, target={"y": "regress"}, inputs=inputs), home=tmp_path / "home")
    assert warned(lines) == []


def test_rejected_records_are_told_without_a_path_that_is_gone(tmp_path: Path) -> None:
    rows = [json.dumps({"x": n / 7, "y": n % 2}) for n in range(400)]
    (tmp_path / "a.jsonl").write_text("\n".join([*rows, "{broken"]) + "\n", encoding="utf-8")
    made = {
        "version": 1,
        "name": "a",
        "data": {"sources": [{"jsonl": {"path": str(tmp_path / "a.jsonl")}}]},
        "target": {"y": "classify"},
    }
    with events.recording(aloud=False) as lines:
        check(made, home=tmp_path / "home")
    (said,) = [text for text in warned(lines) if "1 of 401 records cannot be used" in text]
    assert "are left out; the first:" in said
    assert "stoker-check-" not in said


def test_a_large_table_is_not_read_and_that_is_said(
    recipe: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trial, "MOST_BYTES", 100)
    plan = check(recipe({"x": X, "y": Y}), home=tmp_path / "home")
    assert plan.choices is None
    assert "are not read before a run" in plan.not_read


@pytest.mark.parametrize(("y", "outputs"), [(Y, 2), (THREE, 3), ([n / 3 for n in range(60)], 1)])
def test_trying_tells_columns_and_outputs_and_writes_nothing_into_the_home(
    recipe: Make, tmp_path: Path, y: list[Any], outputs: int
) -> None:
    task = "regress" if outputs == 1 else "classify"
    made = load_recipe(recipe({"x": X, "y": y}, target={"y": task}))
    graph = build_graph(made, tmp_path / "cache")
    found = trial.try_data(made, graph, {}, tmp_path / "cache")
    assert (found.outputs, found.why_not) == (outputs, "")
    assert found.choices is not None
    assert [one.column for one in found.choices.columns] == ["x"]
    store = Store(tmp_path / "home")
    run(made, home=tmp_path / "home", until="prepare")
    again = trial.try_data(made, graph, cached(graph, store), tmp_path / "cache")
    assert again == found


@pytest.mark.parametrize(
    ("more", "why"), [(0, ""), (-1, "0 MB are not read before a run (at most 0)")]
)
def test_as_many_bytes_as_the_most_are_tried(
    recipe: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, more: int, why: str
) -> None:
    made = load_recipe(recipe({"x": X, "y": Y}))
    size = (tmp_path / "a.parquet").stat().st_size
    monkeypatch.setattr(trial, "MOST_BYTES", size + more)
    assert trial._why_not(made, tmp_path) == why
