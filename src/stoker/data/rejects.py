"""Rejects: the rows and files that were left out, with where they stand and why.

Every stage that drops something writes a `rejects.parquet` with this one schema, so that the report
can add them up: rows in = rows out + rejects.

Cost: about 100 bytes a record.  A source with more than a million bad records is not read to its
end, for then the form is wrong and not the rows.
"""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa

from stoker.core.errors import DataError, Place, printable
from stoker.engine.table_file import write_table

SCHEMA = pa.schema(
    [
        ("_row", pa.int64()),
        ("source", pa.string()),
        ("line", pa.int64()),
        ("column", pa.string()),
        ("found", pa.string()),
        ("reason", pa.string()),
        ("step", pa.string()),
    ]
)
"""Columns of every rejects file: row id (null where it never became a row), file, line or record
from 1, column, what stood there (shortened), why it will not do, and the step that said so."""

MOST_FOUND = 120
"""Most characters kept of what stood there."""

MOST_REJECTS = 1_000_000
"""Bad records after which reading stops with an error."""

_PER_BATCH = 8_192


def shorten(value: object) -> str:
    r"""A value as at most 120 printable characters; what is not text is escaped.

    >>> shorten("a\x00b\ud800")
    'a\\x00b\\ud800'
    >>> len(shorten("x" * 1000))
    120
    """
    if isinstance(value, bytes):
        text = value[: MOST_FOUND + 1].decode("utf-8", "backslashreplace")
    else:
        text = str(value)[: MOST_FOUND + 1]
    text = printable(text)
    return text if len(text) <= MOST_FOUND else text[: MOST_FOUND - 1] + "…"


class Rejects:
    """Records that were left out, in the order in which they were met."""

    def __init__(self) -> None:
        """Begin with none."""
        self._full: list[pa.RecordBatch] = []
        self._columns: list[list[object]] = [[] for _ in SCHEMA]
        self._num_full = 0

    def __len__(self) -> int:
        """How many there are."""
        return self._num_full + len(self._columns[0])

    def add(  # noqa: PLR0913 - one keyword for each column of the schema
        self,
        *,
        source: str,
        line: int | None,
        column: str | None,
        found: object,
        reason: str,
        step: str,
        row: int | None = None,
    ) -> None:
        """Note one record.

        Args:
            source: The file as the user knows it.
            line: Line or record of that file, from 1; None for the file as a whole.
            column: Column that is at fault, if one is.
            found: What stood there; shortened; None where there is nothing to show.
            reason: Why it will not do, and what would.
            step: Recipe key of the step that judged it.
            row: Row id, if it had become a row.

        Raises:
            DataError: At the millionth; the form of the data is wrong then.
        """
        shown = None if found is None else shorten(found)
        values = (row, source, line, column, shown, reason, step)
        for cells, value in zip(self._columns, values, strict=True):
            cells.append(value)
        if len(self._columns[0]) >= _PER_BATCH:
            self._pack()
        if len(self) >= MOST_REJECTS:
            raise DataError(
                f"{len(self):,} records are bad, the last because: {reason}",
                expected="data in the form that the recipe states",
                fix="look at this line, and at the options of the source",
                place=Place(source, line, column=column),
            )

    def extend(self, table: pa.Table) -> None:
        """Note all records of a table with this schema."""
        self._pack()
        batches = table.select(SCHEMA.names).cast(SCHEMA).to_batches()
        self._full += batches
        self._num_full += table.num_rows

    def table(self) -> pa.Table:
        """All records as a table."""
        self._pack()
        return pa.Table.from_batches(self._full, SCHEMA)

    def write(self, folder: Path) -> int:
        """Write `rejects.parquet` into a folder; gives the number of records."""
        return write_table(self.table(), folder / "rejects.parquet")

    def _pack(self) -> None:
        if not self._columns[0]:
            return
        batch = pa.RecordBatch.from_pydict(
            dict(zip(SCHEMA.names, self._columns, strict=True)), schema=SCHEMA
        )
        self._full.append(batch)
        self._num_full += batch.num_rows
        self._columns = [[] for _ in SCHEMA]
