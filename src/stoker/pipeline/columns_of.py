"""Which columns the sources of a recipe have, as far as that can be seen without reading them.

A header, a footer or the options of a source tell; JSON Lines tell if the whole file is small, as a
key may turn up in the last line.  Where nothing tells, nothing is said, and the columns are known
when the sources have been read.

Cost: one open and at most 64 kB of the first file.
"""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import json
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from stoker.core.errors import DataError, Place
from stoker.core.steps import Step
from stoker.data.acquire import Source
from stoker.data.acquire._parquet_child import footer_of_child
from stoker.data.acquire.csv import Csv
from stoker.data.acquire.idx import Idx
from stoker.data.acquire.images import Images
from stoker.data.acquire.jsonl import Jsonl
from stoker.data.acquire.parquet import Parquet
from stoker.data.fingerprint import path_label

SAMPLE_BYTES = 64 << 10


@dataclass(frozen=True)
class Columns:
    """What a dataset has."""

    names: tuple[str, ...]
    media: frozenset[str]
    """Those that hold pictures."""


def columns_of(source: Source, project: Path, cache: Path) -> Columns | None:
    """The columns of a source, or None where they cannot be seen cheaply.

    Args:
        source: The source.
        project: Folder where relative paths start.
        cache: Folder for downloads.

    Raises:
        DataError: If a file is missing, or the first one of a text table is empty.
    """
    inner: Step = getattr(source, "read", source)
    files = source.files(project, cache)
    if files and isinstance(inner, Csv | Jsonl) and not files[0].stat().st_size:
        label = path_label(files[0], project, cache)
        raise DataError("the file is empty", expected="rows", place=Place(label))
    names = _names(inner, files[0]) if files else None
    return Columns(tuple(names), frozenset(source.media_columns())) if names else None


def _names(source: Step, first: Path) -> Iterable[str] | None:
    if isinstance(source, Csv):
        return _names_of_csv(source, first)
    if isinstance(source, Parquet):
        return source.columns or _names_of_parquet(first)
    if isinstance(source, Jsonl):
        return source.columns or _names_of_jsonl(first)
    if isinstance(source, Idx):
        return (source.image_column, *[source.label_column] * (source.labels is not None))
    if isinstance(source, Images) and source.table is None:
        return source.image_column, source.label_column
    return None


def _names_of_csv(source: Csv, path: Path) -> list[str] | None:
    if source.names is not None:
        return list(source.names)
    sample, _ = _sample(path)
    encoding = source.encoding
    if codecs.lookup(encoding).name == "utf-8":
        marks = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
        encoding = "utf-16" if sample.startswith(marks) else "utf-8-sig"
    text = codecs.getincrementaldecoder(encoding)("replace").decode(sample)
    try:
        first = next(csv.reader(io.StringIO(text, newline=""), delimiter=source.delimiter), [])
    except csv.Error:
        return None
    if any("\0" in name for name in first):
        return None  # no text; the source says so, with its place
    if not source.header:
        return [f"c{number}" for number in range(1, len(first) + 1)]
    return [name.strip(" \t") for name in first] if source.strip else first


def _names_of_parquet(path: Path) -> Iterable[str] | None:
    try:
        return footer_of_child(path, path.name).columns
    except DataError:
        return None  # the source says why, with its place


def _names_of_jsonl(path: Path) -> Iterable[str] | None:
    sample, is_whole = _sample(path)
    if not is_whole:
        return None
    names: dict[str, None] = {}
    for line in sample.splitlines():
        try:
            record = json.loads(line)
        except (ValueError, RecursionError):
            continue  # the source rejects it, with its place
        if isinstance(record, dict):
            names.update(dict.fromkeys(record))
    return names


def _sample(path: Path) -> tuple[bytes, bool]:
    """The unpacked beginning of a file, and whether that is all of it."""
    with path.open("rb") as file:
        packed = file.read(2) == b"\x1f\x8b"
    try:
        with gzip.open(path) if packed else path.open("rb") as file:
            sample = file.read(SAMPLE_BYTES + 1)
    except (OSError, EOFError, zlib.error):
        return b"", False
    return sample[:SAMPLE_BYTES], len(sample) <= SAMPLE_BYTES
