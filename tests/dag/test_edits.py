"""A comment that is written into a file repeats the stages that run its code, and no other one.

What a stage runs is found twice: by the patterns of `source_code`, whose answer is tried on a copy
of the package by editing each file of it, and here by Python's own parser.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.dag.parsed import ROOT, file_of, reached
from tests.projects import DIGITS, TUMOURS

FLOOR, BESIDE = ("stoker.core", "stoker.store"), "stoker.store.catalog"
EDIT = """
import json, sys
from pathlib import Path
import stoker
from stoker.dag import source_code
from stoker.dag.build import stages_of
from stoker.dag.node import Node
from stoker.recipe.load import load_recipe

root, said = Path(stoker.__file__).parent, {}
nodes = [Node(stage) for stage in stages_of(load_recipe(Path(sys.argv[1])))]
before = {node.stage: source_code.code_version(node.code) for node in nodes}
for path in sorted(root.rglob("*.py")):
    text = path.read_bytes()
    path.write_bytes(text + b"# a comment\\n")
    source_code._hash.cache_clear()
    said[str(path.relative_to(root))] = [
        node.stage for node in nodes if source_code.code_version(node.code) != before[node.stage]
    ]
    path.write_bytes(text)
print(json.dumps({"edits": said, "code": {node.stage: sorted(node.code) for node in nodes}}))
"""


def module_of(path: str) -> str:
    name = ".".join(("stoker", *Path(path).with_suffix("").parts))
    return name.removesuffix(".__init__")


@pytest.mark.parametrize("recipe", [TUMOURS, DIGITS], ids=["table", "pictures"])
def test_an_edit_repeats_exactly_the_stages_that_run_the_file(recipe: str, tmp_path: Path) -> None:
    shutil.copytree(ROOT, tmp_path / "source/stoker", ignore=shutil.ignore_patterns("*.pyc"))
    (tmp_path / "recipe.yaml").write_text(recipe, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-c", EDIT, str(tmp_path / "recipe.yaml")],
        env={**os.environ, "PYTHONPATH": str(tmp_path / "source"), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    runs = {stage: reached(code) for stage, code in said["code"].items()}
    assert len(said["edits"]) > 300
    for path, repeated in said["edits"].items():
        name = module_of(path)
        is_floor = name.startswith(FLOOR) and not name.startswith(BESIDE)
        expected = [stage for stage, code in runs.items() if is_floor or name in code]
        assert repeated == expected, path
    read_by_stages(set().union(*runs.values()))


def read_by_stages(modules: set[str]) -> None:
    """No stage reads a file of the package that is no module: its edits would go unseen."""
    for path in ROOT.rglob("*"):
        if path.is_file() and path.suffix not in (".py", ".pyc") and path.name != "py.typed":
            is_beside = (path.parent / "__init__.py").is_file()
            text = f'"{path.name if is_beside else path.parent.name}"'
            for name in modules:
                file = file_of(name)
                assert file is not None
                assert text not in file.read_text(encoding="utf-8"), f"{name} reads {path}"
