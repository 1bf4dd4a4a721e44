"""kill -9 at random moments: what was said to be done is there, whole."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[1] / "faults" / "kill.py"


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("number", [20, pytest.param(200, marks=pytest.mark.slow, id="all-200")])
def test_a_kill_at_any_moment_loses_nothing(tmp_path, number):
    command = [sys.executable, str(SCRIPT), str(tmp_path), str(number), str(number)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["broken"] == []
    assert all(times > number // 10 for times in found["done"].values()), "too little was done"
