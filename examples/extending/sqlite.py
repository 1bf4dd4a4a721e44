"""Rows of a query of an SQLite database.  Cost: all of its rows in memory."""

import sqlite3
from contextlib import closing

import pyarrow as pa

from stoker.core.errors import DataError, Place
from stoker.core.steps import step_name
from stoker.data.acquire import Source


class Sqlite(Source):
    """Rows of a query of an SQLite database."""

    path: str
    """File of the database."""
    query: str
    """What to ask it; name the order, as two reads must give equal rows."""

    def files(self, project, cache):
        """Its one file: when that changes, the rows are read again."""
        return [project / self.path]

    def read_rows(self, reading):
        """All rows, in the order of the query."""
        file = reading.project / self.path
        label = reading.label(file)
        try:
            with closing(sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True)) as database:
                found = database.execute(self.query)
                names, rows = [column[0] for column in found.description], found.fetchall()
        except sqlite3.Error as error:
            raise DataError(str(error), place=Place(label)) from error
        for line, row in enumerate(rows, 1):
            if {*row} == {None}:
                what = {"column": None, "found": None, "reason": "every cell is NULL"}
                reading.rejects.add(source=label, line=line, step=step_name(self), **what)
        good = [(label, line, *row) for line, row in enumerate(rows, 1) if {*row} != {None}]
        cells = map(list, zip(*good, strict=True))
        columns = dict(zip(["_source", "_line", *names], cells, strict=True))
        yield pa.table({name: pa.array(cells) for name, cells in columns.items()})
