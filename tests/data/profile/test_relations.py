"""Rows that follow each other in time or belong to one unit are found, and few other columns."""

from __future__ import annotations

import datetime as dt
import random
from typing import Any

import pyarrow as pa
import pytest

from stoker.data.profile.relations import Relation, relations
from tests.data.profile.conftest import Profiled

START = dt.datetime(2023, 1, 1)


def days(count: int, step: float = 1) -> list[dt.datetime]:
    return [START + dt.timedelta(days=step * n) for n in range(count)]


def drawn(count: int, values: list[Any]) -> list[Any]:
    generator = random.Random(0)
    return [generator.choice(values) for _ in range(count)]


def found(profiled: Profiled, columns: dict[str, Any], target: str = "y") -> list[tuple[str, str]]:
    tied = relations(profiled(columns), target)
    return [(one.key, one.column) for one in tied]


@pytest.mark.parametrize(
    "cells",
    [
        pa.array(days(300)),
        pa.array(days(300)[::-1]),
        pa.array([day.date() for day in days(300, 0.3)]),
        [f"{day:%d.%m.%Y}" for day in days(300)],
        [f"{day:%Y/%m/%d %H:%M:%S}" for day in days(300, 0.01)],
    ],
    ids=["rising", "falling", "dates", "German", "text"],
)
def test_rows_in_the_order_of_a_moment(profiled: Profiled, cells: Any) -> None:
    assert found(profiled, {"x": range(300), "下单时间": cells}) == [("time", "下单时间")]


@pytest.mark.parametrize(
    "cells",
    [
        drawn(300, days(300)),
        [START + dt.timedelta(days=n // 100) for n in range(300)],
        [f"{n // 60 % 24}:{n % 60:02}" for n in range(300)],
        [n / 7 for n in range(300)],
        list(range(2000, 2300)),
        days(30),
    ],
    ids=["mixed", "few days", "clock", "numbers", "years", "few rows"],
)
def test_rows_in_no_order_of_time(profiled: Profiled, cells: Any) -> None:
    assert found(profiled, {"x": cells}) == []


def test_a_clock_by_its_type_and_the_target_order_nothing(profiled: Profiled) -> None:
    clock = pa.array([dt.time(n // 60 % 24, n % 60) for n in range(300)])
    assert found(profiled, {"t": clock}) == []
    assert found(profiled, {"y": pa.array(days(300))}) == []


CODES = [10_000 + 293 * n for n in range(300)]
TEXTS = [f"KH{n:04}" for n in range(300)]


@pytest.mark.parametrize(
    ("name", "cells"),
    [
        ("Patient", drawn(900, CODES)),
        ("x", drawn(900, CODES)),
        ("subject", drawn(900, list(range(60)))),
        ("user_id", drawn(900, list(range(300)))),
        ("CustomerID", drawn(900, TEXTS)),
        ("客户编号", drawn(900, TEXTS)),
        ("Kundennummer", drawn(900, TEXTS)),
    ],
)
def test_units_of_several_rows(profiled: Profiled, name: str, cells: list[Any]) -> None:
    assert found(profiled, {"z": drawn(900, [1.5, 2.5]), name: cells}) == [("group", name)]


@pytest.mark.parametrize(
    ("name", "cells"),
    [
        ("id", list(range(900))),
        ("x", drawn(900, TEXTS)),
        ("town", drawn(900, [f"town {n}" for n in range(200)])),
        ("store_id", drawn(900, list(range(9)))),
        ("salary", [100 * n for n in drawn(900, list(range(250, 640)))]),
        ("price", [10 * n + 9 for n in drawn(900, list(range(150, 500)))]),
        ("gram", [1000 + round(random.Random(n).gauss(2000, 150)) for n in range(900)]),
        ("year", drawn(900, list(range(1950, 2020)))),
        ("users", drawn(900, CODES[:12])),
        ("weight", [n / 10 for n in drawn(900, list(range(300)))]),
        ("day", drawn(900, days(300))),
        ("identity", drawn(900, ["a", "b", "c"])),
    ],
)
def test_no_units(profiled: Profiled, name: str, cells: list[Any]) -> None:
    assert found(profiled, {name: cells}) == []


def test_one_line_of_each_kind(profiled: Profiled) -> None:
    columns = {
        "order_id": drawn(900, list(range(700))),
        "customer": drawn(900, CODES),
        "when": pa.array(days(900)),
        "again": pa.array(days(900)),
    }
    time, group = relations(profiled(columns), "y")
    assert time == Relation(
        key="time",
        column="when",
        why="rows follow each other in time by 'when', and a random split is kinder than the "
        "future",
    )
    assert group.column == "customer"
    assert group.why.startswith("several rows share 'customer' (286 different in 900 rows), ")


@pytest.mark.parametrize("slip", ["31.02.2023", "01.01.2099", "k.A.", "01.01.1999", None])
@pytest.mark.parametrize("falls", [False, True])
def test_one_slip_does_not_hide_that_rows_follow_each_other(
    profiled: Profiled, slip: str | None, falls: bool
) -> None:
    cells: list[str | None] = [f"{1 + n // 10 % 28:02}.{1 + n // 280:02}.2023" for n in range(600)]
    cells[300] = slip
    (one,) = relations(profiled({"day": cells[::-1] if falls else cells, "y": [0]}), "y")
    assert (one.key, one.column) == ("time", "day")


def test_days_that_begin_anew_for_each_group_do_not_order_rows(profiled: Profiled) -> None:
    cells = [f"2023-{1 + n // 28:02}-{1 + n % 28:02}" for n in range(300)] * 3
    assert relations(profiled({"day": cells, "y": [0]}), "y") == ()
