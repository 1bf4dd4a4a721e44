"""Two texts with names, and one of which a line has no tag."""

from __future__ import annotations

from pathlib import Path
from typing import Any

NUM_BAD = 1


def write(project: Path, cache: Path) -> dict[str, Any]:
    lines = ["王 B-PER", "明 E-PER", "", "Anna B-PER", "alone", "x O", "", "好 O"]
    (project / "names.conll").write_text("\n".join(lines), encoding="utf-8")
    return {"path": "names.conll"}
