"""Cells of every type become something that JSON can say, without a crash."""

from __future__ import annotations

import json
from decimal import Decimal

import pyarrow as pa
import pytest

from stoker.report.cells import plain_cells
from stoker.report.facts import MistakeFact

CASES = {
    "finite": (pa.array([1.5, None]), [1.5, None]),
    "not finite": (pa.array([float("nan"), float("-inf")]), ["nan", "-inf"]),
    "float16": (pa.array([float("nan")], pa.float16()), ["nan"]),
    "whole": (pa.array([2**62, 0], pa.int64()), [2**62, 0]),
    "bool": (pa.array([True, None]), [True, None]),
    "decimal": (pa.array([Decimal("1.50")]), ["1.50"]),
    "date": (pa.array([19000], pa.date32()), ["2022-01-08"]),
    "late date": (pa.array([10**6], pa.date32()), ["4707-11-29"]),
    "year 29719 BC": (pa.array([-(10**12)], pa.timestamp("s", "UTC")), ["-29719-04-05 22:13:20Z"]),
    "nanoseconds": (
        pa.array([1_700_000_000_123_456_789], pa.timestamp("ns", "Asia/Shanghai")),
        ["2023-11-15 06:13:20.123456789+0800"],
    ),
    "unknown zone": (pa.array([0], pa.timestamp("s", "Mars/Olympus")), ["1970-01-01 00:00:00Z"]),
    "time": (pa.array([1], pa.time64("ns")), ["00:00:00.000000001"]),
    "duration": (pa.array([2**62], pa.duration("s")), [str(2**62)]),
    "list": (pa.array([[1, 2], None]), ["[1, 2]", None]),
    "struct": (pa.array([{"a": float("nan")}]), ["{'a': nan}"]),
    "bytes": (pa.array([b"\xff\0"]), ["2 bytes that begin ff00"]),
    "large text": (pa.array(["文"], pa.large_string()), ["文"]),
    "dictionary": (pa.array(["a", None]).dictionary_encode(), ["a", None]),
}


@pytest.mark.parametrize("name", CASES)
def test_every_type_is_shown(name: str) -> None:
    column, shown = CASES[name]
    assert plain_cells(column) == shown
    assert plain_cells(pa.chunked_array([column])) == shown
    cells = {f"c{number}": cell for number, cell in enumerate(plain_cells(column))}
    fact = MistakeFact(truth="a", prediction="b", cells=cells)
    assert json.loads(fact.model_dump_json())["cells"] == cells
