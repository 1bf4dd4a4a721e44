"""Two rows of a workbook."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.data.acquire.workbooks import write_workbook

NUM_BAD = 0


def write(project: Path, cache: Path) -> dict[str, Any]:
    write_workbook(project / "a.xlsx", {"s": [["名"], ["李"], ["雷"]]})
    return {"path": "a.xlsx"}
