"""Two objects, and a line that is none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

NUM_BAD = 1


def write(project: Path, cache: Path) -> dict[str, Any]:
    (project / "a.jsonl").write_text('{"名":"李"}\n{"名":"雷"}\n{bad\n', encoding="utf-8")
    return {"path": "a.jsonl"}
