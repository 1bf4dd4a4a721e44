"""Small charts as inline SVG: lines, dots and bars over two axes.

Why not a plotting library: see decision record 004.  In short, text here is text: the reader's own
fonts show it (Chinese labels too), it can be searched, and equal numbers give equal bytes; nothing
is imported, no font cache is kept, and a chart takes about 5 kB of the page.

Colours are CSS classes of the page (`s0`, `s1`...: also different dashes, so no chart needs colour
to be read), which makes one SVG serve light, dark and print.  Nothing here has a style attribute,
which the page's security policy would refuse.

Not for: log axes, dates, more than five series, interaction.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from markupsafe import Markup, escape

WIDTH, HEIGHT = 400, 280
LEFT, RIGHT, TOP, BOTTOM = 62, 12, 12, 44
_MOST_X, _MOST_Y = 46, 32
"""Letters of a label that fit beside the axes."""
_WIDE, _FEWEST_LETTERS = 7.0, 10
"""Width of a letter, and how many of a name that is cut must fit."""
_SMALLEST = 1e-100  # differences below it cannot be told apart when divided by

Point = tuple[float, float]
Range = tuple[float, float]


@dataclass(frozen=True)
class Series:
    """One set of points."""

    name: str
    points: Sequence[Point]
    kind: Literal["line", "dots", "bars"] = "line"
    """Bars stand on the lower edge; a bar's point is its middle and its height."""
    style: int = 0
    """0 to 4: colour and dashes."""
    bar_width: float = 0.0
    """Width of a bar in units of x."""


@dataclass(frozen=True)
class Axes:
    """What the two axes mean."""

    title: str
    """Read out by screen readers in place of the picture."""
    x: str
    y: str
    x_range: Range | None = None
    """None fits the points."""
    y_range: Range | None = None
    x_names: Sequence[str] = ()
    """What stands below the points at 0, 1, 2, ... in place of numbers; see `names_that_fit`."""
    diagonal: bool = False
    """Whether to draw where y equals x."""


def chart(series: Sequence[Series], axes: Axes) -> Markup:
    """A chart as an SVG element; points that are not finite are left out."""
    shown = [_finite(one) for one in series]
    every = [point for one in shown for point in one.points]
    x_range = axes.x_range or _padded([x for x, _ in every])
    y_range = axes.y_range or _padded([y for _, y in every])
    scale = _Scale(x_range, y_range)
    parts = [_frame(scale, axes)]
    if axes.diagonal:
        low, high = max(x_range[0], y_range[0]), min(x_range[1], y_range[1])
        guide = scale.path([(low, low), (high, high)])
        parts.append(Markup('<path class="guide" d="{}"/>').format(guide))
    parts += [_drawn(one, scale) for one in shown]
    label = escape(axes.title)
    return Markup(
        '<svg viewBox="0 0 {} {}" role="img" aria-label="{}" class="chart">{}</svg>'
    ).format(WIDTH, HEIGHT, label, Markup("").join(parts))


def spark(counts: Sequence[int], title: str) -> Markup:
    """A histogram of the size of a word.

    >>> str(spark([1, 2], "two bins")).count("<rect")
    2
    """
    most, width = max(counts, default=0) or 1, 100 / max(len(counts), 1)
    bars = Markup("").join(
        Markup('<rect class="bar s0" x="{}" y="{}" width="{}" height="{}"/>').format(
            f"{place * width:.1f}",
            f"{24 - 24 * count / most:.1f}",
            f"{max(width - 0.8, 0.4):.1f}",
            f"{24 * count / most:.1f}",
        )
        for place, count in enumerate(counts)
    )
    return Markup(
        '<svg viewBox="0 0 100 24" role="img" aria-label="{}" class="spark">{}</svg>'
    ).format(title, bars)


def nice_ticks(low: float, high: float, about: int = 5) -> list[float]:
    """Round numbers inside a range.

    >>> nice_ticks(0, 1), nice_ticks(0.9, 1.0)
    ([0.0, 0.2, 0.4, 0.6, 0.8, 1.0], [0.9, 0.92, 0.94, 0.96, 0.98, 1.0])
    """
    raw = (high - low) / about
    magnitude = 10.0 ** math.floor(math.log10(raw))
    step = next(m * magnitude for m in (1, 2, 5, 10) if raw <= 1.25 * m * magnitude)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    decimals = max(0, -math.floor(math.log10(step)) + 1)
    return [round(i * step, decimals) + 0.0 for i in range(first, last + 1)]


def tick_label(value: float) -> str:
    """A tick's number, short.

    >>> [tick_label(v) for v in (0.0, 0.25, 1500.0, 2_000_000.0, 1e-6)]
    ['0', '0.25', '1.5k', '2M', '1e-06']
    """
    for limit, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= limit:
            return f"{value / limit:.4g}{unit}"
    return f"{value:.4g}"


@dataclass(frozen=True)
class _Scale:
    x_range: Range
    y_range: Range

    def x(self, value: float) -> float:
        low, high = self.x_range
        return LEFT + (value - low) / (high - low) * (WIDTH - LEFT - RIGHT)

    def y(self, value: float) -> float:
        low, high = self.y_range
        return HEIGHT - BOTTOM - (value - low) / (high - low) * (HEIGHT - TOP - BOTTOM)

    def path(self, points: Sequence[Point]) -> str:
        return "M" + "L".join(f"{self.x(x):.1f} {self.y(y):.1f}" for x, y in points)


def _finite(series: Series) -> Series:
    kept = [(x, y) for x, y in series.points if math.isfinite(x) and math.isfinite(y)]
    return Series(series.name, kept, series.kind, series.style, series.bar_width)


def _padded(values: Sequence[float]) -> Range:
    if not values:
        return 0.0, 1.0
    low, high = min(values), max(values)
    size = max(abs(low), abs(high))
    if high - low <= max(1e-9 * size, _SMALLEST):
        margin = 0.5 * size if size > _SMALLEST else 0.5
        return low - margin, high + margin
    return low - 0.02 * (high - low), high + 0.02 * (high - low)


def _frame(scale: _Scale, axes: Axes) -> Markup:
    parts = []
    bottom, right = HEIGHT - BOTTOM, WIDTH - RIGHT
    for value in nice_ticks(*scale.y_range):
        y = f"{scale.y(value):.1f}"
        line = Markup('<path class="grid" d="M{} {}H{}"/>').format(LEFT, y, right)
        text = Markup('<text x="{}" y="{}" dy="4" text-anchor="end">{}</text>').format(
            LEFT - 6, y, tick_label(value)
        )
        parts += [line, text]
    for value, label in _x_ticks(scale, axes):
        x = f"{scale.x(value):.1f}"
        line = Markup('<path class="grid" d="M{} {}V{}"/>').format(x, TOP, bottom)
        text = Markup('<text x="{}" y="{}" text-anchor="middle">{}</text>').format(
            x, bottom + 16, label
        )
        parts += [line, text]
    middle_x, middle_y = (LEFT + right) // 2, (TOP + bottom) // 2
    parts.append(
        Markup('<text class="axis" x="{}" y="{}" text-anchor="middle">{}</text>').format(
            middle_x, HEIGHT - 8, _fitting(axes.x, _MOST_X)
        )
    )
    parts.append(
        Markup(
            '<text class="axis" transform="translate(12 {}) rotate(-90)" '
            'text-anchor="middle">{}</text>'
        ).format(middle_y, _fitting(axes.y, _MOST_Y))
    )
    return Markup("").join(parts)


def _x_ticks(scale: _Scale, axes: Axes) -> list[tuple[float, str]]:
    if axes.x_names:
        return [(float(place), name) for place, name in enumerate(axes.x_names)]
    return [(value, tick_label(value)) for value in nice_ticks(*scale.x_range)]


def names_that_fit(names: Sequence[str]) -> list[str]:
    """Names as they fit side by side below an axis; empty where they would not be told apart.

    >>> names_that_fit(["yes", "no"]), names_that_fit(["a long name of a value"] * 8)
    (['yes', 'no'], [])
    """
    most = int((WIDTH - LEFT - RIGHT) / max(len(names), 1) / _WIDE)
    shown = [_fitting(name, most) for name in names]
    if shown == list(names):
        return shown
    return shown if most >= _FEWEST_LETTERS and len(set(shown)) == len(names) else []


def _fitting(text: str, most: int) -> str:
    """A label of at most so many letters, of which Chinese signs count two; its middle goes.

    >>> _fitting("a very long name of a column", 14), _fitting("长长长长长长长", 8)
    ('a very…column', '长长…长')
    """
    if _letters(text) <= most:
        return text
    head, tail = text[: len(text) // 2], text[len(text) // 2 :]
    while _letters(head) + _letters(tail) + 1 > most:
        if _letters(head) > _letters(tail):
            head = head[:-1]
        else:
            tail = tail[1:]
    return f"{head.rstrip()}…{tail.lstrip()}"


def _letters(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in text)


def _drawn(series: Series, scale: _Scale) -> Markup:
    style = f"s{series.style % 5}"
    if series.kind == "bars":
        return Markup("").join(_bar(x, y, series, scale, style) for x, y in series.points)
    dots = series.points if series.kind == "dots" or len(series.points) == 1 else []
    radius = "2.2" if len(dots) > 50 else "3.5"
    circles = Markup("").join(
        Markup('<circle class="dot {}" cx="{}" cy="{}" r="{}"/>').format(
            style, f"{scale.x(x):.1f}", f"{scale.y(y):.1f}", radius
        )
        for x, y in dots
    )
    if series.kind == "dots" or len(series.points) < 2:
        return circles
    return Markup('<path class="line {}" d="{}"/>').format(style, scale.path(series.points))


def _bar(x: float, y: float, series: Series, scale: _Scale, style: str) -> Markup:
    left, right = scale.x(x - series.bar_width / 2), scale.x(x + series.bar_width / 2)
    top, bottom = scale.y(y), float(HEIGHT - BOTTOM)
    return Markup('<rect class="bar {}" x="{}" y="{}" width="{}" height="{}"/>').format(
        style,
        f"{left + 0.5:.1f}",
        f"{top:.1f}",
        f"{max(right - left - 1, 0.5):.1f}",
        f"{max(bottom - top, 0):.1f}",
    )
