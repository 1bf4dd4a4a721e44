"""A profile is exact over all rows, the same for the same rows, and of every Arrow type."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stoker.core.errors import ArtifactError
from stoker.data.profile.column import ColumnProfile, Profile
from stoker.data.profile.measure import profile_table
from stoker.engine import table_file
from stoker.engine.table_file import write_table
from tests.data.profile.conftest import Profiled

VALUES = st.lists(st.none() | st.sampled_from(["a", "b", " b", "7", "007", "1.5", "-", "", "x y"]))


def only(profile: Profile) -> ColumnProfile:
    (column,) = profile.columns
    return column


@given(st.lists(st.none() | st.floats(-9, 9, width=16), min_size=1, max_size=40))
def test_numbers_are_counted_as_numpy_counts_them(
    tmp_path_factory: pytest.TempPathFactory, values: list[float | None]
) -> None:
    path = tmp_path_factory.mktemp("table") / "rows.parquet"
    write_table(pa.table({"_row": range(len(values)), "x": pa.array(values, pa.float64())}), path)
    found = only(profile_table(path))
    value_N = np.array([value for value in values if value is not None]) + 0.0
    assert (found.rows, found.missing) == (len(values), len(values) - len(value_N))
    assert found.distinct == len(np.unique(value_N))
    if not len(value_N):
        assert found.numbers is None
        return
    numbers = found.numbers
    assert numbers is not None
    assert (numbers.low, numbers.high) == (value_N.min(), value_N.max())
    assert numbers.mean == pytest.approx(value_N.mean(), abs=1e-9)
    assert numbers.std == pytest.approx(value_N.std(), abs=1e-9)
    lower = np.quantile(value_N, 0.25, method="inverted_cdf")
    assert numbers.quantiles["0.25"] == lower
    histogram = numbers.histogram
    assert histogram is not None
    assert sum(histogram.counts) + histogram.below + histogram.above == len(value_N)


@given(VALUES.filter(len))
def test_texts_are_counted_as_python_counts_them(
    tmp_path_factory: pytest.TempPathFactory, values: list[str | None]
) -> None:
    path = tmp_path_factory.mktemp("table") / "rows.parquet"
    write_table(pa.table({"_row": range(len(values)), "x": pa.array(values, pa.string())}), path)
    found = only(profile_table(path))
    present = [value for value in values if value is not None]
    assert found.missing == len(values) - len(present)
    assert found.distinct == len(set(present))
    assert dict(found.frequent) == {value: present.count(value) for value in set(present)}
    assert found.single == sum(present.count(value) == 1 for value in set(present))
    if not present:
        assert found.texts is None
        return
    assert found.texts is not None
    assert found.texts.plain_numbers == sum(value in ("7", "007", "1.5") for value in present)
    assert found.texts.leading_zeros == present.count("007")
    assert found.texts.blanks_around == present.count(" b")


def test_what_stands_behind_many_rows_is_seen(profiled: Profiled) -> None:
    size = 70_000
    codes = [str(n % 40) for n in range(size - 1)] + ["X363"]
    found = profiled({"region": ["north"] * (size - 5) + ["south"] * 5, "code": codes})
    region, code = found.columns
    assert region.frequent == (("north", size - 5), ("south", 5))
    assert region.order == "grouped"
    assert code.texts is not None
    assert code.texts.others == (("X363", 1),)


@pytest.mark.parametrize(
    ("values", "order"),
    [
        ([1, 2, 2, 9], "rising"),
        ([9.5, 2, 2, -1], "falling"),
        ([3, 3, 1, 1, 2], "grouped"),
        ([1, 2, 1], "mixed"),
        (["10", "9", "8"], "falling"),
        (["b", "b", "a"], "grouped"),
        ([None, 1, None, 2], "rising"),
    ],
)
def test_the_order_of_the_rows_is_told(profiled: Profiled, values: list[Any], order: str) -> None:
    assert only(profiled({"x": values})).order == order


DAY = dt.datetime(2024, 3, 1, 10, 30)
TYPES: dict[str, pa.Array] = {
    "int8": pa.array([1, 2, None], pa.int8()),
    "uint64": pa.array([2**64 - 1, 2**64 - 2, None], pa.uint64()),
    "float32": pa.array([1.5, float("inf"), None], pa.float32()),
    "bool": pa.array([True, False, None]),
    "decimal": pa.array([Decimal("12345678901234567891"), Decimal(3), None], pa.decimal128(38, 0)),
    "date": pa.array([DAY.date(), DAY.date() + dt.timedelta(1), None]),
    "stamp": pa.array([DAY, DAY + dt.timedelta(hours=1), None], pa.timestamp("ns")),
    "zoned": pa.array([DAY, DAY + dt.timedelta(hours=1), None], pa.timestamp("ms", "Asia/Tokyo")),
    "time": pa.array([DAY.time(), dt.time(0), None], pa.time64("us")),
    "span": pa.array([dt.timedelta(1), dt.timedelta(2), None], pa.duration("us")),
    "bytes": pa.array([b"a", b"b", None]),
    "fixed": pa.array([b"ab", b"cd", None], pa.binary(2)),
    "list": pa.array([[1], [2], None]),
    "struct": pa.array([{"a": 1}, {"a": 2}, None]),
    "words": pa.array(["a", "b", None]),
    "nothing": pa.array([None, None, None], pa.string()),
}


@pytest.mark.parametrize("name", TYPES)
def test_every_type_has_a_profile(profiled: Profiled, tmp_path: Path, name: str) -> None:
    found = profiled({name: TYPES[name]})
    column = only(found)
    assert column.missing == TYPES[name].null_count
    if name not in ("list", "struct", "nothing", "float32"):
        assert column.distinct == 2
    found.write(tmp_path)
    assert Profile.open(tmp_path) == found


def test_moments_are_seconds_and_their_values_are_shown(profiled: Profiled) -> None:
    found = only(profiled({"x": TYPES["date"]}))
    assert found.numbers is not None
    assert found.numbers.is_time
    assert found.numbers.low == dt.datetime(2024, 3, 1, tzinfo=dt.UTC).timestamp()
    assert found.frequent[0] == ("2024-03-01", 1)
    spelled = only(profiled({"x": ["01.03.2024 06:00", "13.03.2024"]}))
    assert spelled.numbers is not None
    assert spelled.numbers.low == found.numbers.low + 6 * 3600


def test_long_numbers_are_told_apart(profiled: Profiled) -> None:
    found = profiled(
        {"a": TYPES["uint64"], "b": TYPES["decimal"], "c": ["9" * 18 + d for d in "12"]}
    )
    for column in found.columns:
        assert column.distinct == 2
        assert column.numbers is not None
        assert column.numbers.beyond_exact


def test_a_text_as_long_as_a_document_is_told_apart_and_kept_short(profiled: Profiled) -> None:
    column = only(profiled({"x": ["a" * 9_000 + "1", "a" * 9_000 + "2"]}))
    assert column.distinct == 2
    assert all(len(value) < 300 for value, _ in column.frequent)


def test_a_far_value_does_not_squeeze_the_histogram(profiled: Profiled) -> None:
    column = only(profiled({"x": [*np.linspace(0, 100, 999), 1e12]}))
    assert column.numbers is not None
    histogram = column.numbers.histogram
    assert histogram is not None
    assert histogram.above == 1
    assert max(histogram.counts) < 100


def test_parts_are_counted_and_compared(tmp_path: Path, profiled: Profiled) -> None:
    size = 1_000
    parts = ["train"] * 600 + ["validation"] * 200 + ["test"] * 200
    rows = list(range(size))[::-1]
    write_table(pa.table({"_row": rows, "part": parts[::-1]}), tmp_path / "parts.parquet")
    columns = {
        "x": [n % 10 for n in range(800)] + [9] * 200,
        "word": ["a", "b"] * 400 + ["b"] * 200,
        "gap": [1.5 * n for n in range(900)],
    }
    found = profiled(columns, parts_path=tmp_path / "parts.parquet")
    x, word, gap = found.columns
    assert [part.rows for part in x.parts.values()] == [600, 200, 200]
    assert x.parts["test"].difference == pytest.approx(0.9)
    assert x.parts["validation"].difference == pytest.approx(0, abs=1e-12)
    assert word.parts["train"].frequent == (300, 300, 0)
    assert word.parts["test"].frequent == (200, 0, 0)
    assert [part.missing for part in gap.parts.values()] == [0, 0, 100]
    assert sum(gap.parts["train"].bins) == 600


def test_the_profile_does_not_follow_how_the_file_is_read(
    profiled: Profiled, monkeypatch: pytest.MonkeyPatch
) -> None:
    columns = {f"c{k}": [str(n * k % 17) for n in range(500)] for k in range(20)}
    whole = profiled(columns)
    monkeypatch.setattr(table_file, "_BLOCK_BYTES", 1)
    assert profiled(columns).model_dump_json() == whole.model_dump_json()


def test_a_damaged_profile_is_said_to_be(tmp_path: Path) -> None:
    (tmp_path / "profile.json").write_text('{"format": 1, "rows": "many"}', encoding="utf-8")
    with pytest.raises(ArtifactError, match="not a profile"):
        Profile.open(tmp_path)
