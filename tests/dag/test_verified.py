"""No file of an artifact is parsed before it was checked, and what is damaged is made again.

`Artifact.folder` checks every byte; `Artifact.location` does not, and only the store may use it.
"""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import stoker
from stoker.core.events import listening
from stoker.pipeline.run import check, run
from stoker.store.store import Store
from tests.pipeline.test_run import Heard

RECIPE = """\
version: 1
name: pieces
data:
  sources: [{csv: {path: a.csv}}]
  clean: []
  split: {test: 0.3, validation: 0.2}
inputs: {size: number}
target: {kind: classify}
train: {preset: fast, threads: 1}
compress: off
"""
SOURCE = Path(stoker.__file__).parent


def test_only_the_store_knows_where_unchecked_files_are() -> None:
    users = {
        path.relative_to(SOURCE).parts[0]
        for path in SOURCE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and node.attr == "location"
    }
    assert users <= {"store"}


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    rows = [f"{number / 7:.3f},{'ab'[number % 2]}" for number in range(60)]
    (tmp_path / "a.csv").write_text("\n".join(["size,kind", *rows]) + "\n", encoding="utf-8")
    (tmp_path / "recipe.yaml").write_text(RECIPE, encoding="utf-8")
    return tmp_path / "recipe.yaml"


def test_whichever_byte_is_wrong_the_artifact_is_made_again(recipe: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    run(recipe, home=home, until="split")
    whole = {manifest.kind: manifest for manifest in Store(home).manifests()}
    files = [
        home / "artifacts" / manifest.fingerprint / name
        for manifest in whole.values()
        for name in manifest.files
    ]
    assert {path.name for path in files} >= {"dataset.json", "rows.parquet", "split.json"}
    for path in files:
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 1
        path.chmod(0o644)
        path.write_bytes(content)
        heard = Heard()
        with listening(heard):
            check(recipe, home=home)
            run(recipe, home=home, until="split")
        told = [line for line in heard.lines if "put aside" in line]
        assert len(told) == 1, (path.name, told)
        assert {one.kind: one for one in Store(home).manifests()} == whole
