"""When are two rows the same: a 128-bit key of their content, computed by Daft.

Each cell is hashed to 64 bits, and the hashes of a row are hashed again, twice with different
seeds, so that two different rows among ten million meet with a chance of about 1e-25.  A null gets
a hash of its own: Daft alone would take it for an empty text, and text hashed across columns would
let "ab", "c" pass for "a", "bc".

Equal numbers are equal: 0.0 and -0.0 have other bits and one key, and NaN is missing as null is,
because both are missing to every feature.

Cost: about 20 ns a cell, streamed; works the same on Ray.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stoker.engine import load_daft, to_arrow

if TYPE_CHECKING:
    from stoker.engine import Frame

_SEEDS = (0x5354_4F4B, 0x4552_2121)
_NULL = 0x9E37_79B9_7F4A_7C15


def content_columns(names: Sequence[str], media: Sequence[str]) -> list[str]:
    """Columns that make the content of a row: the media if there are any, else all raw columns.

    >>> content_columns(["_row", "_source", "a", "b"], [])
    ['a', 'b']
    >>> content_columns(["_row", "_source", "image", "label"], ["image"])
    ['image']
    """
    return list(media) or [name for name in names if not name.startswith("_")]


def with_keys(rows: Frame, columns: Sequence[str], also: Sequence[str]) -> pa.Table:
    """Columns of a frame with the key of each row's content, sorted by `_row`.

    Args:
        rows: A frame with `_row`.
        columns: Columns that make the content.
        also: Other columns to keep.

    Returns:
        A table of `_row`, the columns of `also`, and `_key_0` and `_key_1` (uint64).
    """
    kinds = {field.name: field.dtype for field in rows.schema()}
    keys = [_key(columns, kinds, seed).alias(f"_key_{i}") for i, seed in enumerate(_SEEDS)]
    kept = [name for name in dict.fromkeys(also) if name != "_row"]
    return to_arrow(rows.select("_row", *kept, *keys).sort("_row"))


def content_number_N(keyed: pa.Table) -> np.ndarray:
    """The content of each row as a number from 0, int64; equal content, equal number."""
    key_N = np.empty(keyed.num_rows, np.dtype([("a", np.uint64), ("b", np.uint64)]))
    key_N["a"] = keyed["_key_0"].to_numpy()
    key_N["b"] = keyed["_key_1"].to_numpy()
    order = np.lexsort((key_N["b"], key_N["a"]))
    sorted_N = key_N[order]
    is_new = np.ones(len(order), np.int64)
    is_new[1:] = sorted_N[1:] != sorted_N[:-1]
    number_N = np.empty(len(order), np.int64)
    number_N[order] = is_new.cumsum() - 1
    return number_N


def comparable(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """The cells so that equal ones have equal bits: no -0.0, and null for NaN.

    >>> comparable(pa.chunked_array([[-0.0, float("nan"), None, 1.5]])).to_pylist()
    [0.0, None, None, 1.5]
    """
    if not pa.types.is_floating(column.type):
        return column
    wide = pc.add(pc.cast(column, pa.float64()), 0.0)
    return pc.if_else(pc.is_nan(wide), pa.scalar(None, pa.float64()), wide)


def _is_float(kind: Any) -> bool:
    return pa.types.is_floating(kind.to_arrow_dtype())


def _key(columns: Sequence[str], kinds: Mapping[str, Any], seed: int) -> Any:
    """The hash of some columns as a Daft expression."""
    daft = load_daft()
    functions, whole = daft.functions, daft.DataType.uint64()
    null = daft.lit(_NULL).cast(whole)
    cells = []
    for name in columns:
        cell, missing = daft.col(name), daft.col(name).is_null()
        if _is_float(kinds[name]):
            missing = missing | functions.is_nan(cell)
            # To Daft 0.7 `x + 0.0` is x, sign and all, and 0.0 == -0.0 is false.
            zero = daft.lit(0.0).cast(kinds[name])
            cell = functions.when(functions.abs(cell) == zero, zero).otherwise(cell)
        hashed = functions.hash(cell, seed=daft.lit(seed))
        cells.append(functions.when(missing, null).otherwise(hashed))
    return functions.hash(*cells, seed=daft.lit(seed).cast(whole))
