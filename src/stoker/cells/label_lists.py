"""Cells that hold several labels: lists of Arrow, JSON lists, and texts with a mark between them.

Cost: about a microsecond a label.
"""

from __future__ import annotations

import json
from typing import Any, NamedTuple

import pyarrow as pa

from stoker.cells import BadCell
from stoker.cells.raw import cell_text, one_array


class LabelLists(NamedTuple):
    """The labels of some cells."""

    rows: list[tuple[str, ...] | None]
    """Labels of each cell, each once; None where the cell is empty."""
    bad: list[BadCell]
    """Cells that hold something else; they have no labels."""


def read_labels(column: pa.ChunkedArray | pa.Array, delimiter: str | None = None) -> LabelLists:
    """The labels of each cell.

    Args:
        column: Lists, or texts; a cell of another type is one label.
        delimiter: What stands between labels of a text; None: a text is a JSON list, or one label.

    >>> read_labels(pa.array(["b; a;b", "", ";"]), ";").rows
    [('b', 'a'), None, ()]
    >>> read_labels(pa.array(['["a", 2]', "[]", "a;b", "[1]]"])).bad[0].reason
    'is no JSON list of labels'
    """
    found = LabelLists([], [])
    cells = one_array(column)
    for index, cell in enumerate(cells.to_pylist()):
        try:
            found.rows.append(_labels_of(cell, delimiter))
        except ValueError as error:
            found.rows.append(())
            found.bad.append(BadCell(index, cell_text(cells, index), str(error)))
    return found


def _labels_of(cell: Any, delimiter: str | None) -> tuple[str, ...] | None:
    """The labels of one cell.

    Raises:
        ValueError: If it is no list of labels.
    """
    if isinstance(cell, str):
        cell = cell.strip()
        if cell.startswith("[") and cell.endswith("]"):
            cell = _from_json(cell)
        elif cell and delimiter is not None:
            cell = cell.split(delimiter)
    if cell is None or cell == "":
        return None
    labels = [_label(one) for one in (cell if isinstance(cell, list) else [cell])]
    return tuple(dict.fromkeys(label for label in labels if label))


def _from_json(text: str) -> list[Any]:
    try:
        return json.loads(text)
    except ValueError:
        raise ValueError("is no JSON list of labels") from None


def _label(value: object) -> str:
    """One label as text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | float):
        return str(value).strip()
    raise ValueError("is a list that holds something else than labels (text or numbers)")
