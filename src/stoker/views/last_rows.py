"""The rows of a run, wherever the last stage that touched them left them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stoker.store.artifact import Artifact


def rows_path(inputs: Mapping[str, Artifact]) -> Path:
    """The rows as the last stage that touched them left them.

    Args:
        inputs: Artifacts by stage, in the order of the graph.
    """
    folders = [artifact.folder for artifact in inputs.values()]
    return next(path for one in reversed(folders) if (path := one / "rows.parquet").is_file())
