"""Read the sources of a recipe one after the other into a dataset folder.

Row ids count from 0 in the order of reading, so equal files give equal ids.

All sources must have the same columns: a column that is missing in one file and there in another
is far more often a mistake in the recipe than a wish, and filling it with nothing would hide it.

Cost: one pass over the sources, memory for some thousands of rows and 100 bytes a picture.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from stoker.cells import MediaKind
from stoker.core.canonical import canonical_json
from stoker.core.errors import DataError, Place, printable
from stoker.core.events import task
from stoker.core.steps import is_own, step_name
from stoker.data.acquire import OWN_COLUMNS, Source
from stoker.data.dataset import FORMAT
from stoker.data.flow import flow, stated
from stoker.data.media import MediaWriter
from stoker.data.reading import Reading
from stoker.data.source_answers import require_as_seen, require_places
from stoker.data.text_cells import joined
from stoker.engine.table_file import TableWriter, plain_schema
from stoker.store.durable import machine_errors


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
        "media": _media(sources),
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
    before = _states(files, reading)
    rejects_before, rows_before = len(reading.rejects), writer.rows
    with task(f"read {name}", unit="rows") as reading_rows:
        for table in source.read_rows(reading):
            require_places(name, table)
            writer.write(_numbered(table, source.part, writer, rows_before))
            reading_rows.advance(table.num_rows)
    _require_unchanged(files, before, reading)
    if is_own(source) and writer.schema is not None:
        require_as_seen(name, source.seen_columns(reading.project, reading.cache), writer.schema)
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


def _numbered(table: pa.Table, part: str | None, writer: TableWriter, rows_before: int) -> pa.Table:
    own = [name for name in table.column_names if name not in OWN_COLUMNS]
    size = table.num_rows
    columns = {
        "_row": pa.array(np.arange(writer.rows, writer.rows + size, dtype=np.int64)),
        "_source": table["_source"],
        "_line": table["_line"],
        "_part": pa.repeat(pa.scalar(part, pa.string()), size),
    }
    whole = pa.table(columns | {name: table[name] for name in own})
    if writer.schema is None:
        return whole
    return _conform(whole, writer.schema, in_source=writer.rows > rows_before)


def _conform(table: pa.Table, schema: pa.Schema, *, in_source: bool = False) -> pa.Table:
    """The table with the columns of the first one, or an error that says which differ.

    Args:
        table: Rows that a source gave.
        schema: Columns of all rows before.
        in_source: Whether some of those are of the same source.
    """
    before = "earlier rows of the same source" if in_source else "the source before"
    if table.schema.equals(schema):
        return table
    place = Place(table["_source"][0].as_py())
    wanted_names, there = schema.names, table.column_names  # made anew each time they are asked for
    missing = sorted(set(wanted_names) - set(there), key=wanted_names.index)
    extra = sorted(set(there) - set(wanted_names), key=there.index)
    if missing or extra:
        found = "".join([f" lacks {missing}" * bool(missing), f" adds {extra}" * bool(extra)])
        raise DataError(
            f"columns differ from those of {before}:{found}",
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
                f"values of type {table[wanted.name].type} do not fit {before}",
                expected=f"values of type {wanted.type}",
                fix="write the column in one form in all sources",
                place=Place(place.file, column=wanted.name),
            ) from None
    return pa.table(columns, schema=plain_schema(schema))


def _media(sources: Sequence[Source]) -> dict[str, MediaKind]:
    found = [dict(source.media()) for source in sources]
    if any(columns != found[0] for columns in found):
        raise DataError(
            f"sources disagree which columns are pictures: {[list(one) for one in found]}",
            expected="the same picture columns in all sources",
        )
    return found[0]


def _states(files: Sequence[Path], reading: Reading) -> list[tuple[int, int]]:
    return [_state(path, reading.label(path)) for path in files]


def _state(path: Path, label: str) -> tuple[int, int]:
    try:
        state = path.stat()
    except OSError as error:
        raise DataError(
            f"cannot be read: {error.strerror}",
            expected="a file that you may read",
            place=Place(label),
        ) from None
    return state.st_size, state.st_mtime_ns


def _require_unchanged(
    files: Sequence[Path], before: list[tuple[int, int]], reading: Reading
) -> None:
    for path, old, new in zip(files, before, _states(files, reading), strict=True):
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
