"""Every type of Arrow has an answer, from a Parquet file to a dataset that the engine carries."""

from __future__ import annotations

import datetime
import decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.lib as arrow_lib
import pyarrow.parquet as pq
import pytest

from stoker import engine
from stoker.core.errors import DataError
from stoker.core.steps import make_step
from stoker.data.acquire import Source
from stoker.data.acquire._arrow_types import as_plain, plain_type, why_left_out
from stoker.data.clean.exact_duplicates import ExactDuplicates
from stoker.data.cleaning import clean_rows
from stoker.engine.table_file import read_table
from tests.data.acquire.conftest import Acquire, Acquired, Told

DAY, TIME = datetime.date(2024, 2, 29), datetime.time(8, 30)
MOMENT, SPAN = datetime.datetime(2024, 2, 29, 8, 30), datetime.timedelta(hours=2)
PRICE = decimal.Decimal("1.50")

CARRIED: dict[str, tuple[pa.DataType, Any, pa.DataType]] = {
    "bool": (pa.bool_(), True, pa.bool_()),
    **{
        str(kind): (kind, 7, kind)
        for kind in (
            *(pa.int8(), pa.int16(), pa.int32(), pa.int64()),
            *(pa.uint8(), pa.uint16(), pa.uint32(), pa.uint64()),
            *(pa.float32(), pa.float64()),
        )
    },
    "halffloat": (pa.float16(), 1.5, pa.float32()),
    "decimal32": (pa.decimal32(5, 2), PRICE, pa.decimal128(5, 2)),
    "decimal64": (pa.decimal64(12, 2), PRICE, pa.decimal128(12, 2)),
    "decimal128": (pa.decimal128(38, 2), PRICE, pa.decimal128(38, 2)),
    "decimal256 of few digits": (pa.decimal256(20, 2), PRICE, pa.decimal128(20, 2)),
    "string": (pa.string(), "李", pa.string()),
    "large_string": (pa.large_string(), "李", pa.string()),
    "string_view": (pa.string_view(), "李", pa.string()),
    "binary": (pa.binary(), b"\0\xff", pa.binary()),
    "large_binary": (pa.large_binary(), b"\0\xff", pa.binary()),
    "binary_view": (pa.binary_view(), b"\0\xff", pa.binary()),
    "fixed_size_binary": (pa.binary(2), b"\0\xff", pa.binary(2)),
    "date32": (pa.date32(), DAY, pa.date32()),
    "date64": (pa.date64(), DAY, pa.date32()),
    "time32[s]": (pa.time32("s"), TIME, pa.time64("us")),
    "time32[ms]": (pa.time32("ms"), TIME, pa.time64("us")),
    "time64[us]": (pa.time64("us"), TIME, pa.time64("us")),
    "time64[ns]": (pa.time64("ns"), TIME, pa.time64("ns")),
    "null": (pa.null(), None, pa.string()),
    "dictionary of text": (pa.dictionary(pa.int8(), pa.string()), "1", pa.string()),
    "dictionary of numbers": (pa.dictionary(pa.int32(), pa.int64()), 7, pa.int64()),
    "dictionary of times": (pa.dictionary(pa.int32(), pa.time32("s")), TIME, pa.time64("us")),
    "uuid": (pa.uuid(), bytes(16), pa.binary(16)),
    "timestamp[s]": (pa.timestamp("s"), MOMENT, pa.timestamp("ms")),
    "timestamp of a zone": (
        pa.timestamp("us", "Asia/Shanghai"),
        MOMENT.replace(tzinfo=datetime.UTC),
        pa.timestamp("us", "Asia/Shanghai"),
    ),
    **{
        f"timestamp[{unit}]": (pa.timestamp(unit), MOMENT, pa.timestamp(unit))
        for unit in ("ms", "us", "ns")
    },
    **{
        f"duration[{unit}]": (pa.duration(unit), SPAN, pa.duration(unit))
        for unit in ("s", "ms", "us", "ns")
    },
}
"""Name: type in the file, a value, type in the dataset."""

LEFT_OUT: dict[str, tuple[pa.DataType, Any]] = {
    "list": (pa.list_(pa.int64()), [1]),
    "large_list": (pa.large_list(pa.int64()), [1]),
    "fixed_size_list": (pa.list_(pa.int64(), 2), [1, 2]),
    "struct": (pa.struct([("x", pa.int64())]), {"x": 1}),
    "map": (pa.map_(pa.string(), pa.int64()), [("k", 1)]),
    "decimal256": (pa.decimal256(60, 2), PRICE),
}
NOT_IN_PARQUET = {
    "list_view": pa.list_view(pa.int64()),
    "dense_union": pa.dense_union([pa.field("a", pa.int64())]),
    "sparse_union": pa.sparse_union([pa.field("a", pa.int64())]),
    "interval": pa.month_day_nano_interval(),
}


def cells(kind: pa.DataType, value: object) -> pa.Array:
    """The value and a null; what Arrow cannot build of Python values is cast."""
    if isinstance(kind, pa.BaseExtensionType):
        return pa.ExtensionArray.from_storage(kind, cells(kind.storage_type, value))
    if pa.types.is_dictionary(kind):
        return cells(kind.value_type, value).dictionary_encode().cast(kind)
    return pa.array([value, None], kind)


@pytest.fixture(scope="module")
def table() -> pa.Table:
    columns = {name: cells(kind, value) for name, (kind, value, _) in CARRIED.items()}
    return pa.table(columns | {name: cells(*spec) for name, spec in LEFT_OUT.items()})


@pytest.fixture(scope="module")
def acquired(table: pa.Table, tmp_path_factory: pytest.TempPathFactory) -> Acquired:
    """The whole table, read once."""
    from stoker.data.dataset import Dataset
    from stoker.data.read_sources import acquire

    project = tmp_path_factory.mktemp("types")
    pq.write_table(table, project / "a.parquet")
    (project / "dataset").mkdir()
    source = make_step("stoker.data.acquire", {"parquet": {"path": "a.parquet"}}, Source)
    info = acquire([source], project / "dataset", project=project, cache=project)
    dataset = Dataset.open(project / "dataset")
    return Acquired(read_table(dataset.rows_path), [], info, dataset)


@pytest.mark.parametrize("name", CARRIED)
def test_a_value_and_its_type_arrive(acquired: Acquired, name: str) -> None:
    _, value, kind = CARRIED[name]
    assert acquired.rows.schema.field(name).type == kind
    assert acquired.column(name) == [value, None]


@pytest.fixture(scope="module")
def by_engine(acquired: Acquired, tmp_path_factory: pytest.TempPathFactory) -> pa.Table:
    path = tmp_path_factory.mktemp("engine") / "rows.parquet"
    engine.write(engine.read(acquired.dataset.rows_path), path)
    return read_table(path)


@pytest.mark.parametrize("name", CARRIED)
def test_the_engine_carries_it_unchanged(
    acquired: Acquired, by_engine: pa.Table, name: str
) -> None:
    assert by_engine[name].equals(acquired.rows[name])


def test_equal_rows_of_all_types_are_found(acquired: Acquired, tmp_path: Path) -> None:
    said = clean_rows([ExactDuplicates()], acquired.dataset, tmp_path)
    assert (said["rows_in"], said["rows_out"]) == (2, 2)


@pytest.mark.parametrize("name", LEFT_OUT)
def test_what_no_feature_reads_is_left_out_by_name(acquired: Acquired, name: str) -> None:
    assert name not in acquired.rows.column_names
    assert "is of " in acquired.dataset.left_out[name]


def test_the_source_tells_all_that_before_it_reads(
    acquired: Acquired, table: pa.Table, tmp_path: Path
) -> None:
    pq.write_table(table, tmp_path / "a.parquet")
    source = make_step("stoker.data.acquire", {"parquet": {"path": "a.parquet"}}, Source)
    seen = source.seen_columns(tmp_path, tmp_path)
    assert seen is not None
    assert {one.name: one.type for one in seen if not one.left_out} == acquired.dataset.columns
    assert {one.name: one.left_out for one in seen if one.left_out} == acquired.dataset.left_out
    kept = {one.name: one.declared for one in seen if not one.left_out}
    assert kept == acquired.dataset.declared


def test_the_word_of_the_file_is_kept(acquired: Acquired) -> None:
    declared = acquired.dataset.declared
    assert declared["dictionary of text"].startswith("dictionary<values=string")
    assert declared["dictionary of numbers"].startswith("dictionary<values=int64")
    assert declared["bool"] == "bool"
    assert declared["timestamp of a zone"] == "timestamp[us, tz=Asia/Shanghai]"


@pytest.mark.parametrize("name", LEFT_OUT)
def test_who_asks_for_it_is_refused(
    read: Acquire, table: pa.Table, project: Path, name: str
) -> None:
    pq.write_table(table.select(["bool", name]), project / "a.parquet")
    with pytest.raises(DataError, match=f"column {name}.*is of") as caught:
        read({"parquet": {"path": "a.parquet", "columns": ["bool", name]}})
    assert "take it out of the option `columns`" in str(caught.value)


def test_a_table_of_nothing_else_is_refused(read: Acquire, table: pa.Table, project: Path) -> None:
    pq.write_table(table.select(list(LEFT_OUT)), project / "a.parquet")
    with pytest.raises(DataError, match=r"column list.*nested type"):
        read({"parquet": {"path": "a.parquet"}})


def test_each_column_is_told_once_and_many_in_short(
    read: Acquire, project: Path, told: Told
) -> None:
    columns = {f"n{number}": [[number]] for number in range(50)}
    for part in ("a", "b"):
        pq.write_table(pa.table({"v": [1], **columns}), project / f"{part}.parquet")
    read({"parquet": {"path": "."}})
    assert len(told.warnings) == 21
    assert "column 'n0' is left out: it is of the nested type list<" in told.warnings[0]
    assert told.warnings[20] == "so are 30 more columns"


@pytest.mark.parametrize("name", NOT_IN_PARQUET)
def test_types_that_no_file_holds_have_an_answer_too(name: str) -> None:
    assert plain_type(NOT_IN_PARQUET[name]) is None
    assert "which no feature reads" in str(why_left_out(NOT_IN_PARQUET[name]))


def test_every_type_that_arrow_can_make_is_answered() -> None:
    known = [kind for kind, *_ in (*CARRIED.values(), *LEFT_OUT.values())]
    known += [*NOT_IN_PARQUET.values(), pa.run_end_encoded(pa.int32(), pa.string())]
    known += [pa.large_list_view(pa.int64())]
    internal = {"Type_INTERVAL_MONTHS", "Type_INTERVAL_DAY_TIME", "Type_EXTENSION"}
    names = {name for name in dir(arrow_lib) if name.startswith("Type_")} - internal
    missing = {name for name in names if getattr(arrow_lib, name) not in {k.id for k in known}}
    assert not missing


def test_stored_otherwise_the_values_are_the_same() -> None:
    runs = pa.RunEndEncodedArray.from_arrays(pa.array([2, 3], pa.int32()), pa.array(["a", None]))
    assert as_plain(pa.chunked_array([runs])).to_pylist() == ["a", "a", None]
    views = pa.DictionaryArray.from_arrays([0, None], pa.array(["a"], pa.string_view()))
    assert as_plain(pa.chunked_array([views])).to_pylist() == ["a", None]
    thousands = pa.array([decimal.Decimal(1500)], pa.decimal128(5, -2))
    assert as_plain(pa.chunked_array([thousands])).type == pa.decimal128(7, 0)
    assert plain_type(pa.decimal128(38, -2)) is None


@pytest.mark.parametrize("kind", [np.float16, np.float32, np.float64])
def test_nan_is_missing(read: Acquire, project: Path, kind: type) -> None:
    numbers = pa.array(np.array([1.5, np.nan, np.inf], kind))
    pq.write_table(pa.table({"x": numbers}), project / "a.parquet")
    result = read({"parquet": {"path": "a.parquet"}})
    assert result.column("x") == [1.5, None, float("inf")]
    assert result.rows["x"].null_count == 1


def test_a_page_that_the_reader_lacks_is_no_damage(read: Acquire, project: Path) -> None:
    path = project / "a.parquet"
    table = pa.table({"x": [1, 2, 3], "a": [1, 2, 3]})
    pq.write_table(table, path, compression={"x": "none", "a": "snappy"}, store_schema=False)
    whole = path.read_bytes()
    footer = len(whole) - 8 - int.from_bytes(whole[-8:-4], "little")
    codec = whole.index(b"a\x15\x02\x16", footer)  # the column's name, then its codec: snappy
    path.write_bytes(whole[: codec + 2] + b"\x06" + whole[codec + 3 :])  # LZO, which Arrow lacks
    with pytest.raises(DataError, match=r"column a.*cannot be read as Parquet: .*LZO") as caught:
        read({"parquet": {"path": "a.parquet"}})
    assert "leave the column out with the option `columns`" in str(caught.value)
    assert "copy it again" not in str(caught.value)
    assert read({"parquet": {"path": "a.parquet", "columns": ["x"]}}).column("x") == [1, 2, 3]


def test_an_encoding_that_the_reader_lacks_is_no_damage(read: Acquire, project: Path) -> None:
    path = project / "a.parquet"
    table = pa.table({"x": [1.5, 2.5, 3.5], "a": [1, 2, 3]})
    pq.write_table(table, path, use_dictionary=False, compression="none", store_schema=False)
    whole = path.read_bytes()
    page = pq.read_metadata(path).row_group(0).column(1).data_page_offset
    encoding = whole.index(b"\x2c\x15\x06\x15\x00", page) + 4  # of a page of 3 values: plain
    path.write_bytes(whole[:encoding] + b"\x1e" + whole[encoding + 1 :])  # one of years to come
    with pytest.raises(DataError, match=r"column a.*Unknown encoding") as caught:
        read({"parquet": {"path": "a.parquet"}})
    assert "leave the column out with the option `columns`" in str(caught.value)
    assert read({"parquet": {"path": "a.parquet", "columns": ["x"]}}).column("x") == [1.5, 2.5, 3.5]
