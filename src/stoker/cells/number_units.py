"""What may stand beside the digits of a number: currencies, per cent, measures, multipliers.

Nothing here converts: units are told apart so that a number never loses one that others have not.

Cost: some 0.3 µs a unit.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

_CURRENCIES = (
    ("¥", "元", "圆", "RMB", "CNY", "CN¥"),
    ("$", "US$", "USD"),
    ("€", "EUR"),
    ("£", "GBP"),
    ("Rs", "INR", "₹"),
)
"""Signs of one currency stand together."""
_CODES = frozenset((
    "JPY", "KRW", "CHF", "AUD", "CAD", "HKD", "TWD", "SGD", "NZD", "SEK", "NOK", "DKK", "PLN",
    "CZK", "HUF", "RUB", "TRY", "BRL", "MXN", "ZAR", "THB", "VND", "IDR", "MYR", "PHP", "ILS",
    "A$", "C$", "HK$",
    "NT$", "S$", "NZ$", "R$", "MX$", "JP¥", "kr", "Fr", "Kč", "zł", "Ft", "Rp", "RM", "AED",
))  # fmt: skip
_PER_CENT = ("%", "pct", "percent", "per cent")
_DEGREES = (("°C", "℃", "° C", "ºC"), ("°F", "℉", "° F", "ºF"))
MAGNITUDES = {
    **dict.fromkeys(("k", "K", "Tsd", "千", "thousand"), 10**3),
    "万": 10**4,
    "十万": 10**5,
    **dict.fromkeys(("M", "Mn", "mn", "Mio", "百万", "million"), 10**6),
    "千万": 10**7,
    "亿": 10**8,
    **dict.fromkeys(("B", "bn", "Bn", "Mrd", "十亿", "billion"), 10**9),
    **dict.fromkeys(("m", "T"), 0),
}
"""Beside digits these multiply, by 0 where it is not sure by what; where some cells have one and
others have not, dropping it lies."""
_CURRENCY_SIGNS = "¢₩₽₺₫₴₱฿₪₦"
_ORDINALS = ("st", "nd", "rd", "th")
_HOURS = ("am", "pm", "a.m.", "p.m.")
_BOUNDS = ("以上", "以下", "以内", "左右", "多", "余", "ff")
"""What makes a bound or a guess of a number."""


@lru_cache(4096)
def family(unit: str) -> str:
    """One name for all spellings of a unit; what multiplies is told apart by its case.

    >>> family("US$") == family("USD"), family("Days") == family("day"), family("m") == family("M")
    (True, True, False)
    """
    plain = unit.rstrip(".")
    for same in (*_CURRENCIES, _PER_CENT, *_DEGREES):
        if plain in same:
            return same[0]
    return unit if plain in MAGNITUDES else plain.casefold().removesuffix("s")


@lru_cache(4096)
def is_currency(text: str) -> bool:
    """Whether it is the sign or the code of a currency."""
    plain = text.rstrip(".")
    known = plain in _CODES or any(plain in same for same in _CURRENCIES)
    return known or (len(text) == 1 and text in _CURRENCY_SIGNS)


def multiply(units: Iterable[str]) -> bool:
    """Whether one of these makes the number beside it larger."""
    return any(unit.rstrip(".") in MAGNITUDES for unit in units)


def is_measure(unit: str, *, is_apart: bool, has_fraction: bool) -> bool:
    """Whether what some cells of a column have behind the digits may be the unit of all of them.

    It is not for ordinals (`1st`), hours (`6 pm`), bounds (`10以上`), and letters that make a code
    of digits: `12A` and `4WD`, but not `1.5 g`.

    Args:
        unit: What stands there.
        is_apart: Whether a blank stands before it in all cells that have it.
        has_fraction: Whether some of these numbers have a sign in them, which codes have not.
    """
    if unit.endswith(_BOUNDS) or unit.casefold() in (*_ORDINALS, *_HOURS):
        return False
    if not unit.isascii() or family(unit) == _PER_CENT[0]:
        return True
    is_word = len(unit) > 1 and not unit.isupper() and unit[0].isalpha()
    return is_word or is_apart or has_fraction
