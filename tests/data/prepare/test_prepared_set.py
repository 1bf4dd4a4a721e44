"""Prepared sets: what was written is read, gathered and refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stoker.cells.ragged import Ragged, Rows, rows_at, values_of
from stoker.core.errors import ArtifactError
from stoker.data.prepare import _pack
from stoker.data.prepare.prepared_set import Column, PreparedSet, PreparedWriter

FORMS = {
    "image": Column("uint8", (2, 3, 4)),
    "年龄": Column("float32"),
    "../city": Column("int32"),
    "words": Column("int32", ragged=True),
}


def make(rows: int, seed: int = 0) -> tuple[dict, np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    length = generator.integers(0, 5, rows)
    columns = {
        "image": generator.integers(0, 256, (rows, 2, 3, 4), dtype=np.uint8),
        "年龄": generator.normal(size=rows).astype(np.float32),
        "../city": generator.integers(0, 9, rows).astype(np.int32),
        "words": Ragged(
            generator.integers(0, 99, length.sum()).astype(np.int32),
            np.concatenate([[0], length.cumsum()]).astype(np.int64),
        ),
    }
    return columns, generator.integers(0, 3, rows), np.arange(rows) * 7


def write(folder: Path, rows: int, step: int) -> tuple[dict, np.ndarray, np.ndarray]:
    columns, target, row = make(rows)
    with PreparedWriter(folder, "train", FORMS, Column("int64")) as writer:
        for start in range(0, rows, step):
            some = slice(start, start + step)
            part = {
                name: values.gather(np.arange(rows)[some]) if name == "words" else values[some]
                for name, values in columns.items()
            }
            writer.append(part, target=target[some], row=row[some])
    return columns, target, row


@given(rows=st.integers(0, 30), step=st.integers(1, 9), seed=st.integers(0, 99))
def test_a_gather_gives_the_rows_that_were_written(
    new_folder: Callable[[], Path], rows: int, step: int, seed: int
) -> None:
    folder = new_folder()
    columns, target, row = write(folder, rows, step)
    prepared = PreparedSet.open(folder, "train")
    assert len(prepared) == rows
    np.testing.assert_array_equal(prepared.row, row)
    np.testing.assert_array_equal(prepared.target, target)
    index = np.random.default_rng(seed).integers(0, max(rows, 1), min(rows, 8))
    out = prepared.buffers(8)
    for batch in (prepared.gather(index), prepared.gather(index, out), prepared.gather(index, out)):
        for name, values in batch.columns.items():
            np.testing.assert_array_equal(values, columns[name][index])
            assert values.dtype == FORMS[name].dtype
        np.testing.assert_array_equal(batch.target, target[index])
        for at, i in enumerate(index):
            np.testing.assert_array_equal(batch.ragged["words"][at], columns["words"][i])


def test_chunks_do_not_change_the_bytes(new_folder: Callable[[], Path]) -> None:
    one, other = new_folder(), new_folder()
    write(one, 20, 20)
    write(other, 20, 3)
    files = sorted(path.relative_to(one) for path in one.rglob("*") if path.is_file())
    assert files == sorted(path.relative_to(other) for path in other.rglob("*") if path.is_file())
    assert all((one / file).read_bytes() == (other / file).read_bytes() for file in files)


def test_a_gather_goes_into_the_buffers(new_folder: Callable[[], Path]) -> None:
    folder = new_folder()
    columns, *_ = write(folder, 20, 20)
    prepared = PreparedSet.open(folder, "train")
    out = prepared.buffers(6)
    batch = prepared.gather(np.array([3, 1]), out)
    assert np.shares_memory(batch.columns["image"], out.columns["image"])
    np.testing.assert_array_equal(out.columns["image"][:2], columns["image"][[3, 1]])


@pytest.mark.parametrize("index", [[-1], [20], [0, 99]])
def test_a_position_outside_is_refused(new_folder: Callable[[], Path], index: list[int]) -> None:
    folder = new_folder()
    write(folder, 20, 20)
    with pytest.raises(IndexError):
        PreparedSet.open(folder, "train").gather(np.array(index))


def test_nothing_can_be_written_through_a_set(new_folder: Callable[[], Path]) -> None:
    folder = new_folder()
    write(folder, 20, 20)
    prepared = PreparedSet.open(folder, "train")
    with pytest.raises(ValueError, match="read-only"):
        prepared.columns["image"][0] = 0


@pytest.mark.parametrize(
    "file", ["inputs/image.bin", "inputs/column-1.bin", "inputs/words.offsets.bin", "target.bin"]
)
@pytest.mark.parametrize("damage", ["short", "long", "gone"])
def test_a_file_of_another_size_is_refused(
    new_folder: Callable[[], Path], file: str, damage: str
) -> None:
    folder = new_folder()
    write(folder, 20, 20)
    path = folder / "train" / file
    data = path.read_bytes()
    path.unlink()
    if damage != "gone":
        path.write_bytes(data[:-1] if damage == "short" else data + b"\0")
    with pytest.raises(ArtifactError, match=path.name):
        PreparedSet.open(folder, "train")


@pytest.mark.parametrize(
    ("key", "value", "reason"),
    [
        ("format", 1, "format 1"),
        ("format", 3, "format 3"),
        ("rows", 21, "bytes"),
        ("target", {"dtype": "object", "shape": [], "ragged": False}, "unknown types"),
        ("columns", [{"name": "a", "file": "../../x", "dtype": "int32", "shape": []}], "file name"),
        ("rows", "many", "cannot be read"),
    ],
)
def test_a_description_that_lies_is_refused(
    new_folder: Callable[[], Path], key: str, value: object, reason: str
) -> None:
    folder = new_folder()
    write(folder, 20, 20)
    path = folder / "train/part.json"
    path.write_text(json.dumps(json.loads(path.read_bytes()) | {key: value}))
    with pytest.raises(ArtifactError, match=reason):
        PreparedSet.open(folder, "train")
    path.write_text("{")
    with pytest.raises(ArtifactError, match="cannot be read"):
        PreparedSet.open(folder, "train")


def test_offsets_that_fall_are_refused(new_folder: Callable[[], Path]) -> None:
    folder = new_folder()
    write(folder, 20, 20)
    path = folder / "train/inputs/words.offsets.bin"
    offsets = np.fromfile(path, "<i8")
    offsets[3] = offsets[4] + 1
    path.write_bytes(offsets.tobytes())
    with pytest.raises(ArtifactError, match="do not rise"):
        PreparedSet.open(folder, "train")


def test_an_unfinished_part_has_no_description(new_folder: Callable[[], Path]) -> None:
    folder = new_folder()
    with pytest.raises(KeyError), PreparedWriter(folder, "train", FORMS, Column("int64")):
        raise KeyError
    with pytest.raises(ArtifactError):
        PreparedSet.open(folder, "train")


# --- wide tables -------------------------------------------------------------------------------

WIDE = {f"列{i}": Column(("float64", "int32", "uint8")[i % 3], (3,) * (i % 2)) for i in range(200)}


def write_wide(folder: Path, rows: int, step: int) -> dict[str, np.ndarray]:
    generator = np.random.default_rng(1)
    columns = {
        name: generator.integers(0, 99, (rows, *form.shape)).astype(form.dtype)
        for name, form in WIDE.items()
    }
    with PreparedWriter(folder, "train", WIDE, Column("int64")) as writer:
        for start in range(0, rows, step):
            some = slice(start, start + step)
            chunk = {name: values[some] for name, values in columns.items()}
            number = np.arange(rows)[some]
            writer.append(chunk, target=number, row=number)
    return columns


@pytest.mark.parametrize("rows", [0, 1, 30])
def test_the_columns_of_a_wide_table_share_one_file(
    new_folder: Callable[[], Path], rows: int
) -> None:
    folder = new_folder()
    columns = write_wide(folder, rows, 7)
    assert len(list((folder / "train").rglob("*"))) == 5, "and no file a column"
    prepared = PreparedSet.open(folder, "train")
    assert list(prepared.columns) == list(WIDE)
    for name, values in columns.items():
        np.testing.assert_array_equal(prepared.columns[name], values)
        assert prepared.columns[name].dtype == WIDE[name].dtype
        assert prepared.columns[name].flags.aligned
    index = np.array([rows - 1, 0]) if rows else np.zeros(0, int)
    batch = prepared.gather(index)
    np.testing.assert_array_equal(batch.columns["列7"], columns["列7"][index])


def test_spilling_changes_no_byte(
    new_folder: Callable[[], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    kept, spilled = new_folder(), new_folder()
    write_wide(kept, 50, 50)
    monkeypatch.setattr(_pack, "MOST_BYTES", 5_000)
    write_wide(spilled, 50, 4)
    files = sorted(path.relative_to(kept) for path in kept.rglob("*") if path.is_file())
    assert files == sorted(p.relative_to(spilled) for p in spilled.rglob("*") if p.is_file())
    assert all((kept / file).read_bytes() == (spilled / file).read_bytes() for file in files)


def test_a_shared_file_of_another_size_or_order_is_refused(
    new_folder: Callable[[], Path],
) -> None:
    folder = new_folder()
    write_wide(folder, 20, 20)
    path = folder / "train/part.json"
    said = json.loads(path.read_bytes())
    said["columns"][3]["offset"] += 64
    path.write_text(json.dumps(said))
    with pytest.raises(ArtifactError, match="end to end"):
        PreparedSet.open(folder, "train")
    said["columns"][3]["offset"] -= 64
    path.write_text(json.dumps(said))
    pack = folder / "train/inputs/columns.bin"
    pack.write_bytes(pack.read_bytes()[:-1])
    with pytest.raises(ArtifactError, match=r"columns\.bin"):
        PreparedSet.open(folder, "train")


def test_an_unfinished_wide_part_leaves_no_spill(
    new_folder: Callable[[], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = new_folder()
    monkeypatch.setattr(_pack, "MOST_BYTES", 10)
    rows = {name: np.zeros((2, *form.shape), form.dtype) for name, form in WIDE.items()}
    writer = PreparedWriter(folder, "train", WIDE, Column("int64"))
    writer.append(rows, target=np.arange(2), row=np.arange(2))
    assert list(folder.rglob("spilled"))
    writer.give_up()
    assert not list(folder.rglob("spilled"))


TARGETS = {
    "number": Column("int64"),
    "vector": Column("uint8", (3,)),
    "values": Column("int64", ragged=True),
    "vectors": Column("float32", (2,), ragged=True),
}


def some_target(form: Column, rows: int, seed: int) -> Rows:
    generator = np.random.default_rng(seed)
    length_N = generator.integers(0, 4, rows) if form.ragged else np.ones(rows, np.int64)
    values = generator.integers(0, 9, (int(length_N.sum()), *form.shape)).astype(form.dtype)
    return Ragged(values, np.r_[0, length_N.cumsum()]) if form.ragged else values


@given(
    form=st.sampled_from([*TARGETS.values()]),
    rows=st.integers(1, 30),
    step=st.integers(1, 9),
    seed=st.integers(0, 99),
)
def test_a_target_of_any_form_is_gathered_as_numpy_takes_it(
    new_folder: Callable[[], Path], form: Column, rows: int, step: int, seed: int
) -> None:
    folder, target = new_folder(), some_target(form, rows, seed)
    age_N, row_N = np.arange(rows, dtype=np.float64), np.arange(rows)
    with PreparedWriter(folder, "train", {"age": Column("float64")}, form) as writer:
        for start in range(0, rows, step):
            some = row_N[start : start + step]
            writer.append({"age": age_N[some]}, target=rows_at(target, some), row=some)
    prepared = PreparedSet.open(folder, "train")
    assert values_of(prepared.target).dtype == form.dtype
    index = np.random.default_rng(seed).integers(0, rows, 8)
    out = prepared.buffers(9)
    for batch in (prepared.gather(index), prepared.gather(index, out)):
        assert len(batch.target) == len(index)
        for at, row in enumerate(index):
            np.testing.assert_array_equal(batch.target[at], target[row])
    first = prepared.gather(index).head(3)
    np.testing.assert_array_equal(values_of(first.target), values_of(rows_at(target, index[:3])))


@pytest.mark.parametrize("file", ["target.bin", "target.offsets.bin"])
def test_a_damaged_ragged_target_is_refused(new_folder: Callable[[], Path], file: str) -> None:
    folder, form = new_folder(), TARGETS["values"]
    with PreparedWriter(folder, "train", {"age": Column("float64")}, form) as writer:
        writer.append({"age": np.ones(5)}, target=some_target(form, 5, 1), row=np.arange(5))
    with (folder / "train" / file).open("ab") as damaged:
        damaged.write(b"more")
    with pytest.raises(ArtifactError, match="bytes where"):
        PreparedSet.open(folder, "train")
