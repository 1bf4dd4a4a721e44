"""Fail every I/O call of an operation in turn and look at what is left.

Runs in a process of its own with the shim preloaded:

    LD_PRELOAD=shim.so python enumerate.py SHIM SCENARIO FOLDER STRIDE

For each call n (every STRIDE-th) and each mode, a forked child does the operation on a fresh
copy of the folder and is failed there; then this process, unharmed, judges what is on the disk.
Prints one JSON object: the number of calls and cases, and every case that broke a promise.

A scenario is a folder-preparing function, an operation, and a judge.  The judge gets whether the
operation said that it succeeded, and raises AssertionError if what is left is not whole or not what
was said.
"""

from __future__ import annotations

import ctypes
import json
import os
import shutil
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from stoker.core.errors import MachineError
from stoker.store.catalog import Catalog
from stoker.store.durable import sweep, write_file
from stoker.store.store import Store

MODES = {"kill": 1, "EIO": 2, "ENOSPC": 3}
OLD, NEW = b"old" * 40_000, b"new" * 50_000
PARENT, CHILD = "a" * 64, "b" * 64
REFUSED, TRACEBACK = 3, 4


class Scenario(NamedTuple):
    prepare: Callable[[Path], None]
    operate: Callable[[Path], None]
    judge: Callable[[Path, bool], None]


def make(store: Store, fingerprint: str, parents: dict[str, str], files: int) -> None:
    with store.lock(fingerprint), store.draft("numbers", fingerprint, parents) as draft:
        write_file(store.work_folder(fingerprint) / "state", b"half")
        for i in range(files):
            folder = draft.folder / f"part{i % 2}"
            folder.mkdir(exist_ok=True)
            (folder / f"{i}.bin").write_bytes(NEW)
        draft.publish({"files": files})


def prepare_publish(folder: Path) -> None:
    make(Store(folder), PARENT, {}, 2)


def publish(folder: Path) -> None:
    make(Store(folder), CHILD, {"from": PARENT}, 3)


def judge_publish(folder: Path, said_ok: bool) -> None:
    store = Store(folder)
    parent = store.find(PARENT)
    assert parent is not None, "the older artifact is lost"
    parent.verify()
    child = store.find(CHILD)
    assert child is not None or not said_ok, "success was reported, but nothing is there"
    if child is not None:
        child.verify()
    assert not any((folder / "damaged").iterdir()), "something half was visible"
    make(store, CHILD, {"from": PARENT}, 3)
    store.sweep()
    again = store.find(CHILD)
    assert again is not None, "could not be made again"
    again.verify()
    left = [str(p) for name in ("tmp", "work") for p in (folder / name).iterdir()]
    assert not left, f"left behind: {left}"


def prepare_first(folder: Path) -> None:
    folder.mkdir(exist_ok=True)


def first_publish(folder: Path) -> None:
    make(Store(folder / "new" / "home"), CHILD, {}, 2)


def judge_first(folder: Path, said_ok: bool) -> None:
    store = Store(folder / "new" / "home")
    child = store.find(CHILD)
    assert child is not None or not said_ok, "success was reported, but nothing is there"
    make(store, CHILD, {}, 2)


def prepare_checkpoint(folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    write_file(folder / "checkpoint", OLD)


def checkpoint(folder: Path) -> None:
    write_file(folder / "checkpoint", NEW)


def judge_checkpoint(folder: Path, said_ok: bool) -> None:
    found = (folder / "checkpoint").read_bytes()
    assert found in (OLD, NEW), "neither the old nor the new version is whole"
    assert found == NEW or not said_ok, "success was reported, but the old version is there"
    sweep(folder)
    assert [p.name for p in folder.iterdir()] == ["checkpoint"], "strays survive a sweep"


def prepare_catalog(folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    catalog = Catalog(folder)
    run = catalog.start_run("first", "version: 1", stoker="0")
    catalog.finish_run(run, "done", {"accuracy": 0.5})


def use_catalog(folder: Path) -> None:
    catalog = Catalog(folder)
    run = catalog.start_run("second", "version: 1\n" * 500, stoker="0")
    catalog.record_stage(run, "train", CHILD, "done", 1.5)
    catalog.add_model("second", CHILD, {"accuracy": 0.9}, run=run)
    catalog.set_alias("second", "champion", 1)
    catalog.finish_run(run, "done", {"accuracy": 0.9})


def judge_catalog(folder: Path, said_ok: bool) -> None:
    catalog = Catalog(folder)
    catalog.check()
    first = [run for run in catalog.runs() if run.name == "first"]
    assert [run.result for run in first] == [{"accuracy": 0.5}], "an older run is lost or changed"
    second = [catalog.run(run.id) for run in catalog.runs() if run.name == "second"]
    for run in second:
        assert run.status in ("done", "interrupted"), f"a dead run is {run.status}"
        if run.status == "done":
            assert [s.fingerprint for s in run.stages] == [CHILD]
            assert run.result == {"accuracy": 0.9}
    assert not said_ok or any(run.status == "done" for run in second), "success, but not recorded"
    assert not said_ok or catalog.resolve("second", "champion").fingerprint == CHILD
    use_catalog(folder)


def fresh_catalog(folder: Path) -> None:
    use_catalog(folder / "home")


def judge_fresh_catalog(folder: Path, said_ok: bool) -> None:
    catalog = Catalog(folder / "home")
    assert not said_ok or catalog.runs()
    catalog.check()
    use_catalog(folder / "home")


SCENARIOS = {
    "publish": Scenario(prepare_publish, publish, judge_publish),
    "first_publish": Scenario(prepare_first, first_publish, judge_first),
    "checkpoint": Scenario(prepare_checkpoint, checkpoint, judge_checkpoint),
    "catalog": Scenario(prepare_catalog, use_catalog, judge_catalog),
    "fresh_catalog": Scenario(prepare_first, fresh_catalog, judge_fresh_catalog),
}


class Driver:
    def __init__(self, shim: str, scenario: Scenario, folder: Path) -> None:
        self.shim = ctypes.CDLL(shim)
        self.shim.fault_disarm.restype = ctypes.c_long
        self.scenario, self.folder = scenario, folder
        self.master = folder / "master"
        scenario.prepare(self.master)

    def count(self) -> int:
        """Calls of an undisturbed operation, counted in a child as all others are."""
        place, reading, writing = self.copy(), *os.pipe()
        if os.fork() == 0:
            self.arm(place, 0, 0)
            self.scenario.operate(place)
            os.write(writing, str(self.shim.fault_disarm()).encode())
            os._exit(0)
        os.wait()
        return int(os.read(reading, 32))

    def fail(self, mode: str, n: int) -> str | None:
        """What went wrong when call `n` failed, or None."""
        place = self.copy()
        child = os.fork()
        if child == 0:
            os._exit(self.operate(place, MODES[mode], n))
        status = os.waitpid(child, 0)[1]
        if os.WIFEXITED(status) and os.WEXITSTATUS(status) == TRACEBACK:
            return "an error without words (see stderr)"
        try:
            self.scenario.judge(place, os.WIFEXITED(status) and os.WEXITSTATUS(status) == 0)
        except Exception as error:  # whatever it is, it is a finding
            return f"{type(error).__name__}: {error}"
        return None

    def operate(self, place: Path, mode: int, n: int) -> int:
        self.arm(place, mode, n)
        try:
            self.scenario.operate(place)
        except MachineError:
            return REFUSED
        except BaseException:
            self.shim.fault_disarm()
            traceback.print_exc()
            return TRACEBACK
        return 0

    def arm(self, place: Path, mode: int, n: int) -> None:
        self.shim.fault_arm(os.fsencode(place), mode, ctypes.c_long(n))

    def copy(self) -> Path:
        place = self.folder / "case"
        shutil.rmtree(place, ignore_errors=True)
        shutil.copytree(self.master, place)
        return place


def main() -> None:
    shim, name, folder, stride = sys.argv[1:]
    driver = Driver(shim, SCENARIOS[name], Path(folder))
    calls = driver.count()
    cases, found = 0, []
    for mode in MODES:
        for n in range(1, calls + 1, int(stride)):
            cases += 1
            if why := driver.fail(mode, n):
                found.append({"mode": mode, "call": n, "why": why})
    sys.stdout.write(json.dumps({"calls": calls, "cases": cases, "broken": found}))


if __name__ == "__main__":
    main()
