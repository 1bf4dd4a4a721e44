"""Write answers to a CSV, Parquet or JSON lines file that is whole or absent.

The store's durable writer puts the file in its place at the end, so a kill or a full disk never
leaves half of it there.  In CSV a text that a spreadsheet would run as a formula gets a leading
apostrophe, which every reader of CSV here takes off again; lists become JSON.

Cost: one pass, memory for one chunk.
"""

from __future__ import annotations

import codecs
import csv
import io
import json
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from stoker.cells.formula_guard import guarded
from stoker.cells.raw import said_by_arrow
from stoker.core.errors import DataError, Place
from stoker.report.cells import plain_cells
from stoker.store.durable import make_folder, sweep_beside, writing


class Writer(ABC):
    """Takes tables of one schema, one after the other."""

    @abstractmethod
    def __init__(self, stream: BinaryIO) -> None:
        """Write to `stream`."""

    @abstractmethod
    def write(self, rows: pa.Table) -> None:
        """Append rows."""

    @abstractmethod
    def close(self) -> None:
        """Write what is left; the stream stays open."""


class CsvWriter(Writer):
    """Comma-separated text in UTF-8 with a header."""

    def __init__(self, stream: BinaryIO) -> None:
        """Write to `stream`."""
        self.text = io.TextIOWrapper(stream, encoding="utf-8", newline="")
        self.csv = csv.writer(self.text, lineterminator="\n")
        self.has_header = False

    def write(self, rows: pa.Table) -> None:
        """Append rows, and the header before the first."""
        if not self.has_header:
            self.csv.writerow(guarded(pa.chunked_array([pa.array(rows.column_names)])).to_pylist())
            self.has_header = True
        cells = [as_text(column).to_pylist() for column in rows.columns]
        self.csv.writerows(zip(*cells, strict=True))

    def close(self) -> None:
        """Flush; the stream stays open."""
        self.text.detach()


class SpreadsheetWriter(CsvWriter):
    """CSV that begins with a byte order mark, without which Excel takes UTF-8 for another code."""

    def __init__(self, stream: BinaryIO) -> None:
        """Write to `stream`, the mark first."""
        stream.write(codecs.BOM_UTF8)
        super().__init__(stream)


class JsonLinesWriter(Writer):
    """One JSON object a line; what is not a number is null."""

    def __init__(self, stream: BinaryIO) -> None:
        """Write to `stream`."""
        self.text = io.TextIOWrapper(stream, encoding="utf-8", newline="\n")

    def write(self, rows: pa.Table) -> None:
        """Append rows."""
        for row in finite(rows).to_pylist():
            line = json.dumps(row, ensure_ascii=False, allow_nan=False, default=str)
            self.text.write(f"{line}\n")

    def close(self) -> None:
        """Flush; the stream stays open."""
        self.text.detach()


class ParquetWriter(Writer):
    """Parquet with page checksums, compressed with zstd."""

    def __init__(self, stream: BinaryIO) -> None:
        """Remember the stream; the file needs the schema of the first rows."""
        self.stream = stream
        self.parquet: pq.ParquetWriter | None = None

    def write(self, rows: pa.Table) -> None:
        """Append rows."""
        if self.parquet is None:
            self.parquet = pq.ParquetWriter(
                self.stream, rows.schema, compression="zstd", write_page_checksum=True
            )
        self.parquet.write_table(rows)

    def close(self) -> None:
        """Write the footer."""
        if self.parquet is not None:
            self.parquet.close()


WRITERS: dict[str, type[Writer]] = {
    ".csv": CsvWriter,
    ".jsonl": JsonLinesWriter,
    ".parquet": ParquetWriter,
}


def writer_for(path: Path) -> type[Writer]:
    """The writer that an output's ending asks for.

    Raises:
        DataError: If the ending is none that we write.
    """
    kind = WRITERS.get(path.suffix.lower())
    if kind is None:
        raise DataError(
            f"unknown kind of output {path.suffix!r}",
            expected=f"a name that ends in {', '.join(WRITERS)}",
            place=Place(str(path)),
        )
    return kind


@contextmanager
def whole_file(path: Path, *, for_spreadsheets: bool = False) -> Iterator[Writer]:
    """A writer whose file appears under `path`, durable, only when the block ends well.

    Args:
        path: File to write; its ending says the format.
        for_spreadsheets: Whether CSV is meant for a person's spreadsheet and not for a program.

    Raises:
        DataError: If the ending of the name is none that we write.
        MachineError: If the disk refuses.
    """
    kind = writer_for(path)
    if for_spreadsheets and kind is CsvWriter:
        kind = SpreadsheetWriter
    make_folder(path.absolute().parent)
    sweep_beside(path.absolute())
    with writing(path.absolute()) as stream:
        writer = kind(stream)
        try:
            yield writer
        finally:
            writer.close()


def as_text(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """A column as CSV shows it: numbers as digits, lists as JSON, text made harmless."""
    kind = column.type
    if pa.types.is_list(kind) or pa.types.is_fixed_size_list(kind) or pa.types.is_struct(kind):
        cells = [
            None if cell is None else json.dumps(cell, ensure_ascii=False, default=str)
            for cell in said_by_arrow(column).to_pylist()
        ]
        return pa.chunked_array([pa.array(cells, pa.string())])
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return guarded(column)
    if needs_words(kind):
        return guarded(pa.chunked_array([pa.array(plain_cells(column), pa.string())]))
    return pc.cast(column, pa.string())


def needs_words(kind: pa.DataType) -> bool:
    """Whether cells of this type are put into words: bytes, dates, moments, time spans.

    >>> needs_words(pa.timestamp("ns")), needs_words(pa.float32())
    (True, False)
    """
    is_bytes = pa.types.is_binary(kind) or pa.types.is_large_binary(kind)
    return is_bytes or pa.types.is_temporal(kind)


def finite(rows: pa.Table) -> pa.Table:
    """The rows with null for every number that JSON cannot say, and words for moments and bytes."""
    for index, field in enumerate(rows.schema):
        column = rows.column(index)
        if pa.types.is_floating(field.type):
            said = pc.if_else(pc.is_finite(column), column, pa.scalar(None, field.type))
            rows = rows.set_column(index, field.name, said)
        elif needs_words(field.type):
            said = pa.array(plain_cells(column), pa.string())
            rows = rows.set_column(index, field.name, said)
        else:
            rows = rows.set_column(index, field.name, said_by_arrow(column))
    return rows
