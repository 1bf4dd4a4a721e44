"""Find how the numbers of a column of text are written: the options that `number` would need.

The form is judged over all texts together, never over one: `12 kg` is a quantity where all say kg,
`1. White` and `5 March` are not, because what stands beside the digits differs.  Letters in front
of digits (`C1`, `T06`) are codes unless they are a currency, and so are digits behind a zero.
What could be read in two ways is read as the commonest: `1,234` alone is a thousand.

Cost: 3 µs for each distinct text.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from stoker.features._cells import MISSING_NUMBERS, one_array, spelled_missing
from stoker.features._number_text import narrow
from stoker.features._numbers import NumberCells

_SIGNS = (
    *(("", "."), (",", "."), ("", ","), (".", ",")),
    *((" ", "."), (" ", ","), ("'", "."), ("'", ",")),
)
"""Signs between thousands and before fractions, the commonest first."""
_TEXT = re.compile(
    r"(?P<open>\()?\s*[+-]?\s*(?P<before>[^\d\s.,()+-][^\d.,()+-]*?)?\s*(?P<open2>\()?\s*[+-]?\s*"
    r"(?P<body>\d[\d.,'\u2019 \u00a0\u202f\u2009]*|[.,]\d+)(?P<exponent>[eE][+-]?\d+)?"
    r"\s*(?P<after>[^\d\s.,()+-][^\d.,()+]{0,11})?\s*(?P<close>\))?",
    re.ASCII,
)
_GROUPED = r"[1-9]\d{{0,2}}({0}\d{{3}})+"
_LAKH = r"[1-9]\d?(,\d{2})*,\d{3}"
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
_MAGNITUDES = frozenset((
    "k", "K", "m", "M", "Mn", "mn", "B", "bn", "Bn", "T", "千", "万", "亿", "百万", "million",
    "billion", "thousand",
))  # fmt: skip
"""Beside digits these multiply; where some cells have one and others have not, dropping it lies."""
_LONGEST_CODE = 1


class _Parts(NamedTuple):
    body: str
    """Digits and the signs between them."""
    before: str
    after: str
    in_brackets: bool


def number_forms(
    texts: pa.Array | pa.ChunkedArray | Sequence[str], *, least_share: float = 1.0
) -> dict[str, Any] | None:
    """The options of `number` with which texts are read, `{}` if none are needed.

    Args:
        texts: Cells of a column, or its distinct ones; missing ones do not count.
        least_share: Share of the texts that must be readable.

    Returns:
        Options, such as `{"unit": "%"}`; None if the texts are no numbers.

    >>> number_forms(["24.7%", "3 %", ""]), number_forms(["¥1,048.03", "¥7"])
    ({'unit': '%'}, {'thousands': ',', 'unit': '¥'})
    >>> number_forms(["1.821e+05", "33,871"]), number_forms(["7", "-1.5"])
    ({'thousands': ','}, {})
    >>> number_forms(["C1", "D2"]), number_forms(["1. White", "2. Black"]), number_forms(["T06"])
    (None, None, None)
    """
    cells = _present(texts)
    found = [parts for parts in map(_parts, cells) if parts]
    if not cells or len(found) < least_share * len(cells):
        return None
    units = _units(found)
    if units is None:
        return None
    beside = {"unit": units[0] if len(units) == 1 else units} if units else {}
    brackets = {"brackets": True} if any(parts.in_brackets for parts in found) else {}
    for thousands, decimal in _SIGNS:
        if _share([parts.body for parts in found], thousands, decimal) < least_share:
            continue
        options = {"thousands": thousands} if thousands else {}
        options |= {"decimal": decimal} if decimal != "." else {}
        options |= beside | brackets
        read = NumberCells.model_validate(options).read(pa.array(cells, pa.string()))
        if len(read.bad) <= (1 - least_share) * len(cells):
            return options
    return None


def _present(texts: pa.Array | pa.ChunkedArray | Sequence[str]) -> list[str]:
    """The texts that are not missing, without blanks around them and with narrow digits."""
    is_arrow = isinstance(texts, pa.Array | pa.ChunkedArray)
    cells = one_array(texts if is_arrow else pa.array(list(texts), pa.string()))
    cells = narrow(pc.utf8_trim_whitespace(cells.drop_null()))
    missing = spelled_missing(cells, ("", *MISSING_NUMBERS))
    return cells.filter(pc.invert(missing)).to_pylist()


def _parts(text: str) -> _Parts | None:
    found = _TEXT.fullmatch(text)
    if found is None:
        return None
    opened = bool(found["open"] or found["open2"])
    if opened != bool(found["close"]):
        return None
    before, after = (found["before"] or "").strip(), (found["after"] or "").strip()
    if before and not _is_currency(before):
        return None
    return _Parts(found["body"].strip(), before, after, opened)


def _is_currency(text: str) -> bool:
    known = text.rstrip(".") in _CODES or any(text.rstrip(".") in same for same in _CURRENCIES)
    return known or (len(text) == _LONGEST_CODE and text in "¢₩₽₺₫₴₱฿₪₦")


def _units(found: Sequence[_Parts]) -> list[str] | None:
    """What stands beside the digits, commonest first; None if it differs in what it means."""
    count = Counter(unit for parts in found for unit in {parts.before, parts.after} if unit)
    if not count:
        return []
    with_unit = sum(bool(parts.before or parts.after) for parts in found)
    units = [unit for unit, _ in count.most_common()]
    if not _mean_one(units):
        return None
    everywhere = with_unit == sum(parts.body.strip("0.,") != "" for parts in found) or (
        with_unit == len(found)
    )
    is_money = all(_is_currency(unit) for unit in units)
    return units if everywhere or (is_money and not _multiply(units)) else None


def _mean_one(units: Sequence[str]) -> bool:
    """Whether all units are spellings of one."""
    for same in (*_CURRENCIES, _PER_CENT):
        if all(unit.rstrip(".") in same for unit in units):
            return True
    folded = {unit.rstrip(".").casefold().removesuffix("s") for unit in units}
    return len(folded) == 1 and not (len(units) > 1 and _multiply(units))


def _multiply(units: Iterable[str]) -> bool:
    return any(unit in _MAGNITUDES for unit in units)


def _share(bodies: Sequence[str], thousands: str, decimal: str) -> float:
    """Share of bodies that are written so."""
    pattern = _body(thousands, decimal)
    return sum(bool(pattern.fullmatch(body)) for body in bodies) / len(bodies)


def _body(thousands: str, decimal: str) -> re.Pattern[str]:
    point = re.escape(decimal)
    whole = r"0|[1-9]\d*"
    if thousands:
        group = r"[ \u00a0\u202f\u2009]" if thousands == " " else re.escape(thousands)
        group = r"['\u2019]" if thousands == "'" else group
        whole += f"|{_GROUPED.format(group)}" + (f"|{_LAKH}" if thousands == "," else "")
    return re.compile(rf"(?:{whole})(?:{point}\d*)?|{point}\d+", re.ASCII)
