"""What a child process is to read of Parquet files, and what it told of their footers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from stoker.data.acquire import SourceColumn
from stoker.data.acquire._table_child import look_of_child
from stoker.data.acquire._table_worker import Orders

MEMORY_BYTES = 6 << 30
"""Some writers put a thousand pictures into one page; it has at most 2 GiB, packed and unpacked."""
CPU_S = 60.0
"""For one batch of rows, all threads together."""
_READER = "stoker.data.acquire._parquet_read"
_FOOTER_BYTES = 1 << 30
_FOOTER_CPU_S = 10.0


class Footer(NamedTuple):
    """What a Parquet file says about itself."""

    num_rows: int
    columns: tuple[SourceColumn, ...]


def orders_for(
    paths: Sequence[Path], columns: list[str] | None, images: Sequence[str] = ()
) -> Orders:
    """What a child is to read, under the limits of this form."""
    options = {"columns": columns, "images": list(images)}
    return Orders(_READER, "Parquet", list(map(str, paths)), options, MEMORY_BYTES, CPU_S)


def footer_of_child(path: Path, label: str, images: Sequence[str] = ()) -> Footer:
    """What a file says that it holds.

    Args:
        path: The file.
        label: Its name for messages.
        images: Columns that hold pictures.

    Raises:
        DataError: If it cannot be read, or makes its reader crash.
        MachineError: If the child does not start, or is killed from outside.
    """
    options = {"columns": None, "images": list(images)}
    orders = Orders(_READER, "Parquet", [str(path)], options, _FOOTER_BYTES, _FOOTER_CPU_S)
    said = look_of_child(orders, label)
    return Footer(said["rows"], tuple(SourceColumn(**one) for one in said["columns"]))
