"""Ctrl-C and SIGTERM at a real `stoker run`, in different stages: it ends in order and goes on."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

STOKER = [sys.executable, "-m", "stoker"]
RECIPE = """\
version: 1
name: noise
data:
  sources: [{images: {path: 图片}}]
  clean: [unreadable_media, exact_duplicates]
  split: {test: 0.2, validation: 0.2, stratify: label}
inputs: {image: image}
target: {label: classify}
model: {cnn: {width: 8}}
train: {preset: fast, epochs: 10, patience: 10, checkpoint_every: 1s, threads: 1}
evaluate: {resamples: 4000}
compress: off
"""
COMMAND = [*STOKER, "run", "--set", "seed=7"]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """900 pictures of noise in three classes, enough to keep children busy for a while."""
    noise = np.random.default_rng(0)
    for number in range(900):
        folder = tmp_path / "图片" / f"class {number % 3}"
        folder.mkdir(parents=True, exist_ok=True)
        pixels_HWC = noise.integers(0, 120, (32, 32, 3), dtype=np.uint8)
        pixels_HWC[..., number % 3] += 100
        Image.fromarray(pixels_HWC).save(folder / f"{number:05}.png", compress_level=1)
    (tmp_path / "recipe.yaml").write_text(RECIPE, encoding="utf-8")
    return tmp_path


def environment() -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith("STOKER_")}
    return kept | {"PYTHONUTF8": "1", "OMP_NUM_THREADS": "1"}


def listed(project: Path) -> list[dict[str, object]]:
    done = subprocess.run(
        [*STOKER, "runs", "--json"], cwd=project, env=environment(), capture_output=True, check=True
    )
    return json.loads(done.stdout)


def stages(project: Path, run: str) -> list[dict[str, str]]:
    done = subprocess.run(
        [*STOKER, "runs", run, "--json"],
        cwd=project,
        env=environment(),
        capture_output=True,
        check=True,
    )
    return json.loads(done.stdout)["stages"]


def children(parent: int) -> list[int]:
    """Numbers of the processes that this one started and that are not gone."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            state, number, *_ = (entry / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(number) == parent and state not in "ZX":
            found.append(int(entry.name))
    return found


def published(project: Path) -> set[str]:
    """Kinds of the artifacts that are there."""
    manifests = (project / ".stoker").glob("artifacts/*/manifest.json")
    return {json.loads(path.read_bytes())["kind"] for path in manifests}


STARTED: dict[str, Callable[[Path, int], bool]] = {
    "clean": lambda project, pid: "acquire" in published(project) and bool(children(pid)),
    "train": lambda project, _: any((project / ".stoker").glob("work/*/checkpoint.json")),
    "evaluate": lambda project, _: "baseline" in published(project),
}


def interrupt(project: Path, stage: str, number: signal.Signals) -> tuple[int, str, list[int]]:
    """Send a signal in the middle of a stage; exit code, stderr, and the children it had."""
    with subprocess.Popen(
        COMMAND, cwd=project, env=environment(), stderr=subprocess.PIPE, text=True
    ) as running:
        deadline = time.monotonic() + 120
        while not STARTED[stage](project, running.pid):
            assert running.poll() is None, "it ended before the signal"
            assert time.monotonic() < deadline
            time.sleep(0.02)
        busy = children(running.pid)
        running.send_signal(number)
        _, said = running.communicate(timeout=120)
        return running.returncode, said, busy


@pytest.mark.parametrize(
    ("stage", "number"),
    [("clean", signal.SIGINT), ("train", signal.SIGTERM), ("evaluate", signal.SIGINT)],
)
def test_a_signal_ends_a_stage_in_order_and_the_same_command_goes_on(
    project: Path, stage: str, number: signal.Signals
) -> None:
    code, said, busy = interrupt(project, stage, number)
    assert code == 128 + number, said
    assert said.splitlines()[-1] == (
        "interrupted; the same command goes on from here: stoker run --set seed=7"
    )
    assert "Traceback" not in said
    assert not [child for child in busy if Path(f"/proc/{child}").exists()], "children live on"
    home = project / ".stoker"
    assert not list((home / "tmp").iterdir()), "a draft is left"
    assert not list(home.rglob("*.tmp")), "a temporary file is left"
    assert [run["status"] for run in listed(project)] == ["interrupted"]

    kept = published(project)
    again = subprocess.run(
        COMMAND, cwd=project, env=environment(), capture_output=True, check=False
    )
    assert again.returncode == 0, again.stderr
    newest = listed(project)[0]
    assert newest["status"] == "done"
    went = {one["stage"]: one["status"] for one in stages(project, str(newest["id"]))}
    assert {name for name, status in went.items() if status == "cached"} == kept
    assert went[stage] == ("resumed" if stage == "train" else "done")


STUBBORN = """
import signal, time
from stoker.cli.guard import Guard
with Guard(["run"]):
    try:
        print("ready", flush=True)
        signal.pause()
    finally:
        print("tidying", flush=True)
        time.sleep(600)
"""


@pytest.mark.parametrize("first", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("second", [signal.SIGINT, signal.SIGTERM])
def test_a_second_signal_ends_it_at_once(first: signal.Signals, second: signal.Signals) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", STUBBORN], stdout=subprocess.PIPE, text=True
    ) as stubborn:
        assert stubborn.stdout is not None
        assert stubborn.stdout.readline() == "ready\n"
        stubborn.send_signal(first)
        assert stubborn.stdout.readline() == "tidying\n"
        stubborn.send_signal(second)
        assert stubborn.wait(timeout=120) == -second


def test_a_signal_that_is_to_be_ignored_stays_ignored() -> None:
    code = (
        "import os, signal\n"
        "signal.signal(signal.SIGINT, signal.SIG_IGN)\n"
        "from stoker.cli.guard import Guard\n"
        "with Guard(['run']):\n    os.kill(os.getpid(), signal.SIGINT)\n    print('went on')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "went on\n"


def test_a_signal_before_the_command_line_is_loaded_is_quiet() -> None:
    code = (
        "import os, signal, sys\n"
        "from stoker.cli import main\n"
        "class Slow:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'stoker.cli.app':\n"
        "            os.kill(os.getpid(), signal.SIGINT)\n"
        "sys.meta_path.insert(0, Slow())\n"
        "main()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")
