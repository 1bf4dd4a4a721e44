from __future__ import annotations

import random
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stoker import engine
from stoker.core.errors import ArtifactError, MachineError
from stoker.engine import table_file
from stoker.engine.table_file import (
    ROWS_PER_GROUP,
    TableWriter,
    read_table,
    read_tables,
    write_table,
)

TABLE = pa.table(
    {
        "_row": pa.array(range(1000), pa.int64()),
        "文": pa.array([None if i % 7 == 0 else f"值{i % 13}" for i in range(1000)]),
        "x": pa.array([i / 3 for i in range(1000)]),
        "raw": pa.array([bytes([i % 256]) for i in range(1000)]),
    }
)


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    write_table(TABLE, tmp_path / "a.parquet")
    assert read_table(tmp_path / "a.parquet").equals(TABLE)
    assert engine.to_arrow(engine.read(tmp_path / "a.parquet").sort("_row")).equals(TABLE)


def test_a_frame_in_any_order_gives_the_same_bytes(tmp_path: Path) -> None:
    order = list(range(1000))
    random.Random(0).shuffle(order)
    assert engine.write(engine.from_arrow(TABLE), tmp_path / "a.parquet") == 1000
    engine.write(engine.from_arrow(TABLE.take(order)), tmp_path / "b.parquet")
    halves = [engine.from_arrow(TABLE.slice(500)), engine.from_arrow(TABLE.slice(0, 500))]
    engine.write(halves[0].concat(halves[1]), tmp_path / "c.parquet")
    written = {path.read_bytes() for path in tmp_path.iterdir()}
    assert len(written) == 1
    assert read_table(tmp_path / "a.parquet").equals(TABLE)


def test_daft_reads_what_was_written_lazily_and_with_odd_names(tmp_path: Path) -> None:
    folder = tmp_path / "a[b]*? 数据"
    folder.mkdir()
    write_table(TABLE, folder / "rows.parquet")
    frame = engine.read(folder / "rows.parquet")
    assert frame.column_names == TABLE.column_names
    assert engine.to_arrow(frame.where("_row < 3").select("文"))["文"].to_pylist() == [
        None,
        "值1",
        "值2",
    ]


def test_an_empty_frame_keeps_its_columns(tmp_path: Path) -> None:
    frame = engine.from_arrow(TABLE)
    assert engine.write(frame.where("_row < 0"), tmp_path / "a.parquet") == 0
    assert read_table(tmp_path / "a.parquet").equals(TABLE.slice(0, 0))


@given(st.lists(st.integers(0, 317), max_size=5))
def test_bytes_do_not_depend_on_how_rows_arrive(
    tmp_path_factory: pytest.TempPathFactory, cuts: list[int]
) -> None:
    folder = tmp_path_factory.mktemp("law")
    table = TABLE.slice(0, 317)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(table_file, "ROWS_PER_GROUP", 100)
        with TableWriter(folder / "parts.parquet") as writer:
            for first, last in pairwise(sorted({0, 317, *cuts})):
                writer.write(table.slice(first, last - first))
        write_table(table, folder / "whole.parquet")
    assert writer.rows == 317
    assert (folder / "parts.parquet").read_bytes() == (folder / "whole.parquet").read_bytes()


@given(st.lists(st.integers(0, 300), max_size=5))
def test_long_texts_end_a_group_at_the_same_row_however_they_arrive(
    tmp_path_factory: pytest.TempPathFactory, cuts: list[int]
) -> None:
    folder = tmp_path_factory.mktemp("law")
    texts = [None if i % 50 == 7 else "x" * (i * 37 % 90) for i in range(300)]
    table = pa.table({"a": range(300), "t": pa.array(texts)})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(table_file, "ROWS_PER_GROUP", 100)
        patch.setattr(table_file, "GROUP_BYTES", 2_000)
        with TableWriter(folder / "parts.parquet") as writer:
            for first, last in pairwise(sorted({0, 300, *cuts})):
                writer.write(table.slice(first, last - first))
        write_table(table, folder / "whole.parquet")
        sizes = [one.num_rows for one in read_tables(folder / "whole.parquet")]
    assert (folder / "parts.parquet").read_bytes() == (folder / "whole.parquet").read_bytes()
    assert read_table(folder / "whole.parquet").equals(table)
    assert sum(sizes) == 300
    assert all(30 < size < 60 for size in sizes[:-1])


def test_no_flipped_bit_goes_unnoticed(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    write_table(TABLE, path)
    whole, chance = path.read_bytes(), random.Random(1)
    for _ in range(200):
        hurt = bytearray(whole)
        hurt[chance.randrange(len(hurt))] ^= 1 << chance.randrange(8)
        path.write_bytes(hurt)
        try:
            assert read_table(path).equals(TABLE)
        except ArtifactError as error:
            assert len(str(error).splitlines()) <= 3  # noqa: PT017 - one of two good ends


def test_columns_are_chosen_and_an_unknown_one_is_named(tmp_path: Path) -> None:
    write_table(TABLE, tmp_path / "a.parquet")
    assert read_table(tmp_path / "a.parquet", ["x", "_row"]).column_names == ["x", "_row"]
    assert [t.num_rows for t in read_tables(tmp_path / "a.parquet", ["x"], batch_rows=600)] == [
        600,
        400,
    ]
    with pytest.raises(ArtifactError, match="no column 'y'"):
        read_table(tmp_path / "a.parquet", ["y"])
    with pytest.raises(ArtifactError, match="cannot be read"):
        read_table(tmp_path / "absent.parquet")


def test_after_an_error_no_unfinished_file_is_left(tmp_path: Path) -> None:
    def write_and_fail() -> None:
        with TableWriter(tmp_path / "a.parquet") as writer:
            writer.write(pa.table({"a": range(ROWS_PER_GROUP + 1)}))
            assert (tmp_path / "a.parquet").exists()
            raise RuntimeError

    with pytest.raises(RuntimeError):
        write_and_fail()
    assert not list(tmp_path.iterdir())


def test_a_full_disk_is_one_clear_error() -> None:
    with pytest.raises(MachineError, match="No space left"):
        write_table(TABLE, Path("/dev/full"))


def test_daft_stays_out_until_it_is_needed_and_is_silent() -> None:
    program = (
        "import sys, os, stoker.data.dataset, stoker.engine as e;"
        "assert 'daft' not in sys.modules and 'pandas' not in sys.modules, 'loaded';"
        "e.load_daft();"
        "assert os.environ['DO_NOT_TRACK'] == 'true';"
        "from daft import scarf_telemetry as s;"
        "assert s.track_import_on_scarf()[0] is None, 'telemetry'"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
