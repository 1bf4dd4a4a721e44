"""Read one sheet of an Excel workbook; run in a child process, `_table_worker`.

Cells keep the types of the sheet.  A column whose cells are all of one kind has its type: whole
numbers stay whole (a spreadsheet keeps every number as a decimal), dates are dates, and dates with
times are timestamps.  A column of several kinds is text, each cell written as itself, as if the
sheet had been saved as CSV.  Cells with an error (`#N/A`) and formulas that were never computed are
empty.

A workbook is a ZIP archive: what its members say that they unpack to is added up before it is
opened, and a cap on memory holds if they lie.

Cost: the whole sheet in memory, about 32 bytes a cell; two passes over it, a microsecond a cell.

Source: ECMA-376 part 1, https://ecma-international.org/publications-and-standards/standards/ecma-376/
"""

from __future__ import annotations

import json
import zipfile
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
from python_calamine import (
    CalamineError,
    CalamineSheet,
    CalamineWorkbook,
    PasswordError,
    SheetTypeEnum,
    SheetVisibleEnum,
)

from stoker.core.errors import DataError, Place
from stoker.data.acquire._columns import name_problem, with_names
from stoker.data.acquire._xlsx_formulas import without_result
from stoker.data.acquire._xlsx_keys import FORMULAS, HEADER, MERGED, MIXED, SPELLED
from stoker.data.option_text import say_option

ERRORS = (CalamineError,)
_ROWS = 4_096
_TITLE_ROWS = 30
"""Rows in which names of columns are looked for, where the first has none."""
_RATIO = 300
_RATIO_FROM_BYTES = 256 << 20
_MOST_BYTES = 4 << 30
_LARGEST_EXACT = 2**53
_OLD_MAGIC = b"\xd0\xcf\x11\xe0"
_LOCKED = "EncryptedPackage".encode("utf-16-le")
_KINDS: dict[type, str] = {
    bool: "truth value",
    int: "number",
    float: "number",
    str: "text",
    datetime: "moment",
    date: "day",
    time: "time of day",
    timedelta: "duration",
}
_TYPES = {
    "truth value": pa.bool_(),
    "day": pa.date32(),
    "moment": pa.timestamp("us"),
    "time of day": pa.time64("us"),
    "duration": pa.duration("us"),
    "text": pa.string(),
}


class _Sheet(NamedTuple):
    """A sheet with its header taken."""

    sheet: CalamineSheet
    header: list[str]
    first_row: int
    """Rows of the sheet before the first record."""
    missing: frozenset[str]
    """Texts that mean a missing value, in lower case."""


def look(
    path: Path, *, sheet: str | None, header_row: int, missing: Sequence[str]
) -> dict[str, Any]:
    """The columns of the sheet and their types, from all its cells."""
    found = _open(path, sheet, header_row, missing)
    types = [str(kind.type) for kind in _column_types(found)]
    return {"columns": dict(zip(with_names(found.header), types, strict=True))}


def read_file(
    path: Path, *, sheet: str | None, header_row: int, missing: Sequence[str]
) -> Iterator[pa.Table]:
    """The rows that are not empty, some thousands at a time, with `_line`, their row of the sheet.

    Args:
        path: A workbook.
        sheet: Name of a sheet; None: the only one that there is.
        header_row: Row in which the names stand, from 1.
        missing: Texts that mean a missing value.

    Raises:
        DataError: If there is no such sheet, none, or several, or the header will not do.
        CalamineError: If the file is damaged.
    """
    found = _open(path, sheet, header_row, missing)
    names, types = with_names(found.header), _column_types(found)
    mixed = [name for name, kind in zip(names, types, strict=True) if kind.is_mixed]
    said = {
        HEADER: json.dumps(found.header),
        MIXED: json.dumps(mixed),
        MERGED: json.dumps(_num_merged(found)),
        FORMULAS: json.dumps(_formulas(path, found, names)),
        SPELLED: json.dumps({n: k.spelled for n, k in zip(names, types, strict=True) if k.spelled}),
    }
    fields = [pa.field("_line", pa.int64())]
    fields += [pa.field(name, kind.type) for name, kind in zip(names, types, strict=True)]
    schema = pa.schema(fields, metadata=said)
    rows = _records(found)
    while some := list(islice(rows, _ROWS)):
        lines, records = zip(*some, strict=True)
        cells = zip(*records, strict=True)
        columns = [kind.column(column) for kind, column in zip(types, cells, strict=True)]
        yield pa.table([pa.array(lines, pa.int64()), *columns], schema)


def explained(error: Exception, path: Path) -> DataError | None:
    """What is the matter with a file that is no workbook of today."""
    with path.open("rb") as file:
        head = file.read(1 << 20)
    locked = isinstance(error, PasswordError) or (head.startswith(_OLD_MAGIC) and _LOCKED in head)
    if locked:
        return DataError(
            "is protected by a password",
            expected="a workbook that opens without one",
            fix="save it without a password: File, Info, Protect Workbook",
        )
    if head.startswith(_OLD_MAGIC):
        return DataError(
            "is a workbook in the form of Excel 97 to 2003",
            expected="an .xlsx file",
            fix="open it and save it as .xlsx",
        )
    return None


def _open(path: Path, sheet: str | None, header_row: int, missing: Sequence[str]) -> _Sheet:
    _refuse_bomb(path)
    workbook = CalamineWorkbook.from_path(str(path))
    found = workbook.get_sheet_by_name(_chosen(workbook, sheet))
    if not found.height:
        raise DataError(f"sheet {found.name!r} is empty", expected="a header and rows")
    cells = next(islice(found.iter_rows(), header_row - 1, None), None)
    if cells is None:
        raise DataError(
            f"sheet {found.name!r} ends in row {(found.end or (0, 0))[0] + 1}",
            expected=f"names of columns in row {header_row}, as header_row says",
        )
    header = [_text(cell).strip() for cell in cells]
    _check_header(header, found, header_row)
    return _Sheet(found, header, header_row, frozenset(text.strip().lower() for text in missing))


def _refuse_bomb(path: Path) -> None:
    packed = path.stat().st_size
    try:
        with zipfile.ZipFile(path) as archive:
            total = sum(member.file_size for member in archive.infolist())
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return  # the reader says what is wrong
    if total > min(max(_RATIO_FROM_BYTES, _RATIO * packed), _MOST_BYTES):
        raise DataError(
            f"unpacks to {total:,} bytes from {packed:,}",
            expected=f"a workbook of ratio {_RATIO} or less",
            fix="if you trust it, save the sheet as CSV",
        )


def _chosen(workbook: CalamineWorkbook, sheet: str | None) -> str:
    """The sheet that is asked for, or the only visible one that is not empty."""
    names = [one.name for one in workbook.sheets_metadata if one.typ == SheetTypeEnum.WorkSheet]
    if sheet is not None:
        if sheet in names:
            return sheet
        raise DataError(f"there is no sheet {sheet!r}", expected=f"one of {_listed(names)}")
    shown = [
        one.name
        for one in workbook.sheets_metadata
        if one.name in names and one.visible == SheetVisibleEnum.Visible
    ]
    filled = [name for name in shown if workbook.get_sheet_by_name(name).height]
    if len(filled) == 1:
        return filled[0]
    if not filled:
        raise DataError(
            f"all of its sheets are empty: {_listed(names)}", expected="a header and rows"
        )
    raise DataError(
        f"has {len(filled)} sheets: {_listed(filled)}",
        expected="the option `sheet`, which says which one to read",
        fix=say_option("sheet", max(filled, key=lambda name: _extent(workbook, name))),
    )


def _extent(workbook: CalamineWorkbook, name: str) -> tuple[bool, int]:
    """How much like a table a sheet is: covers and notes are of one column, or small."""
    sheet = workbook.get_sheet_by_name(name)
    return sheet.width > 1, sheet.height * sheet.width


def _listed(names: Sequence[str]) -> str:
    return ", ".join(map(repr, names[:20])) + (", ..." if len(names) > 20 else "")


def _check_header(header: list[str], sheet: CalamineSheet, header_row: int) -> None:
    row = header_row - 1
    for (top, left), (bottom, right) in sheet.merged_cell_ranges or ():
        if top <= row <= bottom and right > left:
            raise DataError(
                f"the header in row {header_row} has merged cells",
                expected="a cell with a name for each column",
                fix=f"unmerge them, or name a row below: {say_option('header_row', bottom + 2)}",
                place=Place(line=header_row),
            )
    named = sum(map(bool, header))
    if 2 * named < len(header):
        raise DataError(
            f"row {header_row} names {named} of {len(header)} columns",
            expected="a header with a name for each column",
            fix=say_option("header_row", _fuller_row(sheet, header_row) or "N"),
            place=Place(line=header_row),
        )
    problem = name_problem(with_names(header))
    if problem:
        raise DataError(
            problem,
            expected="one name for each column",
            fix="rename them in the workbook, so that each has a name of its own",
            place=Place(line=header_row),
        )


def _fuller_row(sheet: CalamineSheet, header_row: int) -> int | None:
    """The first row below a title that names nearly all columns with different texts."""
    for line, cells in enumerate(islice(sheet.iter_rows(), _TITLE_ROWS), 1):
        names = [cell.strip() for cell in cells if isinstance(cell, str) and cell.strip()]
        if line > header_row and len(names) >= 0.8 * len(cells) and len(set(names)) == len(names):
            return line
    return None


def _records(found: _Sheet) -> Iterator[tuple[int, list[object]]]:
    """Row of the sheet, from 1, and cells of each row that is not empty; empty cells are None."""
    rows = islice(found.sheet.iter_rows(), found.first_row, None)
    for line, row in enumerate(rows, found.first_row + 1):
        cells: list[object] = [None if cell == "" else cell for cell in row]
        if any(cell is not None for cell in cells):
            yield line, cells


class _ColumnType:
    """What the cells of a column are, and how they become one type."""

    def __init__(self, missing: frozenset[str]) -> None:
        self._missing = missing
        self._kinds: set[str] = set()
        self._is_whole = True
        self.spelled: Counter[str] = Counter()
        """Texts that are missing by their spelling."""

    def see(self, cell: object) -> None:
        """Take one cell that is not empty."""
        if self._says_missing(cell):
            self.spelled[str(cell).strip()] += 1
            return
        kind = _KINDS[type(cell)]
        self._kinds.add(kind)
        if kind == "number" and self._is_whole:
            self._is_whole = _is_whole(cell)

    @property
    def is_mixed(self) -> bool:
        """Whether there are cells of several kinds; days and moments are of one."""
        return len(self._kinds) > 1 and self._kinds != {"day", "moment"}

    @property
    def type(self) -> pa.DataType:
        """The type that holds every cell."""
        if self.is_mixed or not self._kinds:
            return pa.string()
        kind = max(self._kinds)  # "moment" of days and moments
        if kind == "number":
            return pa.int64() if self._is_whole else pa.float64()
        return _TYPES[kind]

    def column(self, cells: Sequence[object]) -> pa.Array:
        """The cells in this type, missing ones null."""
        kind = self.type
        convert = _CONVERTERS.get(kind, _as_it_is)
        known = [None if cell is None or self._says_missing(cell) else cell for cell in cells]
        return pa.array([None if cell is None else convert(cell) for cell in known], kind)

    def _says_missing(self, cell: object) -> bool:
        return isinstance(cell, str) and cell.strip().lower() in self._missing


def _column_types(found: _Sheet) -> list[_ColumnType]:
    types = [_ColumnType(found.missing) for _ in found.header]
    for _, cells in _records(found):
        for kind, cell in zip(types, cells, strict=True):
            if cell is not None:
                kind.see(cell)
    return types


def _is_whole(number: Any) -> bool:
    return float(number).is_integer() and abs(number) <= _LARGEST_EXACT


def _text(cell: object) -> str:
    """A cell as a text; whole numbers without a point.

    >>> _text(3.0), _text(True), _text(datetime(2024, 2, 29, 8, 30))
    ('3', 'TRUE', '2024-02-29 08:30:00')
    """
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return str(cell).upper()
    if isinstance(cell, float) and _is_whole(cell):
        return str(int(cell))
    return str(cell)


def _as_it_is(cell: Any) -> Any:
    return cell


def _moment(cell: Any) -> datetime:
    return cell if isinstance(cell, datetime) else datetime.combine(cell, time())


_CONVERTERS: dict[pa.DataType, Any] = {
    pa.string(): _text,
    pa.int64(): int,
    pa.float64(): float,
    pa.timestamp("us"): _moment,
}


def _formulas(path: Path, found: _Sheet, names: Sequence[str]) -> dict[str, int]:
    """Formulas without a result by name of their column."""
    left = (found.sheet.start or (0, 0))[1]
    counts = without_result(path, found.sheet.name, found.first_row)
    return {names[at - left]: n for at, n in sorted(counts.items()) if 0 <= at - left < len(names)}


def _num_merged(found: _Sheet) -> int:
    ranges = found.sheet.merged_cell_ranges or ()
    return sum(bottom >= found.first_row for _, (bottom, _right) in ranges)
