"""Units of one physical quantity, and how many of one another is worth.

Only what has one meaning is here: a ton is three masses, so `t` is taken and `ton` is not, and `m`
is a minute beside hours, a metre beside kilometres, and nothing beside days.  A month is a twelfth
of 365.25 days; what was taken stands in the recipe, where it can be changed.

Temperatures begin elsewhere, so no factor does it: 0 °C is 32 °F.  Such a unit has two numbers, by
what it multiplies and what it shows where the unit worth 1 shows 0.  `C`, `F` and `K` alone are
temperatures only beside one that is plainly written.

Cost: microseconds.

Source: https://www.bipm.org/en/publications/si-brochure
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any

from stoker.cells.compass import is_side
from stoker.cells.number_units import MAGNITUDES, family, is_currency

Worth = float | tuple[float, float]
"""By what a unit multiplies; a pair: of the number above its zero, and what that zero is."""

_DAY = 86_400.0
_YEAR = 365.25 * _DAY


def _spelled(worth: dict[str, float]) -> dict[str, float]:
    """Each of the spellings between blanks, with what it is worth."""
    return {word: size for words, size in worth.items() for word in words.split()}


_CLOCK = _spelled({
    "ms msec millisecond milliseconds 毫秒": 0.001,
    "s sec secs second seconds sek sekunde sekunden 秒 秒钟": 1,
    "min mins minute minutes minuten 分 分钟": 60,
    "h hr hrs hour hours std stunde stunden 小时 个小时": 3600,
})  # fmt: skip
_TIME = _CLOCK | _spelled({
    "d day days tag tage tagen 天 日": _DAY,
    "w wk wks week weeks woche wochen 周 星期 个星期": 7 * _DAY,
    "mo mos mon mth mths month months monat monate monaten 个月": _YEAR / 12,
    "y yr yrs year years jahr jahre jahren 年 岁": _YEAR,
})  # fmt: skip
_LENGTH = _spelled({
    "nm 纳米": 1e-9,
    "µm μm um 微米": 1e-6,
    "mm 毫米 millimeter millimetre": 0.001,
    "cm 厘米 公分 centimeter centimetre zentimeter": 0.01,
    "dm 分米": 0.1,
    "m 米 meter meters metre metres": 1,
    "km 公里 千米 kilometer kilometers kilometre kilometres": 1000,
    "in inch inches zoll 英寸 \" \u2033": 0.0254,
    "ft foot feet 英尺 ' \u2032": 0.3048,
    "yd yds yard yards": 0.9144,
    "mi mile miles 英里": 1609.344,
})  # fmt: skip
_MASS = _spelled({
    "µg μg ug mcg 微克": 1e-6,
    "mg 毫克 milligramm": 0.001,
    "g 克 gram grams gramm": 1,
    "kg kgs kilo kilos kilogramm kilogram kilograms 千克 公斤": 1000,
    "t tonne tonnes tonnen 吨": 1_000_000,
    "两": 50,
    "斤": 500,
    "oz ounce ounces": 28.349523125,
    "lb lbs pound pounds": 453.59237,
})  # fmt: skip
_VOLUME = _spelled({
    "µl µL ul uL 微升": 1e-6,
    "ml mL 毫升 milliliter": 0.001,
    "cl cL": 0.01,
    "dl dL": 0.1,
    "l L 升 liter liters litre litres": 1,
    "hl hL": 100,
})  # fmt: skip
_DATA = _spelled({"kB KB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12})
_POWER = _spelled({"mW": 0.001, "W": 1, "kW KW": 1e3, "MW": 1e6, "GW": 1e9})
_ENERGY = _spelled({"Wh": 1, "kWh KWh": 1e3, "MWh": 1e6, "GWh": 1e9})
_FREQUENCY = _spelled({"Hz": 1, "kHz KHz": 1e3, "MHz": 1e6, "GHz": 1e9})
_CELSIUS, _FAHRENHEIT, _KELVIN = (
    (Fraction(0), Fraction(1)),
    (Fraction(32), Fraction(5, 9)),
    (Fraction("273.15"), Fraction(1)),
)
"""What each shows at 0 °C, and how many °C one of it is."""
_TEMPERATURES = {
    **dict.fromkeys(("°c", "℃", "celsius", "°celsius", "摄氏度", "degc"), _CELSIUS),
    **dict.fromkeys(("°f", "℉", "fahrenheit", "°fahrenheit", "华氏度", "degf"), _FAHRENHEIT),
    **dict.fromkeys(("°k", "kelvin", "开尔文"), _KELVIN),
}
_SHORT_TEMPERATURES = {"C": _CELSIUS, "F": _FAHRENHEIT, "K": _KELVIN}
_QUANTITIES = (
    *(_TIME, _CLOCK | {"m": 60.0}, _LENGTH, _MASS, _VOLUME),
    *(_DATA, _POWER, _ENERGY, _FREQUENCY),
)
_MULTIPLIERS = {word: float(times) for word, times in MAGNITUDES.items() if times}
_NOISE = 1e-12
_SHORTEST_WORD = 3
"""Letters from which on a word means the same in any case; `mW` and `MW` do not."""


def factors(units: Iterable[str], cells: Mapping[str, int] | None = None) -> dict[str, Worth]:
    """How many of one of some units each is worth; empty if they are of no one quantity.

    What multiplies (`k`, `万`) counts as a quantity, with the signs of one currency beside it.

    Args:
        units: As they are spelled.
        cells: How often each stands there, so that the commonest is worth 1; absent: the smallest.

    >>> factors(["km", "m"]), factors(["小时", "天"]), factors(["h", "m"])
    ({'km': 1000.0, 'm': 1.0}, {'小时': 1.0, '天': 24.0}, {'h': 60.0, 'm': 1.0})
    >>> factors(["kg", "斤", "公斤"], {"kg": 2, "斤": 3, "公斤": 2})
    {'kg': 1.0, '斤': 0.5, '公斤': 1.0}
    >>> factors(["¥", "万"]), factors(["kg", "m"]), factors(["d", "m"])
    ({'¥': 1.0, '万': 10000.0}, {}, {})
    >>> factors(["°C", "°F", "K"]), factors(["C", "F"])
    ({'°C': 1.0, '°F': (0.5555555555555556, 32.0), 'K': (1.0, 273.15)}, {})
    """
    listed = list(units)
    if are_temperatures(listed):
        return _degrees(listed, cells or {})
    for worth in _QUANTITIES:
        found = {unit: _worth(unit, worth) for unit in listed}
        if all(found.values()):
            base = _commonest(found, cells or {})
            return {unit: _ratio(size, base) for unit, size in found.items()}
    currencies = {family(unit) for unit in listed if is_currency(unit)}
    times: dict[str, Worth] = {
        unit: 1.0 if is_currency(unit) else _multiplier(unit) for unit in listed
    }
    return times if len(currencies) <= 1 and all(times.values()) else {}


def are_temperatures(units: Iterable[str]) -> bool:
    """Whether all units are degrees, and one of them is plainly written.

    >>> are_temperatures(["°C", "K"]), are_temperatures(["K"]), are_temperatures(["°C", "kg"])
    (True, False, False)
    """
    listed = list(units)
    are_plain = [_plain_degree(unit) in _TEMPERATURES for unit in listed]
    return any(are_plain) and all(
        is_plain or unit in _SHORT_TEMPERATURES
        for is_plain, unit in zip(are_plain, listed, strict=True)
    )


def in_order(worth: Mapping[str, Worth]) -> dict[str, Worth]:
    """Units as a recipe names them: by what they are worth, those with a zero of their own last."""

    def place(unit: str) -> tuple[bool, Any]:
        return isinstance(worth[unit], tuple), worth[unit]

    return {unit: worth[unit] for unit in sorted(worth, key=place)}


def above_zero(units: dict[str, Worth]) -> dict[str, Worth]:
    """What units are worth, where nothing but a side of the compass turns a number.

    Raises:
        ValueError: If another one is worth 0 or less.
    """
    for unit, worth in units.items():
        factor = worth[0] if isinstance(worth, tuple) else worth
        if factor < 0 and is_side(unit):
            continue
        if factor <= 0:
            raise ValueError(f"{unit!r} is worth {factor:g}, and a unit is worth more than 0")
    return units


def is_multiplier(unit: str) -> bool:
    """Whether it makes the number beside it larger by what is known.

    >>> is_multiplier("万"), is_multiplier("k"), is_multiplier("km"), is_multiplier("m")
    (True, True, False, False)
    """
    return _multiplier(unit) > 0


def _multiplier(unit: str) -> float:
    return _MULTIPLIERS.get(unit.rstrip("."), 0.0)


def _commonest(size: Mapping[str, Any], cells: Mapping[str, int]) -> Any:
    """The size that most cells have, whatever their spelling; of several the smallest."""
    count: Counter[Any] = Counter()
    for unit, one in size.items():
        count[one] += cells.get(unit, 0)
    return min(count, key=lambda one: (-count[one], one))


def _ratio(size: float, base: float) -> float:
    """How many of one size another is, without the noise of the last digits."""
    times = base / size
    if times > 1 and abs(times - round(times)) < _NOISE * times:
        return 1 / round(times)
    return float(f"{size / base:.12g}")


def _degrees(units: Iterable[str], cells: Mapping[str, int]) -> dict[str, Worth]:
    """What degrees are worth beside the commonest; of several those of °C, else of °F."""
    size = {
        unit: _TEMPERATURES.get(_plain_degree(unit)) or _SHORT_TEMPERATURES[unit] for unit in units
    }
    base_zero, base = _commonest(size, cells)
    return {
        unit: (float(one / base), float(zero - base_zero * base / one))
        if (zero, one) != (base_zero, base)
        else 1.0
        for unit, (zero, one) in size.items()
    }


def _plain_degree(unit: str) -> str:
    return unit.rstrip(".").replace(" ", "").replace("º", "°").casefold()


def _worth(unit: str, worth: dict[str, float]) -> float:
    plain = unit.rstrip(".")
    if plain in worth or len(plain) < _SHORTEST_WORD:
        return worth.get(plain, 0.0)
    return worth.get(plain.casefold(), 0.0)
