"""What every source promises; a new file is tested as soon as it exists.

Two records that it reads are written by the file of its name in `two_records`.
"""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any, Protocol, cast

import pytest

from stoker.core.errors import DataError
from stoker.core.steps import find_step, make_step, step_names, step_spec
from stoker.data.acquire import Source
from stoker.data.source_state import source_fingerprint
from stoker.testing import assert_source
from tests.data.acquire.conftest import Acquire

STAGE = "stoker.data.acquire"


class TwoRecords(Protocol):
    """A file of `two_records`, called like the source that it writes for."""

    NUM_BAD: int
    """Bad records beside the two good ones; 0 where the form has none."""
    PATH: str | None
    """The field that names its one file; absent: `path`, None: there is none."""
    IS_MEDIA: bool
    """Whether it has media columns; absent: it has none."""

    def write(self, project: Path, cache: Path) -> dict[str, Any]:
        """Write what the source reads, and give its fields."""
        ...


@pytest.fixture(params=step_names(STAGE))
def name(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def records(name: str) -> TwoRecords:
    return cast("TwoRecords", importlib.import_module(f"tests.data.acquire.two_records.{name}"))


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


@pytest.fixture
def spec(name: str, records: TwoRecords, project: Path, cache: Path) -> dict[str, Any]:
    return {name: {**records.write(project, cache), "part": "test", "licence": "CC0"}}


def test_every_record_is_a_row_or_a_reject_and_two_reads_are_equal(
    read: Acquire, spec: dict[str, Any], records: TwoRecords, cache: Path
) -> None:
    first, second = read(spec, cache=cache), read(spec, cache=cache)
    assert first.rows.equals(second.rows)
    assert first.rejects == second.rejects
    assert first.rows.num_rows == 2
    assert first.info["rejected"] == records.NUM_BAD
    assert first.column("_part") == ["test", "test"]
    assert all(isinstance(line, int) and line >= 1 for line in first.column("_line"))
    assert first.info["sources"][0]["licence"] == "CC0"
    for path in first.dataset.folder.iterdir():
        assert path.read_bytes() == (second.dataset.folder / path.name).read_bytes()


def test_what_it_tells_beforehand_is_what_it_reads(
    read: Acquire, spec: dict[str, Any], project: Path, cache: Path
) -> None:
    found = read(spec, cache=cache)
    left_out = {"_row", "_source", "_part", *found.dataset.media_columns}
    names = [name for name in found.rows.column_names if name not in left_out]
    rejects = [(one["source"], one["line"]) for one in found.rejects]
    source = make_step(STAGE, spec, Source)
    rows = found.rows.select(names).to_pylist()
    assert_source(source, project, rows=rows, rejects=rejects, cache=cache)


def test_media_columns_hold_numbers_of_media(
    read: Acquire, spec: dict[str, Any], records: TwoRecords, cache: Path
) -> None:
    result = read(spec, cache=cache)
    for column in result.dataset.media_columns:
        assert all(result.dataset.media.read(result.rows[column]).to_pylist())
    assert bool(result.dataset.media_columns) == vars(records).get("IS_MEDIA", False)


def test_the_fingerprint_follows_the_contents(
    name: str, spec: dict[str, Any], project: Path, cache: Path
) -> None:
    source = make_step(STAGE, spec, Source)
    before = source_fingerprint([source], project, cache)
    assert before == source_fingerprint([source], project, cache)
    if name == "package":
        return  # its contents are pinned: a changed file is taken out anew
    [path, *_] = source.files(project, cache) or [None]
    if path is None:
        return  # its `state` says what it follows from, and only its own tests can change that
    path.write_bytes(path.read_bytes() + b"\n")
    assert before != source_fingerprint([source], project, cache)


def test_survives_being_written_as_a_recipe(spec: dict[str, Any]) -> None:
    source = make_step(STAGE, spec, Source)
    assert make_step(STAGE, step_spec(source), Source) == source


def test_every_field_is_described(name: str) -> None:
    schema = find_step(STAGE, name, Source).model_json_schema()
    assert all("description" in field for field in schema["properties"].values())


def test_a_missing_file_is_one_clear_error(
    name: str, spec: dict[str, Any], project: Path, cache: Path, read: Acquire
) -> None:
    source = make_step(STAGE, spec, Source)
    for path in source.files(project, cache):
        path.unlink()
    if name == "package":  # what was taken out is only a copy: it is made again
        spec[name]["read"] = {"csv": {"path": "b.csv"}}
    with pytest.raises(DataError) as caught:
        read(spec, cache=cache)
    assert len(str(caught.value).splitlines()) <= 3


ODD = "a\n\x1b[2J李\u202e"


def test_odd_signs_of_a_file_name_are_escaped(
    name: str,
    spec: dict[str, Any],
    records: TwoRecords,
    project: Path,
    cache: Path,
    read: Acquire,
) -> None:
    key = vars(records).get("PATH", "path")
    if key is None:
        pytest.skip("the names of its files are not those of the recipe")
    [path] = make_step(STAGE, spec, Source).files(project, cache)
    odd = path.with_name(ODD + path.suffix)
    path.rename(odd)
    renamed = {name: {**spec[name], key: odd.name}}
    result = read(renamed)
    assert all(cell.isprintable() and "李" in cell for cell in result.column("_source"))
    assert all(one["source"].isprintable() for one in result.rejects)
    odd.unlink()
    with pytest.raises(DataError) as caught:
        read(renamed)
    assert all(line.isprintable() for line in str(caught.value).split("\n"))
    assert "\\x1b[2J" in str(caught.value)
