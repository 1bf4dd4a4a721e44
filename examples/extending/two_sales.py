"""Two rows of a database, for the promise of sources."""

import sqlite3
from contextlib import closing

NUM_BAD = 0


def write(project, cache):
    """Make it, and give the fields of the source."""
    with closing(sqlite3.connect(project / "a.db")) as database:
        database.execute("CREATE TABLE sales AS SELECT 'x' AS item UNION ALL SELECT 'y'")
        database.commit()
    return {"path": "a.db", "query": "SELECT * FROM sales ORDER BY rowid"}
