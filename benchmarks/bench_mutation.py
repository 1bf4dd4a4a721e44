"""Does a test fail when the code is a little wrong?

Question:  of small wrong changes in five rooms (training, compression and its choice, the batcher,
           the pipeline, the store), how many does a test notice?
Method:    a seeded sample, the same number from each room.  Each change is written into a copy of
           the tree; the fast tests of that room which run the changed lines run, quickest first,
           until one fails.  Which lines a test runs is measured once, children included.  Each test
           process is forked from one that has the libraries loaded and nothing of ours.  Changed
           code may delete or kill what it can name, so it sees a file system that it can write in
           `build/mutation` alone, and its own processes (`unshare`, Linux).
Run:       python benchmarks/bench_mutation.py [--seed 0] [--mutants 100] [--room NAME ...]
           [--least 0.85]: exit code 1 if the score is below that beyond chance, nothing is saved.
           Rooms that are not run keep what was saved of them.
Read:      `score` is killed and timed out, of all but the equivalent ones, which
           `tests/mutation/equivalent.toml` lists with the reason; `low` and `high` its 95 %
           interval (Wilson).  Survivors stand in the file.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib
import json
import math
import os
import random
import shutil
import signal
import subprocess
import sys
import time
import tomllib
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import coverage
import pytest
from _measure import RESULTS, save
from _mutants import Mutant, mutants_of
from coverage.sqldata import CoverageData

ROOT = Path(__file__).parent.parent
WORK = ROOT / "build" / "mutation"
TREE = WORK / "tree"
EQUIVALENT = "tests/mutation/equivalent.toml"


class Room(NamedTuple):
    """Sources, below `src/stoker`, and the tests that answer for them."""

    sources: tuple[str, ...]
    tests: tuple[str, ...]


_RUNS = ("dag", "views", "plan", "pipeline")
ROOMS = {
    "train": Room(("train",), ("tests/train", "src/stoker/train")),
    "compress": Room(("compress", "frontier"), ("tests/compress", "tests/frontier")),
    "batcher": Room(
        ("serve/batcher.py",), ("tests/serve/test_batcher.py", "tests/serve/test_batcher_bounds.py")
    ),
    "pipeline": Room(_RUNS, (*(f"tests/{name}" for name in _RUNS), "src/stoker/dag")),
    "store": Room(("store",), ("tests/store", "src/stoker/store")),
}
ENDS = ("killed", "timed_out", "survived", "equivalent")
_WARM = (
    "numpy", "pandas", "pyarrow.parquet", "pyarrow.dataset", "torch", "onnx",
    "sqlalchemy", "alembic", "pydantic", "PIL.Image", "jinja2",
)  # fmt: skip
"""Libraries that start no thread of their own; onnxruntime, daft and lightgbm do."""
_PYTEST = ("-q", "-m", "not slow", "-p", "no:randomly", "--hypothesis-seed=0")
_MOST_S = 30.0
"""Seconds of tests that a mutant gets; dearer tests are left out, which can only lower a score."""
_TIMED = ("tests/plan/test_forecast.py::test_guesses_are_right",)
"""Tests of how long something takes; a busy machine is no mistake that was noticed."""
_OUTPUT = WORK / "tests.log"


def main() -> int:
    """Copy the tree, run behind the wall, save."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--mutants", type=int, default=100)
    parser.add_argument("--room", action="append", choices=ROOMS)
    parser.add_argument("--least", type=float)
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.inside:
        rows = scores(given.room or list(ROOMS), given.mutants, given.seed)
        (WORK / "rows.json").write_text(json.dumps(rows))
        return 0
    copy_tree()
    behind_wall([sys.executable, *sys.argv, "--inside"])
    rows = json.loads((WORK / "rows.json").read_text())
    if given.least is None:
        save("mutation", beside_others(rows), libraries=("mutmut", "coverage", "pytest"))
        return 0
    found = in_all(rows)
    print(*found["survivors"], sep="\n")
    print(f"score {found['score']}, at most {found['high']}; wanted: {given.least}")
    return int(found["high"] < given.least)


def beside_others(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows of all rooms, those that were not run as they were saved before, and their sum."""
    saved = RESULTS / "mutation.json"
    kept = json.loads(saved.read_text())["rows"] if saved.is_file() else []
    found = {one["room"]: one for one in (*kept, *rows)}
    rooms = [found[name] for name in ROOMS if name in found]
    return [*rooms, in_all(rooms)]


def in_all(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """The rooms taken together."""
    of = {how: sum(one[how] for one in rows) for how in ENDS}
    survivors = [one for found in rows for one in found["survivors"]]
    return row("all", sum(one["possible"] for one in rows), of, survivors)


def copy_tree() -> None:
    """A fresh copy of the checkout, compiled."""
    shutil.rmtree(TREE, ignore_errors=True)
    for name in ("src", "tests", "examples", "scripts", "benchmarks"):
        left_out = shutil.ignore_patterns("__pycache__", ".*", *["data"][: name == "examples"])
        shutil.copytree(ROOT / name, TREE / name, ignore=left_out)
    shutil.copy(ROOT / "pyproject.toml", TREE)
    # By content: two changes of a file can fall into one second.
    compile_all = ["compileall", "-q", "--invalidation-mode", "checked-hash", str(TREE / "src")]
    subprocess.run([sys.executable, "-m", *compile_all], check=True)


def behind_wall(command: list[str]) -> None:
    """Run a command that can write in our folder alone and sees no process but its own."""
    wall = f'mount --bind {WORK} {WORK} && mount -o remount,bind,ro / && exec "$@"'
    as_root = [] if os.getuid() == 0 else ["--map-root-user"]
    spaces = ["--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
    subprocess.run(
        ["unshare", *as_root, *spaces, "sh", "-c", wall, "sh", *command],
        env={**os.environ, "TMPDIR": str(WORK)},
        check=True,
    )


def scores(rooms: list[str], number: int, seed: int) -> list[dict[str, Any]]:
    """A row for each room; what is drawn of a room hangs on the seed and on nothing else."""
    for name in _WARM:
        importlib.import_module(name)
    listed = tomllib.loads((TREE / EQUIVALENT).read_text())
    known = [(one["file"], one["line"], one["change"]) for one in listed["equivalent"]]
    rows = []
    for name in rooms:
        lines, times = measured(ROOMS[name])
        sources = [TREE / "src/stoker" / source for source in ROOMS[name].sources]
        files = [file for source in sources for file in python_files(source)]
        every = [mutant for file in files for mutant in mutants_of(TREE, file)]
        draw = random.Random(f"{seed} {name}")
        drawn = draw.sample(every, min(len(every), math.ceil(number / len(rooms))))
        assert run_tests(chosen(drawn[0], lines, times), 600) == "survived", "fails unchanged"
        told = [judge(mutant, lines, times, known) for mutant in drawn]
        survivors = [what for how, what in told if how == "survived"]
        rows.append(row(name, len(every), Counter(how for how, _ in told), survivors))
    return rows


def python_files(place: Path) -> list[Path]:
    """A file, or all of a folder."""
    return [place] if place.is_file() else sorted(place.rglob("*.py"))


def row(name: str, possible: int, of: Mapping[str, int], survivors: list[str]) -> dict[str, Any]:
    """What is said of a room."""
    counts = {how: of[how] for how in ENDS}
    killed, total = of["killed"] + of["timed_out"], sum(counts.values()) - of["equivalent"]
    low, high = wilson(killed, total)
    return {
        "room": name,
        "possible": possible,
        **counts,
        "score": round(killed / max(total, 1), 3),
        "low": round(low, 3),
        "high": round(high, 3),
        "survivors": survivors,
    }


def wilson(hits: int, total: int) -> tuple[float, float]:
    """The 95 % interval of a share.

    >>> [round(bound, 2) for bound in wilson(9, 10)]
    [0.6, 0.98]
    """
    z, total = 1.96, max(total, 1)
    share, wide = hits / total, 1 + z * z / total
    middle = share + z * z / (2 * total)
    half = z * math.sqrt(share * (1 - share) / total + z * z / (4 * total * total))
    return (middle - half) / wide, (middle + half) / wide


def judge(
    mutant: Mutant, lines: CoverageData, times: dict[str, float], known: list[tuple[str, str, str]]
) -> tuple[str, str]:
    """How a mutant ended, and what it is."""
    what = f"{mutant.file}:{mutant.line} {mutant.operator}: {mutant.key[-1]}"
    if any(map(mutant.is_like, known)):
        return "equivalent", what
    tests, started = chosen(mutant, lines, times), time.monotonic()
    path = TREE / mutant.file
    unchanged = path.read_text(encoding="utf-8")
    path.write_text(mutant.source, encoding="utf-8")
    how = run_tests(tests, 30 + 4 * sum(map(times.__getitem__, tests))) if tests else "survived"
    path.write_text(unchanged, encoding="utf-8")
    print(f"{how:10} {len(tests):4} tests {time.monotonic() - started:5.1f} s  {what}", flush=True)
    return how, what


def chosen(mutant: Mutant, lines: CoverageData, times: dict[str, float]) -> list[str]:
    """Tests that run the changed statement, quickest first; of a constant, those of its file."""
    by_line = lines.contexts_by_lineno(str(TREE / mutant.file))
    names = {
        name for line in range(mutant.first, mutant.last + 1) for name in by_line.get(line, [])
    }
    if not (mutant.is_called and names - {""}):
        names = {name for found in by_line.values() for name in found}
    # A line that a fixture runs is tested by all tests of its file.
    tests = [test for test in times if names & {test, test.partition("::")[0]}]
    tests = [test for test in tests if not test.startswith(_TIMED)]
    tests.sort(key=times.__getitem__)
    spent, fitting = 0.0, []
    for test in tests:
        spent += times[test]
        if spent < _MOST_S or not fitting:
            fitting.append(test)
    return fitting


def measured(room: Room) -> tuple[CoverageData, dict[str, float]]:
    """Which lines each test of a room runs, and its seconds; a test file is measured once."""
    sources = [file for name in room.sources for file in python_files(TREE / "src/stoker" / name)]
    files = [file for name in room.tests for file in python_files(TREE / name)]
    tests = [file for file in files if file.name.startswith("test_")]
    shared = [*sources, *(file for file in files if file not in tests), TREE / "tests/projects.py"]
    doctests = [TREE / name for name in room.tests if name.startswith("src")]
    lines, times = CoverageData(no_disk=True), {}
    for test in (*tests, *doctests):
        digest = hashlib.sha256(str(test).encode())
        for file in (*shared, *python_files(test)):
            digest.update(file.read_bytes())
        kept = WORK / f"{test.stem}-{digest.hexdigest()[:16]}.lines"
        if not kept.with_suffix(".json").is_file():
            measure(test, kept)
        of_test = CoverageData(str(kept))
        of_test.read()
        lines.update(of_test)
        times |= json.loads(kept.with_suffix(".json").read_text())
    return lines, times


def measure(test: Path, kept: Path) -> None:
    """Run a test file and keep the lines that it runs, its children's too."""
    print(f"measuring {test.relative_to(TREE)}", flush=True)
    how = run_tests([str(test.relative_to(TREE))], 3600, (kept, kept.with_suffix(".part")))
    if how != "survived":
        print(_OUTPUT.read_text()[-2000:], "what fails unchanged is left out", sep="\n")
    for part in WORK.glob(f"{kept.name}.*"):
        if not part.stat().st_size:  # of a child that was killed
            part.unlink()
    of_all = coverage.Coverage(str(kept))
    of_all.combine()
    of_all.save()
    kept.with_suffix(".part").rename(kept.with_suffix(".json"))


def run_tests(tests: list[str], seconds: float, measure: tuple[Path, Path] | None = None) -> str:
    """Run tests in a fork; how it ended."""
    temporary = WORK / "t"
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir()
    pid = os.fork()
    if pid == 0:
        os.setsid()
        code = 99
        try:
            code = in_child(tests, temporary, measure)
        finally:
            os._exit(code)
    status, last = None, time.monotonic() + seconds
    while status is None and time.monotonic() < last:
        time.sleep(0.01)
        done, code = os.waitpid(pid, os.WNOHANG)
        status = code if done else None
    with suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)
    if status is None:
        os.waitpid(pid, 0)
    shutil.rmtree(temporary, ignore_errors=True)
    return "timed_out" if status is None else "killed" if status else "survived"


def in_child(tests: list[str], temporary: Path, measure: tuple[Path, Path] | None) -> int:
    """Pytest over the copied tree."""
    log = os.open(_OUTPUT, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.chdir(TREE)
    sys.path[:0] = [str(TREE), str(TREE / "src")]
    sys.dont_write_bytecode = measure is None
    around = {"PYTHONDONTWRITEBYTECODE": "1"} if measure is None else {}
    around |= {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(TREE / "src"), "TMPDIR": str(temporary)}
    os.environ.update(around, STOKER_CACHE=str(temporary / "cache"), HOME=str(temporary))
    if measure is None:
        return int(pytest.main([*_PYTEST, "-x", *tests]))
    return traced(tests, *measure)


def traced(tests: list[str], kept: Path, times: Path) -> int:
    """Pytest while lines are noted for each test; a fixture's lines go to its file."""
    settings = WORK / "coverage.ini"
    settings.write_text(
        f"[run]\nsource = {TREE}/src/stoker\nparallel = True\ndata_file = {kept}\n"
        "patch = subprocess, fork, _exit\ncontext = ${MUTATION_TEST-}\n"
    )
    lines, noted = coverage.Coverage(config_file=str(settings)), _Noted()
    lines.start()
    code = int(pytest.main([*_PYTEST, *tests], plugins=[noted]))
    lines.stop()
    lines.save()
    passed = {test: noted.times[test] for test in noted.times if test not in noted.failed}
    times.write_text(json.dumps(passed))
    return 0 if code == pytest.ExitCode.NO_TESTS_COLLECTED else code


class _Noted:
    """Tells coverage which test runs, also in children; keeps the times."""

    def __init__(self) -> None:
        self.times: dict[str, float] = {}
        self.failed: set[str] = set()

    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        self._switch(item.nodeid.partition("::")[0])

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_call(self, item: pytest.Item) -> None:
        self._switch(item.nodeid)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self.failed.add(report.nodeid)
        elif report.passed:
            self.times[report.nodeid] = self.times.get(report.nodeid, 0) + report.duration

    def _switch(self, name: str) -> None:
        os.environ["MUTATION_TEST"] = name
        found = coverage.Coverage.current()
        assert found is not None
        found.switch_context(name)


if __name__ == "__main__":
    sys.exit(main())
