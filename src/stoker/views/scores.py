"""What the stage `evaluate` wrote: every candidate on the rows that are scored once."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from stoker.cells.ragged import Ragged, Rows
from stoker.engine.table_file import read_table
from stoker.evaluate.evaluation import Evaluation
from stoker.evaluate.leaks import Asked, Suspect
from stoker.evaluate.probes.look import Findings

if TYPE_CHECKING:
    from stoker.store.artifact import Artifact


@dataclass(frozen=True)
class Scores:
    """Scores of a run."""

    folder: Path
    part: str
    """The part that was scored."""
    evaluations: Mapping[str, Evaluation]
    """By candidate."""
    suspects: tuple[Suspect, ...]
    """Columns that tell the answer alone."""
    asked: Asked
    """On how many rows that was seen."""

    @classmethod
    def open(cls, artifact: Artifact) -> Scores:
        """Of the stage `evaluate`."""
        said = json.loads((artifact.folder / "evaluation.json").read_bytes())
        candidates = said["candidates"].items()
        return cls(
            folder=artifact.folder,
            part=said["part"],
            evaluations={name: Evaluation.model_validate(one) for name, one in candidates},
            suspects=tuple(Suspect.model_validate(one) for one in said["suspects"]),
            asked=Asked.model_validate(said["asked"]),
        )

    @cached_property
    def findings(self) -> Findings:
        """What the probes found."""
        return Findings.model_validate_json((self.folder / "findings.json").read_bytes())

    @cached_property
    def mistakes(self) -> list[dict[str, Any]]:
        """The rows that the chosen candidate answered worst."""
        return json.loads((self.folder / "mistakes.json").read_bytes())

    def outputs(self, candidate: str) -> Rows:
        """Outputs of a candidate for each scored row, (N, K), or for each of its tokens."""
        table = read_table(self.folder / "outputs.parquet")
        column = table[candidate].combine_chunks()
        if isinstance(column, pa.LargeListArray):
            each = column.flatten()
            offsets = column.offsets.to_numpy() - column.offsets[0].as_py()
            return Ragged(each.flatten().to_numpy().reshape(len(each), -1), offsets)
        return column.flatten().to_numpy().reshape(len(column), -1)
