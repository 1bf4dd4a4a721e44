"""The tables on the disk are the tables of the code, from any revision on."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import schema

from stoker.store.catalog import Catalog
from stoker.store.database import MIGRATIONS, Database, known_revisions, newest_revision
from stoker.store.migrate import migrate
from stoker.store.tables import METADATA, REVISION

GOLDEN = Path(__file__).parents[1] / "golden"


def test_a_fresh_catalog_has_the_tables_of_the_code(tmp_path):
    database = Database(tmp_path / "catalog.sqlite")
    with database.writing():
        assert database.revision() == newest_revision()
    with database.reading() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, METADATA) == []
        foreign = {
            (table, key["constrained_columns"][0], key["referred_table"])
            for table in METADATA.tables
            for key in sqlalchemy.inspect(connection).get_foreign_keys(table)
        }
    assert foreign == {
        (table.name, key.column_keys[0], key.referred_table.name)
        for table in METADATA.tables.values()
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
