"""Read pictures and labels in IDX, the format in which MNIST and its kin are published.

A header (type, sizes) and then bare bytes, so the header is held against the length of the file
before anything is used.  Grey pictures have three sizes (count, height, width), colour ones four
(with 3 channels last).  Each picture becomes a PNM blob, its bytes behind a line of text.

Cost: about 4 microseconds a picture, most of it hashing and writing.

Source: the format is described at the end of http://yann.lecun.com/exdb/mnist/
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from dataclasses import replace
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from stoker.cells import MediaKind
from stoker.core.errors import DataError, Place
from stoker.data.acquire import Source, SourceColumn
from stoker.data.acquire._files import find_files, read_blocks, read_head
from stoker.data.extent import SourceExtent, size_of
from stoker.data.fingerprint import path_label

if TYPE_CHECKING:
    from stoker.data.reading import Reading

_UINT8 = 8
_ROWS = 8_192
_MOST_HEAD_BYTES = 20
_MOST_BYTES = 8 << 30
_TYPES = {8: "uint8", 9: "int8", 11: "int16", 12: "int32", 13: "float32", 14: "float64"}


class Idx(Source):
    """Pictures in an IDX file, and their labels in another; both may be gzip."""

    images: str
    """File of pictures, such as `train-images-idx3-ubyte`."""
    labels: str | None = None
    """File of labels, one byte a picture; absent: there is no label column."""
    image_column: str = "image"
    """Name of the column of pictures."""
    label_column: str = "label"
    """Name of the column of labels, whole numbers."""

    def paths(self) -> tuple[str, ...]:
        """The one or two files."""
        return (self.images,) if self.labels is None else (self.images, self.labels)

    def media(self) -> Mapping[str, MediaKind]:
        """The column of pictures."""
        return {self.image_column: "image"}

    def files(self, project: Path, cache: Path) -> list[Path]:
        """The one or two files."""
        return find_files(self.paths(), project, (".gz", "ubyte", ".idx"))

    def seen_columns(self, project: Path, cache: Path) -> tuple[SourceColumn, ...]:
        """Pictures, and labels if there are some."""
        image = SourceColumn(self.image_column, type="int64", media="image")
        label = SourceColumn(self.label_column, type="int64")
        return (image, label) if self.labels is not None else (image,)

    def extent(self, project: Path, cache: Path) -> SourceExtent:
        """As the header of the pictures says."""
        size = size_of(self.files(project, cache))
        path = project / self.images
        label = path_label(path, project, cache)
        shape, _ = _header(bytearray(read_head(path, label, _MOST_HEAD_BYTES)[0]), label)
        if len(shape) < 3:
            return replace(size, rows=shape[0], exact=True)
        picture = (shape[3] if len(shape) == 4 else 1, shape[1], shape[2])
        return replace(size, rows=shape[0], exact=True, picture=picture)

    def read_rows(self, reading: Reading) -> Iterator[pa.Table]:
        """One row a picture; `_line` counts pictures from 1.

        Raises:
            DataError: If a header does not fit its file, or the two counts differ.
        """
        files = [reading.project / name for name in self.paths()]
        image_NHWC = _read(files[0], reading.label(files[0]))
        if image_NHWC.ndim not in (3, 4) or (image_NHWC.ndim == 4 and image_NHWC.shape[3] != 3):
            raise DataError(
                f"has sizes {image_NHWC.shape}",
                expected="(count, height, width) or (count, height, width, 3)",
                place=Place(reading.label(files[0])),
            )
        label_N = _read(files[1], reading.label(files[1])) if self.labels else None
        if label_N is not None and label_N.shape != image_NHWC.shape[:1]:
            raise DataError(
                f"has sizes {label_N.shape}",
                expected=f"({len(image_NHWC)},), one label for each picture",
                place=Place(reading.label(files[1])),
            )
        yield from self._tables(image_NHWC, label_N, reading)

    def _tables(
        self, image_NHWC: np.ndarray, label_N: np.ndarray | None, reading: Reading
    ) -> Iterator[pa.Table]:
        source = reading.label(reading.project / self.images)
        header = _pnm_header(image_NHWC.shape)
        flat_NP = image_NHWC.reshape(len(image_NHWC), -1)
        for start in range(0, len(flat_NP), _ROWS):
            chunk_NP = flat_NP[start : start + _ROWS]
            numbers = [reading.media.add(header + pixels_P.tobytes()) for pixels_P in chunk_NP]
            size = len(numbers)
            columns = {
                "_source": pa.repeat(source, size),
                "_line": pa.array(np.arange(start + 1, start + size + 1, dtype=np.int64)),
                self.image_column: pa.array(numbers, pa.int64()),
            }
            if label_N is not None:
                columns[self.label_column] = pa.array(label_N[start : start + size], pa.int64())
            yield pa.table(columns)


def _pnm_header(shape: tuple[int, ...]) -> bytes:
    kind = "P6" if len(shape) == 4 else "P5"
    return f"{kind} {shape[2]} {shape[1]} 255\n".encode()


def _read(path: Path, label: str) -> np.ndarray:
    blocks = read_blocks(path, label)
    content = bytearray(next(blocks, b""))
    shape, start = _header(content, label)
    expected = start + prod(shape)
    for block in blocks:
        content += block
        if len(content) > expected:
            break
    if len(content) != expected:
        found = f"more than {expected:,}" if len(content) > expected else f"{len(content):,}"
        raise DataError(
            f"the header says {' x '.join(map(str, shape))}, but there are {found} bytes",
            expected=f"{expected:,} bytes",
            fix="fetch or copy the file again",
            place=Place(label),
        )
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape)


def _header(content: bytearray, label: str) -> tuple[tuple[int, ...], int]:
    """Sizes, and where the values begin."""
    place = Place(label)
    if len(content) < 8 or content[:2] != b"\0\0":
        raise DataError("is not an IDX file", expected="an IDX header", place=place)
    if content[2] != _UINT8:
        found = _TYPES.get(content[2], f"unknown type {content[2]}")
        raise DataError(f"holds {found} values", expected="uint8 values", place=place)
    num_sizes = content[3]
    start = 4 + 4 * num_sizes
    if not 1 <= num_sizes <= 4 or len(content) < start:
        raise DataError(f"the header has {num_sizes} sizes", expected="1 to 4 sizes", place=place)
    shape = struct.unpack(f">{num_sizes}I", content[4:start])
    if min(shape) == 0 or prod(shape) > _MOST_BYTES:
        raise DataError(
            f"the header says {' x '.join(map(str, shape))}",
            expected="at least one value and at most 8 GiB",
            place=place,
        )
    return shape, start
