"""Read JSON Lines, strictly: one object a line.

JSON as Python reads it is too kind: it takes NaN and keeps the last of two equal keys.  Here each
of these is a reject with its line.  A last line without a line end is a record if it is a whole
object, because no object that was cut is one; otherwise it is rejected as cut.

A column has one kind of value.  Because a file may change its mind at its end, it is read twice:
first to see the kinds, then to build columns of the kind that most records have; the others
become rejects, unless they are written like one of that kind: `"8"` is a number among numbers, and
`8` a text among texts.  Where more than a few are not, all values are texts, which is said.  Whole
numbers beside decimals are decimals, and as many truth values as numbers make a column of numbers.
Absent keys are missing values, and so are the usual spellings of one (`NA`, `-`, `未知`) among
numbers.  Blank lines are no records.  A column whose
values are mostly nested is left out with a warning, or refused where `columns` asks for it.

Cost: two passes, together about 5 MB a CPU second; memory for some thousands of records.

Source: https://jsonlines.org, RFC 8259
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import pyarrow as pa

from stoker.core import events
from stoker.core.errors import DataError, Place
from stoker.data.acquire import Source, SourceColumn
from stoker.data.acquire._columns import MOST_COLUMNS, choose_columns
from stoker.data.acquire._files import (
    Paths,
    as_paths,
    find_files,
    find_parts,
    read_blocks,
    read_head,
)
from stoker.data.acquire._json_kinds import (
    LEAST,
    MOST,
    NESTED,
    TYPES,
    conform,
    counted_kind,
    kind_of,
    kind_of_column,
    several_kinds,
)
from stoker.data.acquire._sampled import FileRows, sampled, text_rows
from stoker.data.extent import SourceExtent
from stoker.data.fingerprint import path_label
from stoker.data.partitions import Part, key_types, tell_lost, wanted_keys, with_keys

if TYPE_CHECKING:
    from stoker.data.reading import Reading

MOST_LINE_BYTES = 16 << 20
_HEAD_BYTES = 64 << 10
_ROWS = 8_192
_BLOCK_BYTES = 32 << 20
"""Bytes of lines after which a table is handed on, however few they are."""
_CUT = "has no line end and is no whole object: the file is cut"


class _Line(NamedTuple):
    number: int
    text: bytes
    problem: str | None
    has_end: bool


class _Record(NamedTuple):
    line: _Line
    record: dict[str, Any] | None
    problem: str | None


class Jsonl(Source):
    """Records of JSON Lines files, plain or gzip."""

    endings: ClassVar[tuple[str, ...]] = (".jsonl", ".ndjson", ".jsonl.gz", ".ndjson.gz")

    path: Paths
    """A file, a folder or a pattern with `*`; or several."""
    columns: tuple[str, ...] | None = None
    """Keys to read, in this order; absent: all that a feature could use."""
    as_json: tuple[str, ...] = ()
    """Keys whose lists and objects are kept, as JSON text: spans, labels."""

    def paths(self) -> tuple[str, ...]:
        """The paths as written."""
        return as_paths(self.path)

    def files(self, project: Path, cache: Path) -> list[Path]:
        """The files."""
        return find_files(self.path, project, self.endings)

    def seen_columns(self, project: Path, cache: Path) -> tuple[SourceColumn, ...] | None:
        """Those of a first file that is small; a key may turn up in the last line of any."""
        parts = find_parts(self.path, project, self.endings)
        path, types = parts[0].path, key_types(parts)
        label = path_label(path, project, cache)
        head, is_whole = read_head(path, label, _HEAD_BYTES)
        if not is_whole:
            return None
        if not head:
            raise DataError("the file is empty", expected="records", place=Place(label))
        counts, _ = _counted(self._records(path, label))
        kinds = {name: kind_of_column(counts[name]) for name in counts}
        keys = wanted_keys(parts[0].keys, self.columns).keys() - kinds.keys()
        own = tuple(
            SourceColumn(
                name,
                type=None if kind == NESTED else str(TYPES[kind]),
                left_out=_nested_in(name, counts[name]) if kind == NESTED else "",
            )
            for name, kind in kinds.items()
        )
        return own + tuple(SourceColumn(key, type=str(types[key])) for key in sorted(keys))

    def python_code(self, path: str, num_columns: int) -> str:
        """A call of pandas that takes values as they are."""
        name = f"{path}.jsonl"
        return f"pandas.read_json({name!r}, lines=True, dtype=False, convert_dates=False)"

    def extent(self, project: Path, cache: Path) -> SourceExtent:
        """Records as the first 64 kB of each file let guess."""
        return sampled(self.files(project, cache), _look_at)

    def read_rows(self, reading: Reading) -> Iterator[pa.Table]:
        """One row a record; `_line` is its line.

        Raises:
            DataError: If a file is no JSON Lines at all, or a column is nested in most records.
        """
        parts = find_parts(self.path, reading.project, self.endings)
        tell_lost(parts)
        kinds, types = self._kinds(parts, reading), key_types(parts)
        for part in parts:
            for table in self._rows_of(part, kinds, reading):
                yield with_keys(table, part, types, self.columns)

    def _rows_of(self, part: Part, kinds: dict[str, str], reading: Reading) -> Iterator[pa.Table]:
        """The rows of one file, without its keys."""
        label = reading.label(part.path)
        rows: list[tuple[int, dict[str, Any]]] = []
        num_bytes = 0
        for line, record, problem in self._records(part.path, label):
            column, found = None, line.text[:200]
            if record is not None:
                column, problem = conform(record, kinds)
                found = record.get(column, found) if column else found
            if problem or record is None:
                _reject(reading, (label, line.number), column, found, problem)
                continue
            rows.append((line.number, record))
            num_bytes += len(line.text)
            if len(rows) == _ROWS or num_bytes > _BLOCK_BYTES:
                yield _table(rows, kinds, label)
                rows, num_bytes = [], 0
        if rows:
            yield _table(rows, kinds, label)

    def _records(self, path: Path, label: str) -> Iterator[_Record]:
        """Every line with its record, or why there is none."""
        for line in _lines(path, label):
            record, problem = _parse(line, self.columns, self.as_json)
            yield _Record(line, record, problem)

    def _kinds(self, parts: list[Part], reading: Reading) -> dict[str, str]:
        """The kind of each column: what most records have."""
        counts: dict[str, Counter[str]] = {}
        num_sound = 0
        for part in parts:
            label = reading.label(part.path)
            found, num_found = _counted(self._records(part.path, label))
            num_sound += num_found
            for name, kinds_found in found.items():
                counts.setdefault(name, Counter()).update(kinds_found)
            if len(counts) > MOST_COLUMNS:
                raise DataError(
                    f"{len(counts):,} different keys are more than {MOST_COLUMNS:,}",
                    expected="records with the same keys",
                    fix="choose keys with the option `columns`",
                    place=Place(label),
                )
        place = Place(reading.label(parts[0].path))
        keys = parts[0].keys
        wanted = self.columns and tuple(name for name in self.columns if name not in keys)
        names = choose_columns(list(counts), wanted, place) if num_sound else ()
        kinds = {name: kind_of_column(counts[name]) for name in names}
        nested = [name for name, kind in kinds.items() if kind == NESTED]
        if nested and (self.columns is not None or len(nested) == len(kinds)):
            raise DataError(
                _nested_in(nested[0], counts[nested[0]]),
                expected="numbers, text or truth values",
                fix="take it out of the option `columns`"
                if self.columns is not None
                else "make columns of its parts",
                place=Place(place.file, column=nested[0]),
            )
        reading.leave_out({name: _nested_in(name, counts[name]) for name in nested})
        for name in names:
            said = several_kinds(counts[name])
            if said:
                events.message(f"column {name!r} has values of several kinds, read as text: {said}")
        return {name: kind for name, kind in kinds.items() if kind != NESTED}


def _look_at(path: Path) -> FileRows:
    return text_rows(path, _num_keys, is_quoted=False, above=0)


def _num_keys(line: str) -> int:
    try:
        return len(json.loads(line))
    except (ValueError, TypeError, RecursionError):
        return 1


def _counted(records: Iterator[_Record]) -> tuple[dict[str, Counter[str]], int]:
    """How often each key has each kind of value, and how many records there are."""
    counts: dict[str, Counter[str]] = {}
    num_sound = 0
    for _, record, _ in records:
        num_sound += record is not None
        for name, value in (record or {}).items():
            if name not in counts:
                counts[name] = Counter()
            counts[name][counted_kind(value)] += 1
    return counts, num_sound


def _nested_in(name: str, counts: Counter[str]) -> str:
    """What is wrong with a column that is nested, and how often."""
    filled = counts.total() - counts["null"]
    return (
        f"holds {NESTED} in {counts[NESTED]:,} of the {filled:,} records that have it, "
        f"which no feature reads; as_json: [{name}] keeps it as text"
    )


def _lines(path: Path, label: str) -> Iterator[_Line]:
    """Every line that is not blank, without its end."""
    number = 0
    for number, text in enumerate(_split(path, label), 1):
        problem = None
        if number == 1:
            text = text.removeprefix(b"\xef\xbb\xbf")
            _refuse_other_forms(text, label)
        if len(text) > MOST_LINE_BYTES:
            problem = "is longer than 16 MiB"
        if text.strip():
            yield _Line(number, text.strip(), problem, text.endswith(b"\n"))
    if not number:
        raise DataError("the file is empty", expected="records", place=Place(label))


def _split(path: Path, label: str) -> Iterator[bytes]:
    """Lines with their ends; of one that is too long only its beginning."""
    rest = b""
    for block in read_blocks(path, label):
        head, end, tail = block.rpartition(b"\n")
        if not end:
            rest = (rest + block)[: MOST_LINE_BYTES + 1]
            continue
        for line in (rest + head).split(b"\n"):
            yield line + b"\n"
        rest = tail
    if rest:
        yield rest


def _refuse_other_forms(text: bytes, label: str) -> None:
    found = None
    if text[:2] in (b"\xff\xfe", b"\xfe\xff"):
        found = "is in UTF-16"
    elif text.lstrip()[:1] == b"[":
        found = "begins with an array"
    elif text.strip() == b"{":
        found = "is one object over several lines"
    if found:
        raise DataError(
            found,
            expected="UTF-8 text with one JSON object on each line",
            fix="convert it, for instance: jq -c '.[]' in.json > out.jsonl",
            place=Place(label, 1),
        )


def _parse(
    line: _Line, wanted: tuple[str, ...] | None, as_json: tuple[str, ...]
) -> tuple[dict[str, Any] | None, str | None]:
    """The record of a line, or why there is none."""
    if line.problem:
        return None, line.problem
    try:
        value = _DECODER.decode(line.text.decode())
    except UnicodeDecodeError:
        return None, "is not UTF-8 text" if line.has_end else _CUT
    except RecursionError:
        return None, "is nested too deep"
    except json.JSONDecodeError as error:
        return (
            None,
            _CUT if not line.has_end else f"is not JSON: {error.msg} at character {error.pos + 1}",
        )
    except _Refused as error:
        return None, str(error)
    except ValueError:  # Python's own limit of digits
        return None, "holds a whole number of more than 64 bits"
    if not isinstance(value, dict):
        return None, f"is {kind_of(value)}, not an object"
    return _checked(_wanted(value, wanted, as_json))


def _wanted(
    value: dict[str, Any], wanted: tuple[str, ...] | None, as_json: tuple[str, ...]
) -> dict[str, Any]:
    """The keys that are read, some of them as JSON text."""
    if wanted is not None:
        value = {name: value[name] for name in wanted if name in value}
    nested = [name for name in as_json if isinstance(value.get(name), list | dict)]
    return value | {name: json.dumps(value[name], ensure_ascii=False) for name in nested}


def _checked(record: dict[str, Any]) -> tuple[dict[str, Any] | None, str | None]:
    for name, cell in record.items():
        kind = type(cell)
        problem = None
        if kind is str:
            problem = None if cell.isascii() else _half(cell)
        elif kind is float and cell - cell != 0:
            problem = "a number beyond all decimals"
        elif kind is int and not LEAST <= cell <= MOST:
            problem = "a whole number of more than 64 bits"
        if problem is None and not name.isascii():
            problem = _half(name)
        if problem:
            return None, f"holds {problem} under {name!r}"
    return record, None


def _half(text: str) -> str | None:
    try:
        text.encode()
    except UnicodeEncodeError:
        return "half a character (a lone surrogate)"
    return None


class _Refused(ValueError):
    """JSON that Python would take."""


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        name = Counter(name for name, _ in pairs).most_common(1)[0][0]
        raise _Refused(f"has the key {name!r} twice")
    return value


def _constant(text: str) -> None:
    raise _Refused(f"holds {text}, which is not JSON")


_DECODER = json.JSONDecoder(object_pairs_hook=_pairs, parse_constant=_constant)


def _table(rows: list[tuple[int, dict[str, Any]]], kinds: dict[str, str], label: str) -> pa.Table:
    columns = {
        "_source": pa.repeat(label, len(rows)),
        "_line": pa.array([line for line, _ in rows], pa.int64()),
    }
    for name, kind in kinds.items():
        columns[name] = pa.array([record.get(name) for _, record in rows], TYPES[kind])
    return pa.table(columns)


def _reject(
    reading: Reading,
    place: tuple[str, int],
    column: str | None,
    found: object,
    problem: str | None,
) -> None:
    reading.rejects.add(
        source=place[0],
        line=place[1],
        column=column,
        found=found,
        reason=problem or "is not a record",
        step="jsonl",
    )
