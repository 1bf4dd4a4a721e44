"""Media: encoded files (pictures) of a dataset in one blob file, each content once.

`media.bin` holds the blobs one after the other, `media.offsets.bin` where each begins
(little-endian int64, one more than blobs).  A row refers to a blob by its number, and because equal
bytes have equal numbers, finding exact duplicates is comparing integers.

Both files are mapped into memory and wrapped as one Arrow array: reading a batch is one `take`
in C++, and what is not read costs no memory.

Cost: writing hashes each blob (SHA-256, about 1.6 GB a CPU second) and keeps 100 bytes a blob in
memory.  Blobs are opaque here: decoding is the work of `features`.
"""

from __future__ import annotations

import hashlib
from array import array
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pyarrow as pa

from stoker.core.closing import Closing
from stoker.core.errors import ArtifactError, Place
from stoker.store.durable import machine_error, machine_errors

BLOBS = "media.bin"
OFFSETS = "media.offsets.bin"


class MediaWriter(Closing):
    """Collects blobs into a folder; files appear only if there is a blob.  A context manager.

    Example:
        >>> import tempfile
        >>> folder = Path(tempfile.mkdtemp())
        >>> with MediaWriter(folder) as writer:
        ...     [writer.add(b"one"), writer.add(b"two"), writer.add(b"one")]
        [0, 1, 0]
        >>> Media(folder).read(np.array([1, 0])).to_pylist()
        [b'two', b'one']
    """

    def __init__(self, folder: Path) -> None:
        """Write into `folder`, which exists."""
        self._folder = folder
        self._file: BinaryIO | None = None
        self._numbers: dict[bytes, int] = {}
        self._offsets = array("q", [0])

    def __len__(self) -> int:
        """How many different blobs there are."""
        return len(self._numbers)

    def give_up(self) -> None:
        """Only close what is open."""
        if self._file is not None:
            with suppress(OSError):
                self._file.close()

    def add(self, data: bytes) -> int:
        """The number of a blob, from 0; equal bytes always get the same number."""
        key = hashlib.sha256(data).digest()
        number = self._numbers.get(key)
        if number is None:
            number = self._numbers[key] = len(self._numbers)
            self._append(data)
        return number

    def close(self) -> None:
        """Finish both files."""
        if self._file is None:
            return
        with machine_errors(f"write {self._folder / OFFSETS}"):
            self._file.close()
            offsets = np.frombuffer(self._offsets, np.int64).astype("<i8")
            (self._folder / OFFSETS).write_bytes(offsets.tobytes())

    def _append(self, data: bytes) -> None:
        try:
            if self._file is None:
                self._file = (self._folder / BLOBS).open("wb", buffering=1 << 20)
            self._file.write(data)
        except OSError as error:
            raise machine_error(error, f"write {self._folder / BLOBS}") from None
        self._offsets.append(self._offsets[-1] + len(data))


class Media:
    """The blobs of a dataset folder, mapped into memory, read-only.

    Raises:
        ArtifactError: If the two files do not fit each other.
    """

    def __init__(self, folder: Path) -> None:
        """Map the files of `folder`; a dataset without media has none and no blobs."""
        self._blobs = _map(folder) if (folder / OFFSETS).exists() else _no_blobs()

    def __len__(self) -> int:
        """How many different blobs there are."""
        return len(self._blobs)

    @property
    def sizes(self) -> np.ndarray:
        """Size of each blob in bytes, int64, shape (num_blobs,)."""
        offsets = np.frombuffer(self._blobs.buffers()[1], "<i8")
        return np.diff(offsets)

    def read(self, numbers: np.ndarray | pa.Array | pa.ChunkedArray) -> pa.LargeBinaryArray:
        """The blobs of these numbers, in this order; a null number gives a null.

        Args:
            numbers: Blob numbers, int64, shape (N,); a numpy array has no nulls.

        Raises:
            ArtifactError: If a number is not that of a blob.
        """
        if isinstance(numbers, np.ndarray):
            numbers = pa.array(numbers, pa.int64())
        if isinstance(numbers, pa.ChunkedArray):
            numbers = numbers.combine_chunks()
        try:
            return self._blobs.take(numbers)
        except pa.ArrowIndexError as error:
            raise ArtifactError(
                f"a row refers to a picture that is not there ({error})",
                expected=f"a number from 0 to {len(self) - 1}",
            ) from None


def _map(folder: Path) -> pa.LargeBinaryArray:
    with machine_errors(f"read {folder / OFFSETS}"):
        content = (folder / OFFSETS).read_bytes()
        empty = (folder / BLOBS).stat().st_size == 0
        blobs = pa.py_buffer(b"") if empty else pa.memory_map(str(folder / BLOBS)).read_buffer()
    offsets = np.frombuffer(content[: len(content) // 8 * 8], "<i8")
    sound = (
        len(offsets) > 1
        and len(content) % 8 == 0
        and offsets[0] == 0
        and offsets[-1] == blobs.size
        and bool((np.diff(offsets) >= 0).all())
    )
    if not sound:
        raise ArtifactError(
            "the offsets do not fit the blobs",
            expected=f"rising numbers from 0 to {blobs.size}",
            fix="remove the damaged dataset; the next run makes it again",
            place=Place(str(folder / OFFSETS)),
        )
    array_parts = [None, pa.py_buffer(offsets), blobs]
    return pa.LargeBinaryArray.from_buffers(pa.large_binary(), len(offsets) - 1, array_parts)


def _no_blobs() -> pa.LargeBinaryArray:
    return pa.array([], pa.large_binary())
