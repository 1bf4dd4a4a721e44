"""The examples for each kind of user run to their end, and say what they promise."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.conftest import ROOT
from tests.docs.test_blocks import environment

SAID = {
    "shop": (r"mae +\d+", r"prediction +low +high"),
    "hospital": (r"recall +0\.[89]\d*|recall +1\.0", r"malignant +\d+\n"),
    "laboratory": (r"600 pictures in 10 folders", r"photos/\d/\d+\.png"),
}


@pytest.mark.parametrize("name", SAID)
def test_an_example_runs(name: str, tmp_path: Path) -> None:
    script = ROOT / f"examples/{name}.py"
    done = subprocess.run(
        [sys.executable, str(script)],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    for pattern in SAID[name]:
        assert re.search(pattern, done.stdout), done.stdout


@pytest.mark.parametrize("name", SAID)
def test_an_example_is_a_notebook(name: str) -> None:
    text = (ROOT / f"examples/{name}.py").read_text(encoding="utf-8")
    assert len(re.findall(r"^# %% \w", text, re.MULTILINE)) >= 4
