from __future__ import annotations

import gzip
import struct
from pathlib import Path

import numpy as np
import pytest

from stoker.core.errors import DataError
from tests.data.acquire.conftest import Acquire

SPEC = {"idx": {"images": "images", "labels": "labels"}}
PIXELS_NHW = np.arange(3 * 4 * 5, dtype=np.uint8).reshape(3, 4, 5)


def idx(array: np.ndarray, kind: int = 8) -> bytes:
    sizes = struct.pack(f">{array.ndim}I", *array.shape)
    return bytes([0, 0, kind, array.ndim]) + sizes + array.tobytes()


@pytest.fixture
def files(project: Path) -> Path:
    (project / "images").write_bytes(idx(PIXELS_NHW))
    (project / "labels").write_bytes(idx(np.array([7, 0, 9], np.uint8)))
    return project


def test_gives_pictures_as_pnm_and_labels_as_whole_numbers(read: Acquire, files: Path) -> None:
    result = read(SPEC)
    assert result.rows.drop_columns("_part").to_pylist() == [
        {"_row": i, "_source": "images", "_line": i + 1, "image": i, "label": label}
        for i, label in enumerate([7, 0, 9])
    ]
    blobs = result.dataset.media.read(np.arange(3)).to_pylist()
    assert blobs == [b"P5 5 4 255\n" + pixels_HW.tobytes() for pixels_HW in PIXELS_NHW]


def test_reads_gzip_colour_and_files_without_labels(read: Acquire, files: Path) -> None:
    image_NHWC = np.arange(2 * 3 * 4 * 3, dtype=np.uint8).reshape(2, 3, 4, 3)
    (files / "images").write_bytes(gzip.compress(idx(image_NHWC)))
    result = read({"idx": {"images": "images", "image_column": "图"}})
    assert result.rows.column_names[4:] == ["图"]
    first = result.dataset.media.read(np.array([0])).to_pylist()[0]
    assert first == b"P6 4 3 255\n" + image_NHWC[0].tobytes()


BAD = {
    "empty": (b"", "is not an IDX file"),
    "other file": (b"PK\x03\x04 and so on", "is not an IDX file"),
    "floats": (idx(np.zeros((3, 2, 2), ">f4"), 13), "holds float32 values"),
    "unknown type": (idx(PIXELS_NHW, 99), "unknown type 99"),
    "too many sizes": (b"\0\0\x08\x09" + bytes(40), "has 9 sizes"),
    "cut header": (b"\0\0\x08\x03\0\0\0\1", "has 3 sizes"),
    "no pictures": (idx(np.zeros((0, 2, 2), np.uint8)), "at least one value"),
    "huge": (b"\0\0\x08\x03" + b"\xff" * 12, "at most 8 GiB"),
    "cut": (idx(PIXELS_NHW)[:-1], "the header says 3 x 4 x 5, but there are 75 bytes"),
    "longer": (idx(PIXELS_NHW) + b"x", "there are more than 76 bytes"),
    "cut gzip": (gzip.compress(idx(PIXELS_NHW))[:-9], "damaged gzip file"),
    "labels for images": (idx(np.zeros(3, np.uint8)), r"has sizes \(3,\)"),
    "four channels": (idx(np.zeros((3, 2, 2, 4), np.uint8)), r"has sizes \(3, 2, 2, 4\)"),
    "two pictures": (idx(PIXELS_NHW[:2]), "one label for each picture"),
}


@pytest.mark.parametrize("case", BAD)
def test_refuses_a_file_that_is_not_what_its_header_says(
    read: Acquire, files: Path, case: str
) -> None:
    content, message = BAD[case]
    (files / "images").write_bytes(content)
    with pytest.raises(DataError, match=message):
        read(SPEC)
