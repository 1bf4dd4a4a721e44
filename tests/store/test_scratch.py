"""What killed processes leave is swept by the next one; what lives and what is another's stays."""

from __future__ import annotations

import os
import re
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from stoker.store.durable import sweep_beside, writing
from stoker.store.scratch import scratch_folder, sweep_scratch

_HOLD = """
import sys
from pathlib import Path
from stoker.store.durable import writing
from stoker.store.scratch import scratch_folder, sweep_scratch
with scratch_folder("test") as scratch, writing(Path(sys.argv[1])) as stream:
    stream.write(b"half")
    (scratch.path / "file").write_bytes(b"x")
    print(scratch.path, flush=True)
    sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr("tempfile.tempdir", None)
    return folder


def start(output: Path) -> tuple[subprocess.Popen[str], Path]:
    """A process in the middle of its work, and its scratch folder."""
    process = subprocess.Popen(
        [sys.executable, "-c", _HOLD, str(output)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    return process, Path(process.stdout.readline().strip())


def end(process: subprocess.Popen[str], number: int) -> None:
    process.send_signal(number)
    process.communicate()


def test_a_killed_process_is_swept_behind_and_a_live_one_is_not(
    tmp_path: Path, temporary: Path
) -> None:
    dead, dead_folder = start(tmp_path / "a.csv")
    live, live_folder = start(tmp_path / "b.csv")
    end(dead, signal.SIGKILL)
    assert len(list(tmp_path.glob(".*.tmp"))) == 2
    with scratch_folder("next") as scratch:
        assert {*temporary.iterdir()} == {live_folder, scratch.path}
    assert not dead_folder.exists()
    (swept,) = sweep_beside(tmp_path / "c.csv")
    assert swept.name.startswith(".a.csv.")
    assert len(list(tmp_path.glob(".*.tmp"))) == 1
    end(live, signal.SIGKILL)
    sweep_beside(tmp_path / "c.csv")
    assert list(tmp_path.glob(".*.tmp")) == []


def test_a_child_that_has_the_lock_keeps_the_folder(temporary: Path) -> None:
    with scratch_folder("parent") as scratch:
        lock = os.dup(scratch.lock)
        kept = scratch.path
        kept.rename(temporary / "aside")
    (temporary / "aside").rename(kept)
    with scratch_folder("next"):
        assert kept.exists()
    os.close(lock)
    with scratch_folder("next"):
        assert not kept.exists()


def test_what_only_looks_like_ours_stays(tmp_path: Path, temporary: Path) -> None:
    names = (".a.tmp", "a.0123456789abcdef.tmp", ".a.0123456789ABCDEF.tmp", ".a.0123.tmp")
    for name in names:
        (tmp_path / name).write_bytes(b"")
    (tmp_path / ".folder.0123456789abcdef.tmp").mkdir()
    (tmp_path / ".link.0123456789abcdef.tmp").symlink_to(tmp_path / ".a.tmp")
    (temporary / "stoker-notes").mkdir()
    (temporary / "stoker-20261127-101010-x.txt").write_bytes(b"")
    (temporary / "stoker-metrics-0123456789abcdef").symlink_to(tmp_path)
    assert sweep_beside(tmp_path / "out.csv") == []
    with scratch_folder("next"):
        assert len(list(temporary.iterdir())) == 4


def test_a_file_that_is_being_written_is_not_swept(tmp_path: Path) -> None:
    with writing(tmp_path / "out.csv") as stream:
        assert sweep_beside(tmp_path / "out.csv") == []
        stream.write(b"whole")
    assert (tmp_path / "out.csv").read_bytes() == b"whole"


def test_nobody_else_may_look_into_a_folder(temporary: Path) -> None:
    with scratch_folder("example") as scratch:
        assert stat.S_IMODE(scratch.path.stat().st_mode) == 0o700
        assert scratch.path.parent == temporary
        assert re.fullmatch(r"stoker-example-[0-9a-f]{16}", scratch.path.name)
    assert not scratch.path.exists()
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(scratch.lock)


def test_a_folder_that_is_deleted_meanwhile_is_no_mistake(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = tmp_path / f"stoker-x-{'0' * 16}"
    gone.mkdir()
    entries = list(os.scandir(tmp_path))
    gone.rmdir()
    monkeypatch.setattr(os, "scandir", lambda place: iter(entries))
    assert sweep_scratch(tmp_path) == []
