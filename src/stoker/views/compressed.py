"""What the stage `compress` wrote: smaller candidates, and which one was chosen."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from stoker.candidates.offer import MODEL

if TYPE_CHECKING:
    from stoker.store.artifact import Artifact


@dataclass(frozen=True)
class Compressed:
    """What came of making a model smaller."""

    chosen: str
    """Name of the candidate that goes into the bundle; `model`: none was better."""
    reason: str
    rows: Sequence[Mapping[str, Any]]
    """What was found of each candidate."""
    compared_rows: int
    """Rows that the scores are of."""
    validation_rows: int
    """Rows of the part that they were taken from."""

    @classmethod
    def open(cls, artifact: Artifact) -> Compressed:
        """Of the stage `compress`."""
        said = json.loads((artifact.folder / "compress.json").read_bytes())
        return cls(
            said["chosen"],
            said["reason"],
            said["rows"],
            compared_rows=said.get("compared_rows", 0),
            validation_rows=said.get("validation_rows", 0),
        )

    @property
    def score_name(self) -> str:
        """The score that candidates were compared by."""
        return next(next(iter(row["scores"])) for row in self.rows if "scores" in row)

    @property
    def decision(self) -> str:
        """Which candidate is in the bundle, in a sentence."""
        if self.chosen == MODEL:
            return f"The model is in the bundle as it was trained. {self.reason}."
        return f"{self.chosen} is in the bundle instead of the model: {self.reason}."
