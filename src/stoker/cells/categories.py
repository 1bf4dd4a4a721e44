"""Cells as the names of categories, one look at each distinct value."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stoker.cells import BadCell
from stoker.cells.raw import cell_text, is_text, one_array
from stoker.cells.spelling import canonical, folded, trimmed

_UNSEEN = -1
_FEW = 16
"""Cells up to which looking at each is faster than asking Arrow for the distinct ones."""


class Codes(NamedTuple):
    """A column as codes of categories."""

    code_N: np.ndarray
    """int32; 0 where a cell is missing, unseen or bad."""
    unseen_N: np.ndarray | None
    """Which cells hold a category without a code, bool; None if none does."""
    bad: tuple[BadCell, ...]
    """Cells that are no category."""


def are_categories(kind: pa.DataType) -> bool:
    """Whether cells of this type can be categories: text, numbers, bools, dates and times.

    >>> are_categories(pa.date32()), are_categories(pa.binary()), are_categories(pa.duration("s"))
    (True, False, False)
    """
    return _writer(one_array(pa.nulls(0, kind)).type) is not None


def encode_categories(column: pa.ChunkedArray | pa.Array, code_of: Callable[[str], int]) -> Codes:
    """Codes of all cells.

    Args:
        column: Raw cells.
        code_of: Code of a name, from 1, or 0 for one that has none; called once for each distinct
            value, or for each cell where they are few.
    """
    cells = one_array(column)
    write = _writer(cells.type)
    if write is None:
        return _all_bad(cells)
    if len(cells) <= _FEW:
        code_N = _codes(write(cells), code_of)
    else:
        encoded = cells.dictionary_encode()
        code_V = np.append(_codes(write(encoded.dictionary), code_of), np.int32(0))
        index_N = pc.fill_null(encoded.indices, len(code_V) - 1).to_numpy(zero_copy_only=False)
        code_N = code_V[index_N]
    unseen_N = code_N == _UNSEEN
    if not unseen_N.any():
        return Codes(code_N, None, ())
    code_N[unseen_N] = 0
    return Codes(code_N, unseen_N, ())


def category_texts(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    """The cells as text, null where missing: text as it is spelled, all else canonically.

    Cells that are no categories stay as they are, so that they are reported later as what they are.

    >>> category_texts(pa.array([" a", "", None])).to_pylist()
    ['a', None, None]
    >>> category_texts(pa.array([3.0, 2.5])).to_pylist()
    ['3', '2.5']
    """
    cells = one_array(column)
    write = _writer(cells.type)
    if pa.types.is_null(cells.type) or write is None:
        return pc.cast(cells, pa.string()) if pa.types.is_null(cells.type) else cells
    encoded = cells.dictionary_encode()
    texts = pa.array([name or None for name in write(encoded.dictionary)], pa.string())
    return texts.take(encoded.indices)


def named_as(
    column: pa.ChunkedArray | pa.Array, called: Callable[[dict[str, int]], Mapping[str, str]]
) -> pa.Array:
    """The cells as text, all spellings of a value under one name; null where missing.

    Args:
        column: Raw cells of text, numbers, bools or times.
        called: Gets how many cells each spelling has, and gives the name of each.

    >>> from stoker.cells.spelling import one_name_each
    >>> named_as(pa.array(["1", "1.0", " 2", ""]), one_name_each).to_pylist()
    ['1', '1', '2', None]
    """
    texts = pc.cast(category_texts(column), pa.string())
    encoded = texts.dictionary_encode()
    spellings = encoded.dictionary.to_pylist()
    counts = np.bincount(encoded.indices.drop_null().to_numpy(), minlength=len(spellings))
    names = called(dict(zip(spellings, counts.tolist(), strict=True)))
    return pa.array([names[one] for one in spellings], pa.string()).take(encoded.indices)


def alike(names: Iterable[str]) -> list[tuple[str, str]]:
    """Pairs of different names that only blanks, width or case tell apart.

    >>> alike(["Yes", "no", "yes ", "是", "\u200b是"])
    [('Yes', 'yes '), ('是', '\u200b是')]
    """
    first: dict[str, str] = {}
    pairs = ((first.setdefault(folded(name), name), name) for name in names)
    return [pair for pair in pairs if pair[0] != pair[1]]


def spelled_alike(names: Iterable[str]) -> list[list[str]]:
    """Names that only blanks, width or case tell apart, those of one value together.

    >>> spelled_alike(["Ja", "nein", "ja", "JA", "Nein", "weiß nicht"])
    [['Ja', 'ja', 'JA'], ['nein', 'Nein']]
    """
    groups: dict[str, list[str]] = {}
    for name in names:
        groups.setdefault(folded(name), []).append(name)
    return [group for group in groups.values() if len(group) > 1]


def missing_categories(column: pa.ChunkedArray | pa.Array) -> np.ndarray:
    """Which cells hold no category, bool; one that cannot be a category is not missing.

    >>> missing_categories(pa.array(["a", " ", None]))
    array([False,  True,  True])
    """
    cells = one_array(column)
    if is_text(cells.type):
        is_missing = pc.fill_null(pc.equal(pc.utf8_trim_whitespace(cells), ""), True)
    elif pa.types.is_floating(cells.type):
        is_missing = cells.is_null(nan_is_null=True)
    else:
        is_missing = cells.is_null()
    return is_missing.to_numpy(zero_copy_only=False)


def count_categories(column: pa.ChunkedArray | pa.Array) -> dict[str, int]:
    """How many cells hold each category, in order of first sight; missing and bad ones left out.

    Text is counted as it is spelled.

    >>> count_categories(pa.array(["b", " b", "a", None, ""]))
    {'b': 2, 'a': 1}
    """
    number_of: dict[str, int] = {}
    code_N = encode_categories(
        column, lambda name: number_of.setdefault(name, len(number_of) + 1)
    ).code_N
    count = np.bincount(code_N, minlength=len(number_of) + 1)
    return {name: int(count[code]) for name, code in number_of.items()}


def _codes(names: list[str], code_of: Callable[[str], int]) -> np.ndarray:
    """int32 code of each name, 0 for one that is empty and -1 for one that is unseen."""
    return np.array([(code_of(name) or _UNSEEN) if name else 0 for name in names], np.int32)


def _writer(kind: pa.DataType) -> Callable[[pa.Array], list[str]] | None:
    """How values of a type are written, `""` for a missing one; None if they are no categories."""
    if is_text(kind):
        return lambda values: [text.strip() if text else "" for text in values.to_pylist()]
    if pa.types.is_boolean(kind) or pa.types.is_integer(kind):
        return lambda values: ["" if v is None else str(v).lower() for v in values.to_pylist()]
    if pa.types.is_floating(kind):
        narrow = not pa.types.is_float64(kind)
        return lambda values: [_float(value, narrow=narrow) for value in values.to_pylist()]
    if pa.types.is_decimal(kind):
        return lambda values: [_decimal(value) for value in values.to_pylist()]
    if pa.types.is_date(kind) or pa.types.is_time(kind) or pa.types.is_timestamp(kind):
        return _moments
    return (lambda values: [""] * len(values)) if pa.types.is_null(kind) else None


def _float(value: float | None, *, narrow: bool) -> str:
    """The shortest text that reads back as this number.

    >>> _float(3.0, narrow=False), _float(float(np.float32(0.1)), narrow=True)
    ('3', '0.1')
    """
    if value is None or value != value:
        return ""
    if value in (np.inf, -np.inf) or value != int(value):
        return str(np.float32(value)) if narrow else repr(value)
    return str(int(value))


def _decimal(value: Any) -> str:
    return "" if value is None else trimmed(f"{value:f}")


def _moments(values: pa.Array) -> list[str]:
    """Dates and times as ISO 8601, in UTC where they have a zone."""
    kind = values.type
    if pa.types.is_timestamp(kind) and kind.tz is not None:
        values = pc.cast(values, pa.timestamp(kind.unit))
    return [canonical(text) if text else "" for text in pc.cast(values, pa.string()).to_pylist()]


def _all_bad(cells: pa.Array) -> Codes:
    reason = f"is a {cells.type}; expected text, a number, a bool or a date"
    present = np.flatnonzero(cells.is_valid().to_numpy(zero_copy_only=False))
    bad = (BadCell(int(i), cell_text(cells, int(i)), reason) for i in present)
    return Codes(np.zeros(len(cells), np.int32), None, tuple(bad))
