"""A child process that reads tables of others, under limits that the kernel keeps.

A module of this package does the reading: it has `read_file`, `look`, and the `ERRORS` that its
library raises.

It gets its orders as JSON on its standard input and answers in frames on its standard output: a
byte for the kind, the length, and the content.  A table is an Arrow IPC stream, the end of a file
is empty, what a look tells is JSON, and so is an error, the last thing that is said.

Cost: 0.4 s of CPU to start, once for all files of a source; handing over costs a copy or two of
the rows, while the parent writes those before.

Run: python -P -m stoker.data.acquire._table_worker, with the orders on standard input
"""

from __future__ import annotations

import importlib
import json
import struct
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Protocol, cast

import pyarrow as pa

from stoker.core.errors import DataError
from stoker.data.child_limits import forbid_writing, limit_memory, limit_time, restore_signals
from stoker.engine.without_pandas import leave_pandas_out

FRAME = struct.Struct("<cQ")
"""Kind of a frame, and how many bytes follow."""
READY, TABLE, END, LOOK, ERROR = b"R", b"T", b"E", b"L", b"X"
_MOST_THREADS = 4


@dataclass(frozen=True)
class Orders:
    """What a child is to read, and at what cost."""

    reader: str
    """Module that reads, whole, so that its code takes part in the fingerprint."""
    form: str
    """What the files are called in messages, such as `Parquet`."""
    paths: list[str]
    """Files, in this order."""
    options: dict[str, Any]
    """What the reader is to know, as JSON."""
    memory_bytes: int
    """Memory on top of what the process has when it starts."""
    cpu_s: float
    """CPU seconds for one batch of rows."""
    look_only: bool = False
    """Whether to say what each file holds, and send no row."""


class Reader(Protocol):
    """What a module that reads has."""

    ERRORS: tuple[type[Exception], ...]
    """What its library raises for a file that will not do."""

    def read_file(self, path: Path, **options: Any) -> Iterator[pa.Table]:
        """The rows, some thousands at a time."""
        ...

    def look(self, path: Path, **options: Any) -> dict[str, Any]:
        """What a file says that it holds."""
        ...

    def explained(self, error: Exception, path: Path) -> DataError | None:
        """An error of its library in better words than its own, if there are some."""
        ...


def serve(orders: Orders, answers: BinaryIO) -> None:
    """Send the rows of all files, or what is wrong with one of them."""
    reader = cast(Reader, importlib.import_module(orders.reader))
    for path in map(Path, orders.paths):
        limit_time(orders.cpu_s, 0)
        try:
            _send_file(path, orders, reader, answers)
        except BrokenPipeError:
            raise
        except (DataError, OSError, MemoryError, *reader.ERRORS) as error:
            known = error if isinstance(error, DataError) else reader.explained(error, path)
            words = _parts(known) if known else _in_words(error, orders)
            _send(answers, ERROR, json.dumps(words).encode())
            return


def _send_file(path: Path, orders: Orders, reader: Reader, answers: BinaryIO) -> None:
    if orders.look_only:
        _send(answers, LOOK, json.dumps(reader.look(path, **orders.options)).encode())
        return
    for table in reader.read_file(path, **orders.options):
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


def _parts(error: DataError) -> dict[str, Any]:
    """What, expected, fix, line and column of an error."""
    line, column = (error.place.line, error.place.column) if error.place else (None, None)
    words = {"what": error.what, "expected": error.expected, "fix": error.fix}
    return words | {"line": line, "column": column}


def _in_words(error: Exception, orders: Orders) -> dict[str, Any]:
    """The same of an error that is not one of ours."""
    if isinstance(error, MemoryError):
        said = f"some rows need more than {orders.memory_bytes >> 20:,} MiB of memory at once"
        fix = "write it anew in smaller pieces"
    else:
        said = first_line(error)
        fix = "fetch or copy it again"
    return _parts(
        DataError(
            f"cannot be read as {orders.form}: {said}",
            expected=f"a whole {orders.form} file that is not encrypted",
            fix=fix,
        )
    )


def first_line(error: Exception) -> str:
    """The first line of what an error says, cut to 200 characters."""
    return (str(error).splitlines() or [type(error).__name__])[0][:200]


def main() -> None:
    """Obey the orders on standard input."""
    answers = sys.stdout.buffer
    leave_pandas_out()
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
