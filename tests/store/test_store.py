"""Artifacts are whole or absent, and a damaged one is put aside, reported and made again."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from stoker.core.errors import ArtifactError, MachineError
from stoker.store.home import find_home
from stoker.store.store import Store

LOCK = """
from pathlib import Path
from stoker.store.store import Store
with Store(Path(sys.argv[1])).lock(sys.argv[2]):
    pause()
"""


def listing(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def test_looking_creates_nothing(tmp_path, make):
    store = Store(tmp_path / "home")
    assert store.find(make.mark(1)) is None
    assert list(store.manifests()) == []
    assert store.collect([]) == []
    assert listing(tmp_path) == []


def test_finds_what_was_published(store, make):
    made = make(store, 1, {}, {"train/年龄.bin": b"123", "b": b""})
    found = Store(store.home).find(make.mark(1))
    assert found is not None
    found.verify()
    assert (found.kind, found.fingerprint, found.digest) == ("test", make.mark(1), made.digest)
    assert (found.folder / "train" / "年龄.bin").read_bytes() == b"123"
    assert found.manifest.summary == {"number": 1}


def test_an_unpublished_draft_leaves_nothing(store, make):
    def fail() -> None:
        with store.draft("test", make.mark(1)) as draft:
            (draft.folder / "a").write_text("x")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert store.find(make.mark(1)) is None
    assert listing(store.home / "tmp") == []


def test_a_full_disk_inside_the_block_is_the_machines_error(store, make):
    def fill() -> None:
        with store.draft("bundle", make.mark(1)):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.raises(MachineError, match="cannot make the bundle: No space left"):
        fill()
    assert listing(store.home / "tmp") == []


def test_other_errors_of_the_block_stay_what_they_are(store, make):
    with pytest.raises(FileNotFoundError), store.draft("test", make.mark(1)) as draft:
        (draft.folder / "missing").read_text()


def test_the_slower_of_two_gets_the_winners(store, make):
    with store.draft("test", make.mark(1)) as slow:
        (slow.folder / "a.bin").write_bytes(b"slow")
        winner = make(store, 1, {}, {"a.bin": b"fast"})
        artifact = slow.publish()
    assert artifact.digest == winner.digest
    assert (artifact.folder / "a.bin").read_bytes() == b"fast"
    assert listing(store.home / "tmp") == []


def test_scratch_survives_until_the_artifact_is_there(store, make):
    (store.work_folder(make.mark(1)) / "checkpoint").write_text("half")
    again = Store(store.home)
    again.sweep()
    assert listing(again.work_folder(make.mark(1))) == ["checkpoint"]
    make(again, 1)
    assert listing(store.home / "work") == []


def test_a_wrong_size_is_found_without_reading(store, make, heard):
    artifact = make(store, 1)
    (artifact.folder / "a.bin").write_bytes(b"short")
    assert store.find(make.mark(1)) is None
    assert "a.bin has 5 bytes; it was put aside" in heard.warnings[0]
    assert listing(store.home / "artifacts") == []
    assert [name[:64] for name in listing(store.home / "damaged")] == [make.mark(1)]
    make(store, 1).verify()


def test_a_flipped_bit_is_found_before_anyone_gets_at_the_files(store, make, heard):
    artifact = make(store, 1)
    artifact.verify()
    (artifact.folder / "a.bin").write_bytes(b"a" * 999 + b"b")
    again = make.found(store, 1)
    with pytest.raises(ArtifactError, match="is damaged"):
        _ = again.folder
    assert store.find(make.mark(1)) is None
    assert len(heard.warnings) == 1


def test_damage_to_the_manifest_is_found(store, make, heard):
    artifact = make(store, 1)
    (artifact.folder / "manifest.json").unlink()
    assert store.find(make.mark(1)) is None
    assert listing(store.home / "artifacts") == []
    artifact = make(store, 1)
    path = artifact.folder / "manifest.json"
    path.write_bytes(path.read_bytes().replace(b'"number":1', b'"number":2'))
    assert store.find(make.mark(1)) is None
    assert len(heard.warnings) == 2


def test_a_renamed_artifact_is_not_taken_for_another(store, make, heard):
    artifact = make(store, 1)
    artifact.folder.rename(artifact.folder.with_name(make.mark(2)))
    assert store.find(make.mark(2)) is None
    assert "holds the artifact" in heard.warnings[0]


def test_contents_are_read_once(store, make, monkeypatch):
    make(store, 1)
    code = (
        "import sys, hashlib; from pathlib import Path; from stoker.store.store import Store\n"
        "calls = []; real = hashlib.file_digest\n"
        "hashlib.file_digest = lambda *a: (calls.append(a), real(*a))[1]\n"
        "store = Store(Path(sys.argv[1]))\n"
        "for _ in range(3): store.find(sys.argv[2]).verify()\n"
        "print(len(calls))"
    )
    command = [sys.executable, "-c", code, str(store.home), make.mark(1)]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "1\n"


def test_damage_found_late_does_not_harm_the_replacement(store, make, heard):
    old = make(store, 1)
    (old.folder / "a.bin").write_bytes(b"broken")
    assert store.find(make.mark(1)) is None
    new = make(store, 1)
    old.verify()
    assert store.find(make.mark(1)) is not None
    new.verify()


def test_a_second_process_waits_for_the_lock(store, make, start):
    other = start(LOCK, str(store.home), make.mark(1))
    got = threading.Event()

    def wait() -> None:
        with store.lock(make.mark(1)):
            got.set()

    waiting = threading.Thread(target=wait)
    waiting.start()
    assert not got.wait(0.3)
    with store.lock(make.mark(2)):
        pass
    other.go_on()
    assert got.wait(10)
    waiting.join()
    assert listing(store.home / "locks") == []


def test_a_killed_holder_holds_nothing(store, make):
    code = (
        "import os, signal, sys; from pathlib import Path; from stoker.store.store import Store\n"
        "store = Store(Path(sys.argv[1]))\n"
        "with store.lock(sys.argv[2]), store.draft('test', sys.argv[2]) as draft:\n"
        "    (draft.folder / 'half').write_bytes(b'x')\n"
        "    os.kill(os.getpid(), signal.SIGKILL)"
    )
    command = [sys.executable, "-c", code, str(store.home), make.mark(1)]
    assert subprocess.run(command).returncode == -9
    assert len(listing(store.home / "tmp")) == 1
    with store.lock(make.mark(1)):
        make(store, 1)
    assert listing(store.home / "tmp") == []


def test_sweeps_only_what_is_dead(store, make):
    with store.draft("test", make.mark(1)) as draft:
        (draft.folder / "a").write_text("x")
        (store.home / "tmp" / "stray").mkdir()
        (store.home / "tmp" / "stray" / "file").write_text("x")
        (store.home / "tmp" / "link").symlink_to(draft.folder)
        swept = {path.name for path in Store(store.home).sweep()}
        assert swept == {"stray", "link"}
        draft.publish()
    assert store.find(make.mark(1)) is not None


def test_links_are_not_published(store, make):
    def link() -> None:
        with store.draft("test", make.mark(1)) as draft:
            (draft.folder / "a").symlink_to("/etc/passwd")
            draft.publish()

    with pytest.raises(ArtifactError, match="is a link"):
        link()
    assert store.find(make.mark(1)) is None


@pytest.mark.parametrize("bad", ["", "../x", "a" * 63, "A" * 64, "/" * 64, "0" * 63 + "\n"])
def test_a_fingerprint_is_never_a_path(store, bad):
    for action in (store.find, store.work_folder, store.folder, store.lock):
        with pytest.raises(ArtifactError, match="not a fingerprint"):
            action(bad)


def test_a_read_only_home_can_be_read(store, make, monkeypatch):
    make(store, 1)
    monkeypatch.setattr(Path, "mkdir", lambda *a, **k: (_ for _ in ()).throw(OSError(30, "ro")))
    monkeypatch.setattr(Path, "rename", lambda *a, **k: (_ for _ in ()).throw(OSError(30, "ro")))
    read = Store(store.home)
    found = make.found(read, 1)
    found.verify()
    with pytest.raises(MachineError, match="ro"):
        read.work_folder(make.mark(2))
    (found.folder / "a.bin").write_bytes(b"x")
    with pytest.raises(ArtifactError, match="cannot be put aside"):
        read.find(make.mark(1))


def test_a_newer_home_is_refused(store, make):
    make(store, 1)
    (store.home / "home.json").write_text('{"format": 2}')
    with pytest.raises(ArtifactError, match="upgrade stoker"):
        Store(store.home)
    (store.home / "home.json").write_text("junk")
    with pytest.raises(ArtifactError, match="is damaged"):
        Store(store.home)


def test_the_clock_going_back_changes_nothing(store, make):
    artifact = make(store, 1)
    for path in (artifact.folder, artifact.folder / "a.bin", store.home):
        os.utime(path, (1, 1))
    assert store.find(make.mark(1)) is not None
    make(store, 2)
    assert Store(store.home).sweep() == []


def test_the_home_is_chosen_by_option_then_variable_then_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("STOKER_HOME", raising=False)
    assert find_home() == tmp_path / ".stoker"
    monkeypatch.setenv("STOKER_HOME", str(tmp_path / "变量"))
    assert find_home() == tmp_path / "变量"
    assert find_home(Path("option")) == tmp_path / "option"
    (tmp_path / "file").write_text("")
    with pytest.raises(MachineError, match="is not a folder"):
        find_home(tmp_path / "file")
