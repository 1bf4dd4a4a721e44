"""Values that may mean that nothing is known are told with a line that works, ordinary ones not."""

from __future__ import annotations

import datetime as dt
import random
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from stoker.core.steps import make_step
from stoker.core.yaml import parse_yaml
from stoker.data.profile.far import far_values
from stoker.data.profile.judge_target import judge_target
from stoker.data.profile.numbers import weigh
from stoker.features import Feature
from tests.data.profile.conftest import Judged, Profiled

ROWS = 600


def days(first: int, last: int, form: str) -> list[str]:
    generator = random.Random(0)
    return [
        dt.date(generator.randrange(first, last), 1 + i % 12, 1 + i % 28).strftime(form)
        for i in range(ROWS)
    ]


def measured(mean: float, deviation: float, digits: int = 2) -> list[str]:
    generator = random.Random(0)
    return [f"{generator.gauss(mean, deviation):.{digits}f}" for _ in range(ROWS)]


def counted(low: int, high: int) -> list[str]:
    generator = random.Random(0)
    return [str(generator.randrange(low, high)) for _ in range(ROWS)]


def with_every(cells: list[str], step: int, *words: str) -> list[str]:
    return [
        words[i // step % len(words)] if i % step == 0 else cell for i, cell in enumerate(cells)
    ]


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        (with_every(measured(20, 3), 40, "-999"), ["-999"]),
        (with_every(measured(20, 3), 40, "-999.0", "-999"), ["-999.0", "-999"]),
        (with_every(measured(20, 3), 150, "-999"), ["-999"]),
        (with_every(counted(0, 11), 10, "99"), ["99"]),
        (with_every(measured(60, 10, 0), 8, "9999"), ["9999"]),
        (with_every(measured(60, 10, 0), 8, "9999", "-999"), ["9999", "-999"]),
        (with_every(measured(5, 1), 9, "997", "999"), ["997", "999"]),
        (with_every(counted(1, 13), 9, "-1"), ["-1"]),
        (with_every(counted(0, 400), 9, "-1"), ["-1"]),
        (with_every(measured(1000, 20, 0), 9, "0"), ["0"]),
        (with_every(measured(5, 1), 9, "-32768"), ["-32768"]),
        (with_every([f"{cell} kg" for cell in counted(40, 90)], 9, "999 kg"), ["999 kg"]),
        (with_every(["?" if i % 50 == 1 else c for i, c in enumerate(measured(20, 3))], 40, "-999"),
         ["-999"]),
        (with_every(days(1940, 2000, "%d.%m.%Y"), 2, "01.01.1900"), ["01.01.1900"]),
        (with_every(days(1910, 2000, "%Y-%m-%d"), 5, "1900-01-01"), ["1900-01-01"]),
        (with_every(days(2015, 2025, "%Y-%m-%d"), 30, "9999-12-31"), ["9999-12-31"]),
    ],
)  # fmt: skip
def test_what_means_that_nothing_is_known_is_told_with_the_line_that_says_so(
    judged: Judged, cells: list[str], words: list[str]
) -> None:
    found = judged({"x": cells})["x"]
    assert found.is_notable
    for word in words:
        assert f"'{word}' stands {cells.count(word)} times" in found.why
    assert "apart from all other values" in found.why
    feature = made(found.change)
    read = feature.fit(pa.chunked_array([cells])).transform(pa.array(cells))
    assert read.bad == ()
    is_missing = np.isnan(np.reshape(read.values, (len(cells), -1))).all(axis=1)
    assert is_missing.tolist() == [cell in {*words, "?"} for cell in cells]


def made(line: str) -> Feature:
    (step,) = parse_yaml(line).value.values()
    return make_step("stoker.features", step, Feature)


@pytest.mark.parametrize(
    "array",
    [
        pa.array([-999.0 if i % 40 == 0 else 20 + i % 7 / 3 for i in range(ROWS)]),
        pa.array([-999 if i % 40 == 0 else i % 70 for i in range(ROWS)], pa.int16()),
        pa.array([dt.date(1900, 1, 1) if i % 3 == 0 else dt.date(1960 + i % 40, 1 + i % 12, 3)
                  for i in range(ROWS)]),
        pa.array([dt.datetime(9999, 12, 31) if i % 40 == 0
                  else dt.datetime(2020, 1 + i % 12, 3, i % 24)
                  for i in range(ROWS)], pa.timestamp("ms")),
    ],
)  # fmt: skip
def test_it_works_for_columns_of_a_type_too(judged: Judged, array: pa.Array) -> None:
    found = judged({"x": array})["x"]
    assert found.is_notable
    feature = made(found.change)
    read = feature.fit(pa.chunked_array([array])).transform(array)
    is_missing = np.isnan(np.reshape(read.values, (ROWS, -1))).all(axis=1)
    assert is_missing.tolist() == [cell == array[0] for cell in array]


def test_a_measured_target_tells_them_too(profiled: Profiled) -> None:
    column = profiled({"y": with_every(measured(20, 3), 40, "-999")}).column("y")
    assert column is not None
    found = judge_target(column)
    assert found.is_notable
    assert found.change == 'target: {"y": {regress: {missing: ["-999"]}}}'


ORDINARY: dict[str, Any] = {
    "amounts": lambda r, n: np.exp(r.normal(7, 1.5, n)).round(2),
    "whole amounts": lambda r, n: np.exp(r.normal(3, 1.5, n)).astype(int),
    "prices": lambda r, n: np.exp(r.normal(3, 1.2, n)).astype(int) + 0.99,
    "mostly zero": lambda r, n: np.where(r.random(n) < 0.8, 0, np.exp(r.normal(6, 1, n)).round()),
    "zero or rent": lambda r, n: np.where(r.random(n) < 0.6, 0, r.integers(300, 900, n)),
    "counts": lambda r, n: r.poisson(1.2, n),
    "skewed counts": lambda r, n: r.negative_binomial(0.4, 0.05, n),
    "far tails": lambda r, n: (r.pareto(1, n) * 10).astype(int),
    "years": lambda r, n: r.integers(1950, 2026, n),
    "thousands": lambda r, n: np.round(np.exp(r.normal(9, 1, n)), -3),
    "capped": lambda r, n: np.minimum(99, r.normal(85, 15, n)).round(),
    "differences": lambda r, n: np.maximum(-1, r.poisson(3, n) - 2),
    "scores": lambda r, n: r.integers(-1, 6, n),
    "choices": lambda r, n: r.integers(1, 6, n),
    "powers": lambda r, n: 2 ** r.integers(0, 12, n),
    "signs": lambda r, n: r.choice([-1, 1], n),
    "normal": lambda r, n: r.normal(0, 1, n),
}  # fmt: skip


@pytest.mark.parametrize("kind", ORDINARY)
def test_ordinary_numbers_are_left_in_peace(kind: str) -> None:
    for seed in range(20):
        for rows in (60, 500, 4_000):
            value_N = ORDINARY[kind](np.random.default_rng(seed), rows)
            assert far_values(weigh(np.asarray(value_N))).tolist() == []


def test_days_and_clocks_are_left_in_peace(judged: Judged) -> None:
    first = dt.date(1970, 1, 1)
    each = [(first + dt.timedelta(i // 3)).isoformat() for i in range(ROWS)]
    clock = [f"{8 + i % 9:02}:{i % 60:02}" if i % 3 else "00:00" for i in range(ROWS)]
    for cells in (each, clock, days(1990, 2020, "%d.%m.%Y")):
        found = judged({"x": cells})["x"]
        assert found.kind == "timestamp"
        assert not found.is_notable
