"""How the texts of a column spell numbers: units, signs, brackets, and what stands among them.

The form is found by the feature that will read it, over all different texts of the column, so that
what is chosen here can be read there.  Texts without digits are no part of it; a few texts with
digits that do not fit are listed.

Plain digits with a point are looked at too, because `1.542` is a thousand in half of the world:
only where every fraction has three digits and none begins with 0, which the first few texts tell.

Cost: 4 µs for each different text that needs a form.
"""

from __future__ import annotations

import re

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stoker.cells.number_forms import find_form
from stoker.cells.number_text import LIMIT, NUMBER, narrow
from stoker.cells.numbers import NumberCells
from stoker.data.profile.column import NumberReading
from stoker.data.profile.tally import mask

PLAIN = NUMBER
"""A number in digits, as programs write it."""
LEAST_READ = 0.98
"""Share of texts with digits that have to be numbers, so that the rows of others may go."""
_MOST_LISTED = 20
_LOOKED_AT = 64
_LIMIT = re.compile(LIMIT)
_FEWEST_MEASURED = 10
"""Different numbers beside which one beyond a limit is no grade."""
_MAY_BE_GROUPS = r"^[+-]?[1-9]\d{0,2}\.\d{3}$"


def read_numbers(
    value_V: pa.Array, count_V: np.ndarray, decimal: str = "", *, least_share: float = LEAST_READ
) -> NumberReading | None:
    """The way in which the texts with digits are numbers; None if more than a few are not.

    Args:
        value_V: Different texts, blanks around them taken off, none that means "no value".
        count_V: Cells of each.
        decimal: Sign before fractions in the rest of the file; empty: nothing tells.
        least_share: Share of the cells with digits that must be numbers.

    >>> read_numbers(pa.array(["12 %", "7.5 %"]), np.array([1, 1])).options
    {'unit': '%'}
    """
    has_digit_V = mask(pc.match_substring_regex(narrow(value_V), "[0-9]"))
    at_V = np.flatnonzero(has_digit_V)
    texts = narrow(value_V.take(pa.array(at_V))).to_pylist()
    limit_V = np.array([bool(_LIMIT.match(text)) for text in texts], bool)
    found = find_form(
        texts,
        count_V[at_V],
        least_share=least_share,
        decimal=decimal,
        censored=_are_measured(limit_V),
    )
    if found is None or not found.is_read_V.any():
        return None
    read_V, odd_V = at_V[found.is_read_V], at_V[~found.is_read_V]
    word_V = np.flatnonzero(~has_digit_V)
    return NumberReading(
        options={k: tuple(v) if isinstance(v, list) else v for k, v in found.options.items()},
        cells=int(count_V[read_V].sum()),
        distinct=len(read_V),
        example=_example(value_V.take(pa.array(read_V))),
        is_ambiguous=found.is_ambiguous,
        censored=commonest(value_V, count_V, at_V[found.is_read_V & limit_V]),
        censored_cells=int(count_V[at_V[found.is_read_V & limit_V]].sum()),
        odd=commonest(value_V, count_V, odd_V),
        odd_cells=int(count_V[odd_V].sum()),
        words=commonest(value_V, count_V, word_V),
        num_words=len(word_V),
    )


def _are_measured(limit_V: np.ndarray) -> bool:
    """Whether limits stand among measurements, and are no names of classes such as `>50K`.

    Args:
        limit_V: Which of the different texts with digits have a sign of a limit, bool.
    """
    others = len(limit_V) - int(limit_V.sum())
    return others >= max(_FEWEST_MEASURED, 2 * int(limit_V.sum()))


def read_groups(value_V: pa.Array, count_V: np.ndarray, decimal: str = "") -> NumberReading | None:
    """Plain numbers whose point may stand between thousands; None if it cannot.

    Args:
        value_V: Different texts, all of them plain numbers.
        count_V: Cells of each.
        decimal: Sign before fractions in the rest of the file; empty: nothing tells.

    >>> read_groups(pa.array(["1.5", "2.125"]), np.array([1, 1])) is None
    True
    """
    signed_V = value_V.filter(pc.match_substring(value_V, "."))
    for some_V in (signed_V[:_LOOKED_AT], signed_V):
        if not len(some_V) or not pc.all(pc.match_substring_regex(some_V, _MAY_BE_GROUPS)).as_py():
            return None
    return read_numbers(value_V, count_V, decimal)


def commonest(
    value_V: pa.Array, count_V: np.ndarray, chosen_V: np.ndarray
) -> tuple[tuple[str, int], ...]:
    """The most frequent of some texts with their cells.

    Args:
        value_V: Different texts.
        count_V: Cells of each.
        chosen_V: Places of those to choose from.
    """
    first_V = chosen_V[np.argsort(-count_V[chosen_V], kind="stable")][:_MOST_LISTED]
    texts = value_V.take(pa.array(first_V)).to_pylist()
    return tuple(zip(texts, count_V[first_V].tolist(), strict=True))


def _example(value_V: pa.Array) -> str:
    """A text that digits alone do not make, or one with a sign between its digits."""
    for pattern in (r"[.,].*\D$|\D.*\d[.,]\d", r"[^0-9]", "."):
        found = value_V.filter(pc.match_substring_regex(value_V, pattern))
        if len(found):
            return found[0].as_py()
    return ""


def values_of(value_V: pa.Array, reading: NumberReading) -> np.ndarray:
    """Texts as float64 the way a reading says, NaN where they are no number.

    >>> texts = pa.array(["$(1,200)", "$7"])
    >>> values_of(texts, read_numbers(texts, np.array([1, 1])))
    array([-1200.,     7.])
    """
    return NumberCells.model_validate(reading.options).read(value_V).value_N
