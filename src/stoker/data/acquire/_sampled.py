"""About how many rows many files hold, from a look at some of them.

Of text the first 64 kB tell how long a record is.

Cost: one open and at most 64 kB of at most 100 files; some milliseconds.  Does not know a quoted
line end beyond the first 64 kB, or rows that a source will reject.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from stoker.data.extent import SourceExtent, size_of

SAMPLE_BYTES = 64 << 10
MOST_FILES = 100


@dataclass(frozen=True)
class FileRows:
    """What a look at one file tells."""

    rows: int | None
    """None: it does not tell."""
    exact: bool
    num_columns: int


UNKNOWN = FileRows(None, exact=False, num_columns=1)


def sampled(
    files: Sequence[Path], look: Callable[[Path], FileRows], most: int = MOST_FILES
) -> SourceExtent:
    """What a look at some files tells of all of them.

    Args:
        files: Files of one source.
        look: Looks at one.
        most: How many are looked at.
    """
    found = [look(files[i]) for i in spread(len(files), most)]
    counts = [one.rows for one in found if one.rows is not None]
    is_known = bool(counts) and len(counts) == len(found)
    return replace(
        size_of(files),
        rows=round(sum(counts) * len(files) / len(found)) if is_known else None,
        exact=len(found) == len(files) and all(one.exact for one in found),
        num_columns=max((one.num_columns for one in found), default=1),
    )


def text_rows(
    path: Path, num_columns: Callable[[str], int], *, is_quoted: bool, above: int
) -> FileRows:
    """Records of a text file, plain or gzip.

    Args:
        path: The file.
        num_columns: Columns, from the first line.
        is_quoted: Whether a line end between quotes ends no record.
        above: Lines at the top that are no records.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        plain, read_bytes = _unpacked(file.read(SAMPLE_BYTES))
    if b"\0" in plain[:1024] and not plain.startswith((b"\xff\xfe", b"\xfe\xff")):
        return UNKNOWN
    # Every second piece between quotes lies inside quotes.
    pieces = plain.split(b'"')[::2] if is_quoted else [plain]
    ends = sum(piece.count(b"\n") for piece in pieces)
    first = plain.partition(b"\n")[0].decode("utf-8", "replace").strip("\r")
    columns = num_columns(first)
    if read_bytes >= size:
        records = ends + (not plain.endswith(b"\n"))
        return FileRows(max(0, records - above), exact=True, num_columns=columns)
    guessed = max(ends, 1) * size / read_bytes
    return FileRows(max(1, round(guessed - above)), exact=False, num_columns=columns)


def spread(count: int, most: int) -> list[int]:
    """At most `most` of `count` places, evenly spread, the first among them.

    >>> spread(3, 12), spread(100, 4)
    ([0, 1, 2], [0, 25, 50, 75])
    """
    return list(range(count)) if count <= most else [i * count // most for i in range(most)]


def _unpacked(sample: bytes) -> tuple[bytes, int]:
    """The plain beginning of a file, and how many bytes of the file it stands for."""
    if not sample.startswith(b"\x1f\x8b"):
        return sample, len(sample)
    unpacking = zlib.decompressobj(wbits=31)
    try:
        return unpacking.decompress(sample), len(sample) - len(unpacking.unused_data)
    except zlib.error:
        return b"\0", len(sample)
