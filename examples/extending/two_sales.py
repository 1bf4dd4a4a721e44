"""Two rows of a database and one of NULLs, for the promise of sources."""

import sqlite3
from contextlib import closing

NUM_BAD = 1


def write(project, cache):
    """Make it, and give the fields of the source."""
    with closing(sqlite3.connect(project / "a.db")) as database:
        database.execute("CREATE TABLE sales (item TEXT)")
        database.execute("INSERT INTO sales VALUES ('x'), (NULL), ('y')")
        database.commit()
    return {"path": "a.db", "query": "SELECT * FROM sales ORDER BY rowid"}
