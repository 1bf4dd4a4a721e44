"""Each feature and task against every Arrow type: a tensor, or a refusal that names the type."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from pyarrow import lib

from stoker.core.errors import DataError
from stoker.core.steps import find_step, step_names
from stoker.features import Feature, FittedFeature
from stoker.features.category import Category
from stoker.tasks import Task

DAY = dt.datetime(2024, 2, 29, 8, 30)
MOMENTS = [DAY + dt.timedelta(days=37 * n, hours=n) for n in range(3)]
SPANS = [dt.timedelta(hours=n) for n in range(3)]
CLOCKS = [dt.time(8 + n, 30) for n in range(3)]


def _columns() -> dict[str, pa.Array]:
    """A column of three values and a null of each type."""
    whole = [pa.array([0, 1, 1, None], kind()) for kind in (pa.int8, pa.int16, pa.int32, pa.int64)]
    whole += [pa.array([0, 1, 1, None], k()) for k in (pa.uint8, pa.uint16, pa.uint32, pa.uint64)]
    real = [pa.array([0.5, 1, 1, None], kind()) for kind in (pa.float16, pa.float32, pa.float64)]
    money = [Decimal("0.50"), Decimal("1.00"), Decimal("1.00"), None]
    real += [pa.array(money, pa.decimal128(width, 2)) for width in (4, 38)]
    real += [pa.array(money, kind) for kind in (pa.decimal32(4, 2), pa.decimal64(9, 2))]
    real += [pa.array(money, pa.decimal256(40, 2))]
    words = [*"aba", None]
    text = [pa.array(words, k()) for k in (pa.string, pa.large_string, pa.string_view)]
    text += [pa.array(words).dictionary_encode(), pa.array(["1", "0", "1", None])]
    blob = [pa.array([b"a", b"b", b"a", None], k) for k in (pa.binary(), pa.large_binary())]
    blob += [pa.array([b"a", b"b", b"a", None], k) for k in (pa.binary(1), pa.binary_view())]
    units = ("s", "ms", "us", "ns")
    stamps = pa.array([*MOMENTS, None], pa.timestamp("us"))
    time = [stamps.cast(pa.timestamp(unit)) for unit in units]
    time += [stamps.cast(pa.timestamp(unit, "Asia/Shanghai")) for unit in units]
    time += [stamps.cast(kind, safe=False) for kind in (pa.date32(), pa.date64())]
    clocks = pa.array([*CLOCKS, None], pa.time64("us"))
    time += [clocks.cast(kind) for kind in (pa.time32("s"), pa.time32("ms"), pa.time64("ns"))]
    time += [clocks, *(pa.array([*SPANS, None], pa.duration(unit)) for unit in units)]
    nested = [pa.array([[1], [2], [1], None]), pa.array([{"a": 1}, {"a": 2}, {"a": 1}, None])]
    nested += [pa.array([[1], [2], [1], None], pa.list_(pa.int64(), 1))]
    nested += [pa.array([[("a", 1)], [], [], None], pa.map_(pa.string(), pa.int64()))]
    nested += [pa.array([[1], [2], [1], None], pa.large_list(pa.int64()))]
    other = [pa.array([True, False, True, None]), pa.nulls(4)]
    other += [pa.array([0, 1, 1, None], pa.int8()).cast(pa.bool8())]
    other += [pa.array(["1", "2", "1", None]).cast(pa.json_())]
    other += [pa.array([b"a" * 16, b"b" * 16, b"a" * 16, None], pa.uuid())]
    other += [pc.run_end_encode(pa.array([1, 2, 1, None]))]
    other += [pa.array([(1, 2, 3), None], pa.month_day_nano_interval())]
    every = [*whole, *real, *text, *blob, *time, *nested, *other]
    return {f"{number} {column.type}": column for number, column in enumerate(every)}


COLUMNS = _columns()
FEATURES = [name for name in step_names("stoker.features") if name != "image"]
TASKS = step_names("stoker.tasks")
READABLE: dict[str, Any] = {
    "number": ["0", "1"],
    "category": ["a", "b"],
    "boolean": ["yes", "no"],
    "timestamp": ["2024-01-01", "2024-03-02"],
    "tokens": ["good and bad", "good"],
    "text": ["a word", "two words"],
}


def test_every_type_of_arrow_is_here() -> None:
    tested = {column.type.id for column in COLUMNS.values()}
    unions = {lib.Type_SPARSE_UNION, lib.Type_DENSE_UNION}
    intervals = {lib.Type_INTERVAL_MONTHS, lib.Type_INTERVAL_DAY_TIME}
    lists = {lib.Type_LIST_VIEW, lib.Type_LARGE_LIST_VIEW}
    known = {getattr(lib, name) for name in dir(lib) if name.startswith("Type_")}
    assert known - tested - unions - intervals - lists == set()


@pytest.mark.parametrize("column", COLUMNS.values(), ids=COLUMNS)
@pytest.mark.parametrize("name", FEATURES)
def test_a_feature_learns_from_a_type_or_names_it(name: str, column: pa.Array) -> None:
    feature = find_step("stoker.features", name, Feature)()
    fitted = _learn(feature, column)
    if isinstance(fitted, DataError):
        assert str(column.type) in fitted.what or "training cells" in fitted.what
        return
    _check(fitted, column)
    many = pa.chunked_array([column] * 30)
    np.testing.assert_array_equal(
        fitted.transform(many).values[: len(column)], fitted.transform(column).values
    )


@pytest.mark.parametrize("column", COLUMNS.values(), ids=COLUMNS)
@pytest.mark.parametrize("name", FEATURES)
def test_a_feature_answers_any_type_or_names_the_cells(name: str, column: pa.Array) -> None:
    feature = find_step("stoker.features", name, Feature)()
    fitted = feature.fit(pa.chunked_array([pa.array(READABLE[name])]))
    _check(fitted, column)


def _learn(step: Any, column: pa.Array) -> Any:
    """What a step learned of a column, or its refusal in one line."""
    try:
        return step.fit(pa.chunked_array([column]))
    except DataError as error:
        return error if "\n" not in error.what else pytest.fail(error.what)


def _check(fitted: FittedFeature, column: pa.Array) -> None:
    """One tensor a row; a null is never bad, a bad cell says what it is."""
    done = fitted.transform(column)
    assert len(done.rows()) == len(column)
    assert done.values.shape[1:] == fitted.shape
    assert done.values.dtype == fitted.dtype
    for cell in done.bad:
        assert column[cell.index].as_py() is not None
        assert cell.reason
        assert "\n" not in cell.found


@pytest.mark.parametrize("column", COLUMNS.values(), ids=COLUMNS)
@pytest.mark.parametrize("name", TASKS)
def test_a_task_learns_from_a_type_or_names_it(name: str, column: pa.Array) -> None:
    fields = {"text": "text"} if name == "tag" else {}
    fitted = _learn(find_step("stoker.tasks", name, Task)(**fields), column)
    if isinstance(fitted, DataError):
        assert fitted.expected
        return
    done = fitted.encode(column)
    assert len(done.rows()) == len(column)
    missing = {index for index, cell in enumerate(column) if cell.as_py() is None}
    assert {cell.index for cell in done.bad} == missing
    answers = fitted.decode(np.zeros((2, fitted.output.width)))
    assert answers.num_rows == 2


@pytest.mark.parametrize(
    "kind", [pa.string(), pa.float64(), pa.null(), pa.timestamp("us")], ids=str
)
@pytest.mark.parametrize("name", FEATURES)
def test_a_column_without_a_value_is_one_clear_line(name: str, kind: pa.DataType) -> None:
    feature = find_step("stoker.features", name, Feature)()
    with pytest.raises(DataError) as caught:
        feature.fit(pa.chunked_array([pa.nulls(5, kind)]))
    assert "5 training cells" in caught.value.what or str(kind) in caught.value.what
    assert caught.value.fix


def test_a_hundred_thousand_levels_are_fine() -> None:
    column = pa.chunked_array([pa.array([f"level {n}" for n in range(100_000)] * 2)])
    fitted = Category(max_size=100_000).fit(column)
    assert fitted.transform(column).values.max() == 100_000
