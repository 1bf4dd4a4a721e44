"""Each I/O call fails in turn: the old or the new version is whole, success is never false."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

FAULTS = Path(__file__).parents[1] / "faults"
SCRIPT = FAULTS / "enumerate.py"
SCENARIOS = ["checkpoint", "publish", "first_publish", "catalog", "fresh_catalog"]


@pytest.fixture(scope="module")
def shim(tmp_path_factory: pytest.TempPathFactory) -> Path:
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        pytest.skip("no C compiler, so the calls cannot be intercepted")
    library = tmp_path_factory.mktemp("shim") / "shim.so"
    command = [compiler, "-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o", str(library)]
    subprocess.run([*command, str(FAULTS / "shim.c"), "-ldl"], check=True)
    return library


def enumerate_faults(
    shim: Path, scenario: str, folder: Path, *, stride: int, script: Path = SCRIPT
) -> dict:
    done = subprocess.run(
        [sys.executable, str(script), str(shim), scenario, str(folder), str(stride)],
        env=os.environ | {"LD_PRELOAD": str(shim)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize(
    ("scenario", "stride"), [("checkpoint", 1), ("publish", 13), ("catalog", 41)]
)
def test_some_failing_calls_lose_nothing(shim, tmp_path, scenario, stride):
    found = enumerate_faults(shim, scenario, tmp_path, stride=stride)
    assert found["cases"] >= 15, "the shim intercepted too little to mean anything"
    assert found["broken"] == []


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_no_failing_call_loses_anything(shim, tmp_path, scenario):
    found = enumerate_faults(shim, scenario, tmp_path, stride=1)
    assert found["cases"] == 3 * found["calls"] >= 21
    assert found["broken"] == []


def test_the_enumeration_finds_a_careless_writer(shim, tmp_path):
    """The instrument itself: writing in place must be found out."""
    careless = SCRIPT.read_text().replace(
        '    write_file(folder / "checkpoint", NEW)', '    (folder / "checkpoint").write_bytes(NEW)'
    )
    assert careless != SCRIPT.read_text()
    (tmp_path / "careless.py").write_text(careless)
    (tmp_path / "cases").mkdir()
    found = enumerate_faults(
        shim, "checkpoint", tmp_path / "cases", stride=1, script=tmp_path / "careless.py"
    )
    assert any("neither" in one["why"] for one in found["broken"])
