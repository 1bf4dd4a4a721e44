"""The tables on the disk are the tables of the code, from any revision on."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import schema

import stoker
from stoker.store.catalog import Catalog
from stoker.store.catalog.database import MIGRATIONS, Database, known_revisions, newest_revision
from stoker.store.catalog.migrate import migrate
from stoker.store.catalog.tables import REVISION, all_tables

AUDIT = '''
"""Who looked at what."""

from sqlalchemy import Column, Integer, String, Table, insert, select

from stoker.store.catalog.subject import Subject
from stoker.store.catalog.tables import METADATA

AUDIT = Table(
    "audit",
    METADATA,
    Column("number", Integer, primary_key=True),
    Column("what", String(64), nullable=False),
)


class Audit(Subject):
    """Looks at a home."""

    def add(self, what):
        with self._database.writing() as connection:
            connection.execute(insert(AUDIT).values(what=what))

    def all(self):
        with self._database.reading() as connection:
            return list(connection.execute(select(AUDIT.c.what)).scalars())
'''
REVISION_3 = """
import sqlalchemy
from alembic import op

revision, down_revision = "0003", "0002"


def upgrade():
    op.create_table(
        "audit",
        sqlalchemy.Column("number", sqlalchemy.Integer, primary_key=True),
        sqlalchemy.Column("what", sqlalchemy.String(64), nullable=False),
    )
"""
GOLDEN = Path(__file__).parents[2] / "golden"


def test_a_fresh_catalog_has_the_tables_of_the_code(tmp_path):
    database = Database(tmp_path / "catalog.sqlite")
    with database.writing():
        assert database.revision() == newest_revision()
    with database.reading() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, all_tables()) == []
        foreign = {
            (table, key["constrained_columns"][0], key["referred_table"])
            for table in all_tables().tables
            for key in sqlalchemy.inspect(connection).get_foreign_keys(table)
        }
    assert foreign == {
        (table.name, key.column_keys[0], key.referred_table.name)
        for table in all_tables().tables.values()
        for key in table.foreign_key_constraints
    }


def test_the_newest_revision_is_left_as_it_is(tmp_path):
    database = Database(tmp_path / "catalog.sqlite")
    with database.writing():
        pass
    before = (tmp_path / "catalog.sqlite").read_bytes()
    with database.writing() as connection:
        migrate(connection, MIGRATIONS)
    assert (tmp_path / "catalog.sqlite").read_bytes() == before


@pytest.mark.parametrize("revision", known_revisions())
def test_rows_of_every_revision_are_still_read(tmp_path, revision):
    """Each revision has a dump with rows; it must reach the newest with all of them."""
    database = sqlite3.connect(tmp_path / "catalog.sqlite")
    database.executescript((GOLDEN / f"catalog_{revision}.sql").read_text(encoding="utf-8"))
    database.close()
    before = (tmp_path / "catalog.sqlite").read_bytes()
    check_rows(Catalog(tmp_path))
    assert (tmp_path / "catalog.sqlite").read_bytes() == before, "looking changes nothing"
    assert [path.name for path in tmp_path.iterdir()] == ["catalog.sqlite"]
    Catalog(tmp_path).start_run("digits", "version: 1", stoker="0.1.0")
    assert Database(tmp_path / "catalog.sqlite").revision() == newest_revision()
    check_rows(Catalog(tmp_path))


def check_rows(catalog):
    """What every dump holds."""
    catalog.check()
    run = catalog.run("r-20261122-093015-7f3a")
    assert (run.name, run.status, run.result) == ("digits", "done", {"准确率": 0.98})
    assert [(s.stage, s.status) for s in run.stages] == [("acquire", "cached"), ("train", "done")]
    champion = catalog.resolve("digits", "champion")
    assert (champion.version, champion.run) == (1, run.id)
    assert [one.role for one in catalog.lineage(champion.fingerprint)] == ["self", "acquire"]


def test_a_fresh_file_has_what_all_revisions_lead_to(tmp_path):
    fresh = Database(tmp_path / "catalog.sqlite")
    with fresh.writing() as connection:
        made = tables_of(connection)
    with sqlalchemy.create_engine("sqlite://").begin() as connection:
        migrate(connection, MIGRATIONS)
        assert tables_of(connection) == made


def tables_of(connection):
    """Every table with its columns, keys, indexes and rows that say the revision."""
    look = sqlalchemy.inspect(connection)
    found: dict[str, object] = {
        name: (
            [{**column, "type": str(column["type"])} for column in look.get_columns(name)],
            look.get_pk_constraint(name),
            sorted(look.get_foreign_keys(name), key=str),
            sorted(look.get_indexes(name), key=str),
            sorted(look.get_unique_constraints(name), key=str),
        )
        for name in look.get_table_names()
    }
    revision = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
    return {**found, "revision": revision}


def test_a_failed_migration_changes_nothing(tmp_path, monkeypatch):
    from alembic import op

    def fail(*arguments: Any, **options: Any) -> object:
        raise ZeroDivisionError

    with closing(sqlite3.connect(tmp_path / "catalog.sqlite")) as database:
        database.executescript((GOLDEN / "catalog_0001.sql").read_text(encoding="utf-8"))
    monkeypatch.setattr(op, "add_column", fail)
    with pytest.raises(ZeroDivisionError):
        Catalog(tmp_path).start_run("digits", "version: 1", stoker="0.1.0")
    monkeypatch.undo()
    assert Database(tmp_path / "catalog.sqlite").revision() == "0001"
    check_rows(Catalog(tmp_path))


def test_a_file_that_was_not_made_whole_is_made_again(tmp_path, monkeypatch):
    real = schema.CreateTable

    def fail_late(table: sqlalchemy.Table) -> object:
        if table is REVISION:
            raise ZeroDivisionError
        return real(table)

    monkeypatch.setattr(schema, "CreateTable", fail_late)
    with pytest.raises(ZeroDivisionError):
        Catalog(tmp_path).start_run("digits", "version: 1", stoker="0.1.0")
    monkeypatch.undo()
    with closing(sqlite3.connect(tmp_path / "catalog.sqlite")) as database, database:
        assert database.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,)
    assert Catalog(tmp_path).runs() == []


def test_a_subject_is_one_file(tmp_path):
    """Its tables are made with the others, and its verbs work on the home's database."""
    source = tmp_path / "source"
    shutil.copytree(Path(stoker.__file__).parent, source / "stoker")
    folder = source / "stoker/store/catalog"
    (folder / "audit.py").write_text(AUDIT)
    (folder / "migrations/versions/0003_audit.py").write_text(REVISION_3)
    run = """
import sys
import stoker
from stoker.store.catalog import Catalog
from stoker.store.catalog.audit import Audit
home = sys.argv[1]
Catalog(home).add_model("digits", "0" * 64, {})
Audit(home).add("looked")
print(Audit(home).all(), len(Catalog(home).models()))
"""
    old = tmp_path / "old"
    old.mkdir()
    with closing(sqlite3.connect(old / "catalog.sqlite")) as database:
        database.executescript((GOLDEN / "catalog_0002.sql").read_text(encoding="utf-8"))
    for home in (tmp_path / "new", old):
        done = subprocess.run(
            [sys.executable, "-c", run, str(home)],
            env={**os.environ, "PYTHONPATH": str(source)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.stdout.startswith("['looked']"), done.stderr
