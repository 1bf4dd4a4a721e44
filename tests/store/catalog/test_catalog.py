"""What is recorded is kept, for any number of processes, and a broken catalog says so."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError

from stoker.core.errors import ArtifactError, MachineError, RecipeError
from stoker.store import locks
from stoker.store.catalog import Catalog
from stoker.store.catalog.database import Database
from stoker.store.catalog.tables import all_tables
from stoker.store.process import this_process


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    return Catalog(tmp_path)


def start_run(catalog: Catalog, name: str = "digits") -> str:
    return catalog.start_run(name, "version: 1\n# 配方", stoker="0.1.0", overrides=["a=1"])


def test_a_run_is_kept_with_its_stages(tmp_path, catalog):
    run = start_run(catalog)
    assert catalog.run(run).status == "running"
    catalog.record_stage(run, "acquire", "1" * 64, "cached", 0.5)
    catalog.record_stage(run, "train", None, "failed", 2.0)
    catalog.finish_run(run, "failed", {"why": "发散"})
    found = Catalog(tmp_path).run(run)
    assert (found.name, found.status, found.recipe) == ("digits", "failed", "version: 1\n# 配方")
    assert (found.overrides, found.result) == (("a=1",), {"why": "发散"})
    assert [(s.stage, s.status, s.fingerprint) for s in found.stages] == [
        ("acquire", "cached", "1" * 64),
        ("train", "failed", None),
    ]


def test_runs_are_listed_by_order_not_by_clock(catalog, tmp_path):
    runs = [start_run(catalog, name) for name in ("a", "b", "a")]
    with closing(sqlite3.connect(tmp_path / "catalog.sqlite")) as database, database:
        database.execute("UPDATE runs SET started_at = '1970' WHERE id = ?", (runs[2],))
    database.close()
    assert [run.id for run in catalog.runs()] == runs[::-1]
    assert [run.id for run in catalog.runs(name="a")] == [runs[2], runs[0]]
    assert [run.id for run in catalog.runs(limit=1)] == [runs[2]]
    assert catalog.run("latest").id == runs[2]


def test_a_run_is_named_by_the_beginning_of_its_id(catalog):
    run = start_run(catalog)
    assert catalog.run(run[:-2]).id == run
    start_run(catalog)
    for wrong in ("r-", "nonsense", "%", "r_"):
        with pytest.raises(ArtifactError, match="begin"):
            catalog.run(wrong)


def test_a_dead_process_means_interrupted(tmp_path, catalog, start):
    code = """
from pathlib import Path
from stoker.store.catalog import Catalog
run = Catalog(Path(sys.argv[1])).start_run("digits", "", stoker="0")
pause()
"""
    other = start(code, str(tmp_path))
    assert catalog.run("latest").status == "running"
    other.kill()
    assert catalog.run("latest").status == "interrupted"


def test_a_process_is_not_taken_for_another():
    here = this_process()
    assert here.is_alive()
    assert not replace(here, started=here.started + 1).is_alive(), "same number, later process"
    assert not replace(here, boot="another").is_alive(), "before a reboot"
    assert replace(here, host="another").is_alive(), "cannot be known"
    assert replace(here, space="pid:[1]").is_alive(), "cannot be known"


def test_versions_count_up_and_equal_bundles_share_one(catalog):
    run = start_run(catalog)
    assert catalog.add_model("digits", "1" * 64, {"accuracy": 0.9}, run=run) == 1
    assert catalog.add_model("digits", "2" * 64, {}) == 2
    assert catalog.add_model("digits", "1" * 64, {"accuracy": 0.9}, run=run) == 1
    assert catalog.add_model("other", "1" * 64, {}) == 1
    assert [(m.name, m.version, m.run) for m in catalog.models()] == [
        ("digits", 2, None),
        ("digits", 1, run),
        ("other", 1, None),
    ]


def test_an_alias_moves(catalog):
    for digit in "12":
        catalog.add_model("digits", digit * 64, {})
    catalog.set_alias("digits", "champion", 1)
    catalog.set_alias("digits", "champion", 2)
    catalog.set_alias("digits", "shadow", 2)
    assert catalog.resolve("digits", "champion").version == 2
    assert catalog.resolve("digits").version == 2
    assert catalog.resolve("digits", 1).aliases == ()
    assert catalog.resolve("digits", "2").aliases == ("champion", "shadow")


def test_what_cannot_be_resolved_says_what_there_is(catalog):
    with pytest.raises(ArtifactError, match=r"no model 'digits'(.|\n)*stoker run"):
        catalog.resolve("digits")
    catalog.add_model("digits", "1" * 64, {})
    catalog.set_alias("digits", "champion", 1)
    with pytest.raises(ArtifactError, match="one of 1, champion"):
        catalog.resolve("digits", "challenger")
    with pytest.raises(ArtifactError, match="one of digits"):
        catalog.resolve("digit")
    with pytest.raises(ArtifactError):
        catalog.set_alias("digits", "champion", 7)
    with pytest.raises(RecipeError):
        catalog.set_alias("digits", "../x", 1)
    with pytest.raises(ArtifactError, match="reads as a version"):
        catalog.set_alias("digits", "1", 1)


def test_lineage_goes_back_to_the_files(catalog, store, make):
    make(store, 1)
    make(store, 2, {"rows": make.mark(1)})
    last = make(store, 3, {"prepared": make.mark(2), "rows": make.mark(1)})
    run = start_run(catalog)
    for number in (1, 2, 3):
        manifest = make.found(store, number).manifest
        for _ in range(2):
            catalog.record_stage(run, "s", make.mark(number), "done", 1, manifest=manifest)
    found = catalog.lineage(last.fingerprint)
    assert [(one.summary["number"], one.role, one.depth) for one in found] == [
        (3, "self", 0),
        (2, "prepared", 1),
        (1, "rows", 1),
    ]
    with pytest.raises(ArtifactError, match=f"the catalog knows no artifact '{'f' * 64}'"):
        catalog.lineage("f" * 64)


def test_roots_are_models_latest_runs_and_runs_at_work(tmp_path, catalog):
    marks = {}
    for name in ("old", "failed-latest", "dead", "alive"):
        run = start_run(catalog, "digits")
        marks[name] = f"{len(marks):064x}"
        catalog.record_stage(run, "s", marks[name], "done", 1)
        if name == "old":
            catalog.finish_run(run, "done")
        elif name == "failed-latest":
            catalog.finish_run(run, "failed")
    with closing(sqlite3.connect(tmp_path / "catalog.sqlite")) as database, database:
        database.execute("UPDATE runs SET process_started = 1 WHERE number = 3")
    database.close()
    catalog.add_model("digits", "9" * 64, {})
    assert catalog.roots() == {marks["old"], marks["alive"], "9" * 64}
    catalog.finish_run("latest", "done")
    assert catalog.roots() == {marks["alive"], "9" * 64}


def test_the_database_keeps_its_promises(catalog, tmp_path):
    start_run(catalog)
    database = Database(tmp_path / "catalog.sqlite")
    with database.reading() as connection:
        pragmas = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
    assert pragmas == {
        "journal_mode": "wal",
        "synchronous": 2,
        "foreign_keys": 1,
        "busy_timeout": 60_000,
    }


def test_an_open_and_up_to_date_catalog_needs_no_alembic(catalog, tmp_path):
    start_run(catalog)
    code = (
        "import sys; from pathlib import Path; from stoker.store.catalog import Catalog\n"
        "Catalog(Path(sys.argv[1])).runs(); assert 'alembic' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True)


def test_the_number_of_a_deleted_version_is_not_given_again(catalog):
    assert [catalog.add_model("digits", mark * 64, {}) for mark in "12"] == [1, 2]
    gone = catalog.delete_model("digits", 2)
    assert (gone.version, gone.fingerprint) == (2, "2" * 64)
    assert catalog.roots() == {"1" * 64}
    assert catalog.resolve("digits").version == 1
    for refused in (
        lambda: catalog.resolve("digits", 2),
        lambda: catalog.set_alias("digits", "champion", 2),
        lambda: catalog.delete_model("digits", 2),
    ):
        with pytest.raises(ArtifactError, match="was deleted on"):
            refused()
    assert catalog.add_model("digits", "2" * 64, {}) == 3, "the same bundle is a new version"


def test_looking_at_a_catalog_that_is_not_there_creates_nothing(tmp_path):
    looked = Catalog(tmp_path / "home")
    assert (looked.runs(), looked.models(), looked.roots()) == ([], [], set())
    looked.check()
    with pytest.raises(ArtifactError, match="no run begins"):
        looked.run("latest")
    assert not list(tmp_path.iterdir())
    written = start_run(Catalog(tmp_path / "home"))
    assert looked.run("latest").id == written, "what another value wrote meanwhile is seen"


def test_a_newer_catalog_is_refused(catalog, tmp_path):
    start_run(catalog)
    with closing(sqlite3.connect(tmp_path / "catalog.sqlite")) as database, database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
    database.close()
    with pytest.raises(ArtifactError, match=r"revision 9999(.|\n)*upgrade stoker"):
        Catalog(tmp_path)


@pytest.mark.parametrize("junk", [b"junk" * 5000, b"SQLite format 3\0" + b"\xff" * 9000])
def test_a_damaged_file_is_said_to_be(catalog, tmp_path, junk):
    (tmp_path / "catalog.sqlite").write_bytes(junk)
    with pytest.raises(ArtifactError, match=r"is damaged(.|\n)*move it away"):
        Catalog(tmp_path).runs()


def test_damage_inside_is_found_by_the_check(catalog, tmp_path):
    for _ in range(50):
        start_run(catalog)
    data = bytearray((tmp_path / "catalog.sqlite").read_bytes())
    data[4096 : len(data) - 4096] = b"\0" * (len(data) - 8192)
    (tmp_path / "catalog.sqlite").write_bytes(data)
    with pytest.raises(ArtifactError, match="is damaged"):
        Catalog(tmp_path).check()


def test_a_cell_that_is_not_json_is_damage(catalog, tmp_path):
    start_run(catalog)
    with closing(sqlite3.connect(tmp_path / "catalog.sqlite")) as database, database:
        database.execute("UPDATE runs SET overrides = '[1,'")
    database.close()
    with pytest.raises(ArtifactError, match="is damaged"):
        catalog.runs()


def test_a_folder_in_its_place_is_the_machines_error(tmp_path):
    (tmp_path / "catalog.sqlite").mkdir()
    with pytest.raises(MachineError, match="unable to open"):
        Catalog(tmp_path)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("nonsense://x", "nonsense://x is not the URL of a database"),
        ("postgresql+psycopg://user:secret@localhost:1/x", "postgresql+psycopg://user:***@local"),
        ("nonsense://user:secret@host/x", "nonsense://user:***@host/x is not the URL"),
        ("nonsense://:secret@host/x", "nonsense://:***@host/x is not the URL"),
        ("nonsense://user@host/x", "nonsense://user@host/x is not the URL"),
    ],
)
def test_a_database_that_is_not_there_keeps_the_password(url, said):
    with pytest.raises(MachineError) as caught:
        Catalog(url)
    assert "secret" not in str(caught.value)
    assert said in caught.value.what


def test_a_catalog_that_may_not_be_written_can_be_read(catalog, tmp_path, monkeypatch):
    run = start_run(catalog)
    monkeypatch.setattr(os, "access", lambda *_: False)
    read = Catalog(tmp_path)
    assert read.run("latest").id == run
    with pytest.raises(MachineError, match="readonly"):
        start_run(read)


MANY = """
from pathlib import Path
pause()
from stoker.store.catalog import Catalog
catalog = Catalog(Path(sys.argv[1]))
for number in range(8):
    run = catalog.start_run("digits", "", stoker="0")
    catalog.add_model("digits", f"{int(sys.argv[2]) * 100 + number:064x}", {}, run=run)
    catalog.finish_run(run, "done")
"""


def test_processes_that_open_a_fresh_home_at_once_do_not_disturb_each_other(tmp_path, start):
    others = [start(MANY, str(tmp_path / "home"), str(n)) for n in range(4)]
    for other in others:
        other.process.stdin.write("\n")
        other.process.stdin.flush()
    for other in others:
        other.go_on()
    catalog = Catalog(tmp_path / "home")
    assert [run.status for run in catalog.runs()] == ["done"] * 32
    assert sorted(m.version for m in catalog.models()) == list(range(1, 33))
    catalog.check()


def test_the_lock_of_the_tables_is_the_same_for_every_version(tmp_path, monkeypatch):
    """A process of another version waits at the same name; it is gone afterwards."""
    locked, acquire = [], locks.acquire
    monkeypatch.setattr(
        locks, "acquire", lambda path, **more: locked.append(path.name) or acquire(path, **more)
    )
    Catalog(tmp_path).start_run("digits", "version: 1", stoker="0.1.0")
    assert locked == ["catalog.sqlite.lock"]
    assert not (tmp_path / locked[0]).exists()


def test_what_a_stage_measured_is_that_of_the_last_run_that_made_it(catalog):
    """A run that only found it there measured nothing."""
    assert catalog.measured("1" * 64) == {}
    for status, measured in (
        ("done", {"s": 1}),
        ("resumed", {"s": 2}),
        ("cached", {"s": 3}),
        ("cached", None),
    ):
        run = start_run(catalog)
        catalog.record_stage(run, "train", "1" * 64, status, 1.0, measured=measured)
        catalog.record_stage(run, "other", "2" * 64, "done", 1.0)
    assert catalog.measured("1" * 64) == {"s": 2}
    assert catalog.measured("2" * 64) == {}


MAY_BE_ABSENT = {
    ("runs", "finished_at"),
    ("runs", "result"),
    ("stages", "fingerprint"),
    ("models", "run"),
    ("models", "deleted_at"),
}
"""Columns that may say nothing: of what is not over, has failed or came from elsewhere."""


def test_a_record_is_whole(catalog, tmp_path, store, make):
    """Nobody can write one that lacks a column, whatever writes it."""
    make(store, 1)
    last = make(store, 2, {"rows": make.mark(1)})
    run = start_run(catalog)
    catalog.record_stage(run, "s", last.fingerprint, "done", 1, manifest=last.manifest)
    catalog.finish_run(run, "done", {})
    catalog.add_model("digits", last.fingerprint, {}, run=run)
    catalog.set_alias("digits", "champion", 1)
    catalog.lineage(last.fingerprint)
    absent, tables = set(), all_tables().tables.values()
    with Database(tmp_path / "catalog.sqlite").writing() as connection:
        for table in tables:
            assert connection.execute(select(func.count()).select_from(table)).scalar(), table.name
            for column in table.columns:
                with suppress(IntegrityError), connection.begin_nested():
                    connection.execute(update(table).values({column.name: None}))
                    absent.add((table.name, column.name))
    assert absent == MAY_BE_ABSENT
