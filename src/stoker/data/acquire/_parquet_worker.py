"""A child process that reads Parquet files of others, under limits that the kernel keeps.

It gets its orders as JSON on its standard input and answers in frames on its standard output: a
byte for the kind, the length, and the content.  A table is an Arrow IPC stream, the end of a file
is empty, a footer is JSON, and so is an error, the last thing that is said.

Cost: 0.4 s of CPU to start, once for all files of a source; handing over costs a copy or two of
the rows, while the parent writes those before.

Run: python -P -m stoker.data.acquire._parquet_worker, with the orders on standard input
"""

from __future__ import annotations

import json
import struct
import sys
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from stoker.core.errors import DataError
from stoker.data._child_limits import forbid_writing, limit_memory, limit_time, restore_signals
from stoker.data.acquire._parquet_read import (
    columns_of_footer,
    is_lacking,
    lacking_column,
    read_file,
)

FRAME = struct.Struct("<cQ")
"""Kind of a frame, and how many bytes follow."""
READY, TABLE, END, FOOTER, ERROR = b"R", b"T", b"E", b"F", b"X"
_MOST_THREADS = 4


@dataclass(frozen=True)
class Orders:
    """What a child is to read, and at what cost."""

    paths: list[str]
    """Files, in this order."""
    columns: list[str] | None
    """Columns to read; None: all."""
    images: list[str]
    """Columns of pictures."""
    memory_bytes: int
    """Memory on top of what the process has when it starts."""
    cpu_s: float
    """CPU seconds for one batch of rows."""
    footers_only: bool = False
    """Whether to say what each file holds, and send no row."""


def serve(orders: Orders, answers: BinaryIO) -> None:
    """Send the rows of all files, or what is wrong with one of them."""
    for path in orders.paths:
        limit_time(orders.cpu_s, 0)
        try:
            _send_file(path, orders, answers)
        except BrokenPipeError:
            raise
        except (DataError, OSError, pa.ArrowException, MemoryError) as error:
            _send(answers, ERROR, json.dumps(_in_words(error, orders, path)).encode())
            return


def _send_file(path: str, orders: Orders, answers: BinaryIO) -> None:
    if orders.footers_only:
        footer = pq.read_metadata(path)
        columns = [asdict(column) for column in columns_of_footer(footer, orders.images)]
        said = {"rows": footer.num_rows, "columns": columns}
        _send(answers, FOOTER, json.dumps(said).encode())
        return
    for table in read_file(Path(path), orders.columns, orders.images):
        _send(answers, TABLE, _packed(table))
        limit_time(orders.cpu_s, 0)
    _send(answers, END)


def _send(answers: BinaryIO, kind: bytes, content: bytes | pa.Buffer = b"") -> None:
    answers.write(FRAME.pack(kind, len(content)))
    answers.write(content)
    answers.flush()


def _packed(table: pa.Table) -> pa.Buffer:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table)
    return sink.getvalue()


def _in_words(error: Exception, orders: Orders, path: str) -> dict[str, str | None]:
    """What, expected, fix and column of a `DataError`."""
    if isinstance(error, DataError):
        column = error.place.column if error.place else None
        words = {"what": error.what, "expected": error.expected, "fix": error.fix}
        return words | {"column": column}
    if isinstance(error, MemoryError):
        said = f"some rows need more than {orders.memory_bytes >> 20:,} MiB of memory at once"
        fix = "write it anew with smaller pages and row groups"
    elif is_lacking(error):
        return {
            "what": f"cannot be read as Parquet: {_first_line(error)}",
            "expected": "types and compressions that Arrow knows",
            "fix": "leave the column out with the option `columns`",
            "column": lacking_column(Path(path)),
        }
    else:
        said = _first_line(error)
        fix = "fetch or copy it again"
    return {
        "what": f"cannot be read as Parquet: {said}",
        "expected": "a whole Parquet file that is not encrypted",
        "fix": fix,
        "column": None,
    }


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200]


def main() -> None:
    """Obey the orders on standard input."""
    answers = sys.stdout.buffer
    orders = Orders(**json.load(sys.stdin))
    restore_signals()
    pa.set_cpu_count(min(_MOST_THREADS, pa.cpu_count()))
    limit_memory(orders.memory_bytes)
    forbid_writing()
    with suppress(BrokenPipeError):
        _send(answers, READY)
        serve(orders, answers)


if __name__ == "__main__":
    main()
