"""What the stage `split` wrote: the part of each row."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from stoker.store.artifact import Artifact


@dataclass(frozen=True)
class SplitParts:
    """How rows were divided."""

    path: Path
    """Table of row ids and parts."""
    method: str
    """Of the splitter, such as `by_group`."""
    rows: Mapping[str, int]
    """Rows of each part."""
    labels: Mapping[str, Mapping[str, int]]
    """Rows of each label in each part; empty where the target is no label."""
    notes: Mapping[str, Any]
    """What the splitter said."""

    @classmethod
    def open(cls, artifact: Artifact) -> SplitParts:
        """Of the stage `split`."""
        said = json.loads((artifact.folder / "split.json").read_bytes())
        return cls(
            path=artifact.folder / "parts.parquet",
            method=said["method"],
            rows=said["parts"],
            labels=said["labels"] or {},
            notes=said["notes"],
        )
