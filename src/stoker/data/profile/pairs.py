r"""Cells that hold several numbers each, such as `130/85`, `10 x 12`, `131-88` or `(48.1, 11.5)`.

A slash, a cross and a colon between numbers are hardly anything else.  Other signs stand in codes,
telephone numbers, days without a year and bands of ages too, so with these a column counts only if

    all its numbers have at most three digits before a point, and none has a zero in front,
    they are no bands, of which the next begins where one ends, and no day and month,
    whole numbers stand beside several others, and
    they do not fill all there is of their digits, as drawn codes `523-871` do.

Cost: one or two regular expressions over the different texts.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stoker.data.profile.tally import mask

_UNIT = r"(?: ?\pL{1,8})?"
_SURE = rf"^\d{{1,5}}(?:[.,]\d+)?(?: ?[/xX\x{{d7}}:] ?\d{{1,5}}(?:[.,]\d+)?){{1,2}}{_UNIT}$"
_OTHER = (
    r"^[(\[]?(?P<one>\d{1,3}(?:[.,]\d+)?)"
    r"(?: ?[-\x{2010}-\x{2015}|;\\~&_+\x{b1}\x{81f3}\x{5230}] ?|, | (?:to|bis|and|und|\x{e0}) | )"
    rf"(?P<two>\d{{1,3}}(?:[.,]\d+)?){_UNIT}[)\]]?$"
)
_NEARLY_ALL = 0.9
_LEAST_SHARED = 0.9
"""Different numbers on one side, as a share of the different pairs, from which on each number has a
partner of its own."""
_FILLED = 0.8
_MONTHS, _DAYS = 12, 31


def cells_of_several(value_V: pa.Array, count_V: np.ndarray) -> int:
    """How many cells hold several numbers.

    Args:
        value_V: Different texts, none of them a plain number or missing.
        count_V: Cells of each.

    >>> pressures = pa.array([f"{high}-{low}" for high in (131, 98, 140) for low in (88, 71, 90)])
    >>> cells_of_several(pressures, np.ones(9, np.int64))
    9
    >>> bands = pa.array([f"{low}-{low + 9}" for low in range(10, 200, 10)])
    >>> cells_of_several(bands, np.ones(19, np.int64))
    0
    """
    is_sure = mask(pc.match_substring_regex(value_V, _SURE))
    sure = int(count_V[is_sure].sum())
    if sure >= _NEARLY_ALL * count_V.sum():
        return sure
    parts = pc.extract_regex(value_V, _OTHER)
    is_other = mask(parts.is_valid())
    cells = int(count_V[is_other].sum())
    if cells < _NEARLY_ALL * count_V.sum() or not _are_measured(parts.drop_null()):
        return sure
    return cells


def _are_measured(parts: pa.StructArray) -> bool:
    """Whether pairs of numbers were measured, and are no codes, bands or days."""
    sides = [parts.field(name) for name in ("one", "two")]
    if any(mask(pc.match_substring_regex(side, r"^0\d")).any() for side in sides):
        return False
    values = [
        pc.cast(pc.replace_substring(side, ",", "."), pa.float64()).to_numpy() for side in sides
    ]
    if _are_bands(*values):
        return False
    if any((value_V % 1).any() for value_V in values):
        return True
    low, high = sorted(float(value_V.max()) for value_V in values)
    are_days = low <= _MONTHS and high <= _DAYS
    different = min(len(np.unique(value_V)) for value_V in values)
    is_shared = different <= _LEAST_SHARED * len(parts)
    return is_shared and not are_days and not all(map(_is_drawn, sides, values))


def _are_bands(one_V: np.ndarray, two_V: np.ndarray) -> bool:
    """Whether each goes from a lower to a higher number, and the next begins there or above."""
    order = np.argsort(one_V, kind="stable")
    ends_before = two_V[order][:-1] <= one_V[order][1:]
    return bool((one_V < two_V).all() and ends_before.mean() >= _NEARLY_ALL)


def _is_drawn(texts: pa.Array, value_V: np.ndarray) -> bool:
    """Whether numbers of equal length go from the first to the last that there is."""
    lengths = pc.unique(pc.utf8_length(texts))
    if len(lengths) != 1:
        return False
    least = 10.0 ** (lengths[0].as_py() - 1)
    return float(np.ptp(value_V)) >= _FILLED * (10 * least - least)
