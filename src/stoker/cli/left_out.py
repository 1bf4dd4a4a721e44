"""The rejects of a whole run as one file, stage by stage as the rows met them.

Cost: one pass over the rejects, memory for one row group of them.
"""

from __future__ import annotations

from pathlib import Path

from stoker.cli.answers import whole_file
from stoker.core.errors import ArtifactError
from stoker.data.rejects import SCHEMA
from stoker.engine.table_file import read_tables
from stoker.pipeline.reject_facts import REJECTING
from stoker.store.records import RunRecord
from stoker.store.store import Store


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
    marks = {stage.stage: stage.fingerprint for stage in run.stages}
    with whole_file(output, for_spreadsheets=True) as writer:
        writer.write(SCHEMA.empty_table().drop_columns(["_row"]))
        for stage in REJECTING:
            mark = marks.get(stage)
            if mark is None:
                continue
            artifact = store.find(mark)
            if artifact is None:
                raise ArtifactError(
                    f"what {run.id} made in the stage {stage} is not in {home} any more",
                    fix="run the recipe again",
                )
            for table in read_tables(artifact.folder / "rejects.parquet"):
                writer.write(table.drop_columns(["_row"]))
                count += table.num_rows
    return count
