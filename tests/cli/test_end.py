"""A command that used the table engine ends with its own code, whatever its threads do then."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

CRASHING = """
import atexit, os, sys, types
if {loaded}:
    sys.modules["daft"] = types.ModuleType("daft")
atexit.register(os.abort)
sys.argv = ["stoker", *{arguments!r}]
from stoker.cli import main
main()
"""
RECIPE = """\
version: 1
name: small
data: {sources: [{csv: {path: a.csv}}], clean: [exact_duplicates], max_lost: 1}
inputs: {size: number}
target: {kind: classify}
"""


@pytest.mark.parametrize(("arguments", "code"), [(["--version"], 0), (["check", "no.yaml"], 2)])
@pytest.mark.parametrize("loaded", [True, False])
def test_nothing_crashes_behind_the_work(
    tmp_path: Path, arguments: list[str], code: int, loaded: bool
) -> None:
    source = CRASHING.format(loaded=loaded, arguments=arguments)
    done = subprocess.run(
        [sys.executable, "-c", source], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == (code if loaded else -6)
    assert "stoker" in done.stdout or "RecipeError" in done.stderr


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_a_hundred_small_runs_end_well(tmp_path: Path) -> None:
    rows = [f"{number / 7:.3f},{'ab'[number % 2]}" for number in range(60)]
    (tmp_path / "a.csv").write_text("\n".join(["size,kind", *rows]) + "\n", encoding="utf-8")
    (tmp_path / "recipe.yaml").write_text(RECIPE, encoding="utf-8")
    for number in range(100):
        command = ["run", "--until", "split", "--home", f"home{number}"]
        done = subprocess.run(
            [sys.executable, "-m", "stoker", *command],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, (number, done.stderr)
