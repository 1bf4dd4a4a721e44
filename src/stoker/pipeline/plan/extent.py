"""Look at the raw files of a recipe, without reading them, to tell about how many rows they hold.

What a file is, its first bytes say: an IDX header and a Parquet footer know their number of rows, a
picture is a row, and of text the first 64 kB tell how long a record is.  So a source that is added
later is understood if its files are of these kinds, and is "not known yet" otherwise.

Cost: one open and at most 64 kB of at most 100 files a source, and 12 pictures; some milliseconds.
Does not know a quoted line end of CSV beyond the first 64 kB, or rows that a source will reject.
"""

from __future__ import annotations

import csv
import json
import struct
import zlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

from stoker.cells.image_formats import MOST_PIXELS, BadImageError
from stoker.cells.pixels import look
from stoker.core.errors import StokerError
from stoker.data.acquire import Source
from stoker.data.acquire._parquet_child import footer_of_child
from stoker.networks.stages import Shape

SAMPLE_BYTES = 64 << 10
MOST_FILES = 100
MOST_PICTURES = 12


@dataclass(frozen=True)
class FileLook:
    """What a quick look at one source tells."""

    rows: int | None
    """About how many; None if its files do not tell."""
    exact: bool
    """Whether they were counted and not guessed from a part."""
    size_bytes: int
    """Of all its files."""
    num_files: int
    num_columns: int
    """The source's own; 1 for pictures."""
    picture: Shape | None = None
    """The commonest size of its pictures, if there are any."""
    encoded: bool = False
    """Whether its pictures have to be decoded (IDX pixels need not)."""
    classes: int | None = None
    """Classes, where folders or labels tell."""
    part: str | None = None
    """The part of the split that the source decrees."""


@dataclass(frozen=True)
class _FileLook:
    rows: int | None
    exact: bool
    num_columns: int
    picture: Shape | None = None


_UNKNOWN = _FileLook(None, exact=False, num_columns=1)


def look_at(source: Source, project: Path, cache: Path) -> FileLook:
    """Look at one source.

    Args:
        source: The source.
        project: Folder where relative paths start.
        cache: Folder for downloads.

    Raises:
        DataError: If a file is missing.
    """
    files = source.files(project, cache)
    sizes = [path.stat().st_size for path in files]
    common: dict[str, Any] = {
        "size_bytes": sum(sizes),
        "num_files": len(files),
        "part": source.part,
    }
    if source.media_columns() and not (files and _holds_pictures(files[-1])):
        return _look_at_pictures(files, common)
    inner = getattr(source, "read", source)
    chosen = _spread(len(files), MOST_FILES)
    found = [_look_at_file(files[i], sizes[i], inner) for i in chosen]
    counts = [one.rows for one in found if one.rows is not None and one.num_columns]
    rows = None
    if counts and len(counts) == len([one for one in found if one.num_columns]):
        rows = round(sum(counts) * len(files) / len(found))
    return FileLook(
        rows=rows,
        exact=len(found) == len(files) and all(one.exact for one in found),
        num_columns=max((one.num_columns for one in found), default=1),
        picture=next((one.picture for one in found if one.picture), None),
        **common,
    )


def _holds_pictures(path: Path) -> bool:
    """Whether pictures come inside this file (IDX, Parquet) and are not files of their own."""
    with path.open("rb") as file:
        plain, _ = _unpacked(file.read(1024))
    return plain[:3] in (b"\0\0\x08", b"PAR")


def _look_at_pictures(files: Sequence[Path], common: dict[str, Any]) -> FileLook:
    """Pictures in files of their own; a table that names them comes first."""
    sizes: Counter[Shape] = Counter()
    num_tables = 0
    for index in _spread(len(files), MOST_PICTURES):
        try:
            seen = look(files[index].read_bytes(), MOST_PIXELS)
        except BadImageError:
            num_tables += index == 0
            continue
        sizes[1 if seen.grey else 3, seen.height, seen.width] += 1
    return FileLook(
        rows=len(files) - num_tables,
        exact=True,
        num_columns=1,
        picture=sizes.most_common(1)[0][0] if sizes else None,
        encoded=True,
        classes=len({path.parent for path in files}) if not num_tables else None,
        **common,
    )


def _look_at_file(path: Path, size: int, source: object) -> _FileLook:
    """Rows and columns of one file; no column means that it belongs to another file's rows."""
    with path.open("rb") as file:
        sample = file.read(SAMPLE_BYTES)
    if sample.startswith(b"PAR1"):
        return _look_at_parquet(path)
    plain, read_bytes = _unpacked(sample)
    if plain.startswith(b"\0\0\x08") and len(plain) >= 8:
        return _look_at_idx(plain)
    if b"\0" in plain[:1024] and not plain.startswith((b"\xff\xfe", b"\xfe\xff")):
        return _UNKNOWN
    return _look_at_text(plain, read_bytes, size, source)


def _look_at_parquet(path: Path) -> _FileLook:
    try:
        footer = footer_of_child(path, path.name)
    except StokerError:
        return _UNKNOWN
    return _FileLook(footer.num_rows, exact=True, num_columns=len(footer.columns))


def _look_at_idx(plain: bytes) -> _FileLook:
    """Pictures count as rows; labels (one size) only stand beside them."""
    sizes = struct.unpack(f">{plain[3]}I", plain[4 : 4 + 4 * plain[3]])
    if len(sizes) < 3:
        return _FileLook(sizes[0], exact=True, num_columns=0)
    channels = sizes[3] if len(sizes) == 4 else 1
    return _FileLook(sizes[0], exact=True, num_columns=1, picture=(channels, *sizes[1:3]))


def _unpacked(sample: bytes) -> tuple[bytes, int]:
    """The plain beginning of a file, and how many bytes of the file it stands for."""
    if not sample.startswith(b"\x1f\x8b"):
        return sample, len(sample)
    unpacking = zlib.decompressobj(wbits=31)
    try:
        return unpacking.decompress(sample), len(sample) - len(unpacking.unused_data)
    except zlib.error:
        return b"\0", len(sample)


def _look_at_text(plain: bytes, read_bytes: int, size: int, source: object) -> _FileLook:
    """Records of CSV or JSON Lines."""
    is_json = plain.lstrip()[:1] == b"{"
    # Every second piece between quotes lies inside quotes, where a line end ends no record.
    pieces = [plain] if is_json else plain.split(b'"')[::2]
    ends = sum(piece.count(b"\n") for piece in pieces)
    has_header = not is_json and getattr(source, "header", False)
    first = plain.partition(b"\n")[0]
    columns = _num_keys(first) if is_json else _num_fields(first, source)
    if read_bytes >= size:
        records = ends + (not plain.endswith(b"\n"))
        return _FileLook(max(0, records - has_header), exact=True, num_columns=columns)
    records = max(ends, 1) * size / read_bytes
    return _FileLook(max(1, round(records - has_header)), exact=False, num_columns=columns)


def _num_keys(line: bytes) -> int:
    try:
        return len(json.loads(line))
    except (ValueError, TypeError, RecursionError):
        return 1


def _num_fields(line: bytes, source: object) -> int:
    text = line.decode("utf-8", "replace").strip("\r")
    try:
        return len(next(csv.reader([text], delimiter=getattr(source, "delimiter", ",")), [""]))
    except csv.Error:
        return 1


def _spread(count: int, most: int) -> list[int]:
    """At most `most` of `count` places, evenly spread, the first among them.

    >>> _spread(3, 12), _spread(100, 4)
    ([0, 1, 2], [0, 25, 50, 75])
    """
    return list(range(count)) if count <= most else [i * count // most for i in range(most)]


@dataclass(frozen=True)
class Extent:
    """How large the work of a recipe is: all its sources together."""

    rows: int
    exact: bool
    """Whether every row was counted."""
    size_bytes: int
    num_files: int
    num_columns: int
    picture: Shape | None
    encoded: bool
    classes: int | None
    parts: dict[str, int]
    """Rows of `train`, `validation` and `test`."""

    @property
    def picture_bytes(self) -> float:
        """Mean size of a picture file, 0 where nothing has to be decoded."""
        return self.size_bytes / max(1, self.rows) if self.encoded else 0.0


def together(looks: Sequence[FileLook], *, test: float, validation: float) -> Extent | None:
    """Add up what the sources tell; None if one of them does not tell its rows.

    Args:
        looks: One for each source.
        test: Share of rows that the split keeps for the test.
        validation: Share of rows that the split keeps for validation.
    """
    if any(one.rows is None for one in looks):
        return None
    rows = sum(one.rows or 0 for one in looks)
    classes = [one.classes for one in looks if one.classes]
    return Extent(
        rows=rows,
        exact=all(one.exact for one in looks),
        size_bytes=sum(one.size_bytes for one in looks),
        num_files=sum(one.num_files for one in looks),
        num_columns=round(fmean(one.num_columns for one in looks)),
        picture=next((one.picture for one in looks if one.picture), None),
        encoded=any(one.encoded for one in looks),
        classes=max(classes) if classes else None,
        parts=_parts(looks, test, validation),
    )


def _parts(looks: Sequence[FileLook], test: float, validation: float) -> dict[str, int]:
    """Rows of each part: those that sources decree, and the shares of the others."""
    decreed = Counter[str]()
    for one in looks:
        decreed[one.part or ""] += one.rows or 0
    left = decreed.pop("", 0)
    shares = {"test": test, "validation": validation}
    found = {part: decreed[part] or round(left * share) for part, share in shares.items()}
    found["train"] = max(0, left + sum(decreed.values()) - sum(found.values()))
    return found
