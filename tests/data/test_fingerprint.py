from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest

from stoker.core.errors import DataError, RecipeError
from stoker.data.acquire import Source
from stoker.data.acquire.csv import Csv
from stoker.data.fingerprint import FileHashes, default_cache, path_label
from stoker.data.reading import Reading
from stoker.data.source_state import source_fingerprint

SOURCE = Csv(path="a.csv")
OLD_NS = 1_600_000_000 * 10**9


def memory_of(cache: Path) -> Path:
    """The one file in which hashes are remembered."""
    (memory,) = (cache / "hashes").iterdir()
    return memory


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "a.csv"
    path.write_bytes(b"v\n1\n")
    os.utime(path, ns=(OLD_NS, OLD_NS))
    return path


def test_names_sizes_and_hashes(tmp_path: Path, file: Path) -> None:
    expected = [["a.csv", 4, hashlib.sha256(b"v\n1\n").hexdigest()]]
    assert source_fingerprint([SOURCE], tmp_path, tmp_path / "cache") == expected


def test_a_file_that_did_not_change_is_not_read_again(tmp_path: Path, file: Path) -> None:
    before = source_fingerprint([SOURCE], tmp_path, tmp_path / "cache")
    memory = memory_of(tmp_path / "cache")
    known = json.loads(memory.read_bytes())
    known[str(file)][3] = "remembered"
    memory.write_text(json.dumps(known))
    assert source_fingerprint([SOURCE], tmp_path, tmp_path / "cache")[0][2] == "remembered"
    os.utime(file, ns=(OLD_NS + 1, OLD_NS + 1))
    assert source_fingerprint([SOURCE], tmp_path, tmp_path / "cache") == before


def test_a_file_that_changed_a_moment_ago_is_not_remembered(tmp_path: Path, file: Path) -> None:
    os.utime(file)
    source_fingerprint([SOURCE], tmp_path, tmp_path / "cache")
    assert not (tmp_path / "cache").exists()


def test_a_project_remembers_its_own_files_that_are_still_there(tmp_path: Path) -> None:
    cache, one, other = tmp_path / "cache", tmp_path / "one", tmp_path / "other"
    for folder in (one, other):
        folder.mkdir()
        for name in ("a.csv", "b.csv"):
            (folder / name).write_bytes(b"v\n1\n")
            os.utime(folder / name, ns=(OLD_NS, OLD_NS))
    source_fingerprint([SOURCE], one, cache)
    kept = memory_of(cache)
    source_fingerprint([SOURCE], other, cache)
    assert len(list((cache / "hashes").iterdir())) == 2
    assert list(json.loads(kept.read_bytes())) == [str(one / "a.csv")]
    (one / "a.csv").unlink()
    source_fingerprint([Csv(path="b.csv")], one, cache)
    assert list(json.loads(kept.read_bytes())) == [str(one / "b.csv")]


@pytest.mark.parametrize("memory", ["", "[]", "{", '{"x": 1}', '{"x": []}'])
def test_a_damaged_memory_only_costs_time(tmp_path: Path, file: Path, memory: str) -> None:
    source_fingerprint([SOURCE], tmp_path, tmp_path / "cache")
    memory_of(tmp_path / "cache").write_text(memory)
    assert source_fingerprint([SOURCE], tmp_path, tmp_path / "cache")[0][1] == 4


def test_a_cache_that_cannot_be_written_only_costs_time(tmp_path: Path, file: Path) -> None:
    (tmp_path / "cache").write_text("a file in its place")
    assert source_fingerprint([SOURCE], tmp_path, tmp_path / "cache")[0][1] == 4


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"a\.csv: no such file"):
        source_fingerprint([SOURCE], tmp_path, tmp_path / "cache")


def test_labels_are_relative_to_the_nearest_root_and_always_text() -> None:
    project = Path("/cache/unpacked/x")
    assert path_label(project / "a", project, Path("/cache")) == "a"
    assert path_label(Path("/data/a"), project, Path("/cache")) == "/data/a"
    odd = project / os.fsdecode(b"\xff")
    assert path_label(odd, project, Path("/cache")) == "\\xff"


def test_the_cache_can_be_moved(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("STOKER_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert default_cache() == tmp_path / "stoker"
    monkeypatch.setenv("STOKER_CACHE", str(tmp_path / "here"))
    assert default_cache() == tmp_path / "here"


class Elsewhere(Source):
    """Rows that come from no file."""

    def read_rows(self, reading: Reading) -> Iterator[pa.Table]:
        yield pa.table({"_source": ["there"], "_line": [1], "v": ["x"]})


class Numbered(Elsewhere):
    """The same, with a state of its own."""

    revision: int

    def state(self, hashes: FileHashes) -> list[list[object]]:
        return [["there", self.revision]]


def test_a_source_without_files_says_what_its_rows_follow_from(tmp_path: Path) -> None:
    found = source_fingerprint([Numbered(revision=7)], tmp_path, tmp_path / "cache")
    assert found == [["there", 7]]
    with pytest.raises(RecipeError, match="does not say what its rows follow from"):
        source_fingerprint([Elsewhere()], tmp_path, tmp_path / "cache")


def test_what_a_source_does_not_know_is_not_known(tmp_path: Path) -> None:
    extent = Elsewhere().extent(tmp_path, tmp_path)
    assert (extent.rows, extent.size_bytes, extent.exact) == (None, None, False)
    assert Elsewhere().seen_columns(tmp_path, tmp_path) is None
