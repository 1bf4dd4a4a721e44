"""Take a text apart: digits, signs, and what stands before and behind them.

Letters in front of digits (`C1`, `T06`) are codes unless they are a currency.

Cost: 2 µs a text.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from stoker.cells.number_text import LIMIT
from stoker.cells.number_units import family, is_currency

_TEXT = re.compile(
    rf"(?P<limit>{LIMIT})?\s*"
    r"(?P<open>\()?\s*(?P<sign>[+-])?\s*(?P<before>[^\d\s.,()+-][^\d.,()+-]*?)?\s*(?P<open2>\()?\s*(?P<sign2>[+-])?\s*"
    r"(?P<body>\d[\d.,'\u2019 \u00a0\u202f\u2009]*|[.,]\d+)(?P<exponent>[eE][+-]?\d+)?"
    r"\s*(?P<minus>-)?\s*(?P<after>[^\x00-\x1f\d\s.,()_+-][^\x00-\x1f\d.,()+]{0,11}?\.?)?"
    r"\s*(?P<minus2>-)?\s*(?P<close>\))?",
    re.ASCII,
)
_BLANKS = " \u00a0\u202f\u2009"
_NO_UNITS = ("e", "E")
"""What is left of an exponent."""


class Parts(NamedTuple):
    """A text as a number with what stands beside it."""

    body: str
    """Digits and the signs between them."""
    before: str
    after: str
    in_brackets: bool
    has_exponent: bool
    is_apart: bool
    """Whether a blank stands between the digits and what is behind them."""
    has_minus_behind: bool
    is_censored: bool = False
    """Whether it is only known to lie below or above the number."""
    is_signed: bool = False
    """Whether a plus or a minus stands before it."""

    @property
    def units(self) -> frozenset[str]:
        """What stands beside the digits, as it is spelled."""
        return frozenset(unit for unit in (self.before, self.after) if unit)

    @property
    def is_zero(self) -> bool:
        """Whether it is nothing of any unit."""
        return self.body.strip("0.,") == ""

    @property
    def families(self) -> frozenset[str]:
        """The units beside the digits, whatever their spelling."""
        return frozenset(map(family, self.units))


def parts_of(text: str) -> Parts | None:
    """The parts of a text without blanks around it; None if it is no number with a unit.

    >>> parts_of("-1.5 kg").body, parts_of("€ 1.5-").units, parts_of("C1"), parts_of("1h 30min")
    ('1.5', frozenset({'€'}), None, None)
    >>> parts_of("< 0.5 mg").is_censored
    True
    """
    found = _TEXT.fullmatch(text)
    if found is None:
        return None
    opened = bool(found["open"] or found["open2"])
    if opened != bool(found["close"]):
        return None
    before, after = (found["before"] or "").strip(), (found["after"] or "").strip()
    if (before and not is_currency(before)) or after in _NO_UNITS:
        return None
    body = found["body"].strip()
    is_apart = text[: found.start("after")].endswith(tuple(_BLANKS)) if after else False
    has_minus = bool(found["minus"] or found["minus2"])
    if has_minus and (opened or text.count("-") > 1 or text.count("+")):
        return None
    return Parts(
        body,
        before,
        after,
        in_brackets=opened,
        has_exponent=bool(found["exponent"]),
        is_apart=is_apart,
        has_minus_behind=has_minus,
        is_censored=bool(found["limit"]),
        is_signed=bool(found["sign"] or found["sign2"]),
    )
