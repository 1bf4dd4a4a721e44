"""Calls that Linux alone has stand in one place each, with a fallback that works."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

import stoker
from stoker.cli import machine
from stoker.core.processors import available_cores
from stoker.data import child_limits
from stoker.networks.linear import _other_maker
from stoker.store import durable, process

ROOT = Path(stoker.__file__).parent
OF_LINUX = {
    "store/process.py": {"/proc"},
    "data/child_limits.py": {"/proc/self/statm"},
    "networks/linear.py": {"/proc/cpuinfo"},
    "cli/machine.py": {
        "/proc/cpuinfo",
        "/sys/fs/cgroup/memory.max",
        "/sys/fs/cgroup/memory/memory.limit_in_bytes",
    },
}
"""Files of the kernel that are read; each has a test below, and a line in docs/portability.md."""


def test_files_of_the_kernel_are_read_where_it_is_known() -> None:
    found: dict[str, set[str]] = {}
    for path in ROOT.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_bytes())):
            text = node.value if isinstance(node, ast.Constant) else None
            if isinstance(text, str) and text.startswith(("/proc", "/sys", "/dev")):
                found.setdefault(str(path.relative_to(ROOT)), set()).add(text)
    assert found == OF_LINUX
    page = (Path(__file__).parents[1] / "docs/portability.md").read_text(encoding="utf-8")
    for text in ("/proc/self/statm", "/proc/cpuinfo", "/sys/fs/cgroup", "/proc/PID/stat"):
        assert text in page


def test_without_affinity_all_cores_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.delattr(os, "sched_getaffinity")
    assert available_cores() == os.cpu_count()


def test_without_proc_a_process_is_known_by_its_number(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "_PROC", tmp_path)
    process._machine.cache_clear()
    try:
        here = process.this_process()
        assert (here.boot, here.space, here.started) == ("", "", 0)
        assert here.is_alive()
        gone = subprocess.Popen([sys.executable, "-c", ""])
        gone.wait()
        ended = process.Process(here.host, "", "", gone.pid, 0)
        assert not ended.is_alive()
    finally:
        process._machine.cache_clear()


def test_without_proc_a_child_has_no_cap_on_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(child_limits, "_SIZE", tmp_path / "statm")
    monkeypatch.delattr(child_limits.resource, "RLIMIT_AS")
    child_limits.limit_memory(1)


def test_without_files_of_the_kernel_the_machine_is_still_described(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine, "_PROCESSOR", tmp_path / "cpuinfo")
    monkeypatch.setattr(machine, "_CGROUP_LIMITS", (tmp_path / "memory.max",))
    assert machine._cpu_flags() == set()
    assert machine.memory_bytes() > 0
    assert {one.state for one in machine.examine(tmp_path)} <= {"ok", "warning"}
    assert not _other_maker(tmp_path / "cpuinfo")


def test_on_macos_the_drive_is_asked_to_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(durable.fcntl, "F_FULLFSYNC", 51, raising=False)
    monkeypatch.setattr(durable.fcntl, "fcntl", lambda _, command: asked.append(command))
    durable.write_file(tmp_path / "a", b"a")
    assert set(asked) == {51}

    def refused(_: int, command: int) -> None:
        raise OSError(45, "not supported")

    monkeypatch.setattr(durable.fcntl, "fcntl", refused)
    durable.write_file(tmp_path / "a", b"b")
    assert (tmp_path / "a").read_bytes() == b"b"


def test_windows_is_refused_with_a_way_out() -> None:
    code = "import sys; sys.platform = 'win32'; import stoker"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "ImportError: stoker needs a POSIX system: on Windows run it in WSL" in done.stderr
