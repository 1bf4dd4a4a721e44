from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from stoker.cells import MediaKind
from stoker.core.errors import ArtifactError, DataError
from stoker.data.acquire import Source
from stoker.data.acquire.csv import Csv
from stoker.data.acquire.jsonl import Jsonl
from stoker.data.dataset import Dataset
from stoker.data.read_sources import _conform, acquire
from stoker.data.reading import Reading

PNG = b"\x89PNG\r\n\x1a\n"


class Pictures(Source):
    """A user's own source: two rows with one picture, one of them without."""

    def media(self) -> dict[str, MediaKind]:
        return dict.fromkeys(("图",), "image")

    def files(self, project: Path, cache: Path) -> list[Path]:
        return []

    def read_rows(self, reading: Reading) -> Iterator[pa.Table]:
        numbers = pa.array([reading.media.add(PNG), None], pa.int64())
        yield pa.table({"_source": ["own"] * 2, "_line": [1, 2], "图": numbers, "y": [1.5, 2.5]})


@pytest.fixture
def out(tmp_path: Path) -> Path:
    folder = tmp_path / "out"
    folder.mkdir()
    return folder


def test_a_dataset_says_what_is_in_it(tmp_path: Path, out: Path) -> None:
    info = acquire([Pictures(licence="CC0")], out, project=tmp_path, cache=tmp_path)
    dataset = Dataset.open(out)
    assert dataset.info == info
    assert dataset.media_columns == ("图",)
    assert dataset.columns == {"图": "int64", "y": "double"}
    [rows] = dataset.tables()
    assert dataset.raw_rows(rows)["图"].to_pylist() == [PNG, None]
    assert dataset.raw_rows(rows.select(["y"])).column_names == ["y"]
    assert sorted(path.name for path in out.iterdir()) == [
        "dataset.json",
        "media.bin",
        "media.offsets.bin",
        "rejects.parquet",
        "rows.parquet",
    ]


def test_equal_files_give_equal_bytes(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("v\n" + "x\n" * 100 + "a,b\n")
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        acquire([Csv(path="a.csv")], tmp_path / name, project=tmp_path, cache=tmp_path)
    for path in (tmp_path / "one").iterdir():
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes()


def test_sources_must_agree_on_pictures_and_types(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"v":1}\n')
    (tmp_path / "b.jsonl").write_text('{"v":"x"}\n')
    (tmp_path / "c.csv").write_text("图,y\n1,2\n")
    pairs = {
        "types": ([Jsonl(path="a.jsonl"), Jsonl(path="b.jsonl")], "b.jsonl.*do not fit"),
        "pictures": ([Pictures(), Csv(path="c.csv")], "disagree which columns are pictures"),
    }
    for name, (sources, message) in pairs.items():
        (tmp_path / name).mkdir()
        with pytest.raises(DataError, match=message):
            acquire(sources, tmp_path / name, project=tmp_path, cache=tmp_path)


class Growing(Source):
    """A source whose file is written to while it is read."""

    def files(self, project: Path, cache: Path) -> list[Path]:
        return [project / "a.csv"]

    def read_rows(self, reading: Reading) -> Iterator[pa.Table]:
        with (reading.project / "a.csv").open("a") as file:
            file.write("more\n")
        yield pa.table({"_source": ["a.csv"], "_line": [1], "v": ["x"]})


def test_a_file_that_grows_while_it_is_read_is_refused(tmp_path: Path, out: Path) -> None:
    (tmp_path / "a.csv").write_text("v\n")
    with pytest.raises(DataError, match="changed while it was read"):
        acquire([Growing()], out, project=tmp_path, cache=tmp_path)
    assert not (out / "dataset.json").exists()


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": "x"}', '{"format": 99}'])
def test_what_is_no_dataset_is_refused(out: Path, text: str) -> None:
    (out / "dataset.json").write_text(text)
    with pytest.raises(ArtifactError):
        Dataset.open(out)


def test_rows_of_a_large_dataset_are_numbered_through(tmp_path: Path, out: Path) -> None:
    (tmp_path / "a.csv").write_text("v\n" + "x\n" * 70_000)
    (tmp_path / "b.csv").write_text("v\n" + "y\n" * 70_000)
    sources = [Csv(path="a.csv", part="train"), Csv(path="b.csv", part="test")]
    acquire(sources, out, project=tmp_path, cache=tmp_path)
    rows = pa.concat_tables(Dataset.open(out).tables())
    assert np.array_equal(rows["_row"].to_numpy(), np.arange(140_000))
    assert rows["_part"].to_pylist() == ["train"] * 70_000 + ["test"] * 70_000
    assert rows["_line"].to_pylist() == [*range(2, 70_002)] * 2
    assert json.loads((out / "dataset.json").read_bytes())["rows_in"] == 140_000
    assert not [name for name in os.listdir(out) if name.startswith("media")]  # noqa: PTH208 - names are enough


def test_blocks_of_one_form_are_taken_as_they_are() -> None:
    table = pa.table({"_source": ["a"], "x": [1]})
    assert _conform(table, table.schema) is table
