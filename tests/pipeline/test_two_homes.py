"""The same recipe in two homes gives the same bytes, artifact by artifact.

The second home is another process, with another seed of hashes, another time zone and another
language: none of them is in a fingerprint.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from stoker.pipeline.run import run
from stoker.store.catalog import Catalog
from stoker.store.store import Store


def artifacts(home: Path, run_id: str) -> dict[str, dict[str, str]]:
    """SHA-256 of every file of every artifact of a run, manifests too."""
    found = {}
    for stage in Catalog(home).run(run_id).stages:
        artifact = Store(home).find(stage.fingerprint or "")
        assert artifact is not None
        files = {
            str(path.relative_to(artifact.folder)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(artifact.folder.rglob("*"))
            if path.is_file()
        }
        found[stage.stage] = {"folder": artifact.folder.name, **files}
    return found


def run_apart(project: Path, home: Path, changes: list[str]) -> str:
    """Id of a run by a process of its own."""
    words = [word for change in changes for word in ("--set", change)]
    elsewhere = {"PYTHONHASHSEED": "7", "TZ": "Asia/Shanghai", "LC_ALL": "C", "LANG": "C"}
    done = subprocess.run(
        [sys.executable, "-m", "stoker", "run", "recipe.yaml", "--home", str(home), *words],
        cwd=project,
        env={**os.environ, **elsewhere, "STOKER_CACHE": str(home / "cache")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    [record] = Catalog(home).runs()
    return record.id


@pytest.mark.parametrize(
    ("kind", "overrides"),
    [("tumours", ["model=boosted_trees"]), ("tumours", ["model=mlp"]), ("digits", [])],
)
def test_two_homes_hold_the_same_bytes(
    kind: str, overrides: list[str], tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    project = request.getfixturevalue(f"{kind}_project")
    also = ["train.threads=0", "train.epochs=1"] if kind == "digits" else ["train.threads=0"]
    also += ["compress={methods: []}"] if overrides == ["model=mlp"] else []
    changes = [*overrides, *also]
    result = run(project / "recipe.yaml", home=tmp_path / "one", overrides=changes)
    one = artifacts(tmp_path / "one", result.run)
    two = artifacts(tmp_path / "two", run_apart(project, tmp_path / "two", changes))
    assert list(one) == list(two)
    for stage, files in one.items():
        assert files == two[stage], stage
