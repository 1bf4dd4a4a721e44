"""Kill -9 a real `stoker run` at random moments, go on, and compare with a run nobody disturbed."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

STOKER = [sys.executable, "-m", "stoker"]
ENV = {**os.environ, "OMP_NUM_THREADS": "1"}


def start(project: Path, home: Path) -> subprocess.Popen[str]:
    """`stoker run` on the project in a process of its own."""
    return subprocess.Popen(
        [*STOKER, "run", "recipe.yaml", "--home", str(home), "--json"],
        cwd=project,
        env=ENV,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(project: Path, home: Path) -> dict[str, object]:
    """Run to the end and give the JSON object that is printed last."""
    with start(project, home) as process:
        out, err = process.communicate()
    assert process.returncode == 0, err
    return json.loads(out.strip().splitlines()[-1])


def bundle_hashes(answer: dict[str, object]) -> dict[str, str]:
    """SHA-256 of each file of the bundle, from its manifest."""
    manifest = json.loads((Path(str(answer["bundle"])) / "manifest.json").read_bytes())
    return {name: entry["sha256"] for name, entry in manifest["files"].items()}


def kill_at_random(project: Path, home: Path, moment: random.Random, longest_s: float) -> bool:
    """Start a run and kill it some time later; False if it was done before that."""
    with start(project, home) as process:
        time.sleep(moment.uniform(0.05, longest_s))
        process.send_signal(signal.SIGKILL)
        process.communicate()
    return process.returncode == -signal.SIGKILL


def undisturbed(project: Path, folder: Path) -> tuple[dict[str, str], float]:
    """The bundle's hashes of a run that nobody kills, and how long it takes."""
    started = time.monotonic()
    hashes = bundle_hashes(finish(project, folder / "undisturbed"))
    return hashes, time.monotonic() - started


def chain(project: Path, home: Path, seed: int, longest_s: float) -> tuple[dict[str, str], int]:
    """Kill up to three times in one home, then finish; the bundle's hashes, and kills that hit."""
    moment = random.Random(seed)
    hits = sum(kill_at_random(project, home, moment, longest_s) for _ in range(3))
    return bundle_hashes(finish(project, home)), hits


def test_a_killed_run_ends_like_an_undisturbed_one(digits_project: Path, tmp_path: Path) -> None:
    expected, longest_s = undisturbed(digits_project, tmp_path)
    found, hits = chain(digits_project, tmp_path / "killed", 1, longest_s)
    assert hits > 0
    assert found == expected


@pytest.mark.slow
@pytest.mark.timeout(5400)
@pytest.mark.parametrize("project", ["digits_project", "tumours_project"])
def test_nothing_is_lost_at_a_hundred_random_kills(
    project: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    folder = request.getfixturevalue(project)
    expected, longest_s = undisturbed(folder, tmp_path)
    hits = seed = 0
    while hits < 100:
        found, hit = chain(folder, tmp_path / f"killed-{seed}", seed, longest_s)
        assert found == expected, f"chain {seed} differs"
        hits, seed = hits + hit, seed + 1
        # No kill came in time: the machine is faster than when the undisturbed run was timed.
        longest_s *= 1.0 if hit else 0.8
