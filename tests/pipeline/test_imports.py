"""What is loaded to look: to plan a run, and to find out that nothing changed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from stoker.pipeline.run import run

HEAVY = ("torch", "daft", "pandas", "lightgbm", "sklearn", "scipy", "onnx", "onnxruntime")
LOOK = f"""
import sys
import stoker
print(getattr(stoker, sys.argv[1])("recipe.yaml", home="home"))
print("loaded:", sorted(set(sys.modules) & set({HEAVY})))
"""


def loaded(verb: str, project: Path) -> str:
    """The last line of a process that looks."""
    done = subprocess.run(
        [sys.executable, "-c", LOOK, verb], cwd=project, capture_output=True, text=True, check=True
    )
    return done.stdout.splitlines()[-1]


@pytest.mark.parametrize("project", ["digits_project", "tumours_project"])
def test_looking_loads_nothing_that_only_work_needs(
    project: str, request: pytest.FixtureRequest
) -> None:
    folder: Path = request.getfixturevalue(project)
    if project == "digits_project":  # a table is read by the first check, see `trial`
        assert loaded("check", folder) == "loaded: []"
    run(folder / "recipe.yaml", home=folder / "home")
    assert loaded("run", folder) == "loaded: []"
    assert loaded("check", folder) == "loaded: []"


STEPS = f"""
import importlib, pkgutil, sys
for stage in sys.argv[1:]:
    for module in pkgutil.iter_modules(importlib.import_module(stage).__path__):
        if module.name[0] != "_":
            importlib.import_module(f"{{stage}}.{{module.name}}")
print("loaded:", sorted(set(sys.modules) & set({HEAVY[:-1]})))
"""
"""All steps, which a recipe may name; int8 needs onnxruntime, which is small."""


def test_the_steps_of_a_recipe_are_read_without_what_runs_them() -> None:
    stages = ("data.acquire", "data.clean", "data.split", "features", "tasks", "models")
    stages += ("train.augment", "train.optim", "train.schedules", "compress", "evaluate.metrics")
    done = subprocess.run(
        [sys.executable, "-c", STEPS, *(f"stoker.{stage}" for stage in stages)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "loaded: []\n"
