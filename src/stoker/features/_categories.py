"""Cells as the names of categories, one look at each distinct value."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stoker.features import BadCell
from stoker.features._cells import is_text, one_array, shorten

_FRACTION = "is a number with a fraction; say number instead of category, or give it as text"


def category_names(kind: pa.DataType) -> Callable[[object], str | None] | None:
    """How a distinct value of this type is written, None for a value that is no category.

    The answer is None for types that hold no categories at all.
    """
    if is_text(kind):
        return lambda value: str(value).strip()
    if pa.types.is_boolean(kind):
        return lambda value: "true" if value else "false"
    if pa.types.is_integer(kind) or pa.types.is_date(kind):
        return str
    if pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return _whole
    return None


def _whole(value: object) -> str | None:
    """The integer form of a float or decimal without fraction.

    >>> _whole(3.0), _whole(2.5)
    ('3', None)
    """
    number = float(str(value))
    if not np.isfinite(number):
        return "" if np.isnan(number) else None
    return str(int(number)) if number == int(number) else None


def encode_categories(
    column: pa.ChunkedArray | pa.Array, code_of: Callable[[str], int]
) -> tuple[np.ndarray, tuple[BadCell, ...]]:
    """Codes of all cells, 0 for missing, and the cells that are no category.

    Args:
        column: Raw cells.
        code_of: Code of a name; called once for each distinct value.
    """
    cells = one_array(column)
    if pa.types.is_null(cells.type):
        return np.zeros(len(cells), np.int32), ()
    name_of = category_names(cells.type)
    if name_of is None:
        reason = f"is a {cells.type}; expected text, a whole number or a bool"
        present = np.flatnonzero(cells.is_valid().to_numpy(zero_copy_only=False))
        bad = (BadCell(int(i), shorten(cells[int(i)].as_py()), reason) for i in present)
        return np.zeros(len(cells), np.int32), tuple(bad)
    encoded = cells.dictionary_encode()
    names = [name_of(value) for value in encoded.dictionary.to_pylist()]
    code_V = np.array([*(-1 if n is None else code_of(n) if n else 0 for n in names), 0], np.int32)
    index_N = pc.fill_null(encoded.indices, len(names)).to_numpy(zero_copy_only=False)
    code_N = code_V[index_N]
    bad_at = np.flatnonzero(code_N < 0)
    code_N[bad_at] = 0
    bad = (BadCell(int(i), shorten(cells[int(i)].as_py()), _FRACTION) for i in bad_at)
    return code_N, tuple(bad)


def category_texts(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    """The cells as the names of their categories, null where missing.

    A cell that is no category keeps its own text, so that it is reported later as what it is.

    >>> category_texts(pa.array([" a", "", None])).to_pylist()
    ['a', None, None]
    """
    cells = one_array(column)
    name_of = category_names(cells.type)
    if pa.types.is_null(cells.type) or name_of is None:
        return pc.cast(cells, pa.string()) if pa.types.is_null(cells.type) else cells
    encoded = cells.dictionary_encode()
    values = encoded.dictionary.to_pylist()
    names = [name_of(value) for value in values]
    texts = [str(v) if n is None else n or None for v, n in zip(values, names, strict=True)]
    return pa.array(texts, pa.string()).take(encoded.indices)


def alike(names: Iterable[str]) -> list[tuple[str, str]]:
    """Pairs of different names that only blanks, width or case tell apart.

    >>> alike(["Yes", "no", "yes ", "是", "\u200b是"])
    [('Yes', 'yes '), ('是', '\u200b是')]
    """
    first: dict[str, str] = {}
    pairs = ((first.setdefault(_folded(name), name), name) for name in names)
    return [pair for pair in pairs if pair[0] != pair[1]]


def _folded(name: str) -> str:
    plain = unicodedata.normalize("NFKC", name).casefold()
    return "".join(c for c in plain if not c.isspace() and unicodedata.category(c) != "Cf")


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

    >>> count_categories(pa.array(["b", " b", "a", None, ""]))
    {'b': 2, 'a': 1}
    """
    number_of: dict[str, int] = {}
    code_N, _ = encode_categories(
        column, lambda name: number_of.setdefault(name, len(number_of) + 1)
    )
    count = np.bincount(code_N, minlength=len(number_of) + 1)
    return {name: int(count[code]) for name, code in number_of.items()}
