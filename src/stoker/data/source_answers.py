"""What a source answered, held against what it promises: a place for each row, columns as seen."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from stoker.core.errors import OwnCodeError
from stoker.core.names import listed
from stoker.data.acquire import OWN_COLUMNS, SourceColumn

_PLACES = {"_source": pa.types.is_string, "_line": pa.types.is_integer}


def require_places(source: str, table: object) -> None:
    """Refuse rows that do not say which file and line they are.

    Args:
        source: Name of the source.
        table: What its `read_rows` gave.

    Raises:
        OwnCodeError: If it is no table, or lacks `_source` or `_line`.
    """
    if not isinstance(table, pa.Table):
        raise OwnCodeError(
            f"your step {source} gave a {type(table).__name__} from read_rows",
            expected="tables of pyarrow",
        )
    for name, is_right in _PLACES.items():
        kind = table[name].type if name in table.column_names else None
        if kind is None or not is_right(kind):
            found = f"lack the column {name}" if kind is None else f"have a {name} of type {kind}"
            raise OwnCodeError(
                f"rows of your step {source} {found}",
                expected="_source (string: the file, as reading.label says it) and _line (int64: "
                "line or record of that file, from 1)",
            )


def require_as_seen(source: str, seen: Sequence[SourceColumn] | None, schema: pa.Schema) -> None:
    """Refuse columns that the source did not see beforehand, or saw and did not read.

    Raises:
        OwnCodeError: Naming them.
    """
    if seen is None:
        return
    read = [name for name in schema.names if name not in OWN_COLUMNS]
    told = [one.name for one in seen if not one.left_out]
    missing = [name for name in told if name not in read]
    extra = [name for name in read if name not in told]
    if missing or extra:
        raise OwnCodeError(
            f"seen_columns of your step {source} "
            + f"names {listed(missing)}, which its rows lack" * bool(missing)
            + " and " * bool(missing and extra)
            + f"does not name {listed(extra)}, which they have" * bool(extra),
            expected="all columns of its rows; None where they cannot be seen without reading",
        )
