"""Quick looks at raw files: rows and columns of every kind of file, without reading it."""

from __future__ import annotations

import gzip
import json
import struct
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from stoker.core.steps import make_step
from stoker.data.acquire import Source
from stoker.data.extent import SourceExtent, together


def look(spec: dict[str, object], project: Path) -> SourceExtent:
    return make_step("stoker.data.acquire", spec, Source).extent(project, project / "cache")


def write_idx(path: Path, values: np.ndarray, *, packed: bool = False) -> None:
    header = b"\0\0\x08" + bytes([values.ndim]) + struct.pack(f">{values.ndim}I", *values.shape)
    content = header + values.astype(np.uint8).tobytes()
    path.write_bytes(gzip.compress(content) if packed else content)


@pytest.mark.parametrize("packed", [False, True])
def test_an_idx_header_counts(tmp_path: Path, packed: bool) -> None:
    write_idx(tmp_path / "images", np.zeros((70, 20, 28)), packed=packed)
    write_idx(tmp_path / "labels", np.zeros(70), packed=packed)
    found = look({"idx": {"images": "images", "labels": "labels"}}, tmp_path)
    assert (found.rows, found.exact, found.picture) == (70, True, (1, 20, 28))
    assert not found.encoded


def test_parquet_footers_count(tmp_path: Path) -> None:
    for number in range(3):
        table = pa.table({"a": np.arange(10 + number), "乙": ["x"] * (10 + number)})
        pq.write_table(table, tmp_path / f"{number}.parquet")
    found = look({"parquet": {"path": "."}}, tmp_path)
    assert (found.rows, found.exact, found.num_columns) == (33, True, 2)


def test_pictures_in_class_folders_count(tmp_path: Path) -> None:
    for number in range(30):
        folder = tmp_path / "图" / str(number % 3)
        folder.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (40, 30)).save(folder / f"{number}.png")
    found = look({"images": {"path": "图"}}, tmp_path)
    assert (found.rows, found.exact, found.classes) == (30, True, 3)
    assert found.picture in ((3, 30, 40), (1, 30, 40))
    assert found.encoded


def test_pictures_that_a_table_names_count(tmp_path: Path) -> None:
    for number in range(4):
        Image.new("L", (8, 8)).save(tmp_path / f"{number}.png")
    lines = ["path,label", *(f"{number}.png,a" for number in range(4))]
    (tmp_path / "list.csv").write_text("\n".join(lines), encoding="utf-8")
    assert look({"images": {"path": ".", "table": "list.csv"}}, tmp_path).rows == 4


@settings(max_examples=25, deadline=None)
@given(
    cells=st.lists(st.sampled_from(["a", "1.5", "一", "x\ny", ""]), min_size=1, max_size=40),
    header=st.booleans(),
    final=st.booleans(),
)
def test_a_short_csv_is_counted(
    tmp_path_factory: pytest.TempPathFactory, cells: list[str], header: bool, final: bool
) -> None:
    folder = tmp_path_factory.mktemp("csv")
    lines = [*(["name,other"] if header else []), *(f'"{cell}",2' for cell in cells)]
    text = "\n".join(lines) + ("\n" if final else "")
    (folder / "rows.csv").write_text(text, encoding="utf-8", newline="")
    found = look({"csv": {"path": "rows.csv", "header": header}}, folder)
    assert (found.rows, found.exact) == (len(cells), True)
    if header:
        assert found.num_columns == 2


@pytest.mark.parametrize("packed", [False, True])
def test_a_long_text_is_guessed_within_a_tenth(tmp_path: Path, packed: bool) -> None:
    generator = np.random.default_rng(0)
    lengths = generator.integers(1, 60, 20_000)
    texts = {
        "rows.csv": ["word,n", *(f"{'x' * length},{length}" for length in lengths)],
        "rows.jsonl": [json.dumps({"word": "x" * int(n), "n": int(n)}) for n in lengths],
    }
    for name, lines in texts.items():
        content = ("\n".join(lines) + "\n").encode()
        place = tmp_path / (f"{name}.gz" if packed else name)
        place.write_bytes(gzip.compress(content) if packed else content)
        found = look({name.partition(".")[2]: {"path": place.name}}, tmp_path)
        assert found.rows == pytest.approx(20_000, rel=0.1)
        assert found.num_columns == 2
        assert found.exact is packed, "a whole small gzip file fits into the look"


def test_what_is_no_known_file_is_not_known(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_bytes(b"\x89\0\1\2" * 100)
    found = look({"csv": {"path": "rows.csv"}}, tmp_path)
    assert found.rows is None
    assert together([found], [None], test=0.1, validation=0.1) is None


def test_parts_add_up_and_a_decreed_part_replaces_its_share() -> None:
    plain = SourceExtent(rows=1000, exact=True, size_bytes=1, num_files=1, num_columns=3)
    test = SourceExtent(rows=200, exact=False, size_bytes=1, num_files=1, num_columns=3)
    one = together([plain], [None], test=0.2, validation=0.1)
    both = together([plain, test], [None, "test"], test=0.2, validation=0.1)
    assert one is not None
    assert both is not None
    assert one.parts == {"test": 200, "validation": 100, "train": 700}
    assert both.parts == {"test": 200, "validation": 100, "train": 900}
    assert (both.rows, both.exact) == (1200, False)
