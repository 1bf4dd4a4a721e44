"""Records of `stoker.data.rejects` for many rows at once."""

from __future__ import annotations

import pyarrow as pa

from stoker.data.rejects import SCHEMA, shorten


def reject_rows(
    rows: pa.Table,
    *,
    step: str,
    reason: str | pa.Array,
    column: str | None = None,
    found: pa.Array | None = None,
) -> pa.Table:
    """One record for each of the rows.

    Args:
        rows: A table with `_row`, `_source` and `_line`.
        step: Recipe key of the step that judged them.
        reason: Why they go; one text, or one a row.
        column: Column at fault, if one is.
        found: What stood there, one text a row; long ones are shortened.
    """
    size = rows.num_rows
    texts = [None] * size if found is None else found.to_pylist()
    shown = [None if text is None else shorten(text) for text in texts]
    reasons = pa.repeat(reason, size) if isinstance(reason, str) else reason
    return pa.table(
        {
            "_row": rows["_row"],
            "source": rows["_source"],
            "line": rows["_line"],
            "column": pa.repeat(pa.scalar(column, pa.string()), size),
            "found": pa.array(shown, pa.string()),
            "reason": reasons,
            "step": pa.repeat(step, size),
        }
    ).cast(SCHEMA)
