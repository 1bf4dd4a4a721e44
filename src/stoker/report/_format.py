"""Numbers as people read them: four digits that matter, thousands apart, units spelt."""

from __future__ import annotations

import math

from stoker.core.words import duration

DASH = "\N{EN DASH}"
_MINUS = "\N{MINUS SIGN}"
_FIXED = "\N{NO-BREAK SPACE}"


def number(value: object, digits: int = 4) -> str:
    """A value in short; a dash if there is none.

    >>> number(0.98765432), number(1234567), number(12345.678), number(2.5e-7)
    ('0.9877', '1,234,567', '12,346', '2.5e-07')
    """
    if value is None:
        return DASH
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return str(value)
    if isinstance(value, int) or (abs(value) >= 10**digits and math.isfinite(value)):
        return f"{value:,.0f}"
    return f"{value:.{digits}g}"


def metric(value: float | None) -> str:
    """A metric with four decimals where it is a share, so that columns line up.

    >>> metric(0.5), metric(0.98765), metric(123.456), metric(0.00001)
    ('0.5000', '0.9877', '123.5', '1e-05')
    """
    if value is None:
        return DASH
    if value == 0 or 0.00005 <= abs(value) < 10:
        return f"{value:.4f}"
    return number(value)


def span(low: float | None, high: float | None) -> str:
    """An interval; empty if there is none.

    >>> span(0.5, 0.75), span(None, None)
    ('0.5000 to 0.7500', '')
    """
    return "" if low is None or high is None else f"{metric(low)} to {metric(high)}"


def signed(value: float | None) -> str:
    r"""A difference with its sign.

    >>> signed(0.01234), ascii(signed(-0.5))
    ('+0.0123', "'\\u22120.5000'")
    """
    if value is None:
        return DASH
    return f"{_MINUS if value < 0 else '+'}{metric(abs(value))}"


def percent(share: float | None) -> str:
    r"""A share in percent, which no line break divides.

    >>> [ascii(percent(one)) for one in (0.0621, 1, 0.99996)]
    ["'6.2\\xa0%'", "'100\\xa0%'", "'> 99.9\\xa0%'"]
    """
    if share is None:
        return DASH
    if 0 < share < 0.001:
        return f"< 0.1{_FIXED}%"
    if 0.999 < share < 1:
        return f"> 99.9{_FIXED}%"
    return f"{100 * share:.1f}".removesuffix(".0") + f"{_FIXED}%"


def seconds(value: float) -> str:
    """A time span.

    >>> seconds(0.0123), seconds(7.26), seconds(187), seconds(7300)
    ('12 ms', '7.3 s', '3 min 7 s', '2 h 1 min')
    """
    return f"{1000 * value:.0f} ms" if value < 1 else duration(value)


def shortened(text: object, most: int = 60) -> str:
    """Text of at most `most` characters.

    >>> shortened("abcdef", 4)
    'abc…'
    """
    whole = str(text)
    return whole if len(whole) <= most else whole[: most - 1] + "…"
