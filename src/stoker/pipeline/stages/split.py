"""Split: write the part of each row, as row ids and parts."""

from __future__ import annotations

from typing import Any

from stoker.core.steps import make_step
from stoker.data.dataset import Dataset
from stoker.data.split import Splitter
from stoker.data.split._assign import split_rows
from stoker.pipeline.node import Work


def split(work: Work) -> dict[str, Any]:
    """Write the part of each row."""
    asked = work.fields["split"]
    together = asked.keep_duplicates_together
    return split_rows(
        make_step("stoker.data.split", asked.spec(), Splitter),
        work.inputs["clean"].folder / "rows.parquet",
        Dataset.open(work.inputs["acquire"].folder),
        work.folder,
        inputs=work.fields["inputs"],
        target=work.fields["target"],
        group=asked.group,
        time=asked.time,
        stratify=asked.stratify,
        together=None if together == "auto" else together,
        seed=work.fields["seed"],
    )
