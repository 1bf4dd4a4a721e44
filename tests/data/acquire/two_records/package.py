"""The CSV file in a package that was fetched before."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from tests.data.acquire.conftest import tar
from tests.data.acquire.two_records.csv import CSV

NUM_BAD = 1
PATH = None  # the names of its files are not those of the recipe


def write(project: Path, cache: Path) -> dict[str, Any]:
    (cache / "packages").mkdir(parents=True, exist_ok=True)
    path = cache / "packages" / "a-1.0.0.tgz"
    if not path.exists():
        tar(path, ("package/a.csv", CSV))
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    return {"npm": "a", "version": "1.0.0", "sha256": sha256, "read": {"csv": {"path": "a.csv"}}}
