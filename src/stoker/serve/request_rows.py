"""Rows of a request as one table, each cell checked against the schema of its column.

Cells keep the form in which they came: numbers of JSON become float64, texts of CSV stay text, as
the source of the training data had them, so that the bundle's own features read both the same way.
So do texts of JSON in a column of numbers, such as "8" or "1,71 €"; numbers among them become
digits without any sign between, which every way of writing numbers reads.  Categories become text,
whatever they were, which is how features compare them; so all JSON requests of a model whose cells
are of the usual types have equal columns and share batches.  What does not fit is named by row and
column, and nothing is guessed.  A field that is no input (an id that is sent along) is left out and
named in the answer; where an input is missing it may be that one misspelt, and is refused with it.

Cost: about 1 µs a cell, in C where all cells of a column are of the right type.
"""

from __future__ import annotations

import binascii
import csv
import io
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from difflib import get_close_matches
from functools import cache
from typing import Any

import pyarrow as pa

from stoker.cells.formula_guard import unguarded
from stoker.core.names import listed
from stoker.serve.messages import BadInput, Refusal
from stoker.serve.served_model import bad_cells, is_image

_PYTHON_TYPES: dict[str, tuple[type, ...]] = {
    "number": (int, float),
    "integer": (int,),
    "string": (str,),
    "boolean": (bool,),
    "null": (type(None),),
}
_JSON_NAMES = {int: "a number", float: "a number", str: "a string", bool: "a bool", list: "a list"}
_MAX_BAD = 1000
_EXACT = 2**53
_OTHER_DELIMITER = re.compile(r"[;\t|]")
_MOST_SHOWN = 80
_MAX_IGNORED = 20

Cells = Mapping[str, Mapping[str, Any]]
Ignored = dict[str, None]
"""Names of fields that are no input, in the order in which they came."""


def table_of_rows(
    rows: Sequence[Any], cells: Cells, max_rows: int, target: str, ignored: Ignored | None
) -> pa.Table:
    """Rows of JSON objects as a table; a field named like the target is not looked at.

    Args:
        rows: What the JSON held.
        cells: JSON Schema of each input.
        max_rows: Most rows of a request.
        target: Name of the target.
        ignored: Takes the names of fields that are no input; None refuses them.

    Raises:
        Refusal: If there is no row or too many, or with every bad cell (422).
    """
    check_row_count(len(rows), max_rows)
    bad = _bad_rows(rows, cells, target, ignored)
    if bad:
        raise bad_cells(bad)
    columns = {
        name: column_of_cells([row[name] for row in rows], name, cell, bad)
        for name, cell in cells.items()
    }
    if bad:
        raise bad_cells(sorted(bad, key=lambda cell: cell.row))
    return pa.table(columns)


def check_row_count(num_rows: int, max_rows: int) -> None:
    """Refuse no rows, and more than allowed (413)."""
    if num_rows == 0:
        raise Refusal("there is no row", status=422, expected="at least one row")
    if num_rows > max_rows:
        raise Refusal(f"{num_rows} rows in one request", status=413, expected=f"at most {max_rows}")


def column_of_cells(
    values: list[Any], name: str, cell: Mapping[str, Any], bad: list[BadInput]
) -> pa.Array:
    """One column as an Arrow array; cells of a wrong type are added to `bad`."""
    allowed = _allowed(cell)
    found = set(map(type, values))
    if float in found and int in allowed and float not in allowed:
        values = [_as_whole(value) for value in values]
        found = set(map(type, values))
    if not found <= allowed:
        expected = " or ".join(_types(cell))
        for row, value in enumerate(values):
            if type(value) not in allowed and len(bad) < _MAX_BAD:
                reason = f"is {_name_of(value)}; expected {expected}"
                bad.append(BadInput(row, name, reason, _short(value)))
        return pa.nulls(len(values))
    if is_image(cell):
        return _images(values, name, bad)
    if float in allowed and str in found:
        return pa.array(map(_number_text, values), pa.string())
    if float in allowed:
        numbers = [None if value is None else float(value) for value in values]
        return pa.array(numbers, pa.float64())
    return pa.array(values if found == {str} else [_text(v) for v in values], pa.string())


def _number_text(value: str | float | None) -> str | None:
    """A number as digits and an exponent, exact to the last bit; a text as it is.

    >>> _number_text(-1.25), _number_text(1e300), _number_text(12), _number_text("1,71 €")
    ('-125e-2', '1e300', '12', '1,71 €')
    """
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, int):
        return str(value)
    sign, digits, exponent = Decimal(repr(value)).as_tuple()
    whole = "".join(map(str, digits))
    return f"{'-' * sign}{whole}e{exponent}" if exponent else f"{'-' * sign}{whole}"


def table_of_csv(
    body: bytes, cells: Cells, max_rows: int, target: str, ignored: Ignored | None
) -> pa.Table:
    """A CSV text with a header as a table of text columns; the target may be among them.

    Args:
        body: The text.
        cells: JSON Schema of each input.
        max_rows: Most rows of a request.
        target: Name of the target.
        ignored: Takes the names of columns that are no input; None refuses them.

    Raises:
        Refusal: If it is not UTF-8, a record is longer or shorter than the header, a column is
            missing, unwanted or there twice, or the model takes pictures.
    """
    pictures = [name for name, cell in cells.items() if is_image(cell)]
    if pictures:
        raise Refusal(
            f"column {pictures[0]!r} holds pictures, which CSV cannot carry",
            status=415,
            expected="image/* or application/json",
        )
    header, records = _read_csv(body, max_rows, cells)
    check_row_count(len(records), max_rows)
    unknown = [name for name in header if name not in cells and name != target]
    missing = [name for name in cells if name not in header]
    if len(set(header)) != len(header):
        raise Refusal("a column stands twice in the header", status=422)
    if missing or (unknown and ignored is None):
        if ignored is None:
            wrong = [_unknown(0, name, missing or [*cells]) for name in unknown[:_MAX_BAD]]
            raise bad_cells([*wrong, *(BadInput(0, name, "is missing") for name in missing)])
        raise bad_cells(_missing(0, dict.fromkeys(missing, "is missing"), unknown))
    _ignore(unknown, ignored)
    columns = zip(*records, strict=True)
    texts = {n: pa.array(list(v), pa.string()) for n, v in zip(header, columns, strict=True)}
    return pa.table({name: unguarded(texts[name]) for name in cells})


def _read_csv(body: bytes, max_rows: int, cells: Cells) -> tuple[list[str], list[list[str]]]:
    try:
        text = body.decode("utf-8-sig")
        if "\0" in text:
            raise Refusal("the CSV holds a NUL character", status=422)
        reader = csv.reader(io.StringIO(text, newline=""), strict=True)
        header = unguarded(pa.array(next(reader, []), pa.string())).to_pylist()
        _check_delimiter(header, cells)
        records: list[list[str]] = []
        for record in reader:
            if len(record) != len(header) and record:
                reason = f"has {len(record)} cells; the header has {len(header)}"
                raise bad_cells([BadInput(len(records), None, reason)])
            if record or len(header) == 1:
                records.append(record or [""])
            if len(records) > max_rows:
                break
    except UnicodeDecodeError as error:
        raise Refusal(f"byte {error.start} is not UTF-8", expected="CSV in UTF-8") from None
    except csv.Error as error:
        raise Refusal(f"the body is not CSV: {error}", expected="CSV as RFC 4180") from None
    return header, records


def _check_delimiter(header: list[str], cells: Cells) -> None:
    """Refuse a header that another delimiter than the comma divides."""
    other = _OTHER_DELIMITER.search(header[0]) if len(header) == 1 else None
    if other and header[0] not in cells:
        raise Refusal(
            f"the header is one column, {header[0][:_MOST_SHOWN]!r}",
            status=422,
            expected=f"columns separated by commas, not by {other[0]!r}",
        )


def _bad_rows(
    rows: Sequence[Any], cells: Cells, target: str, ignored: Ignored | None
) -> list[BadInput]:
    """Rows that are no object, and fields too few; or too many, unless they are to be ignored."""
    names = cells.keys()
    bad: list[BadInput] = []
    for index, row in enumerate(rows):
        if not isinstance(row, dict):
            bad.append(BadInput(index, None, f"is {_name_of(row)}; expected an object"))
        elif row.keys() != names:
            known = {*names, target}
            unknown = [name for name in row if name not in known]
            absent = [name for name in names if name not in row]
            reasons = {name: _why_missing(cells[name]) for name in absent}
            if ignored is None:
                bad += [_unknown(index, name, absent or [*names]) for name in unknown]
                bad += [BadInput(index, name, reason) for name, reason in reasons.items()]
            elif absent:
                bad += _missing(index, reasons, unknown)
            else:
                _ignore(unknown, ignored)
        if len(bad) >= _MAX_BAD:
            break
    return bad


def _ignore(names: Sequence[str], ignored: Ignored | None) -> None:
    """Note names to be told, the first few of all rows."""
    if ignored is not None:
        free = _MAX_IGNORED - len(ignored)
        ignored.update(dict.fromkeys([n for n in map(_short, names) if n not in ignored][:free]))


def _why_missing(cell: Mapping[str, Any]) -> str:
    return "is missing; give null if it is not known" if "null" in _types(cell) else "is missing"


def _missing(row: int, reasons: Mapping[str, str], unknown: Sequence[str]) -> list[BadInput]:
    """Inputs that a row lacks, and which of its other fields each may be, misspelt.

    Those fields alone are no error: a field that is sent along is not used.

    >>> found = _missing(0, {"town": "is missing", "age": "is missing"}, ["twon", "id"])
    >>> for cell in found:
    ...     print(cell.column, cell.reason)
    twon is no input of this model; did you mean 'town'?
    town is missing
    age is missing; no inputs of this model are 'twon', 'id'
    """
    others = [_short(name) for name in unknown[:_MAX_IGNORED]]
    near = {name: get_close_matches(name, others, n=1) for name in reasons}
    likely = {other: name for name, found in near.items() for other in found}
    rest = f"; no inputs of this model are {listed(others)}" if others else ""
    missing = [
        BadInput(row, name, reason if near[name] else f"{reason}{rest}")
        for name, reason in reasons.items()
    ]
    return [*(_unknown(row, other, [name]) for other, name in likely.items()), *missing]


def _unknown(row: int, name: str, known: Sequence[str]) -> BadInput:
    near = get_close_matches(name[:200], known, n=1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    return BadInput(row, _short(name), f"is no input of this model{hint}")


def _images(values: list[str], name: str, bad: list[BadInput]) -> pa.Array:
    images: list[bytes | None] = []
    for row, value in enumerate(values):
        try:
            images.append(binascii.a2b_base64(value, strict_mode=True))
        except ValueError:
            images.append(None)
            bad.append(BadInput(row, name, "is not base64", _short(value)))
    return pa.array(images, pa.large_binary())


def _text(value: Any) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    return None if value is None else str(value)


def _as_whole(value: Any) -> Any:
    """A float that is a whole number as such, as JSON Schema has it; others stay as they are.

    Beyond 2**53 a float has lost digits, and would be another category than the one that was sent.
    """
    is_whole = isinstance(value, float) and value.is_integer() and abs(value) <= _EXACT
    return int(value) if is_whole else value


def _types(cell: Mapping[str, Any]) -> tuple[str, ...]:
    kind = cell.get("type", "string")
    return (kind,) if isinstance(kind, str) else tuple(kind)


def _allowed(cell: Mapping[str, Any]) -> frozenset[type]:
    return _python_types(_types(cell))


@cache
def _python_types(names: tuple[str, ...]) -> frozenset[type]:
    return frozenset(t for name in names for t in _PYTHON_TYPES[name])


def _name_of(value: Any) -> str:
    if value is None:
        return "null"
    return _JSON_NAMES.get(type(value), "an object")


def _short(value: Any) -> str:
    if isinstance(value, list | dict):  # Not looked into: it may be nested deeply.
        return "[...]" if isinstance(value, list) else "{...}"
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= 80 else f"{text[:79]}…"
