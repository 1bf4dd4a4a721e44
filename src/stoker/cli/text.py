"""Plain tables and guesses for a terminal or a pipe.

Chinese, Japanese and Korean characters take two cells, so widths are counted in cells.  No rich
here: these few lines cost nothing to import and their output can be cut and grepped.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any

from stoker.core.words import size


def cell_width(text: str) -> int:
    """How many terminal cells a text takes.

    >>> cell_width("abc"), cell_width("数字"), cell_width("é")
    (3, 4, 1)
    """
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1
        for c in text
    )


def table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Columns padded to their widest cell, numbers to the right.

    >>> print(table(["name", "rows"], [["训练", 12], ["test", None]]))
    name  rows
    训练    12
    test     -
    """
    lines = [list(header), *[[show(cell) for cell in row] for row in rows]]
    columns = list(zip(*lines, strict=True))
    widths = [max(map(cell_width, column)) for column in columns]
    numeric = [all(is_number(cell) for cell in column[1:]) for column in columns]
    return "\n".join(
        "  ".join(
            pad(cell, width, right)
            for cell, width, right in zip(line, widths, numeric, strict=True)
        ).rstrip()
        for line in lines
    )


def pad(text: str, width: int, right: bool) -> str:
    """The text in a field of `width` cells."""
    space = " " * (width - cell_width(text))
    return space + text if right else text + space


def is_number(text: str) -> bool:
    """Whether a shown cell is a quantity, which stands to the right."""
    return text == "-" or text.removeprefix("about ")[:1].isdigit()


def show(cell: object) -> str:
    """A cell as text: nothing is a dash, large whole numbers get commas."""
    if cell is None:
        return "-"
    if isinstance(cell, int) and not isinstance(cell, bool):
        return f"{cell:,}"
    if isinstance(cell, float):
        return f"{cell:.4g}"
    return str(cell)


def rough_size(num_bytes: float) -> str:
    """A size that was guessed.

    >>> rough_size(304_950_048)
    '300 MB'
    """
    return size(float(f"{num_bytes:.2g}"))


def about(text: str) -> str:
    """A number that was guessed, marked as such.

    >>> about("198,000")
    'about 198,000'
    """
    return f"about {text}"


def interval(metric: dict[str, Any]) -> str:
    """A metric with its 95 % interval.

    >>> interval({"value": 0.99234, "low": 0.9905, "high": 0.9941})
    '0.9923 (95 % interval 0.9905 to 0.9941)'
    """
    text = f"{metric['value']:.4g}"
    if metric.get("low") is None or metric.get("high") is None:
        return text
    return f"{text} (95 % interval {metric['low']:.4g} to {metric['high']:.4g})"


def json_text(value: object) -> str:
    """One line of JSON; Chinese stays readable, paths become strings."""
    return json.dumps(value, ensure_ascii=False, default=str)
