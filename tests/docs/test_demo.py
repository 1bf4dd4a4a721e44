"""`make demo` ends with the answer of a server about a customer that no model saw."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent


@pytest.mark.slow
def test_the_demo_ends_with_an_answer_and_a_report(tmp_path: Path) -> None:
    command = [sys.executable, str(ROOT / "scripts/demo.py"), str(tmp_path / "demo")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert re.search(r"the server said '(yes|no)', \d+% sure", done.stdout)
    report = re.search(r"^report +(.+)$", done.stdout, re.MULTILINE)
    assert report is not None
    assert Path(report[1]).is_file()
    assert len((tmp_path / "demo/customers.csv").read_text("utf-8").splitlines()) == 2357
    again = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "nothing to do" in again.stderr
