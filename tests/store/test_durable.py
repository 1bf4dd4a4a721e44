"""Files and folders are there whole, or as they were before."""

from __future__ import annotations

import errno
import fcntl
import os
from pathlib import Path

import pytest

from stoker.core.errors import MachineError
from stoker.store import durable


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_replaces_a_file_and_leaves_nothing_beside_it(tmp_path):
    path = tmp_path / "模型.json"
    durable.write_file(path, b"old")
    durable.write_file(path, memoryview(b"new"))
    assert path.read_bytes() == b"new"
    assert names(tmp_path) == ["模型.json"]


def test_an_error_while_writing_keeps_the_old_file(tmp_path):
    path = tmp_path / "a"
    durable.write_file(path, b"old")

    def fail_half_way() -> None:
        with durable.writing(path) as stream:
            stream.write(b"half")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_half_way()
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == ["a"]


def test_every_os_error_has_words(tmp_path):
    with pytest.raises(MachineError, match="No such file or directory"):
        durable.write_file(tmp_path / "missing" / "a", b"")
    (tmp_path / "folder").mkdir()
    with pytest.raises(MachineError, match="Is a directory"):
        durable.write_file(tmp_path / "folder", b"")
    assert names(tmp_path) == ["folder"]


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EIO, errno.EDQUOT])
def test_says_what_helps(number):
    error = durable.machine_error(OSError(number, os.strerror(number)), "write x")
    assert str(error).startswith("cannot write x: ")
    assert error.fix


def test_only_the_asked_errors_are_turned():
    with pytest.raises(FileNotFoundError), durable.machine_errors("x", only=durable.DISK_ERRORS):
        raise FileNotFoundError(errno.ENOENT, "no")
    with pytest.raises(MachineError), durable.machine_errors("x", only=durable.DISK_ERRORS):
        raise OSError(errno.ENOSPC, "full")


def test_a_long_name_still_fits(tmp_path):
    path = tmp_path / ("长" * 85)
    durable.write_file(path, b"x")
    assert path.read_bytes() == b"x"


def test_publishes_once(tmp_path):
    for name in ("one", "two"):
        (tmp_path / name / "deep").mkdir(parents=True)
        (tmp_path / name / "deep" / "file").write_text(name)
    final = tmp_path / "final"
    assert durable.publish_folder(tmp_path / "one", final)
    assert not durable.publish_folder(tmp_path / "two", final)
    assert (final / "deep" / "file").read_text() == "one"
    assert (tmp_path / "two").exists()


def test_flushes_every_file_and_folder(tmp_path, monkeypatch):
    flushed = []
    real = os.fsync

    def fsync(descriptor: int) -> None:
        flushed.append(Path(f"/proc/self/fd/{descriptor}").readlink())
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    (tmp_path / "draft" / "a" / "b").mkdir(parents=True)
    (tmp_path / "draft" / "a" / "b" / "file").write_text("x")
    (tmp_path / "out").mkdir()
    durable.publish_folder(tmp_path / "draft", tmp_path / "out" / "final")
    wanted = ["draft/a/b/file", "draft/a/b", "draft/a", "draft", "out", "."]
    assert flushed == [(tmp_path / name).resolve() for name in wanted]


def test_sweeps_what_nobody_holds(tmp_path):
    held, stray = tmp_path / ".held.0123.tmp", tmp_path / "deep" / ".stray.0123.tmp"
    stray.parent.mkdir()
    for path in (held, stray, tmp_path / "not-ours.tmp", tmp_path / ".hidden"):
        path.write_text("x")
    with held.open() as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        assert durable.sweep(tmp_path) == [stray]
    assert names(tmp_path) == [".held.0123.tmp", ".hidden", "deep", "not-ours.tmp"]
    assert durable.sweep(tmp_path) == [held]


def test_never_sweeps_a_file_that_is_being_written(tmp_path):
    with durable.writing(tmp_path / "a") as stream:
        stream.write(b"x")
        assert durable.sweep(tmp_path) == []
    assert (tmp_path / "a").read_bytes() == b"x"


def test_a_symlink_is_removed_not_followed(tmp_path):
    (tmp_path / "precious").write_text("x")
    (tmp_path / "tmp").mkdir()
    (tmp_path / "tmp" / ".link.0.tmp").symlink_to(tmp_path / "precious")
    durable.sweep(tmp_path / "tmp")
    durable.remove_tree(tmp_path / "tmp")
    assert names(tmp_path) == ["precious"]


def test_makes_and_removes_folders_twice(tmp_path):
    for _ in range(2):
        durable.make_folder(tmp_path / "a" / "b")
    for _ in range(2):
        durable.remove_tree(tmp_path / "a")
    assert names(tmp_path) == []
    (tmp_path / "file").write_text("")
    with pytest.raises(MachineError):
        durable.make_folder(tmp_path / "file" / "b")


@pytest.mark.parametrize("is_known", [True, False])
def test_on_macos_the_drive_is_asked_to_write_each_file(tmp_path, monkeypatch, is_known):
    """A file system that does not know the command (a share) gets the usual one."""
    asked, flushed = [], []

    def command(descriptor: int, number: int) -> None:
        asked.append((os.fstat(descriptor).st_ino, number))
        if not is_known:
            raise OSError(errno.ENOTSUP, "not supported")

    monkeypatch.setattr(durable.sys, "platform", "darwin")
    monkeypatch.setattr(durable.fcntl, "F_FULLFSYNC", 51, raising=False)
    monkeypatch.setattr(durable.fcntl, "fcntl", command)
    monkeypatch.setattr(os, "fsync", lambda descriptor: flushed.append(os.fstat(descriptor).st_ino))
    with (tmp_path / "a").open("wb") as stream:
        durable.flush_to_disk(stream.fileno())
    inode = (tmp_path / "a").stat().st_ino
    assert asked == [(inode, 51)]
    assert flushed == ([] if is_known else [inode])
