"""Titles above the header of a CSV file, told from its beginning.

A spreadsheet that is saved as CSV keeps what stands above its table: a name, a date, an empty line.
Such lines have fewer cells than the rest, or cells of which most are empty.  Nothing is passed over
in silence: what is found here is said with the option `header_row` that names the line below.

Cost: Python's reader over the first 100 records, half a millisecond.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

from stoker.core.errors import DataError, Place
from stoker.data.option_text import say_option

_LOOKED_AT = 100
_LOOKED_AT_BYTES = 64 << 10
_MOST_TITLES = 30
_MOSTLY = 0.8
_FEWEST = 3
_NUMBER = re.compile(r"[-+]?[\d.,]+")


class Titles(NamedTuple):
    """Where a header stands that is not in the first record."""

    line: int
    """Line of the first record, from 1."""
    named: int
    """Cells of it that hold something."""
    width: int
    """Columns of the table."""
    header_line: int
    """The first line that has a name for nearly all columns."""


def titles_above(text: str, delimiter: str, *, may_be_sparse: bool = False) -> Titles | None:
    r"""Where the header stands, if the first record is no header; None if it may be one.

    Args:
        text: The beginning of a file.
        delimiter: What stands between fields.
        may_be_sparse: Whether a first record of full width may have empty cells: it is a row, or
            its names are given elsewhere.

    >>> titles_above("Sales\n2024\n\nage,kept,town\n3,ja,A\n4,ja,B\n", ",")
    Titles(line=1, named=1, width=3, header_line=4)
    >>> titles_above("age,kept\n3,ja\n4,ja\n", ",")
    """
    records = [(line, cells) for line, cells in _records(text, delimiter) if any(cells)]
    width = usual_width(text, delimiter)
    if len(records) < _FEWEST or width < 2:
        return None
    line, first = records[0]
    named = sum(map(bool, first))
    is_alone = len(first) == 1 and width == 2
    if (2 * named >= width and not is_alone) or (may_be_sparse and len(first) == width):
        return None
    for at, (header_line, cells) in enumerate(records[1:_MOST_TITLES], 1):
        if _are_names(cells, width, with_numbers=not is_alone):
            fitting = sum(len(each) == width for _, each in records[at:])
            is_table = fitting >= max(2, _MOSTLY * len(records[at:]))
            return Titles(line, named, width, header_line) if is_table else None
    return None


def usual_width(text: str, delimiter: str) -> int:
    """How many fields most records have.

    Args:
        text: The beginning of a file.
        delimiter: What stands between fields.
    """
    sizes = Counter(len(cells) for _, cells in _records(text, delimiter) if any(cells))
    return max(sizes, key=lambda size: (sizes[size], size), default=0)


def refuse_titles(
    beginning: bytes, delimiter: str, label: str, *, line: int, may_be_sparse: bool
) -> None:
    """Refuse a text whose first record is a title.

    Args:
        beginning: UTF-8.
        delimiter: What stands between fields.
        label: Name of the file.
        line: Line on which the beginning stands, from 1.
        may_be_sparse: Whether a first record of full width may have empty cells.

    Raises:
        DataError: If it names less than half of the columns and a line below names them.
    """
    text = beginning[:_LOOKED_AT_BYTES].decode(errors="replace")
    found = titles_above(text, delimiter, may_be_sparse=may_be_sparse)
    if found is not None:
        raise DataError(
            f"line {line + found.line - 1} names {found.named} of {found.width} columns",
            expected="a header with a name for each column",
            fix=say_option("header_row", line + found.header_line - 1),
            place=Place(label, line + found.line - 1),
        )


def skip_lines(first: bytes, blocks: Iterator[bytes], label: str, *, line: int, to: int) -> bytes:
    """What stands from a line on, up to the end of a block.

    Args:
        first: A block of text.
        blocks: The further ones; those that are needed are taken.
        label: Name of the file.
        line: Line on which the first block begins, from 1.
        to: The first line that is wanted.

    Raises:
        DataError: If the text ends above it.
    """
    while line < to:
        _, newline, first = first.partition(b"\n")
        line += bool(newline)
        if not newline:
            first = next(blocks, b"")
        if not first:
            raise DataError(
                f"the file ends above line {to}",
                expected="names of columns there, as header_row says",
                place=Place(label),
            )
    return first


def _are_names(cells: list[str], width: int, *, with_numbers: bool) -> bool:
    """Whether cells name nearly all columns, each differently."""
    names = [cell for cell in cells if cell]
    if not with_numbers and any(map(_NUMBER.fullmatch, names)):
        return False
    is_full = len(cells) == width and len(names) >= _MOSTLY * width
    return is_full and len(set(names)) == len(names)


def _records(text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """The line on which each of the first records begins, and its cells."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    line = 1
    try:
        for cells in islice(reader, _LOOKED_AT):
            yield line, [cell.strip() for cell in cells]
            line = reader.line_num + 1
    except csv.Error:  # What follows is judged record by record when it is read.
        return
