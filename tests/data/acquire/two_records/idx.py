"""Two pictures of one pixel."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

NUM_BAD = 0
PATH = "images"
IS_MEDIA = True


def write(project: Path, cache: Path) -> dict[str, Any]:
    (project / "i").write_bytes(b"\0\0\x08\x03" + struct.pack(">3I", 2, 1, 1) + b"\1\2")
    return {"images": "i"}
