"""Small HTML tables for notebooks, from plain values.

Values of data stand in them, so every cell is escaped, and nothing is styled: a notebook has its
own rules for tables.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape


def html_table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table with a header; None is an empty cell, fractions keep four digits.

    >>> html_table(["label", "share"], [["<b>", 0.123456], [None, 1]])
    '<table><tr><th>label<th>share</tr><tr><td>&lt;b&gt;<td>0.1235</tr><tr><td><td>1</tr></table>'
    """
    head = "".join(f"<th>{escape(name)}" for name in header)
    body = "".join(
        f"<tr>{''.join(f'<td>{escape(_shown(cell))}' for cell in row)}</tr>" for row in rows
    )
    return f"<table><tr>{head}</tr>{body}</table>"


def _shown(cell: object) -> str:
    if cell is None:
        return ""
    return f"{cell:.4g}" if isinstance(cell, float) else str(cell)
