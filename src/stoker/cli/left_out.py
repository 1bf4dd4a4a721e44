"""The rejects of a whole run as one file, stage by stage as the rows met them.

Cost: one pass over the rejects, memory for one row group of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import takewhile
from pathlib import Path

from stoker.cli.answers import whole_file
from stoker.core.errors import ArtifactError
from stoker.data.rejects import SCHEMA
from stoker.engine.table_file import read_tables
from stoker.store.catalog.runs import RunRecord
from stoker.store.store import Store
from stoker.views.flows import REJECTS, rejects_path


def write_rejects(run: RunRecord, home: Path, output: Path) -> int:
    """Write what every stage of a run left out; gives the number of records.

    Args:
        run: A run of the catalog, finished or not.
        home: Its home.
        output: File to write; its ending says the format.

    Raises:
        ArtifactError: If an artifact of the run was collected.
        DataError: If the ending is none that we write.
    """
    store, count = Store(home), 0
    with whole_file(output, for_spreadsheets=True) as writer:
        writer.write(SCHEMA.empty_table().drop_columns(["_row"]))
        for stage, mark in _before_training(run):
            artifact = store.find(mark)
            if artifact is None:
                raise ArtifactError(
                    f"what {run.id} made in the stage {stage} is not in {home} any more",
                    fix="run the recipe again",
                )
            if REJECTS not in artifact.manifest.files:
                continue
            for table in read_tables(rejects_path(artifact)):
                writer.write(table.drop_columns(["_row"]))
                count += table.num_rows
    return count


def _before_training(run: RunRecord) -> Iterator[tuple[str, str]]:
    """Stages of a run that may leave rows out, with their fingerprints."""
    for stage in takewhile(lambda one: one.stage != "train", run.stages):
        if stage.fingerprint is not None:
            yield stage.stage, stage.fingerprint
