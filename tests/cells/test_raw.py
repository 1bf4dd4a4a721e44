"""A cell of any Arrow type is one line, also where Python has no such value."""

from __future__ import annotations

import subprocess
import sys

import pyarrow as pa
import pytest

NANOSECONDS = 1_741_645_779_047_273_137
CELLS = [
    (pa.timestamp("ns"), NANOSECONDS, "2025-03-10 22:29:39.047273137"),
    (pa.timestamp("ns", "UTC"), NANOSECONDS, "2025-03-10 22:29:39.047273137Z"),
    (pa.timestamp("s"), 10**12, "<value out of range: 1000000000000>"),
    (pa.time64("ns"), 1, "00:00:00.000000001"),
    (pa.date32(), 10**7, "29349-01-26"),
    (pa.duration("ns"), 1, "1 ns"),
    (pa.list_(pa.timestamp("ns")), [NANOSECONDS], "['2025-03-10 22:29:39.047273137']"),
    (pa.large_list(pa.date32()), [10**7], "['29349-01-26']"),
    (pa.list_(pa.timestamp("ns"), 1), [1], "['1970-01-01 00:00:00.000000001']"),
    (pa.struct({"at": pa.timestamp("ns")}), {"at": 1}, "{'at': '1970-01-01 00:00:00.000000001'}"),
    (pa.map_(pa.string(), pa.time64("ns")), [("a", 1)], "[('a', '00:00:00.000000001')]"),
    (pa.list_(pa.duration("ns")), [1], "['1']"),
    (pa.dictionary(pa.int8(), pa.timestamp("ns")), 1, "1970-01-01 00:00:00.000000001"),
    (pa.run_end_encoded(pa.int16(), pa.timestamp("ns")), 1, "1970-01-01 00:00:00.000000001"),
    (pa.month_day_nano_interval(), (1, 2, 3), "MonthDayNano(months=1, days=2, nanoseconds=3)"),
    (pa.binary_view(), b"\xff", "1 bytes that begin ff"),
    (pa.float16(), 1.5, "1.5"),
    (pa.decimal256(50, 2), None, "None"),
    (pa.null(), None, "None"),
]
_CODE = """
import pyarrow as pa
from stoker.engine.without_pandas import leave_pandas_out
leave_pandas_out()  # as commands do; pandas has values for nanoseconds
from stoker.cells.raw import cell_text
from tests.cells.test_raw import CELLS, one_cell
for kind, cell, _ in CELLS:
    print(cell_text(one_cell(kind, cell), 0))
"""


def one_cell(kind: pa.DataType, cell: object) -> pa.Array:
    """An array with one cell of a type; moments are given as whole numbers."""
    if pa.types.is_dictionary(kind):
        return one_cell(kind.value_type, cell).dictionary_encode()
    if pa.types.is_run_end_encoded(kind):
        return pa.RunEndEncodedArray.from_arrays([1], one_cell(kind.value_type, cell))
    return pa.array([cell], kind)


def test_a_cell_of_any_type_is_one_line() -> None:
    done = subprocess.run([sys.executable, "-c", _CODE], capture_output=True, text=True)
    assert done.stdout.splitlines() == [said for _, _, said in CELLS], done.stderr


@pytest.mark.parametrize("chunks", [1, 2])
def test_a_cell_of_a_column_in_chunks_is_found(chunks: int) -> None:
    from stoker.cells.raw import cell_text

    column = pa.chunked_array([pa.array([7, 8])] * chunks)
    assert cell_text(column, 2 * chunks - 1) == "8"
