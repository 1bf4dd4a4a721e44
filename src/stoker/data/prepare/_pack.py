"""Many columns in one file, each in one piece: a table of 6,000 columns is no 18,000 files.

Chunks are kept as they come; beyond 64 MiB they are spilled to a file beside it, and at the end
every column is put together, padded so that each begins at a multiple of 64 bytes.

Cost: the values are written once, or twice where they were spilled; memory for 64 MiB.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from stoker.core.closing import Closing
from stoker.store.durable import machine_errors

MOST_BYTES = 64 << 20
"""Bytes kept in memory before they are spilled."""
_ALIGNED = 64


def pack_offsets(strides: Mapping[str, int], rows: int) -> dict[str, int]:
    """Where each column begins in a pack, and under "" where it ends.

    Args:
        strides: Bytes of one row of each column, in order.
        rows: Number of rows.

    >>> pack_offsets({"a": 8, "b": 4}, 3)
    {'a': 0, 'b': 64, '': 128}
    """
    offsets, end = {}, 0
    for name, stride in strides.items():
        offsets[name] = end
        end += -(-stride * rows // _ALIGNED) * _ALIGNED
    return {**offsets, "": end}


class PackWriter(Closing):
    """Writes fixed columns into one file; equal chunks give equal bytes however they are cut."""

    def __init__(self, path: Path, dtypes: Mapping[str, np.dtype[Any]]) -> None:
        """Nothing is written before the end, unless there is too much to keep.

        Args:
            path: File to write.
            dtypes: Type of each column on the disk, in order.
        """
        self._path, self._spilled = path, path.with_name("spilled")
        self._dtypes = dict(dtypes)
        self._kept: dict[str, list[np.ndarray]] = {name: [] for name in dtypes}
        self._size = 0
        self._blocks: list[dict[str, tuple[int, int]]] = []

    def append(self, name: str, values: np.ndarray) -> None:
        """Append rows to a column."""
        array = np.array(values, self._dtypes[name], order="C")  # the caller may use its own again
        self._kept[name].append(array.reshape(len(array), -1))
        self._size += array.nbytes

    def end_chunk(self) -> None:
        """All columns have as many rows now."""
        if self._size > MOST_BYTES:
            self._spill()

    def close(self) -> None:
        """Put every column together."""
        with machine_errors(f"write {self._path}"), self._path.open("wb") as file:
            for name in self._dtypes:
                size = sum(file.write(piece) for piece in self._pieces(name))
                file.write(bytes(-size % _ALIGNED))
        self._spilled.unlink(missing_ok=True)

    def give_up(self) -> None:
        """Remove what was spilled."""
        with suppress(OSError):
            self._spilled.unlink(missing_ok=True)

    def _spill(self) -> None:
        block: dict[str, tuple[int, int]] = {}
        with machine_errors(f"write {self._spilled}"), self._spilled.open("ab") as file:
            for name, pieces in self._kept.items():
                start = file.tell()
                size = sum(file.write(piece.data) for piece in pieces)
                block[name] = (start, size)
                pieces.clear()
        self._blocks.append(block)
        self._size = 0

    def _pieces(self, name: str) -> Iterator[bytes | memoryview]:
        """The bytes of a column, in order."""
        if self._blocks:
            with machine_errors(f"read {self._spilled}"), self._spilled.open("rb") as file:
                for block in self._blocks:
                    start, size = block[name]
                    file.seek(start)
                    yield file.read(size)
        for piece in self._kept[name]:
            yield piece.data
