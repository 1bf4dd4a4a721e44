"""The database under the catalog: connections, transactions, its revision, and errors in words.

SQLite runs in WAL mode with `synchronous=FULL`: a committed transaction survives a power cut, and
readers do not wait for a writer.  Writers begin with `BEGIN IMMEDIATE`: two of them queue up
instead of failing half-way.  No connection is kept between calls, so a fork is harmless.

Looking changes nothing: a file that is missing, or whose tables are older, is looked at as a copy
in memory.  The first write creates it, or brings it to the newest revision by alembic, under a
lock, so that two processes may open a fresh home at once.  alembic takes long to import and is left
alone otherwise; a fresh file gets the newest tables at once, and a test compares them with those
that all revisions lead to.

PostgreSQL works through the same statements by URL; it needs a driver (`pip install psycopg`).

Source: https://sqlite.org/wal.html, https://sqlite.org/pragma.html#pragma_synchronous
"""

from __future__ import annotations

import logging
import os
import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NoReturn, final

import sqlalchemy
from sqlalchemy import exc, pool, schema
from sqlalchemy.engine import Connection, Engine

from stoker.core.errors import ArtifactError, MachineError
from stoker.store import locks
from stoker.store.catalog.tables import REVISION, all_tables
from stoker.store.durable import machine_errors, make_folder

# The pool raises an interrupt that comes while it closes a connection, and also logs it with a
# traceback; raising is enough.
logging.getLogger("sqlalchemy.pool").setLevel(logging.CRITICAL)

MIGRATIONS = Path(__file__).with_name("migrations")
_BUSY_S = 60.0
_DAMAGED = ("SQLITE_CORRUPT", "SQLITE_NOTADB")
_FIXES = {
    "SQLITE_FULL": "free some space on that disk",
    "SQLITE_BUSY": "another process holds it for long: wait, then run again",
    "SQLITE_IOERR": "the disk is full or reports errors: check it",
    "SQLITE_READONLY": "make the home writable",
    "SQLITE_CANTOPEN": "check the permissions of its folder",
}


@final
class Database:
    """Transactions on one database."""

    def __init__(self, where: Path | str) -> None:
        """Look at it; a database behind a URL is also brought to the newest revision.

        Args:
            where: The SQLite file, created by the first write; or the URL of a database.

        Raises:
            ArtifactError: If it is damaged, or a newer stoker wrote it.
            MachineError: If it cannot be opened or created, or a URL needs a missing driver.
        """
        self.path = where.absolute() if isinstance(where, Path) else None
        self.label = str(where) if isinstance(where, Path) else _without_password(where)
        self._read_only = bool(self.path) and self._check_read_only(self.path)
        self._engine = _create_engine(where, self._connect)
        self._is_current = False
        if not self._check_current() and self.path is None:
            self._migrate()

    def _check_read_only(self, path: Path) -> bool:
        """Whether the file can only be read; then SQLite must not try to write beside it."""
        if os.access(path.parent, os.W_OK) or not path.exists():
            return False
        log = path.with_name(path.name + "-wal")
        if log.exists() and log.stat().st_size:
            raise MachineError(
                f"the catalog {path} has a log that cannot be read without writing",
                fix="make its folder writable, or copy the home",
            )
        return True

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that sees one state and changes nothing."""
        if self._check_current():
            with self._reading() as connection:
                yield connection
        else:
            with self._errors(), self._copy() as connection:
                yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that is durable when the block ends well, and undone when it does not."""
        if not self._check_current():
            self._migrate()
        with self._writing() as connection:
            yield connection

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with self._errors(), self._engine.connect() as connection:
            if self.path:
                connection.exec_driver_sql("BEGIN")
            yield connection

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        with self._errors(), self._engine.connect() as connection:
            if self.path:
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            yield connection
            connection.commit()

    def revision(self) -> str | None:
        """The revision of its tables; None if it has none yet.

        Raises:
            ArtifactError: If it is not a revision that this stoker knows.
        """
        if self.path and not self.path.exists():
            return None
        with self._reading() as connection:
            if not sqlalchemy.inspect(connection).has_table("alembic_version"):
                return None
            found = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
        if found is not None and found not in known_revisions():
            raise ArtifactError(
                f"the catalog {self.label} has revision {found}",
                expected=f"revision {newest_revision()}, the newest that this stoker knows",
                fix="upgrade stoker: pip install --upgrade stoker, or use another home with --home",
            )
        return found

    def check(self) -> None:
        """Read every page and index of a SQLite database.

        Raises:
            ArtifactError: If it is damaged.
        """
        if not self.path:
            return
        with self.reading() as connection:
            found = connection.exec_driver_sql("PRAGMA integrity_check(1)").scalar()
            broken = connection.exec_driver_sql("PRAGMA foreign_key_check").first()
        if found != "ok" or broken:
            self.refuse_damaged(str(found if found != "ok" else "a row refers to nothing"))

    def refuse_damaged(self, why: str) -> NoReturn:
        """Say that the database is damaged and what to do.

        Raises:
            ArtifactError: Always.
        """
        raise ArtifactError(
            f"the catalog {self.label} is damaged: {why}",
            expected="a database that stoker wrote",
            fix="move it away (with its -wal and -shm files) and run again: artifacts are kept and "
            "found again, the history of runs is lost; or bring back a copy",
        )

    def _check_current(self) -> bool:
        """Whether its tables are those of the newest revision, which they then remain."""
        self._is_current = self._is_current or self.revision() == newest_revision()
        return self._is_current

    @contextmanager
    def _copy(self) -> Iterator[Connection]:
        """What a missing or older file would hold at the newest revision, in memory."""
        assert self.path is not None, "a database behind a URL is current once it is opened"
        with closing(sqlite3.connect(":memory:", isolation_level=None)) as memory:
            if self.revision() is not None:
                with closing(self._connect()) as file:
                    file.backup(memory)
            engine = sqlalchemy.create_engine("sqlite://", creator=lambda: memory)
            with engine.connect() as connection:
                _bring_up(connection)
                yield connection

    def _connect(self) -> sqlite3.Connection:
        """A connection that leaves `BEGIN` to us, with the promises of this module switched on."""
        mode = "mode=ro&immutable=1" if self._read_only else "mode=rwc"
        assert self.path is not None
        connection = sqlite3.connect(
            f"{self.path.as_uri()}?{mode}", uri=True, timeout=_BUSY_S, isolation_level=None
        )
        try:
            connection.execute("PRAGMA foreign_keys=ON")
            connection.execute("PRAGMA synchronous=FULL")
        except sqlite3.Error:
            connection.close()
            raise
        return connection

    def _migrate(self) -> None:
        """Bring the tables to the newest revision; only one process at a time does it."""
        if self.path is None:
            with self._writing() as connection:
                _bring_up(connection)
            return
        make_folder(self.path.parent)
        lock = self.path.with_name(self.path.name + ".lock")
        with machine_errors(f"lock {lock}"):
            descriptor = locks.acquire(lock, waiting=lambda: None)
        try:
            with self._errors(), self._engine.connect() as connection:
                connection.exec_driver_sql("PRAGMA journal_mode=WAL")
            with self._writing() as connection:
                _bring_up(connection)
        finally:
            locks.release(lock, descriptor)

    @contextmanager
    def _errors(self) -> Iterator[None]:
        """Turn what the driver says into an error that a user can act on."""
        try:
            yield
        except exc.DBAPIError as error:
            name = getattr(error.orig, "sqlite_errorname", "")
            if name.startswith(_DAMAGED):
                self.refuse_damaged(str(error.orig))
            raise MachineError(
                f"the catalog {self.label}: {error.orig}",
                fix=next((f for key, f in _FIXES.items() if name.startswith(key)), None),
            ) from error


def _bring_up(connection: Connection) -> None:
    """Make the newest tables where there are none, else run the revisions that are missing."""
    if sqlalchemy.inspect(connection).get_table_names():
        from stoker.store.catalog.migrate import migrate

        migrate(connection, MIGRATIONS)
        return
    all_tables().create_all(connection)
    connection.execute(schema.CreateTable(REVISION))
    connection.execute(REVISION.insert().values(version_num=newest_revision()))


def _create_engine(where: Path | str, connect: Callable[[], sqlite3.Connection]) -> Engine:
    if isinstance(where, Path):
        return sqlalchemy.create_engine("sqlite://", creator=connect, poolclass=pool.NullPool)
    try:
        return sqlalchemy.create_engine(where, poolclass=pool.NullPool)
    except ModuleNotFoundError as error:
        raise MachineError(
            f"the catalog {_without_password(where)} needs {error.name}, which is not installed",
            fix=f"pip install {error.name}",
        ) from None
    except exc.ArgumentError:
        raise MachineError(
            f"{_without_password(where)} is not the URL of a database",
            expected="such as postgresql+psycopg://user@host/stoker",
        ) from None


def _without_password(url: str) -> str:
    return re.sub(r"(//[^:/@]*):[^@]*@", r"\1:***@", url)


def known_revisions() -> list[str]:
    """Every revision in order; each is a file `NNNN_title.py`."""
    return sorted(path.name[:4] for path in (MIGRATIONS / "versions").glob("[0-9]*.py"))


def newest_revision() -> str:
    """The revision that this stoker writes."""
    return known_revisions()[-1]
