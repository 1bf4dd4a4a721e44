"""The child that reads tables, as its parent sees it: start it, take its rows, end it.

However the reading ends (the last row, an error, Ctrl-C, nobody wants more rows), the child is
killed and waited for.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, replace
from functools import lru_cache
from io import BufferedReader
from pathlib import Path
from typing import Any, cast

import pyarrow as pa

from stoker.core.errors import DataError, MachineError, Place
from stoker.data.acquire._table_worker import END, ERROR, FRAME, LOOK, READY, TABLE, Orders
from stoker.store.durable import machine_errors

_WORKER = "stoker.data.acquire._table_worker"
_PIPE_BYTES = 1 << 20
_LEAN = {"MALLOC_ARENA_MAX": "2", "ARROW_DEFAULT_MEMORY_POOL": "system"}
"""Other allocators reserve gigabytes of addresses, which the cap on memory counts."""
_KILLED = (-signal.SIGKILL, -signal.SIGTERM)
_PATIENCE_S = 10.0


def tables_of_child(orders: Orders, labels: Sequence[str]) -> Iterator[tuple[int, pa.Table]]:
    """The rows of all files in order, each table with the number of its file, from 0.

    Args:
        orders: What to read.
        labels: The name of each file for messages.

    Raises:
        DataError: If a file cannot be read: what the child says of it, or how it died of it.
        MachineError: If the child does not start, or is killed from outside.
    """
    with _obeying(orders) as process:
        for number, label in enumerate(labels):
            for table in _tables(process, orders, label):
                yield number, table


def look_of_child(orders: Orders, label: str) -> dict[str, Any]:
    """What the first file says that it holds; asked once for a file that does not change.

    Args:
        orders: What to look at.
        label: The name of the file for messages.

    Raises:
        DataError: If it cannot be read, or makes its reader crash.
        MachineError: If the child does not start, or is killed from outside.
    """
    with machine_errors(f"look at {orders.paths[0]}"):
        now = Path(orders.paths[0]).stat()
    asked = json.dumps(asdict(replace(orders, look_only=True)))
    return _looked(asked, label, (now.st_ino, now.st_size, now.st_mtime_ns))


@lru_cache
def _looked(asked: str, label: str, _state: tuple[int, int, int]) -> dict[str, Any]:
    orders = Orders(**json.loads(asked))
    with _obeying(orders) as process:
        kind, content = _frame(process, orders.memory_bytes)
        if kind == ERROR:
            raise _said(content, label)
        if kind != LOOK:
            raise _died(process, orders, label)
        return json.loads(content.to_pybytes())


@contextmanager
def _obeying(orders: Orders) -> Iterator[subprocess.Popen[bytes]]:
    """A child that has its orders; it is killed in the end."""
    with _started() as process:
        assert process.stdin is not None
        try:
            with suppress(BrokenPipeError):
                process.stdin.write(json.dumps(asdict(orders)).encode())
                process.stdin.close()
            if _frame(process, orders.memory_bytes)[0] != READY:
                raise _not_started(process.wait())
            yield process
        finally:
            process.kill()


def _started() -> subprocess.Popen[bytes]:
    with machine_errors("start a process to read tables"):
        # a fixed command; no word of it comes from outside
        return subprocess.Popen(  # noqa: S603 - see above
            [sys.executable, "-P", "-m", _WORKER],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=os.environ | _LEAN,
            process_group=0,  # Ctrl-C is for the parent, which ends its child
            pipesize=_PIPE_BYTES,
        )


def _tables(process: subprocess.Popen[bytes], orders: Orders, label: str) -> Iterator[pa.Table]:
    """The rows of one file."""
    while True:
        kind, content = _frame(process, orders.memory_bytes)
        if kind == END:
            return
        if kind == ERROR:
            raise _said(content, label)
        if kind != TABLE:
            raise _died(process, orders, label)
        yield _table(content, orders, label)


def _said(content: pa.Buffer, label: str) -> DataError:
    said = json.loads(content.to_pybytes())
    place = Place(label, said["line"], column=said["column"])
    return DataError(said["what"], expected=said["expected"], fix=said["fix"], place=place)


def _table(content: pa.Buffer, orders: Orders, label: str) -> pa.Table:
    try:
        with pa.ipc.open_stream(content) as stream:
            table = stream.read_all()
        table.validate(full=True)
    except (OSError, pa.ArrowException) as error:
        raise _crashed(orders, label, f"its reader talks nonsense ({error})") from None
    return table


def _frame(process: subprocess.Popen[bytes], most_bytes: int) -> tuple[bytes, pa.Buffer]:
    """The next frame; its kind is empty where the child has no more to say."""
    answers = cast(BufferedReader, process.stdout)
    head = answers.read(FRAME.size)
    kind, size = FRAME.unpack(head) if len(head) == FRAME.size else (b"", 0)
    if size > most_bytes:
        return b"", pa.py_buffer(b"")
    content = pa.allocate_buffer(size)
    if answers.readinto(memoryview(content)) != size:
        return b"", content
    return kind, content


def _died(process: subprocess.Popen[bytes], orders: Orders, label: str) -> Exception:
    try:
        code = process.wait(_PATIENCE_S)
    except subprocess.TimeoutExpired:
        code = 0
    if code in _KILLED:
        return MachineError(
            f"the process that reads {orders.form} files was killed, as the kernel does when "
            "memory runs out",
            expected=f"up to {orders.memory_bytes >> 20:,} MiB for it",
            fix="free some memory, and run again",
            place=Place(label),
        )
    if code == -signal.SIGPROF:
        return _crashed(orders, label, f"some rows take more than {orders.cpu_s:g} s of CPU time")
    return _crashed(orders, label, "it makes the reader crash")


def _crashed(orders: Orders, label: str, why: str) -> DataError:
    return DataError(
        f"cannot be read as {orders.form}: {why}",
        expected=f"a sound {orders.form} file",
        fix="fetch or copy it again; if it comes from a stranger, be wary of it",
        place=Place(label),
    )


def _not_started(code: int) -> MachineError:
    return MachineError(
        f"the process that reads tables ended with code {code} before it was ready",
        fix=f"see why with: echo {{}} | {sys.executable} -P -m {_WORKER}",
    )
