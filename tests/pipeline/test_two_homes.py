"""The same recipe in two homes gives the same bytes, artifact by artifact."""

from __future__ import annotations

import hashlib
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
    homes = []
    for name in ("one", "two"):
        home = tmp_path / name
        result = run(project / "recipe.yaml", home=home, overrides=[*overrides, *also])
        homes.append(artifacts(home, result.run))
    one, two = homes
    assert list(one) == list(two)
    for stage, files in one.items():
        assert files == two[stage], stage
