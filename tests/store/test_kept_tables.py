"""Tables that were handed over in memory go with the last artifact that was made from them."""

from __future__ import annotations

import os
import time
from pathlib import Path

from stoker.store.home import tables_folder
from stoker.store.store import Store

NAMES = ("a" * 64, "b" * 64, "c" * 64)


def kept(home: Path) -> set[str]:
    return {path.stem for path in tables_folder(home).iterdir()}


def test_a_table_goes_with_what_was_made_from_it(store: Store) -> None:
    folder = tables_folder(store.home)
    folder.mkdir(parents=True)
    used, unused, young = (folder / f"{name}.parquet" for name in NAMES)
    for path in (used, unused, young):
        path.write_bytes(b"x" * 100)
    for path in (used, unused):
        os.utime(path, (time.time() - 7200,) * 2)
    mark = "1" * 64
    with store.draft("acquire", mark, {}) as draft:
        (draft.folder / "rows").write_text("x")
        draft.publish({"sources": [{"source": f"parquet {used.name}"}]})
    would = store.collect([mark], dry_run=True)
    assert [(one.kind, one.fingerprint, one.size_bytes) for one in would] == [
        ("table", unused.stem, 100)
    ]
    assert len(kept(store.home)) == 3
    assert store.collect([mark]) == would
    assert kept(store.home) == {used.stem, young.stem}
    assert [one.kind for one in store.collect([])] == ["acquire", "table"]
    assert kept(store.home) == {young.stem}
