"""Read CSV: every value stays the text that was written.

Nothing is guessed: `007`, `1e400` and dates stay text, and the feature of a column turns text into
numbers later, where a value that is none can be named.  The usual spellings of a missing value
(`NA`, `null`, `?`, `未知`) become one in every column, the target too, and each column in which
that happened is named; a recipe that lists `missing` itself is not second-guessed.

Records with too few or too many fields, an unclosed quote, a NUL byte, broken UTF-8 or a field of
more than 1 MiB become rejects with their line; a wrong encoding, a doubled column name or a damaged
gzip file stop the reading.

Cost: numpy finds the records and Arrow's reader takes them apart: 300,000 rows of 42 columns
(156 MB) are a dataset after 2.8 CPU seconds, in 350 MB of memory.

Source: RFC 4180, https://www.rfc-editor.org/rfc/rfc4180
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv as arrow_csv
from pydantic import AfterValidator, StringConstraints

from stoker.core.errors import DataError, Place
from stoker.core.events import message, warning
from stoker.data.acquire import Source
from stoker.data.acquire._columns import OWN_NAMES, name_problem
from stoker.data.acquire._csv_records import BadRecord, Piece, Records
from stoker.data.acquire._files import Paths, as_paths, find_files
from stoker.data.acquire._text import check_encoding, utf8_blocks
from stoker.data.text_cells import TextCells
from stoker.features._cells import MISSING_TEXTS

if TYPE_CHECKING:
    from stoker.data.dataset import Reading

_MOST_TOLD = 20
_ENDINGS = (".csv", ".tsv", ".txt", ".csv.gz", ".tsv.gz", ".txt.gz")


class Csv(Source):
    """Rows of text files with a delimiter, plain or gzip."""

    path: Paths
    """A file, a folder or a pattern with `*`; or several."""
    delimiter: Annotated[str, StringConstraints(pattern=r"^[!#-~\t ]$")] = ","
    """What stands between fields, one ASCII character; `"\\t"` for a tab."""
    encoding: Annotated[str, AfterValidator(check_encoding)] = "utf-8"
    """How the text is encoded, such as `gb18030` or `latin-1`; UTF-16 with a mark is recognised."""
    header: bool = True
    """Whether the first record holds the names of the columns."""
    names: tuple[str, ...] | None = None
    """Names of the columns; absent: those of the header, or c1, c2, ... if there is none."""
    missing: tuple[str, ...] = MISSING_TEXTS
    """Texts that mean "not known" in any column, whatever their case and the blanks around them;
    a list of your own replaces the usual ones, and `[""]` takes only empty cells for missing."""
    strip: bool = False
    """Whether blanks and tabs around a value are dropped."""

    def paths(self) -> tuple[str, ...]:
        """The paths as written."""
        return as_paths(self.path)

    def text_cells(self) -> TextCells:
        """As the options say."""
        return TextCells(missing=self.missing, strip=self.strip)

    def files(self, project: Path, cache: Path) -> list[Path]:
        """The text files."""
        return find_files(self.path, project, _ENDINGS)

    def read_rows(self, reading: Reading) -> Iterator[pa.Table]:
        """One row a record; `_line` is the line on which the record begins.

        Raises:
            DataError: If a file is empty, in another encoding, damaged, or has a bad header.
        """
        spelled: dict[str, Counter[str]] = {}
        for path in self.files(reading.project, reading.cache):
            label = reading.label(path)
            records = Records(
                utf8_blocks(path, label, self.encoding), self.delimiter, strip=self.strip
            )
            names = self._columns(records, label)
            for piece in records.pieces(len(names)):
                _reject(piece.bad, label, reading)
                if len(piece.lines):
                    yield self._table(piece, names, label, spelled)
        if "missing" not in self.model_fields_set:
            _tell(spelled)

    def _columns(self, records: Records, label: str) -> list[str]:
        """Names of the columns, after the header was taken if there is one."""
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
        if first[0].startswith(b"sep="):
            raise DataError(
                "the first line, 'sep=', tells a spreadsheet the delimiter and is no record",
                expected="a header" if self.header else "a record",
                fix="take that line off; the option `delimiter` says what stands between fields",
                place=Place(label, 1),
            )
        names = self._named(first, label)
        self._check(names, len(first), label)
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
                "the header is not UTF-8", expected="the option `encoding`", place=Place(label, 1)
            ) from None
        return [name.strip(" \t") for name in names] if self.strip else names

    def _check(self, names: list[str], num_found: int, label: str) -> None:
        problem = name_problem(names)
        if not problem and len(names) != num_found:
            problem = f"{len(names)} names for {num_found} columns"
        if problem:
            raise DataError(
                problem,
                expected="one different name for each column, none of them stoker's own",
                fix=self._name_fix(names),
                place=Place(label, 1),
            )
        other = next((c for c in ";\t|" if c != self.delimiter and c in names[0]), None)
        if len(names) == 1 and other:
            warning(f"{label}: only one column, {names[0]!r}; did you mean delimiter {other!r}?")

    def _name_fix(self, names: list[str]) -> str | None:
        """What to do about names that will not do."""
        if self.names is not None:
            return "mend the option `names`"
        if not set(names).isdisjoint(OWN_NAMES):
            return "name the columns anew with the option `names`, or in the file"
        return "set `header: false` if the first line is a row" if self.header else None

    def _table(
        self, piece: Piece, names: list[str], label: str, spelled: dict[str, Counter[str]]
    ) -> pa.Table:
        quoted = b'"' in piece.text
        table = arrow_csv.read_csv(
            pa.py_buffer(piece.text),
            arrow_csv.ReadOptions(column_names=names),
            arrow_csv.ParseOptions(
                delimiter=self.delimiter,
                quote_char='"' if quoted else False,
                newlines_in_values=quoted,
                ignore_empty_lines=False,
            ),
            arrow_csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False
            ),
        )
        assert table.num_rows == len(piece.lines)
        cells = self.text_cells()
        own = {name: cells.read(table[name]) for name in names}
        for name, column in own.items():
            if column.null_count:
                _count_spelled(spelled.setdefault(name, Counter()), table[name], column)
        size = table.num_rows
        return pa.table({"_source": pa.repeat(label, size), "_line": pa.array(piece.lines)} | own)


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


def _count_spelled(counts: Counter[str], written: pa.ChunkedArray, read: pa.ChunkedArray) -> None:
    """Add the texts that became missing values, empty cells left out."""
    gone = pc.utf8_trim_whitespace(written.filter(read.is_null()))
    found = {one["values"]: one["counts"] for one in gone.value_counts().to_pylist()}
    found.pop("", None)
    counts.update(found)


def _tell(spelled: dict[str, Counter[str]]) -> None:
    """Say of each column what its own spelling made missing."""
    columns = {name: counts for name, counts in spelled.items() if counts}
    for name, counts in list(columns.items())[:_MOST_TOLD]:
        texts = ", ".join(f"{text!r} {count}" for text, count in counts.most_common(5))
        message(
            f"column {name!r}: {counts.total():,} cells are taken as missing by their spelling "
            f'({texts}); if that is an answer, write missing: [""] in the csv source'
        )
    if len(columns) > _MOST_TOLD:
        message(f"so are cells of {len(columns) - _MOST_TOLD} more columns")
