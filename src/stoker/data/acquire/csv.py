"""Read CSV: every value stays the text that was written.

Nothing is guessed: `007`, `1e400` and dates stay text, and the feature of a column turns text into
numbers later, where a value that is none can be named.  The usual spellings of a missing value
(`NA`, `null`, `?`, `未知`) become one in every column, the target too, and each column in which
that happened is named; a recipe that lists `missing` itself is not second-guessed.

A nameless first column is called `row_name`, which no other one may be: pandas writes its index
there and R its row names.  Where it only numbers the rows, that is noted and told.  A first line
`sep=;` is a spreadsheet's mark and says the delimiter.  A file whose header is that of the first
one but for the delimiter is read with its own, and told.  Titles above the header are refused with
the `header_row` to write.  The apostrophe that `predict` and others set before what a spreadsheet
would run as a formula (`'=1+1`) is taken off.

Records with too few or too many fields, an unclosed quote, a NUL byte, broken UTF-8 or a field of
more than 1 MiB become rejects with their line; a wrong encoding, a doubled column name or a damaged
gzip file stop the reading.

Cost: numpy finds the records and Arrow's reader takes them apart: 300,000 rows of 42 columns
(156 MB) are a dataset after 2.8 CPU seconds, in 350 MB of memory.

Source: RFC 4180, https://www.rfc-editor.org/rfc/rfc4180
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, NamedTuple

import pyarrow as pa
from pyarrow import csv as arrow_csv
from pydantic import AfterValidator, Field, StringConstraints

from stoker.cells.formula_guard import unguarded
from stoker.cells.missing_words import MissingTexts
from stoker.cells.raw import MISSING_TEXTS
from stoker.core.errors import DataError, Place
from stoker.core.events import message
from stoker.data.acquire import OWN_COLUMNS, Source, SourceColumn
from stoker.data.acquire._columns import (
    ROW_NAME,
    free_name,
    name_problem,
    tell_names,
    with_names,
)
from stoker.data.acquire._csv_form import (
    DELIMITERS,
    CsvForm,
    check_single,
    csv_form,
    delimiter_like,
)
from stoker.data.acquire._csv_records import BadRecord, Piece, Records
from stoker.data.acquire._csv_titles import refuse_titles, skip_lines
from stoker.data.acquire._files import Paths, as_paths, find_files, find_parts
from stoker.data.acquire._row_numbers import RowNumbers
from stoker.data.acquire._sampled import FileRows, sampled, text_rows
from stoker.data.acquire._spelled import count_spelled, tell_spelled
from stoker.data.acquire._text import TOLD_ENCODINGS, check_encoding, utf8_blocks
from stoker.data.extent import SourceExtent
from stoker.data.fingerprint import path_label
from stoker.data.option_text import say_option
from stoker.data.partitions import Part, tell_lost, with_keys
from stoker.data.text_cells import TextCells

if TYPE_CHECKING:
    from stoker.data.reading import Reading

_SPREADSHEET_MARK = re.compile(rb'"?sep=([!#-~\t ])"?\r?(\n|\Z)')
"""First line by which spreadsheets are told the delimiter."""
_MOST_NAMES = 40
_READ_BY = ("delimiter", "encoding", "header", "header_row", "names", "strip")
"""Options that say how such a file is read; what is missing, a bundle knows."""


class Csv(Source):
    """Rows of text files with a delimiter, plain or gzip."""

    endings: ClassVar[tuple[str, ...]] = (".csv", ".tsv", ".txt", ".csv.gz", ".tsv.gz", ".txt.gz")

    path: Paths
    """A file, a folder or a pattern with `*`; or several."""
    delimiter: Annotated[str, StringConstraints(pattern=r"^[!#-~\t ]$")] = ","
    """What stands between fields, one ASCII character; `"\\t"` for a tab."""
    encoding: Annotated[str, AfterValidator(check_encoding)] = "utf-8"
    """How the text is encoded, such as `gb18030` or `latin-1`; UTF-16 with a mark is recognised."""
    header: bool = True
    """Whether the first record holds the names of the columns."""
    header_row: Annotated[int, Field(ge=1, le=1_048_576)] = 1
    """Line of the file in which the names of the columns stand, from 1; lines above are passed
    over.  Without a header it is the line of the first record."""
    names: tuple[str, ...] | None = None
    """Names of the columns; absent: those of the header, or c1, c2, ... if there is none."""
    missing: MissingTexts = MISSING_TEXTS
    """Texts that mean "not known" in any column, whatever their case and the blanks around them:
    `{also: ["无"]}` are these and the usual ones; a list replaces the usual ones, and `[""]` takes
    only empty cells for missing."""
    strip: bool = False
    """Whether blanks and tabs around a value are dropped."""

    def paths(self) -> tuple[str, ...]:
        """The paths as written."""
        return as_paths(self.path)

    def text_cells(self) -> TextCells:
        """As the options say."""
        return TextCells(missing=self.missing, strip=self.strip)

    def usual_decimal(self) -> str:
        """A comma for files with `;`, which spreadsheets write where the comma is taken."""
        return "," if self.delimiter == ";" else ""

    def verbatim(self) -> Csv:
        """Without texts that mean "not known"."""
        return self.model_copy(update={"missing": ()})

    @classmethod
    def told_options(cls, path: Path, given: Mapping[str, Any]) -> dict[str, Any]:
        """Delimiter and encoding, where they are not the usual ones.

        Raises:
            DataError: If it is plainly not UTF-8 and nothing tells what else.
        """
        if given.keys() >= {"delimiter", "encoding"}:
            return {}
        row = given.get("header_row", 1)
        form = csv_form(path, encoding=given.get("encoding"), header_row=row)
        usual = asdict(CsvForm())
        return {k: v for k, v in asdict(form).items() if k not in given and v != usual[k]}

    def read_options(self) -> dict[str, Any]:
        """Without a delimiter and an encoding that are told from any file.

        >>> Csv(path="a.csv", delimiter=";", encoding="koi8-r", header=False).read_options()
        {'encoding': 'koi8-r', 'header': False}
        """
        said = self.model_dump(mode="json", exclude_defaults=True)
        told = {"delimiter": DELIMITERS, "encoding": TOLD_ENCODINGS}
        named = [key for key in _READ_BY if key in said]
        return {key: said[key] for key in named if said[key] not in told.get(key, ())}

    def python_code(self, path: str, num_columns: int) -> str:
        """A call of pandas that leaves every cell the text that it is.

        >>> Csv(path="a.csv", delimiter=";", header_row=3).python_code("rows", 2)
        "pandas.read_csv('rows.csv', dtype=str, keep_default_na=False, sep=';', skiprows=2)"
        """
        said: dict[str, Any] = {"sep": self.delimiter} if self.delimiter != "," else {}
        said |= {"encoding": self.encoding} if self.encoding != "utf-8" else {}
        said |= {"skiprows": self.header_row - 1} if self.header_row > 1 else {}
        if self.names is not None or not self.header:
            numbered = [f"c{number}" for number in range(1, num_columns + 1)]
            said |= {"names": list(self.names or numbered), "header": 0 if self.header else None}
        options = "".join(f", {name}={value!r}" for name, value in said.items())
        return f"pandas.read_csv({f'{path}.csv'!r}, dtype=str, keep_default_na=False{options})"

    def files(self, project: Path, cache: Path) -> list[Path]:
        """The text files."""
        return find_files(self.path, project, self.endings)

    def seen_columns(self, project: Path, cache: Path) -> tuple[SourceColumn, ...]:
        """Those of the header of the first file, or its first record where it has none."""
        part = find_parts(self.path, project, self.endings)[0]
        _, form = self._begun(part, path_label(part.path, project, cache))
        names = dict.fromkeys([*form.names, *part.keys])
        return tuple(SourceColumn(name, type="string") for name in names)

    def extent(self, project: Path, cache: Path) -> SourceExtent:
        """Records as the first 64 kB of each file let guess."""
        return sampled(self.files(project, cache), self._look_at)

    def _look_at(self, path: Path) -> FileRows:
        return text_rows(
            path, self._num_fields, is_quoted=True, above=self.header_row - 1 + self.header
        )

    def _num_fields(self, line: str) -> int:
        try:
            return len(next(csv.reader([line], delimiter=self.delimiter), [""]))
        except csv.Error:
            return 1

    def read_rows(self, reading: Reading) -> Iterator[pa.Table]:
        """One row a record; `_line` is the line on which the record begins.

        Raises:
            DataError: If a file is empty, in another encoding, damaged, or has a bad header.
        """
        spelled: dict[str, Counter[str]] = {}
        numbers, before = RowNumbers(), None
        parts = find_parts(self.path, reading.project, self.endings)
        tell_lost(parts)
        for part in parts:
            label = reading.label(part.path)
            records, form = self._begun(part, label, before)
            before = before or form
            if form.delimiter != before.delimiter:
                message(
                    f"{label} has {form.delimiter!r} between fields, and {before.delimiter!r} is "
                    "that of the files before"
                )
            if not spelled and not numbers.begun:
                form.tell(label)
            numbers.begin_file()
            for piece in records.pieces(len(form.names)):
                _reject(piece.bad, label, reading)
                if len(piece.lines):
                    table = self._table(piece, form, label, spelled)
                    if form.has_row_names:
                        numbers.see(table[ROW_NAME])
                    yield table
        if numbers.are_all:
            reading.row_numbers.append(ROW_NAME)
        if "missing" not in self.model_fields_set:
            tell_spelled(spelled, "csv")

    def _begun(
        self, part: Part, label: str, before: _CsvForm | None = None
    ) -> tuple[Records, _CsvForm]:
        """The records of a file behind its header, and what stands before them.

        Args:
            part: The file.
            label: Its name for messages.
            before: What stands before the records of the first file; None: this is the first.
        """
        blocks = utf8_blocks(part.path, label, self.encoding)
        first = next(blocks, b"")
        mark = _SPREADSHEET_MARK.match(first)
        delimiter = self.delimiter
        if mark:
            first = first[mark.end() :]
            if "delimiter" not in self.model_fields_set:
                delimiter = mark[1].decode()
        line = 2 if mark else 1
        if self.header_row > line:
            first = skip_lines(first, blocks, label, line=line, to=self.header_row)
            line = self.header_row
        is_named = self.header and self.names is None
        if before and is_named:
            delimiter = delimiter_like(first, delimiter, before.header)
        refuse_titles(first, delimiter, label, line=line, may_be_sparse=not is_named)
        records = Records(chain([first], blocks), delimiter, strip=self.strip, first_line=line)
        header = self._header(records, label)
        self._check(header, delimiter, label, is_first=before is None)
        form = _CsvForm(header, with_names(header), delimiter, mark is not None, part)
        return records, form

    def _header(self, records: Records, label: str) -> list[str]:
        """Names of the columns as written, after the header was taken if there is one."""
        if records.cr_only:
            raise DataError(
                "lines end in a carriage return alone",
                expected="lines that end in LF or CR LF",
                fix="convert the file: tr '\\r' '\\n'",
                place=Place(label),
            )
        first = records.first(take=self.header)
        if first is None:
            raise DataError("there is no record", expected="at least one", place=Place(label))
        if isinstance(first, BadRecord):
            raise DataError(
                f"the first record {first.reason}",
                expected="a sound header" if self.header else "a sound record",
                place=Place(label, first.line),
            )
        names = self._named(first, label)
        if len(names) != len(first):
            raise DataError(
                f"{len(names)} names for {len(first)} columns",
                expected="one name for each column",
                fix="mend the option `names`",
                place=Place(label, self.header_row),
            )
        return names

    def _named(self, first: list[bytes], label: str) -> list[str]:
        if self.names is not None:
            return list(self.names)
        if not self.header:
            return [f"c{number}" for number in range(1, len(first) + 1)]
        try:
            names = [name.decode() for name in first]
        except UnicodeDecodeError:
            raise DataError(
                "the header is not UTF-8",
                expected="the option `encoding`",
                place=Place(label, self.header_row),
            ) from None
        names = unguarded(pa.array(names)).to_pylist()
        return [name.strip(" \t") for name in names] if self.strip else names

    def _check(self, header: list[str], delimiter: str, label: str, *, is_first: bool) -> None:
        names = with_names(header)
        problem = name_problem(names)
        if problem:
            raise DataError(
                problem,
                expected="one different name for each column, none of them stoker's own",
                fix=self._name_fix(names),
                place=Place(label, self.header_row),
            )
        if len(names) == 1 and self.names is None and self.header:
            check_single(names[0], delimiter, label, is_first=is_first)

    def _name_fix(self, names: list[str]) -> str | None:
        """What to do about names that will not do."""
        if self.names is not None:
            return "mend the option `names`"
        if not set(names).isdisjoint(OWN_COLUMNS):
            return "name the columns anew with the option `names`, or in the file"
        if "" in names:
            return "name them with the option `names`"
        if self.header and not any(c.isalpha() for c in "".join(names)):
            return f"if the first line is a row, write {say_option('header', False)}"
        return _new_names(names) if self.header else None

    def _table(
        self, piece: Piece, form: _CsvForm, label: str, spelled: dict[str, Counter[str]]
    ) -> pa.Table:
        names = form.names
        quoted = b'"' in piece.text
        table = arrow_csv.read_csv(
            pa.py_buffer(piece.text),
            arrow_csv.ReadOptions(column_names=names),
            arrow_csv.ParseOptions(
                delimiter=form.delimiter,
                quote_char='"' if quoted else False,
                newlines_in_values=quoted,
                ignore_empty_lines=False,
            ),
            arrow_csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False
            ),
        )
        assert table.num_rows == len(piece.lines)
        if b"'" in piece.text:
            table = pa.table([unguarded(column) for column in table.columns], names)
        table = with_keys(table, form.part, dict.fromkeys(form.part.keys, pa.string()))
        own = self.text_cells().read_table(table)
        for name, written, read in zip(names, table.columns, own.columns, strict=False):
            if read.null_count:
                count_spelled(spelled.setdefault(name, Counter()), written, read)
        size = table.num_rows
        return pa.table(
            [pa.repeat(label, size), pa.array(piece.lines), *own.columns],
            ["_source", "_line", *own.column_names],
        )


class _CsvForm(NamedTuple):
    """What stands before the records of a file."""

    header: list[str]
    names: list[str]
    delimiter: str
    has_mark: bool
    part: Part

    @property
    def has_row_names(self) -> bool:
        """Whether the first column is nameless."""
        return self.header[0] != self.names[0]

    def tell(self, label: str) -> None:
        """Say what was read otherwise than it stands there."""
        if self.has_mark:
            message(
                f"{label}: the first line is a spreadsheet's mark; delimiter {self.delimiter!r}"
            )
        tell_names(self.header, label)


def _new_names(names: list[str]) -> str:
    """The option that calls columns of one name differently."""
    if len(names) > _MOST_NAMES:
        return "name the columns anew in the file, or with the option `names`"
    taken: set[str] = set()
    new = [free_name(name, taken) for name in names]
    return f"rename them in the file, or write {say_option('names', new)}"


def _reject(bad: list[BadRecord], label: str, reading: Reading) -> None:
    for record in bad:
        reading.rejects.add(
            source=label,
            line=record.line,
            column=None,
            found=record.found,
            reason=record.reason,
            step="csv",
        )
