"""What people write about a run."""

from sqlalchemy import Column, Integer, Table, Text, insert, select

from stoker.store.catalog.subject import Subject
from stoker.store.catalog.tables import METADATA

NOTES = Table(
    "notes",
    METADATA,
    Column("number", Integer, primary_key=True),
    Column("text", Text, nullable=False),
)


class Notes(Subject):
    """Notes of a home: `Notes(home).add("looks good")`."""

    def add(self, text):
        """Keep one."""
        with self._database.writing() as connection:
            connection.execute(insert(NOTES).values(text=text))

    def all(self):
        """All of them."""
        with self._database.reading() as connection:
            return list(connection.execute(select(NOTES.c.text)).scalars())
