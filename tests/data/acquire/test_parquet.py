from __future__ import annotations

import datetime
import io
import json
import os
import random
import signal
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from stoker.core.errors import DataError, MachineError
from stoker.data.acquire import SourceColumn, _parquet_child
from stoker.data.acquire._parquet_child import Footer, footer_of_child
from stoker.data.acquire._parquet_read import read_file
from stoker.data.acquire.parquet import Parquet
from stoker.data.media import MediaWriter
from stoker.data.reading import Reading
from tests.data.acquire.conftest import Acquire

SPEC = {"parquet": {"path": "a.parquet"}}
PNG = b"\x89PNG\r\n\x1a\n" + bytes(20)


@pytest.fixture
def write(project: Path):
    def write_table(table: pa.Table, name: str = "a.parquet", **options: object) -> Path:
        pq.write_table(table, project / name, **options)
        return project / name

    return write_table


TYPED = {
    "int8": pa.array([1, None], pa.int8()),
    "uint64": pa.array([2**64 - 1, 0], pa.uint64()),
    "float": pa.array([1.5, None], pa.float32()),
    "text": pa.array(["李", None]),
    "bool": pa.array([True, False]),
    "date": pa.array([datetime.date(2020, 1, 2), None]),
    "moment": pa.array([0, 1], pa.timestamp("us", "Asia/Shanghai")),
    "decimal": pa.array([1, 2], pa.decimal128(12, 2)),
    "time": pa.array([1, 2], pa.time64("us")),
}


def test_keeps_types_and_values(read: Acquire, write) -> None:
    table = pa.table(TYPED)
    write(table)
    result = read(SPEC)
    assert result.rows.select(table.column_names).equals(table)
    assert result.column("_line") == [1, 2]


def test_makes_plain_types_of_those_that_only_say_how_to_store(read: Acquire, write) -> None:
    table = pa.table(
        {
            "dictionary": pa.array(["a", "b", "a"]).dictionary_encode(),
            "large": pa.array(["a", "b", "c"], pa.large_string()),
            "null": pa.nulls(3),
            "half": pa.array(np.array([1, 2, 3], np.float16)),
            "uuid": pa.ExtensionArray.from_storage(
                pa.uuid(), pa.array([bytes([i]) * 16 for i in range(3)], pa.binary(16))
            ),
        }
    )
    write(table)
    columns = read(SPEC).info["columns"]
    assert columns == {
        "dictionary": "string",
        "large": "string",
        "null": "string",
        "half": "float",
        "uuid": "fixed_size_binary[16]",
    }


def test_reads_the_files_of_a_folder_in_order(read: Acquire, project: Path, write) -> None:
    (project / "many").mkdir()
    for name, value in (("b", 2), ("a", 1), ("._c", 3)):
        write(pa.table({"v": [value]}), f"many/{name}.parquet")
    result = read({"parquet": {"path": "many"}})
    assert result.column("v") == [1, 2]
    assert result.column("_source") == ["many/a.parquet", "many/b.parquet"]


def test_reads_encoded_pictures_as_media_and_rejects_what_is_none(read: Acquire, write) -> None:
    cells = [{"bytes": PNG, "path": "a"}, {"bytes": b"<html>", "path": "b"}, None]
    write(
        pa.table(
            {
                "img": cells,
                "raw": [PNG, PNG, b"BM" + bytes(12) + b"\x28" + bytes(17)],
                "y": [1, 2, 3],
            }
        )
    )
    result = read({"parquet": {"path": "a.parquet", "images": ["img", "raw"]}})
    assert result.column("y") == [1, 3]
    assert result.column("img") == [0, None]
    assert result.column("raw") == [0, 1]
    assert result.info["media"] == {"img": "image", "raw": "image"}
    assert [(r["line"], r["column"]) for r in result.rejects] == [(2, "img")]


NAMES = {
    "equal names": (pa.table([[1], [2]], names=["a", "a"]), "2 columns are called 'a'"),
    "no columns": (pa.table({}), "no columns"),
    "empty name": (pa.table({"": [1]}), "no name"),
    "own name": (pa.table({"_line": [1]}), "stoker's own"),
    "no rows": (pa.table({"a": pa.array([], pa.int64())}), "no row at all"),
}


@pytest.mark.parametrize("case", NAMES)
def test_refuses_tables_without_sound_columns(read: Acquire, write, case: str) -> None:
    table, message = NAMES[case]
    write(table)
    with pytest.raises(DataError, match=message):
        read(SPEC)


def test_a_small_file_that_names_one_long_text_a_million_times_is_refused(
    read: Acquire, write
) -> None:
    text = pa.DictionaryArray.from_arrays(
        pa.array(np.zeros(300_000, np.int32)), pa.array(["x" * 100_000])
    )
    path = write(pa.table({"a": text}), row_group_size=300_000)
    assert path.stat().st_size < 200_000
    with pytest.raises(DataError, match="decodes to more than 1,000 times"):
        read(SPEC)


def test_a_small_file_of_very_many_rows_is_refused_before_it_is_decoded(
    read: Acquire, write
) -> None:
    rows = pa.chunked_array([pa.array(np.zeros(1 << 20, np.int64))] * 40)
    write(pa.table({"a": rows}), compression="zstd")
    with pytest.raises(DataError, match="decodes to more than 1,000 times"):
        read(SPEC)


def damaged(whole: bytes) -> dict[str, bytes]:
    """The same file, hurt in several ways."""
    footer_bytes = int.from_bytes(whole[-8:-4], "little")
    lie = (footer_bytes * 2).to_bytes(4, "little")
    return {
        "empty": b"",
        "cut": whole[:-20],
        "half": whole[: len(whole) // 2],
        "footer length": whole[:-8] + lie + whole[-4:],
        "huge footer": whole[:-8] + b"\xff\xff\xff\x7f" + whole[-4:],
        "encrypted": whole[:-4] + b"PARE",
        "other file": b"PK\x03\x04" + bytes(100),
        "rotten page": whole[:60] + bytes([whole[60] ^ 16]) + whole[61:],
    }


@pytest.mark.parametrize("case", damaged(bytes(100)))
def test_refuses_a_damaged_file(read: Acquire, project: Path, write, case: str) -> None:
    path = write(pa.table({"a": list(range(500))}), write_page_checksum=True, compression="none")
    path.write_bytes(damaged(path.read_bytes())[case])
    with pytest.raises(DataError, match="cannot be read as Parquet") as caught:
        read(SPEC)
    assert len(str(caught.value).splitlines()) == 3


@pytest.mark.parametrize("said", [999, 1001, 2**40])
def test_a_footer_that_lies_about_its_rows_is_refused(read: Acquire, write, said: int) -> None:
    table = pa.table({"a": list(range(1000))})
    path = write(table, write_statistics=False, compression="none", store_schema=False)
    whole, honest = path.read_bytes(), zigzag(1000)
    footer = len(whole) - 8 - int.from_bytes(whole[-8:-4], "little")
    places = [i for i in range(footer, len(whole)) if whole.startswith(honest, i)]
    assert len(places) >= 3  # rows of the file, of the row group, values of the column
    refused = 0
    for place in places:
        lying = whole[:place] + zigzag(said) + whole[place + len(honest) : -8]
        path.write_bytes(lying + (len(lying) - footer).to_bytes(4, "little") + b"PAR1")
        try:
            assert read(SPEC).rows.select(["a"]).equals(table)  # not a count, and harmless
        except DataError:
            refused += 1
    assert refused >= 3


def zigzag(number: int) -> bytes:
    """A whole number as Thrift's compact protocol writes it."""
    rest, out = number << 1, bytearray()
    while rest > 127:
        out.append(rest & 127 | 128)
        rest >>= 7
    return bytes([*out, rest])


def test_with_page_checksums_no_flipped_bit_goes_unnoticed(tmp_path: Path) -> None:
    table = pa.table({"a": list(range(400)), "s": [f"x{i % 9}" for i in range(400)]})
    stream = io.BytesIO()
    pq.write_table(table, stream, write_page_checksum=True, row_group_size=150)
    whole, chance = stream.getvalue(), random.Random(0)
    for _ in range(150):
        hurt = bytearray(whole)
        hurt[chance.randrange(len(hurt))] ^= 1 << chance.randrange(8)
        (tmp_path / "a.parquet").write_bytes(hurt)
        try:
            tables = list(read_file(tmp_path / "a.parquet", None, ()))
        except (DataError, OSError, pa.ArrowException):
            continue
        assert pa.concat_tables(tables).equals(table)


def test_foreign_metadata_is_not_run_or_kept(read: Acquire, write) -> None:
    field = pa.field("a", pa.int64(), metadata={"ARROW:extension:name": "arrow.py_extension_type"})
    schema = pa.schema([field], metadata={"pandas": json.dumps({"columns": "nonsense"})})
    write(pa.table({"a": [1]}, schema=schema))
    result = read(SPEC)
    assert result.column("a") == [1]
    assert not result.rows.schema.field("a").metadata


# --- files that kill their reader ------------------------------------------------------------


def deeply_nested(depth: int = 100_000) -> bytes:
    """A Parquet file whose one column is inside 100,000 groups: 800 kB of footer in Thrift."""
    group, leaf = b"\x35\x02\x18\x01g\x15\x02\x00", b"\x15\x02\x25\x02\x18\x01v\x00"
    size = zigzag(depth + 2 >> 1)  # a plain number: half of it in zigzag form; `depth` is even
    footer = b"\x15\x02\x19\xfc" + size + group * (depth + 1) + leaf + b"\x16\x00\x19\x0c\x00"
    return b"PAR1" + footer + len(footer).to_bytes(4, "little") + b"PAR1"


@pytest.mark.parametrize("good_files", [0, 2])
def test_a_file_that_crashes_the_reader_is_one_clear_error(
    read: Acquire, project: Path, write, good_files: int
) -> None:
    (project / "many").mkdir()
    for number in range(good_files):
        write(pa.table({"a": [number]}), f"many/{number}.parquet")
    (project / "many" / "evil.parquet").write_bytes(deeply_nested())
    with pytest.raises(DataError, match=r"^many/evil.parquet: .*makes the reader crash"):
        read({"parquet": {"path": "many"}})
    assert not children()


def test_rows_that_need_too_much_memory_are_one_clear_error(
    read: Acquire, write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_parquet_child, "MEMORY_BYTES", 64 << 20)
    write(pa.table({"a": [b"x" * (90 << 20)]}))
    with pytest.raises(DataError, match=r"a\.parquet: .*more than 64 MiB of memory"):
        read(SPEC)


def test_a_large_file_of_sound_rows_fits_a_small_memory(
    read: Acquire, write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_parquet_child, "MEMORY_BYTES", 500 << 20)
    cells = [random.Random(seed).randbytes(1 << 20) for seed in range(300)]
    table = pa.table({"a": pa.array(cells, pa.binary())})
    write(table, row_group_size=300, write_batch_size=8)
    assert read(SPEC).rows.select(["a"]).equals(table)


def test_rows_that_take_too_long_are_one_clear_error(
    read: Acquire, write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_parquet_child, "CPU_S", 0.01)
    cells = [random.Random(seed).randbytes(1_000).hex() for seed in range(8_192)]
    write(pa.table({"a": cells}), compression="gzip")
    with pytest.raises(DataError, match=r"more than 0\.01 s of CPU time"):
        read(SPEC)


def test_a_reader_killed_from_outside_is_the_fault_of_the_machine(
    project: Path, tmp_path: Path, write
) -> None:
    write(pa.table({"a": np.random.default_rng(0).random(2_000_000)}))
    reading = Reading(project, tmp_path, MediaWriter(tmp_path))
    rows = Parquet(path="a.parquet").read_rows(reading)
    next(rows)
    (child,) = children()
    os.kill(child, signal.SIGKILL)
    with pytest.raises(MachineError, match="was killed"):
        list(rows)
    assert not children()


def test_who_wants_no_more_rows_leaves_no_process(project: Path, tmp_path: Path, write) -> None:
    write(pa.table({"a": np.random.default_rng(0).random(2_000_000)}))
    rows = Parquet(path="a.parquet").read_rows(Reading(project, tmp_path, MediaWriter(tmp_path)))
    next(rows)
    assert children()
    del rows
    assert not children()


def children() -> list[int]:
    """Processes that this one started and that are still there, zombies too."""
    task = Path(f"/proc/self/task/{os.getpid()}/children")
    return [int(word) for word in task.read_text().split()]


def test_the_same_file_twice_is_read_twice(read: Acquire, write) -> None:
    write(pa.table({"a": [1, 2]}))
    result = read({"parquet": {"path": ["a.parquet", "a.parquet"]}})
    assert result.column("a") == [1, 2, 1, 2]
    assert result.column("_line") == [1, 2, 1, 2]


def test_a_footer_is_read_by_a_child_too(project: Path, write) -> None:
    write(pa.table({"年龄": [1, 2, 3], "b": ["x", "y", None]}))
    assert footer_of_child(project / "a.parquet", "a.parquet") == Footer(
        3,
        (SourceColumn("年龄", "int64", "int64"), SourceColumn("b", "string", "string")),
    )
    (project / "evil.parquet").write_bytes(deeply_nested())
    with pytest.raises(DataError, match="makes the reader crash"):
        footer_of_child(project / "evil.parquet", "evil.parquet")
    (project / "cut.parquet").write_bytes((project / "a.parquet").read_bytes()[:-9])
    with pytest.raises(DataError, match=r"cannot be read as Parquet"):
        footer_of_child(project / "cut.parquet", "cut.parquet")
    assert not children()
