"""What own cleaners and sources answer is held against their promise, and told as theirs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from stoker.core.errors import DataError, OwnCodeError
from stoker.data.acquire import SourceColumn
from stoker.data.clean import Cleaned
from stoker.data.clean_answers import RowsLeft, require_all_kept
from stoker.data.read_sources import _conform
from stoker.data.rejects import SCHEMA
from stoker.data.source_answers import require_as_seen, require_places


def rejected(*rows: int | None) -> pa.Table:
    """A record for each row."""
    texts = dict.fromkeys(SCHEMA.names, [None] * len(rows))
    return pa.table({**texts, "_row": pa.array(rows, pa.int64())}, SCHEMA)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (None, "returned NoneType from clean"),
        (Cleaned(rejected(9), {}), "rejected the row with _row 9"),
        (Cleaned(rejected(-1), {}), "rejected the row with _row -1"),
        (Cleaned(rejected(None), {}), "rejected the row with _row None"),
        (Cleaned(rejected(2, 2), {}), "rejected the row with _row 2"),
        (Cleaned(rejected(0), {}), "rejected the row with _row 0"),
        (Cleaned(pa.table({"_row": [1]}), {}), "lacks the columns 'source', 'line'"),
    ],
)
def test_a_cleaner_speaks_of_rows_that_it_was_given(answer: Any, words: str) -> None:
    left = RowsLeft(np.array([0, 1, 2, 3, 7]), np.array([0]))
    with pytest.raises(OwnCodeError, match=f"your step own:Own {words}|your step own:Own.*{words}"):
        left.without("own:Own", answer)


def test_each_row_goes_once_whoever_rejects_it() -> None:
    left = RowsLeft(np.arange(4), np.array([], np.int64))
    assert left.without("a", Cleaned(rejected(3, 1), {})).rejected.num_rows == 2
    with pytest.raises(OwnCodeError, match="b rejected the row with _row 1"):
        left.without("b", Cleaned(rejected(1), {}))


def test_a_cleaner_that_mends_keeps_every_row() -> None:
    require_all_kept(["a"], 3, 3)
    with pytest.raises(OwnCodeError, match="'own:Own' left 2 rows, and 3 were not rejected"):
        require_all_kept(["own:Own"], 2, 3)


PLACES = {"_source": ["a", "a"], "_line": [1, 2]}


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ({"x": [1, 2]}, "gave a dict from read_rows"),
        (pa.table({"_line": [1, 2]}), "lack the column _source"),
        (pa.table({"_source": ["a", "a"]}), "lack the column _line"),
        (pa.table(PLACES | {"_line": ["1", "2"]}), "have a _line of type string"),
        (pa.table(PLACES | {"_source": [1, 2]}), "have a _source of type int64"),
    ],
)
def test_rows_say_which_file_and_line_they_are(table: Any, words: str) -> None:
    require_places("own:Own", pa.table(PLACES | {"x": [1, 2]}))
    with pytest.raises(OwnCodeError, match=words):
        require_places("own:Own", table)


def test_columns_that_were_seen_are_those_that_are_read() -> None:
    schema = pa.schema([("_row", pa.int64()), ("a", pa.string()), ("b", pa.string())])
    require_as_seen("own:Own", None, schema)
    require_as_seen("own:Own", [SourceColumn("a"), SourceColumn("b")], schema)
    seen = [SourceColumn("a"), SourceColumn("c"), SourceColumn("d", left_out="is nested")]
    with pytest.raises(OwnCodeError, match="names 'c', which its rows lack and does not name 'b'"):
        require_as_seen("own:Own", seen, schema)


@pytest.mark.parametrize(
    ("in_source", "words"),
    [(True, "earlier rows of the same source"), (False, "the source before")],
)
def test_columns_that_differ_are_told_beside_the_right_rows(in_source: bool, words: str) -> None:
    table = pa.table({"_source": ["a"], "x": [1]})
    with pytest.raises(DataError, match=f"differ from those of {words}"):
        _conform(table, pa.schema([("_source", pa.string())]), in_source=in_source)
    with pytest.raises(DataError, match=f"do not fit {words}"):
        _conform(
            table.set_column(1, "x", pa.array(["y"])),
            pa.schema([("_source", pa.string()), ("x", pa.int64())]),
            in_source=in_source,
        )
