"""Two pictures in folders, and an empty one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

NUM_BAD = 1
PATH = None  # the names of its files are not those of the recipe
IS_MEDIA = True


def write(project: Path, cache: Path) -> dict[str, Any]:
    for name in ("猫/1.png", "狗/2.png", "狗/bad.png"):
        (project / name).parent.mkdir(exist_ok=True)
        (project / name).write_bytes(b"" if "bad" in name else b"\x89PNG\r\n\x1a\n" + name.encode())
    return {"path": "."}
