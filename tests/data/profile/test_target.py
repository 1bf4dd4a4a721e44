"""The task follows from the target, and columns that are the target are found."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import yaml

from stoker.core.steps import make_step
from stoker.data.profile.judge_target import judge_target, why_absurd
from stoker.data.profile.measure import profile_column
from stoker.data.profile.twins import find_twins
from stoker.tasks import Task
from tests.data.profile.conftest import Profiled


def test_an_empty_label_is_no_class() -> None:
    cells = [["a", "b", "c", "", "  "][n % 5] for n in range(100)]
    found = judge_target(profile_column("y", pa.chunked_array([cells])))
    assert found.why == "3 different values in 60 rows"


@pytest.mark.parametrize(
    ("cells", "task"),
    [
        ([18 + n % 72 for n in range(400)], {"regress": {}}),
        ([-69 + n % 470 for n in range(4_000)], {"regress": {}}),
        ([n / 3 for n in range(100)], {"regress": {}}),
        ([str(n / 3) for n in range(100)], {"regress": {}}),
        ([0.5, 1.0, 1.5] * 30, {"regress": {}}),
        ([f"¥{n},{n + 100}.5" for n in range(1, 99)], {"regress": {"thousands": ",", "unit": "¥"}}),
        ([f"{n},5" for n in range(99)], {"regress": {"decimal": ","}}),
        (
            [*(f"¥{n},{n + 100}.5" for n in range(1, 900)), "¥1.45起"],
            {"regress": {"thousands": ",", "unit": "¥"}},
        ),
        (
            [*(f"{n} min" for n in range(90)), *(f"{n} h" for n in range(90))],
            {"regress": {"unit": {"min": 1, "h": 60}}},
        ),
        (
            ["572 €", "998 €", *(f"{n}.{n + 100} €" for n in range(1, 90))],
            {"regress": {"thousands": ".", "decimal": ",", "unit": "€"}},
        ),
        (["1", "2件", "2", "3"] * 30, {"regress": {"unit": "件"}}),
        (list(range(500)), {"regress": {}}),
        ([n % 10 for n in range(400)], {"classify": {}}),
        ([0, 1, None] * 30, {"classify": {}}),
        ([True, False] * 30, {"classify": {}}),
        (["good", "bad"] * 30, {"classify": {}}),
        ([f"城市{n}" for n in range(100)], {"classify": {}}),
        (["007", "013"] * 30, {"classify": {}}),
        (["<100"] * 9 + [f"{n}.5" for n in range(100, 190)], {"regress": {"censored": True}}),
        (["<=50K", ">50K"] * 60, {"classify": {}}),
        (["Yes", "yes", "Y", "1", "No", "no", "N", "0"] * 30, {"classify": {"boolean": True}}),
        (["Yes", "no", "Y", "", None] * 30, {"classify": {"boolean": True}}),
        (["Ja", "ja", "nein"] * 30, {"classify": {"fold": True}}),
        (["yes", "no", "unsure"] * 30, {"classify": {}}),
        (["1", "1.0", "01", "2.0", "2"] * 30, {"classify": {}}),
        ([str(1_700_000_000_000_000_000 + n % 30) for n in range(200)], {"classify": {}}),
        (["x"] * 30, None),
        ([dt.datetime(2024, 1, 1 + n % 28) for n in range(90)], None),
    ],
)
def test_the_task_follows_from_all_cells(cells: list[Any], task: dict[str, Any] | None) -> None:
    column = pa.chunked_array([cells])
    found = judge_target(profile_column("t", column))
    assert found.feature == task
    if task is not None:
        make_step("stoker.tasks", task, Task).fit(column)


def test_spellings_of_one_label_are_counted_once_and_those_that_stay_are_told() -> None:
    found = judge_target(profile_column("y", pa.chunked_array([["1", "01", "1.0", "2"] * 30])))
    assert found.why.startswith("3 different values in 120 rows; '1' and '01' stay values of their")
    assert found.is_notable
    found = judge_target(profile_column("y", pa.chunked_array([["1", "1.0", "2.0", "2"] * 30])))
    assert found.why == "2 different numbers, which may be classes"


@pytest.mark.parametrize(
    ("cells", "change"),
    [
        (["ja", "nein"] * 30, ""),
        (["x"] * 30, ""),
        ([n % 5 for n in range(90)], "target: {t: regress}"),
        ([f"{n % 5} %" for n in range(90)], 'target: {t: {regress: {unit: "%"}}}'),
        ([f"{n}.5" for n in range(90)], "target: {t: classify}"),
        (["Rot", "rot", "blau"] * 30, "target: {t: {classify: {fold: true}}}"),
        (["Ja", "ja", "nein"] * 30, "target: {t: classify}"),
        (["Yes", "Y", "1", "no", "0"] * 30, "target: {t: classify}"),
    ],
)
def test_what_is_offered_instead_would_run(cells: list[Any], change: str) -> None:
    column = pa.chunked_array([cells])
    found = judge_target(profile_column("t", column))
    assert found.change == change
    if change:
        ((_, task),) = yaml.safe_load(change)["target"].items()
        make_step("stoker.tasks", task, Task).fit(column)


def test_what_is_to_be_told_of_a_target_stands_in_its_reason() -> None:
    column = profile_column("t", pa.chunked_array([[f"{n}.{n + 100} €" for n in range(2, 90)]]))
    found = judge_target(column)
    assert found.is_notable
    assert 'is read as 2102; if it is 2.102 write {regress: {unit: "€"}}' in found.why
    assert "write target: {t: {regress: {thousands: " in str(why_absurd(column, "classify"))


def test_a_dictionary_of_many_digits_is_a_label() -> None:
    digits = pa.chunked_array([pa.array([str(n % 40) for n in range(400)]).dictionary_encode()])
    assert judge_target(profile_column("t", digits)).feature == {"classify": {}}


@pytest.mark.parametrize(
    ("cells", "task", "said"),
    [
        ([n % 421 for n in range(900)], "classify", "421 different numbers from 0 to 420"),
        ([f"name {n}" for n in range(100)], "classify", "labels that hardly repeat"),
        ([0, 1] * 30, "regress", "two different numbers only"),
        ([1] * 30, "regress", "every value is the same"),
        ([n % 10 for n in range(99)], "classify", None),
        ([n % 10 for n in range(99)], "regress", None),
    ],
)
def test_what_is_absurd_is_named(cells: list[Any], task: str, said: str | None) -> None:
    found = why_absurd(profile_column("t", pa.chunked_array([cells])), task)
    assert (found is None) == (said is None)
    assert said is None or said in str(found)


def test_twins_of_the_target_are_found(profiled: Profiled, tmp_path: Path) -> None:
    label = ["good", "bad", "bad"] * 40
    columns = {
        "label": label,
        "code": [{"good": 1, "bad": 0}[one] for one in label],
        "flag": [one == "good" for one in label],
        "turned": label[::-1],
        "other": ["good", "bad"] * 60,
        "id": list(range(120)),
    }
    profile = profiled(columns)
    assert find_twins(profile, tmp_path / "rows.parquet", "label") == ["code", "flag"]
    assert find_twins(profile, tmp_path / "rows.parquet", "id") == []
