"""Where table work runs: Daft in this process (later also Daft on a Ray cluster).

A narrow door: read a table file as a lazy frame, write a frame as one deterministic file, and pass
to and from Arrow.  Between the doors, callers use Daft's own expressions, only those that run
natively and on Ray (no row functions in Python).  Daft is loaded when a door is first used, and its
telemetry is switched off before that.

Daft neither writes nor checks Parquet page checksums, so files are written through Arrow
(`stoker.engine.table_file`); what Daft reads was checked against its SHA-256 by the store.

Cost: `write` with a sort holds the frame in memory once; everything else streams.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from stoker.core.errors import MissingExtraError
from stoker.engine.table_file import TableWriter, plain_schema

if TYPE_CHECKING:
    from daft import DataFrame as Frame

__all__ = ["Frame", "from_arrow", "load_daft", "read", "to_arrow", "write"]

_QUIET = {
    "DAFT_ANALYTICS_ENABLED": "0",
    "DO_NOT_TRACK": "true",
    "SCARF_NO_ANALYTICS": "true",
    "DAFT_PROGRESS_BAR": "0",
}


def load_daft() -> Any:
    """The Daft module, silent and on its native runner.

    Raises:
        MissingExtraError: If Daft is not installed.
    """
    os.environ.update(_QUIET)
    os.environ.setdefault("DAFT_RUNNER", "native")
    try:
        import daft
    except ModuleNotFoundError as error:
        if error.name != "daft":
            raise
        raise MissingExtraError("daft", extra="train", needed_for="table work") from None
    return daft


def __getattr__(name: str) -> Any:
    """`Frame`, the type of a lazy table, without loading Daft before it is asked for."""
    if name != "Frame":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return load_daft().DataFrame


def read(path: Path) -> Frame:
    """A table file as a lazy frame; nothing but its schema is read yet.

    Args:
        path: A Parquet file of our own, already checked against its manifest.
    """
    return load_daft().read_parquet(_literal(path))


def write(frame: Frame, path: Path, *, sort_by: str = "_row") -> int:
    """Write a frame as one Parquet file with page checksums.

    Equal rows give equal bytes, however Daft cut them into batches.

    Args:
        frame: What to write; it must have the column `sort_by`.
        path: File to create.
        sort_by: Column of distinct values that fixes the order of the rows.

    Returns:
        The number of rows written.
    """
    ordered = frame.sort(sort_by)
    schema = plain_schema(frame.schema().to_pyarrow_schema())
    with TableWriter(path, schema) as writer:
        for batch in ordered.to_arrow_iter():
            writer.write(pa.Table.from_batches([batch]))
    return writer.rows


def to_arrow(frame: Frame) -> pa.Table:
    """The whole frame in memory, with Arrow's plain types (`string`, not `large_string`)."""
    table = frame.to_arrow()
    return table.cast(plain_schema(table.schema))


def from_arrow(table: pa.Table) -> Frame:
    """A frame over a table that is in memory."""
    return load_daft().from_arrow(table)


def _literal(path: Path) -> str:
    """The path as Daft should take it: a name with `*` or `[` is a name, not a pattern."""
    return "".join(f"[{c}]" if c in "*?[" else c for c in str(path.absolute()))
