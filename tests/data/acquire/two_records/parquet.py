"""Two rows of a Parquet file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

NUM_BAD = 0


def write(project: Path, cache: Path) -> dict[str, Any]:
    pq.write_table(pa.table({"名": ["李", "雷"]}), project / "a.parquet")
    return {"path": "a.parquet"}
