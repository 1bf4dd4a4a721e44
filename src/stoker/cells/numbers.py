"""Read cells as numbers, strictly: what is not plainly a number is named, never guessed.

A table's text is cast as a whole by Arrow, which is about 30 ns a cell; only where that fails are
missing cells looked for, and then the failing ones, and only they meet Python.  Empty cells and
the usual marks (`NA`, `null`, `?`, `-`, `未测`) are missing, because in a column declared as a
number they have no other meaning; all else that is no decimal number (`inf`, `0x10`, `1_000`,
`1,234.5`) is a bad cell with a reason.

It does not guess: `1,5` is a bad cell until the recipe says `decimal: ","`, and `24 %` until it
says `unit: "%"`.  Durations of typed columns are seconds.
"""

from __future__ import annotations

import re
import string
from collections.abc import Mapping
from functools import cached_property
from typing import Annotated, Any, ClassVar, Literal, NamedTuple, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import AfterValidator, Field, model_validator

from stoker.cells import BadCell
from stoker.cells.missing_words import MissingNumbers
from stoker.cells.number_advice import FORM_OPTIONS, why_no_number
from stoker.cells.number_quantities import above_zero
from stoker.cells.number_text import (
    EITHER,
    NUMBER,
    PLAIN,
    UNREADABLE,
    NumberForm,
    converted,
    form_of,
    has_unit,
    narrow,
    plain_texts,
)
from stoker.cells.raw import (
    MISSING_NUMBERS,
    cell_text,
    is_text,
    one_array,
    shorten,
    spelled_missing,
)
from stoker.core.names import listed
from stoker.core.value import Value

_PLAIN_NUMBER = re.compile(NUMBER, re.ASCII)
_LOWER = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)
_FEW = 16
"""Texts up to which reading each is faster than asking Arrow."""
_PER_SECOND = {"s": 1, "ms": 1e3, "us": 1e6, "ns": 1e9}

_Unit = Annotated[str, Field(min_length=1)]
_Finite = Annotated[float, Field(allow_inf_nan=False)]

_Factors = Annotated[
    dict[_Unit, _Finite | tuple[_Finite, _Finite]],
    Field(min_length=1),
    AfterValidator(above_zero),
]


class ReadNumbers(NamedTuple):
    """Cells as numbers."""

    value_N: np.ndarray
    """float64; NaN where a cell is missing or bad."""
    bad: tuple[BadCell, ...]
    """Cells that are neither a number nor missing."""


class NumberCells(Value):
    """How the numbers of a column are written."""

    missing: MissingNumbers = MISSING_NUMBERS
    """Texts that mean "no value", besides an empty cell, whatever their case and blanks around
    them: `{also: ["k.A."]}` are these and the usual ones; a list replaces the usual ones, and `[]`
    makes each of them a bad cell.  `-999` means that number however it is written, `-999.0` too; in
    a typed column `inf` and `-inf` are infinite ones."""

    decimal: Literal[".", ",", "either"] = "."
    """Sign before the fraction; `either`: some cells have a point there and some a comma."""

    thousands: Literal["", ",", ".", " ", "'"] = ""
    """Sign between groups of three digits; empty: there is none.  With `.` the sign before the
    fraction is a comma."""

    unit: _Unit | tuple[_Unit, ...] | _Factors = ()
    """What may stand before or behind the digits and is dropped, such as `%`, `kg` or `$`; a list
    of several only if they mean the same.  Units of which one is worth several of another are
    named with that number: `{m: 1, km: 1000}` makes metres of both, and of `1 km 500 m` too.  A
    pair has what the unit shows where the other shows 0: `{°C: 1, °F: [0.5556, 32]}`.  A side of
    the compass is a sign: `{°E: 1, °W: -1}`."""

    brackets: bool = False
    """Whether a number in brackets is below zero, as in accounts: `(1.50)` is -1.5."""

    trailing_minus: bool = False
    """Whether the minus may stand behind the digits, as some accounts write it: `1.50-` is -1.5."""

    censored: bool = False
    """Whether `<0.5` and `>65`, as laboratories and scales write what lies beyond their limits, are
    read as that limit."""

    clock: Literal["", "hours", "minutes"] = ""
    """What the first part of `37:15` is, where durations are written as on a clock; `37:15:00` are
    hours, minutes and seconds either way.  Numbers are seconds then, and so is a number alone."""

    _step: ClassVar[str] = "number"
    """How a recipe names the step that reads so."""

    @model_validator(mode="after")
    def _one_sign_one_meaning(self) -> Self:
        if self.thousands and self.decimal == EITHER:
            raise ValueError("no sign can stand between thousands where either is a decimal one")
        if self.thousands and self.thousands == self.point:
            raise ValueError(
                f"{self.decimal!r} cannot stand between thousands and before a fraction"
            )
        return self

    @model_validator(mode="after")
    def _clock_alone(self) -> Self:
        others = [name for name in FORM_OPTIONS if name != "clock" and name in self._said]
        if self.clock and others:
            raise ValueError(f"{listed(others)} and clock: a duration of a clock has none of these")
        return self

    @property
    def point(self) -> str:
        """The sign before the fraction: a point between thousands leaves the comma for it."""
        if self.decimal == EITHER:
            return "."
        return "," if self.thousands == "." else self.decimal

    def read(self, column: pa.ChunkedArray | pa.Array) -> ReadNumbers:
        """The cells as float64, missing ones as NaN, and those that are no number.

        Integers beyond 2**53 are rounded to the nearest float64.

        >>> NumberCells().read(pa.array(["007", " 1.5 ", "NA", None])).value_N
        array([7. , 1.5, nan, nan])
        >>> NumberCells().read(pa.array(["1,234.5"])).bad[0].reason
        "has a sign between thousands; write 1234.5, or say number: {thousands: ','}"
        >>> NumberCells(unit="%").read(pa.array(["24.7 %", "3"])).value_N
        array([24.7,  3. ])
        """
        cells = one_array(column)
        kind = cells.type
        if is_text(kind):
            return self._read_text(cells)
        if pa.types.is_null(kind):
            return ReadNumbers(np.full(len(cells), np.nan), ())
        if not readable_as_numbers(kind):
            return _all_bad(cells, f"is a {kind}, not a number")
        if pa.types.is_duration(kind):
            seconds = pc.cast(pc.cast(cells, pa.int64()), pa.float64(), safe=False)
            return ReadNumbers(_to_numpy(seconds) / _PER_SECOND[kind.unit], ())
        value_N = _to_numpy(pc.cast(cells, pa.float64(), safe=False))
        if self._missing_numbers:
            value_N[np.isin(value_N, self._missing_numbers)] = np.nan
        return self._without_infinite(value_N, cells)

    def missing_N(self, column: pa.ChunkedArray | pa.Array) -> np.ndarray:
        """Which cells have no value, as bool; a bad cell is not missing."""
        found = self.read(column)
        missing_N = np.isnan(found.value_N)
        missing_N[[cell.index for cell in found.bad]] = False
        return missing_N

    def text(self, value: float) -> str:
        """A number as this column would write it, exact to the last bit.

        >>> NumberCells(decimal=",").text(2.5), NumberCells(unit={"kg": 1, "g": 0.001}).text(66)
        ('2,5', '66 kg')
        """
        text = str(int(value)) if value == int(value) and abs(value) < 2**53 else repr(float(value))
        return f"{text.replace('.', self.point)} {self.base_unit}".rstrip()

    def bare_N(self, column: pa.ChunkedArray | pa.Array, value_N: np.ndarray) -> np.ndarray:
        """Which numbers have no unit, as bool; a 0 needs none, unless it is one of degrees.

        Args:
            column: Raw cells.
            value_N: What `read` made of them, NaN for what is no number.

        >>> NumberCells(unit={"kg": 1, "g": 0.001}).bare_N(pa.array(["5 g", "5"]), np.ones(2))
        array([False,  True])
        """
        cells, bare_N = one_array(column), ~np.isnan(value_N)
        if not self._form.zeros:
            bare_N &= value_N != 0
        if is_text(cells.type) and self.clock:
            is_alone = pc.match_substring_regex(pc.utf8_trim_whitespace(cells), NUMBER)
            bare_N &= _to_mask(is_alone)
        elif is_text(cells.type):
            bare_N &= ~has_unit(pc.utf8_trim_whitespace(cells), self._form)
        return bare_N

    def _read_few(self, cells: pa.Array) -> np.ndarray | None:
        """A few texts as numbers, the same as by Arrow; None if one of them wants a closer look."""
        values = []
        for text in cells.to_pylist():
            plain = text.strip() if text else ""
            if not plain or plain.translate(_LOWER) in self._missing_words:
                values.append(np.nan)
            elif _PLAIN_NUMBER.fullmatch(plain):
                value = float(plain)
                values.append(np.nan if value in self._finite_missing else value)
            else:
                return None
        value_N = np.array(values, np.float64)
        return None if np.isinf(value_N).any() else value_N

    @cached_property
    def _missing_words(self) -> frozenset[str]:
        return frozenset(word.strip().translate(_LOWER) for word in self.missing)

    @cached_property
    def _is_number_missing(self) -> bool:
        """Whether a text that means "no value" is a number, such as `-999`."""
        return any(map(_PLAIN_NUMBER.fullmatch, self._missing_words))

    @cached_property
    def _missing_numbers(self) -> list[float]:
        """Numbers that mean "no value" in a typed column, infinite ones too."""
        words = self._missing_words
        return [
            float(word)
            for word in words
            if word in ("inf", "-inf") or _PLAIN_NUMBER.fullmatch(word)
        ]

    @cached_property
    def _finite_missing(self) -> list[float]:
        """Those of text, where infinite marks what cannot be read."""
        return [value for value in self._missing_numbers if np.isfinite(value)]

    def _read_text(self, cells: pa.Array) -> ReadNumbers:
        if len(cells) <= _FEW and self._form is PLAIN:
            few_N = self._read_few(cells)
            if few_N is not None:
                return ReadNumbers(few_N, ())
        if self._form is PLAIN and not self._is_number_missing:
            plain_N = _plain_numbers(cells)
            if plain_N is not None:
                return ReadNumbers(plain_N, ())
        cells = pc.utf8_trim_whitespace(cells)
        is_missing = spelled_missing(cells, ("", *self.missing))
        given = pc.if_else(is_missing, pa.scalar(None, cells.type), cells)
        form = self._form
        plain = given if form is PLAIN else plain_texts(given, form)
        try:
            value_N = _to_numpy(pc.cast(plain, pa.float64()))
        except pa.ArrowInvalid:
            plain = narrow(plain)
            is_number = pc.match_substring_regex(plain, NUMBER)
            plain = pc.if_else(is_number, plain, pa.scalar(UNREADABLE, plain.type))
            value_N = _to_numpy(pc.cast(plain, pa.float64()))
        is_nan_N = np.isnan(value_N)
        if is_nan_N.sum() > given.null_count:  # the text "nan", which Arrow reads as a number
            value_N[is_nan_N & _to_mask(given.is_valid())] = np.inf
        if self._missing_numbers:
            value_N[np.isin(value_N, self._finite_missing)] = np.nan
        if form.factors:
            value_N = converted(value_N, given, form)
        return self._without_infinite(value_N, given)

    def _without_infinite(self, value_N: np.ndarray, cells: pa.Array) -> ReadNumbers:
        """Turn infinite values, which mark what could not be read, into bad cells."""
        bad_at = np.flatnonzero(np.isinf(value_N))
        if not len(bad_at):
            return ReadNumbers(value_N, ())
        value_N[bad_at] = np.nan
        found = cells.take(pa.array(bad_at)).to_pylist()
        return ReadNumbers(
            value_N,
            tuple(
                BadCell(int(i), shorten(cell), self.why_bad(str(cell)))
                for i, cell in zip(bad_at, found, strict=True)
            ),
        )

    def why_bad(self, text: str) -> str:
        """Why a text is no number here, and the options with which it would be one."""
        return why_no_number(text, self._said, self._step)

    @cached_property
    def _said(self) -> dict[str, Any]:
        """The options that the recipe gives."""
        usual = type(self).model_fields
        said = {name: getattr(self, name) for name in FORM_OPTIONS}
        return {name: value for name, value in said.items() if value != usual[name].default}

    @property
    def base_unit(self) -> str:
        """The unit that numbers are in where several are converted; empty: none is.

        >>> NumberCells(unit={"m": 1, "km": 1000}).base_unit
        'm'
        """
        if self.clock:
            return "s"
        factors = self.unit if isinstance(self.unit, Mapping) else {}
        return next((unit for unit, factor in factors.items() if factor == 1), "")

    @property
    def is_plain(self) -> bool:
        """Whether numbers are written as digits with a point, and nothing else was said."""
        return self._form == PLAIN

    @cached_property
    def _form(self) -> NumberForm:
        signs = {
            "decimal": EITHER if self.decimal == EITHER else self.point,
            "thousands": self.thousands,
            "brackets": self.brackets,
            "trailing_minus": self.trailing_minus,
            "censored": self.censored,
            "clock": self.clock,
        }
        form = form_of(self.unit, signs)
        return PLAIN if form == PLAIN else form


def plain_cells(cells: NumberCells) -> NumberCells:
    """How numbers are written, without what a feature or task adds to it."""
    return NumberCells(**cells.model_dump(include=set(NumberCells.model_fields)))


def replace_numbers(
    column: pa.ChunkedArray | pa.Array, chosen_N: np.ndarray, value: float, cells: NumberCells
) -> pa.Array:
    """The column with the chosen cells replaced by a number.

    A column of text stays text, written as `cells` says; other columns become float64 if a cell is
    replaced; a column that holds no numbers at all is left as it is.

    Args:
        column: Raw cells.
        chosen_N: Which cells to replace, bool.
        value: What to put there.
        cells: How numbers are written in this column.
    """
    array = one_array(column)
    if not chosen_N.any() or not readable_as_numbers(array.type):
        return array
    if is_text(array.type):
        return pc.if_else(pa.array(chosen_N), pa.scalar(cells.text(value), array.type), array)
    numbers = pc.cast(array, pa.float64(), safe=False)
    return pc.if_else(pa.array(chosen_N), pa.scalar(float(value)), numbers)


def readable_as_numbers(kind: pa.DataType) -> bool:
    """Whether cells of this Arrow type can be numbers: text, numbers, bools, durations, nulls."""
    return (
        is_text(kind)
        or pa.types.is_integer(kind)
        or pa.types.is_floating(kind)
        or pa.types.is_decimal(kind)
        or pa.types.is_boolean(kind)
        or pa.types.is_duration(kind)
        or pa.types.is_null(kind)
    )


def _all_bad(cells: pa.Array, reason: str) -> ReadNumbers:
    value_N = np.full(len(cells), np.nan)
    present = np.flatnonzero(_to_mask(cells.is_valid()))
    bad = [BadCell(int(i), cell_text(cells, int(i)), reason) for i in present]
    return ReadNumbers(value_N, tuple(bad))


def _plain_numbers(cells: pa.Array) -> np.ndarray | None:
    """Texts as numbers where all of them are plain and finite ones, or null; None otherwise."""
    try:
        value_N = _to_numpy(pc.cast(cells, pa.float64()))
    except pa.ArrowInvalid:
        return None
    is_plain = np.isfinite(value_N).sum() + cells.null_count == len(value_N)
    return value_N if is_plain else None


def _to_numpy(values: pa.Array) -> np.ndarray:
    """A writable float64 array with NaN for null."""
    return np.array(values.to_numpy(zero_copy_only=False), np.float64)


def _to_mask(flags: pa.Array) -> np.ndarray:
    return pc.fill_null(flags, False).to_numpy(zero_copy_only=False)
