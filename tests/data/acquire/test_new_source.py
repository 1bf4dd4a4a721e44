"""A source is one file: what is asked of sources, it answers itself, and nothing else is edited."""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

import stoker
from stoker.core.steps import find_step, step_names
from stoker.data.acquire import Source

STAGE = "stoker.data.acquire"
SQLITE = '''
"""Read a table of an SQLite database by the standard library."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import pyarrow as pa

from stoker.data.acquire import Source, SourceColumn
from stoker.data.acquire._files import require_regular
from stoker.data.extent import SourceExtent
from stoker.data.reading import Reading


class Sqlite(Source):
    """Rows of one table of a database file."""

    endings: ClassVar[tuple[str, ...]] = (".sqlite", ".db")

    path: str
    table: str

    def paths(self) -> tuple[str, ...]:
        return (self.path,)

    @classmethod
    def told_options(cls, path: Path, given: Mapping[str, Any]) -> dict[str, Any]:
        with closing(sqlite3.connect(path)) as database:
            [(name,)] = database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        return {"table": name}

    def files(self, project: Path, cache: Path) -> list[Path]:
        require_regular(project / self.path, self.path)
        return [project / self.path]

    def seen_columns(self, project: Path, cache: Path) -> tuple[SourceColumn, ...]:
        with closing(sqlite3.connect(project / self.path)) as database:
            cursor = database.execute(f"SELECT * FROM {self.table} LIMIT 0")
            return tuple(SourceColumn(one[0]) for one in cursor.description)

    def extent(self, project: Path, cache: Path) -> SourceExtent:
        with closing(sqlite3.connect(project / self.path)) as database:
            [(rows,)] = database.execute(f"SELECT count(*) FROM {self.table}")
        return replace(super().extent(project, cache), rows=rows, exact=True, num_columns=3)

    def read_rows(self, reading: Reading) -> Iterator[pa.Table]:
        path = reading.project / self.path
        with closing(sqlite3.connect(path)) as database:
            cursor = database.execute(f"SELECT * FROM {self.table}")
            names = [one[0] for one in cursor.description]
            columns = dict(zip(names, map(list, zip(*cursor)), strict=True))
        rows = pa.table(columns)
        place = {
            "_source": pa.repeat(reading.label(path), rows.num_rows),
            "_line": pa.array(range(1, rows.num_rows + 1), pa.int64()),
        }
        yield pa.table({**place, **{name: rows[name] for name in names}})
'''
QUICK = ["model=linear", "compress=off", "train.threads=1", "evaluate.resamples=100"]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    with sqlite3.connect(tmp_path / "visits.db") as database:
        database.execute("CREATE TABLE visits (age INTEGER, town TEXT, answer TEXT)")
        rows = [
            (20 + n % 50, ("北京", "Köln")[n % 2], ("是", "no")[n % 50 > 20]) for n in range(300)
        ]
        database.executemany("INSERT INTO visits VALUES (?, ?, ?)", rows)
    database.close()
    return tmp_path


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """The package with one file more."""
    shutil.copytree(Path(stoker.__file__).parent, tmp_path / "source" / "stoker")
    (tmp_path / "source/stoker/data/acquire/sqlite.py").write_text(SQLITE, encoding="utf-8")
    return tmp_path / "source"


def test_one_file_is_a_source_from_init_to_predict(project: Path, source: Path) -> None:
    def say(*words: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "stoker", *words],
            env={**os.environ, "PYTHONPATH": str(source), "STOKER_CACHE": str(project / "cache")},
            cwd=project,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, (words, done.stderr)
        return done.stdout

    say("init", "table", "visits.db", "--target", "answer")
    recipe = (project / "recipe.yaml").read_text(encoding="utf-8")
    assert "sqlite: {path: visits.db, table: visits}" in recipe, "the table's name was told"
    assert re.search(r"acquire +to do +300\b", say("check")), "it says how many rows there are"
    say("run", *(word for pair in QUICK for word in ("--set", pair)))
    say("predict", "visits", "visits.db", "-o", "answers.csv")
    assert len((project / "answers.csv").read_text(encoding="utf-8").splitlines()) == 301
    with sqlite3.connect(project / "visits.db") as database:
        database.execute("INSERT INTO visits VALUES (30, 'Köln', 'no')")
    database.close()
    assert re.search(r"acquire +to do +301\b", say("check")), "a changed file is read again"


def test_sources_are_named_in_their_own_files_only() -> None:
    root = Path(stoker.__file__).parent
    names = [find_step(STAGE, name, Source).__name__ for name in step_names(STAGE)]
    used = re.compile(rf"import .*\b({'|'.join(names)})\b|\b({'|'.join(names)})\(")
    for path in root.rglob("*.py"):
        if path.parent != root / "data" / "acquire":
            code = re.sub(r'"""[\s\S]*?"""', "", path.read_text(encoding="utf-8"))
            assert not used.search(code), path


def test_no_two_sources_read_files_of_one_ending() -> None:
    endings = [one for name in step_names(STAGE) for one in find_step(STAGE, name, Source).endings]
    assert len(endings) == len(set(endings))
