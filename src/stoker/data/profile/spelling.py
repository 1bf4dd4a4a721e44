"""How the texts of a column spell numbers, when digits alone do not: units, signs, brackets.

The form is found by the feature that will read it, over all different texts of the column, so that
what is chosen here can be read there.

Cost: 3 µs for each different text.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stoker.data.profile.column import NumberReading
from stoker.data.profile.tally import mask
from stoker.features._number_forms import number_forms
from stoker.features._numbers import NumberCells

PLAIN = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$"
"""A number in digits, as programs write it."""
_CERTAIN = {",": r",\d+,|,\d+\.|^0,|,\d{4}", ".": r"\.\d+\.|\.\d+,"}
"""Texts whose sign stands between thousands beyond doubt."""


def read_numbers(value_V: pa.Array, count_V: np.ndarray) -> NumberReading | None:
    """The way in which all texts are numbers; None if they are not.

    Args:
        value_V: Different texts, blanks around them taken off, some of them no plain numbers.
        count_V: Cells of each.

    >>> read_numbers(pa.array(["12 %", "7.5 %"]), np.array([1, 1])).options
    {'unit': '%'}
    """
    options = number_forms(value_V)
    if options is None:
        return None
    odd = value_V.filter(pc.invert(pc.match_substring_regex(value_V, PLAIN)))
    return NumberReading(
        options={key: tuple(v) if isinstance(v, list) else v for key, v in options.items()},
        cells=int(count_V.sum()),
        distinct=len(value_V),
        example=(odd if len(odd) else value_V)[0].as_py(),
        is_ambiguous=_is_ambiguous(odd, str(options.get("thousands", "")), options),
    )


def _is_ambiguous(odd: pa.Array, thousands: str, options: dict[str, object]) -> bool:
    """Whether each sign between thousands may be a decimal sign: `1,234` may be 1.234 too."""
    if thousands not in _CERTAIN or "decimal" in options:
        return False
    return not mask(pc.match_substring_regex(odd, _CERTAIN[thousands])).any()


def values_of(value_V: pa.Array, reading: NumberReading) -> np.ndarray:
    """Texts as float64 the way a reading says, NaN where they are no number.

    >>> texts = pa.array(["$(1,200)", "$7"])
    >>> values_of(texts, read_numbers(texts, np.array([1, 1])))
    array([-1200.,     7.])
    """
    return NumberCells.model_validate(reading.options).read(value_V).value_N
