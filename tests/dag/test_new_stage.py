"""A stage is one file: it is found by its name, and the stages behind it read what it gives."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import stoker
from stoker.store.home import find_home
from stoker.store.store import Store

LABEL = '''
"""Label: keep the rows that a labeller came to."""

from typing import ClassVar

import pyarrow as pa

from stoker.data.flow import flow, stated
from stoker.data.rejects import SCHEMA
from stoker.engine.table_file import read_table, write_table
from stoker.dag.stage import ROWS, Stage
from stoker.views.last_rows import rows_path


class Label(Stage):
    """Keep every second row."""

    place: ClassVar[float] = 25
    gives_rows: ClassVar[bool] = True

    keep: int

    @classmethod
    def of(cls, recipe):
        return cls(keep=2)

    def reads(self):
        return (ROWS,)

    def run(self, work):
        rows = read_table(rows_path(work.inputs))
        kept = rows.take(list(range(0, rows.num_rows, self.keep)))
        write_table(kept, work.folder / "rows.parquet")
        ids = rows["_row"].to_pylist()[1 :: self.keep]
        gone = [
            {"_row": row, "source": "csv", "line": None, "column": None, "found": None,
             "reason": "no labeller came to it", "step": "label"}
            for row in ids
        ]
        write_table(pa.Table.from_pylist(gone, SCHEMA), work.folder / "rejects.parquet")
        left_out = len(gone)
        return {"rows": kept.num_rows, "flows": stated([flow("label", rows.num_rows, left_out)])}

    def seconds(self, size):
        return 1.0
'''


def test_one_file_is_a_stage_between_two_others(tumours_project: Path, tmp_path: Path) -> None:
    source = tmp_path / "source"
    shutil.copytree(Path(stoker.__file__).parent, source / "stoker")
    (source / "stoker/stages/label.py").write_text(LABEL)
    home = tmp_path / "home"
    recipe = [str(tumours_project / "recipe.yaml"), "--home", str(home)]
    done = subprocess.run(
        [sys.executable, "-m", "stoker", "run", *recipe, "--until", "prepare"],
        env={**os.environ, "PYTHONPATH": str(source)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = {one.kind: one for one in Store(find_home(home)).manifests()}
    assert sum(found["split"].summary["parts"].values()) == 285, "of 569 rows every second one"
    assert set(found["split"].parents) == {"acquire", "clean", "label"}
    assert "label" in found["prepare"].parents
