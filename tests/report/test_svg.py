"""Charts are well-formed, stay inside their frame, and never choke on odd numbers."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from stoker.report._svg import HEIGHT, WIDTH, Axes, Series, chart, nice_ticks

AXES = Axes("A chart", "x", "y")
values = st.floats(-1e9, 1e9) | st.sampled_from([float("nan"), float("inf"), 0.0, 1e-12])


@example([(2.2e-311, 0.0)], "bars")
@example([(1e8, 1.0), (1e8 + 1e-7, 2.0)], "line")
@given(st.lists(st.tuples(values, values), max_size=30), st.sampled_from(["line", "dots", "bars"]))
def test_any_points_give_a_chart_inside_its_frame(
    points: list[tuple[float, float]], kind: str
) -> None:
    series = Series("s", points, kind, bar_width=1.0)  # pyrefly: ignore[bad-argument-type]
    text = chart([series], AXES)
    root = ET.fromstring(text)  # noqa: S314  # our own text
    assert "nan" not in text
    assert "inf" not in text
    for path in root.iter("path"):
        numbers = [float(n) for n in re.findall(r"-?\d+\.?\d*", path.attrib["d"])]
        assert all(-1 <= n <= max(WIDTH, HEIGHT) + 1 for n in numbers)


@given(st.floats(-1e6, 1e6), st.floats(1e-6, 1e6))
def test_ticks_are_few_round_and_inside(low: float, width: float) -> None:
    high = low + width
    if high - low < 1e-9 * max(abs(low), 1):
        return
    ticks = nice_ticks(low, high)
    assert 2 <= len(ticks) <= 11
    slack = 1e-6 * width
    assert all(low - slack <= tick <= high + slack for tick in ticks)
    assert ticks == sorted(ticks)


def test_one_point_is_a_dot() -> None:
    text = chart([Series("s", [(1.0, 2.0)])], AXES)
    assert text.count("<circle") == 1


@pytest.mark.parametrize("evil", ["<script>", '"><b', "&"])
def test_titles_are_escaped(evil: str) -> None:
    root = ET.fromstring(chart([], Axes(evil, evil, evil)))  # noqa: S314  # our own text
    assert root.attrib["aria-label"] == evil
    assert [e.text for e in root.iter("text") if e.attrib.get("class") == "axis"] == [evil, evil]


@pytest.mark.parametrize("name", ["age", "a very long name of a column " * 4, "受教育程度" * 20])
def test_labels_stay_beside_their_axes(name: str) -> None:
    root = ET.fromstring(chart([], Axes("t", name, name)))  # noqa: S314  # our own text
    across, along = (e.text or "" for e in root.iter("text") if e.attrib.get("class") == "axis")
    for shown, most in ((across, 46), (along, 32)):
        wide = sum(2 if ord(sign) > 0x2E80 else 1 for sign in shown)
        assert wide <= most
        assert shown == name.strip() or "…" in shown
