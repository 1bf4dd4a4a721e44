"""Two rows of a CSV file, and a line that is too short."""

from __future__ import annotations

from pathlib import Path
from typing import Any

NUM_BAD = 1
CSV = "名,v\n李,1\n雷,2\nbad\n".encode()


def write(project: Path, cache: Path) -> dict[str, Any]:
    (project / "a.csv").write_bytes(CSV)
    return {"path": "a.csv"}
