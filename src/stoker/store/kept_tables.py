"""Tables that were handed over in memory and that no artifact was made from any more.

A table stands in the home from the moment it is handed over, which is before its run begins; so one
that was handed over within the last hour stays, whatever else is known of it.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path

from stoker.store.garbage import Removed
from stoker.store.home import tables_folder
from stoker.store.manifest import Manifest

KIND = "table"
_YOUNG_S = 3600


def unneeded_tables(home: Path, kept: Iterable[Manifest]) -> list[Removed]:
    """Tables of a home that no artifact names as its source.

    Args:
        home: The home.
        kept: Manifests of all artifacts that stay.
    """
    folder = tables_folder(home)
    if not folder.is_dir():
        return []
    named = {
        str(source.get("source", "")).rpartition(" ")[2]
        for manifest in kept
        for source in manifest.summary.get("sources", ())
    }
    found = []
    for path in sorted(folder.glob("*.parquet")):
        state = path.stat()
        if path.name not in named and time.time() - state.st_mtime > _YOUNG_S:
            found.append(Removed(path.stem, KIND, state.st_size))
    return found


def delete_tables(home: Path, tables: Iterable[Removed]) -> None:
    """Delete the files of some tables; fine if they are gone already."""
    for one in tables:
        (tables_folder(home) / f"{one.fingerprint}.parquet").unlink(missing_ok=True)
