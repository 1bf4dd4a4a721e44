"""Read a sheet of an Excel workbook.

The first row names the columns, `header_row` names another one.  Cells keep their types: whole
numbers, decimals, truth values, days, moments, times, text; a column of several kinds is read as
text and told.  The usual spellings of a missing value (`NA`, `null`, `?`, `未知`) are missing here
as they are in CSV, and so is the apostrophe taken off that guards a formula there.  Rows without
any cell are no records.

The workbook is parsed in a child process, for it may come from a stranger.

Cost: the sheet in memory in the child, 7 microseconds a cell: 100,000 rows of 10 columns take some
7 s of CPU.  Needs the extra `excel`.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import pyarrow as pa
from pydantic import BeforeValidator, Field

from stoker.cells.formula_guard import unguarded
from stoker.cells.missing_words import MissingTexts
from stoker.cells.raw import MISSING_TEXTS, is_text
from stoker.core.errors import MissingExtraError
from stoker.core.events import counted, message, warning
from stoker.data.acquire import Source, SourceColumn
from stoker.data.acquire._columns import ROW_NAME, tell_names
from stoker.data.acquire._files import Paths, as_paths, find_files, find_parts
from stoker.data.acquire._row_numbers import RowNumbers
from stoker.data.acquire._spelled import tell_spelled
from stoker.data.acquire._table_child import look_of_child, tables_of_child
from stoker.data.acquire._table_worker import Orders
from stoker.data.acquire._xlsx_keys import FORMULAS, HEADER, MERGED, MIXED, SPELLED
from stoker.data.fingerprint import path_label
from stoker.data.partitions import key_types, tell_lost, with_keys
from stoker.data.text_cells import TextCells

if TYPE_CHECKING:
    from stoker.data.reading import Reading

_READER = "stoker.data.acquire._xlsx_read"
_MEMORY_BYTES = 6 << 30
_CPU_S = 300.0
_SHOWN = 20


def _sheet_name(given: object) -> object:
    """A sheet that is called 2024 need not be quoted."""
    return str(given) if type(given) is int else given


class Xlsx(Source):
    """Rows of a sheet of Excel workbooks that have the same columns."""

    endings: ClassVar[tuple[str, ...]] = (".xlsx", ".xlsm")

    path: Paths
    """A file, a folder or a pattern with `*`; or several."""
    sheet: Annotated[str | None, BeforeValidator(_sheet_name)] = None
    """Name of the sheet; absent: the only visible one that is not empty."""
    header_row: Annotated[int, Field(ge=1, le=1_048_576)] = 1
    """Row of the sheet in which the names of the columns stand, from 1; rows above are passed
    over."""
    missing: MissingTexts = MISSING_TEXTS
    """Texts that mean "not known" in any column, whatever their case and the blanks around them:
    `{also: ["无"]}` are these and the usual ones; a list replaces the usual ones."""

    def paths(self) -> tuple[str, ...]:
        """The paths as written."""
        return as_paths(self.path)

    def text_cells(self) -> TextCells:
        """As the options say."""
        return TextCells(missing=self.missing)

    def verbatim(self) -> Xlsx:
        """Without texts that mean "not known"."""
        return self.model_copy(update={"missing": ()})

    def read_options(self) -> dict[str, Any]:
        """Sheet and row of the header."""
        said = self.model_dump(mode="json", exclude_defaults=True)
        return {key: said[key] for key in ("sheet", "header_row") if key in said}

    def python_code(self, path: str, num_columns: int) -> str:
        """A call of pandas."""
        said: dict[str, Any] = {} if self.sheet is None else {"sheet_name": self.sheet}
        said |= {"header": self.header_row - 1} if self.header_row > 1 else {}
        options = "".join(f", {name}={value!r}" for name, value in said.items())
        return f'pandas.read_excel({f"{path}.xlsx"!r}, engine="calamine"{options})'

    def files(self, project: Path, cache: Path) -> list[Path]:
        """The workbooks.

        Raises:
            MissingExtraError: If the library that reads them is not installed.
        """
        if find_spec("python_calamine") is None:
            raise MissingExtraError("python-calamine", extra="excel", needed_for="source xlsx")
        return find_files(self.path, project, self.endings)

    def seen_columns(self, project: Path, cache: Path) -> tuple[SourceColumn, ...]:
        """Those of the sheet of the first file, which is read for it."""
        self.files(project, cache)
        parts = find_parts(self.path, project, self.endings)
        label = path_label(parts[0].path, project, cache)
        said = look_of_child(self._orders([parts[0].path]), label)["columns"]
        keys = {key: str(kind) for key, kind in key_types(parts).items() if key in parts[0].keys}
        return tuple(SourceColumn(name, type=kind) for name, kind in (keys | said).items())

    def read_rows(self, reading: Reading) -> Iterator[pa.Table]:
        """One row a row of the sheet; `_line` is its number there.

        Raises:
            DataError: If a file is damaged or protected, the sheet is not known, or its header will
                not do.
        """
        self.files(reading.project, reading.cache)
        parts = find_parts(self.path, reading.project, self.endings)
        tell_lost(parts)
        labels = [reading.label(part.path) for part in parts]
        types, numbers = key_types(parts), RowNumbers()
        spelled: dict[str, Counter[str]] = {}
        begun = -1
        for number, table in tables_of_child(self._orders([p.path for p in parts]), labels):
            header = json.loads(table.schema.metadata[HEADER])
            if number != begun:
                numbers.begin_file()
                _tell(table.schema, labels[number], first=begun < 0)
                for name, counts in json.loads(table.schema.metadata[SPELLED]).items():
                    spelled.setdefault(name, Counter()).update(counts)
                begun = number
            if not header[0]:
                numbers.see(table[ROW_NAME].cast(pa.string()))
            yield with_keys(_placed(table, labels[number]), parts[number], types)
        if numbers.are_all:
            reading.row_numbers.append(ROW_NAME)
        if "missing" not in self.model_fields_set:
            tell_spelled(spelled, "xlsx")

    def _orders(self, paths: Sequence[Path]) -> Orders:
        options = {
            "sheet": self.sheet,
            "header_row": self.header_row,
            "missing": list(self.missing),
        }
        return Orders(_READER, "Excel", list(map(str, paths)), options, _MEMORY_BYTES, _CPU_S)


def _placed(table: pa.Table, label: str) -> pa.Table:
    """The rows with the file that they come from."""
    read = (unguarded(column) if is_text(column.type) else column for column in table.columns)
    columns = dict(zip(table.column_names, read, strict=True))
    return pa.table({"_source": pa.repeat(label, table.num_rows), **columns})


def _tell(schema: pa.Schema, label: str, *, first: bool) -> None:
    """Say what was read otherwise than it stands there."""
    said = schema.metadata
    if first:
        tell_names(json.loads(said[HEADER]), label)
    mixed, merged = json.loads(said[MIXED]), json.loads(said[MERGED])
    formulas = [f"{count:,} in {name!r}" for name, count in json.loads(said[FORMULAS]).items()]
    if formulas:
        shown = ", ".join(formulas[:_SHOWN]) + (", ..." if len(formulas) > _SHOWN else "")
        warning(
            f"{label}: formulas without a result are read as empty cells ({shown}); open the "
            "workbook in a spreadsheet and save it, and it keeps the results"
        )
    if mixed:
        shown = ", ".join(map(repr, mixed[:_SHOWN])) + (", ..." if len(mixed) > _SHOWN else "")
        message(f"{label}: columns with cells of several kinds are read as text: {shown}")
    if merged:
        cells = counted(merged, "groups")
        warning(f"{label}: {cells} of merged cells; only the first cell of each has a value")
