"""Two texts in folders, and an empty one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

NUM_BAD = 1
PATH = None  # the names of its files are not those of the recipe


def write(project: Path, cache: Path) -> dict[str, Any]:
    for name in ("好评/1.txt", "差评/2.md", "差评/bad.txt"):
        (project / name).parent.mkdir(exist_ok=True)
        (project / name).write_text("" if "bad" in name else name, encoding="utf-8")
    return {"path": "."}
