"""A disk of 4 MB fills up: a clear refusal, nothing half there, and work goes on after tidying."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from stoker.core.errors import MachineError
from stoker.store.catalog import Catalog
from stoker.store.durable import write_file
from stoker.store.store import Store


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    disk = tmp_path / "disk"
    disk.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(disk)]
    try:
        mounted = subprocess.run(command, capture_output=True, text=True)
    except FileNotFoundError:
        pytest.skip("there is no mount command")
    if mounted.returncode != 0:
        pytest.skip(f"may not mount a file system: {mounted.stderr.strip()}")
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=True)


def fill(store: Store, make) -> list[int]:
    """Publish until the disk refuses; the numbers of what was published."""
    done: list[int] = []
    with pytest.raises(MachineError, match="No space left"):
        publish_for_ever(store, make, done)
    return done


def publish_for_ever(store: Store, make, done: list[int]) -> None:
    for number in range(100):
        make(store, number, {}, {"a.bin": bytes([number]) * 300_000})
        done.append(number)


def test_artifacts_survive_a_full_disk(small_disk, make):
    store = Store(small_disk / "home")
    done = fill(store, make)
    assert 5 < len(done) < 20
    for number in done:
        make.found(store, number).verify()
    assert len(list(store.manifests())) == len(done)
    assert not any((store.home / "tmp").iterdir())
    assert len(store.collect([make.mark(done[0])])) == len(done) - 1
    make.found(store, done[0]).verify()
    make(store, 50, {}, {"a.bin": b"x" * 300_000}).verify()


def test_a_file_is_not_replaced_by_half_of_it(small_disk):
    path = small_disk / "checkpoint"
    write_file(path, b"a" * 2_000_000)
    with pytest.raises(MachineError, match="No space left"):
        write_file(path, b"b" * 3_000_000)
    assert path.read_bytes() == b"a" * 2_000_000
    assert [p.name for p in small_disk.iterdir()] == ["checkpoint"]


def test_the_catalog_survives_a_full_disk(small_disk):
    catalog = Catalog(small_disk)
    done: list[str] = []

    def run_for_ever() -> None:
        for number in range(200):
            run = catalog.start_run(f"n{number}", "x" * 50_000, stoker="0")
            done.append(run)

    with pytest.raises(MachineError, match="catalog"):
        run_for_ever()
    assert 10 < len(done) < 200
    again = Catalog(small_disk)
    again.check()
    assert {run.id for run in again.runs(limit=1000)} == set(done)
