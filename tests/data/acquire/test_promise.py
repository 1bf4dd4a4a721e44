"""What every source promises; a new file is tested as soon as it exists."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from stoker.core.errors import DataError
from stoker.core.steps import find_step, make_step, step_names, step_spec
from stoker.data.acquire import Source
from stoker.data.fingerprint import source_fingerprint
from tests.data.acquire.conftest import Acquire, tar
from tests.data.acquire.workbooks import write_workbook

STAGE = "stoker.data.acquire"
CSV = "名,v\n李,1\n雷,2\nbad\n".encode()


def images(project: Path, cache: Path) -> dict[str, Any]:
    for name in ("猫/1.png", "狗/2.png", "狗/bad.png"):
        (project / name).parent.mkdir(exist_ok=True)
        (project / name).write_bytes(b"" if "bad" in name else b"\x89PNG\r\n\x1a\n" + name.encode())
    return {"path": "."}


def idx(project: Path, cache: Path) -> dict[str, Any]:
    (project / "i").write_bytes(b"\0\0\x08\x03" + struct.pack(">3I", 2, 1, 1) + b"\1\2")
    return {"images": "i"}


def csv(project: Path, cache: Path) -> dict[str, Any]:
    (project / "a.csv").write_bytes(CSV)
    return {"path": "a.csv"}


def jsonl(project: Path, cache: Path) -> dict[str, Any]:
    (project / "a.jsonl").write_text('{"名":"李"}\n{"名":"雷"}\n{bad\n', encoding="utf-8")
    return {"path": "a.jsonl"}


def parquet(project: Path, cache: Path) -> dict[str, Any]:
    pq.write_table(pa.table({"名": ["李", "雷"]}), project / "a.parquet")
    return {"path": "a.parquet"}


def xlsx(project: Path, cache: Path) -> dict[str, Any]:
    write_workbook(project / "a.xlsx", {"s": [["名"], ["李"], ["雷"]]})
    return {"path": "a.xlsx"}


def package(project: Path, cache: Path) -> dict[str, Any]:
    (cache / "packages").mkdir(parents=True, exist_ok=True)
    path = cache / "packages" / "a-1.0.0.tgz"
    if not path.exists():
        tar(path, ("package/a.csv", CSV))
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    return {"npm": "a", "version": "1.0.0", "sha256": sha256, "read": {"csv": {"path": "a.csv"}}}


EXAMPLES: dict[str, Callable[[Path, Path], dict[str, Any]]] = {
    function.__name__: function for function in (images, idx, csv, jsonl, parquet, xlsx, package)
}
"""For each source two good records, and a bad one where the form allows it."""


@pytest.fixture(params=step_names(STAGE))
def name(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


@pytest.fixture
def spec(name: str, project: Path, cache: Path) -> dict[str, Any]:
    return {name: {**EXAMPLES[name](project, cache), "part": "test", "licence": "CC0"}}


def test_every_record_is_a_row_or_a_reject_and_two_reads_are_equal(
    read: Acquire, spec: dict[str, Any], name: str, cache: Path
) -> None:
    first, second = read(spec, cache=cache), read(spec, cache=cache)
    assert first.rows.equals(second.rows)
    assert first.rejects == second.rejects
    assert first.rows.num_rows == 2
    assert first.info["rejected"] == (0 if name in ("idx", "parquet", "xlsx") else 1)
    assert first.column("_part") == ["test", "test"]
    assert all(isinstance(line, int) and line >= 1 for line in first.column("_line"))
    assert first.info["sources"][0]["licence"] == "CC0"
    for path in first.dataset.folder.iterdir():
        assert path.read_bytes() == (second.dataset.folder / path.name).read_bytes()


def test_media_columns_hold_numbers_of_media(
    read: Acquire, spec: dict[str, Any], name: str, cache: Path
) -> None:
    result = read(spec, cache=cache)
    for column in result.dataset.media_columns:
        assert all(result.dataset.media.read(result.rows[column]).to_pylist())
    assert bool(result.dataset.media_columns) == (name in ("images", "idx"))


def test_the_fingerprint_follows_the_contents(
    name: str, spec: dict[str, Any], project: Path, cache: Path
) -> None:
    source = make_step(STAGE, spec, Source)
    before = source_fingerprint([source], project, cache)
    assert before == source_fingerprint([source], project, cache)
    if name == "package":
        return  # its contents are pinned: a changed file is taken out anew
    [path, *_] = source.files(project, cache)
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
    name: str, spec: dict[str, Any], project: Path, cache: Path, read: Acquire
) -> None:
    if name in ("package", "images"):
        pytest.skip("the names of its files are not those of the recipe")
    [path] = make_step(STAGE, spec, Source).files(project, cache)
    odd = path.with_name(ODD + path.suffix)
    path.rename(odd)
    key = "images" if name == "idx" else "path"
    result = read({name: {key: odd.name}})
    assert all(cell.isprintable() and "李" in cell for cell in result.column("_source"))
    assert all(one["source"].isprintable() for one in result.rejects)
    odd.unlink()
    with pytest.raises(DataError) as caught:
        read({name: {key: odd.name}})
    assert all(line.isprintable() for line in str(caught.value).split("\n"))
    assert "\\x1b[2J" in str(caught.value)
