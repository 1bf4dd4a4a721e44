"""Timestamps: one reader for all forms, and the parts of the calendar that vary."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stoker.cells.moments import MomentCells, moment_forms
from stoker.core.errors import DataError
from stoker.features.timestamp import FittedTimestamp, Timestamp

NOON = np.datetime64("2021-03-04T12:00", "us")
DAYS = [dt.date(2021, 3, 4) + dt.timedelta(days=n) for n in range(800)]


def fit(cells: list | pa.Array, **options: object) -> FittedTimestamp:
    array = cells if isinstance(cells, pa.Array) else pa.array(cells)
    return Timestamp.model_validate(options).fit(pa.chunked_array([array]))


def parts(fitted: FittedTimestamp, cells: list | pa.Array) -> dict[str, list[float]]:
    array = cells if isinstance(cells, pa.Array) else pa.array(cells)
    columns = fitted.transform(array).values.T.tolist()
    return dict(zip(fitted.parts, columns, strict=True))


@pytest.mark.parametrize(
    "text",
    [
        "2021-03-04 12:00", "2021-03-04T12:00:00Z", "2021-03-04 12:00:00.000000", "2021/3/4 12",
        "2021.03.04 12:00", "20210304 12:00:00", "2021年3月4日 12:00", "2021年3月4日12时0分",
        "4 Mar 2021 12:00", "March 4th, 2021 12:00 PM", "Thu, 04 Mar 2021 12:00:00 GMT",
        "04-Mar-2021 12:00", "2021-03-04T20:00+08:00", "2021-03-04 07:00:00-0500", "4.3.2021 12:00",
        "\N{FULLWIDTH DIGIT TWO}021-03-04 12:00",
    ],
)  # fmt: skip
def test_a_moment_is_read_in_every_form(text: str) -> None:
    for copies in (1, 99):
        found = MomentCells().read(pa.array([text] * copies))
        assert not found.bad
        assert set(found.moment_N.tolist()) == {NOON.item()}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("03/04/2021", "two ways; say timestamp: {order: day_first}"),
        ("13/04/21", "two digits; say timestamp: {short_years: true}"),
        ("2021-02-30", "no day of the calendar"), ("2021-03-04 25:00", "no time of day"),
        ("soon", "write 2021-03-04"), ("1614816000", "write 2021-03-04"), ("12:30", "no date"),
        ("2021-13-01", "no day of the calendar"),
    ],
)  # fmt: skip
def test_the_rest_is_named(text: str, reason: str) -> None:
    for copies in (1, 99):
        found = MomentCells().read(pa.array(["2021-03-04"] + [text] * copies))
        assert reason in found.bad[0].reason
        assert [cell.index for cell in found.bad] == list(range(1, copies + 1))
        assert np.isnat(found.moment_N).tolist() == [False] + [True] * copies


@pytest.mark.parametrize(
    "kind",
    [pa.timestamp(unit) for unit in ("s", "ms", "us", "ns")]
    + [pa.timestamp("ns", "Asia/Shanghai"), pa.timestamp("s", "UTC")],
    ids=str,
)
def test_every_unit_and_zone_is_the_same_moment(kind: pa.DataType) -> None:
    cells = pa.array([NOON.item(), None], pa.timestamp("us")).cast(kind)
    assert MomentCells().read(cells).moment_N.tolist() == [NOON.item(), None]


def test_dates_and_far_years() -> None:
    for kind in (pa.date32(), pa.date64()):
        read = MomentCells().read(pa.array([DAYS[0], None], kind))
        assert read.moment_N.tolist() == [dt.datetime(2021, 3, 4), None]
    far = pa.array([10**17, -(10**17), 0], pa.timestamp("s"))
    assert [cell.index for cell in MomentCells().read(far).bad] == [0, 1]
    assert "years 1 to 9999" in MomentCells().read(far).bad[0].reason


def test_parts_that_vary_are_kept() -> None:
    fitted = fit(DAYS)
    assert fitted.part_names == ("days", "year", "month", "day", "weekday", "day of year")
    assert fitted.shape == (6,)
    assert parts(fitted, ["2022-12-31", None]) == {
        "days": [667, pytest.approx(np.nan, nan_ok=True)],
        "year": [2022, pytest.approx(np.nan, nan_ok=True)],
        "month": [12, pytest.approx(np.nan, nan_ok=True)],
        "day": [31, pytest.approx(np.nan, nan_ok=True)],
        "weekday": [5, pytest.approx(np.nan, nan_ok=True)],
        "day_of_year": [365, pytest.approx(np.nan, nan_ok=True)],
    }
    same_month = fit(["2021-03-04 08:00", "2021-03-05 08:30"])
    assert same_month.parts == ("days", "day", "weekday", "day_of_year", "hour", "minute")
    assert parts(same_month, ["2021-03-04 20:30"])["hour"] == [20.5]


@given(st.datetimes(dt.datetime(1, 1, 1), dt.datetime(9999, 12, 31)))
def test_parts_are_those_of_python(moment: dt.datetime) -> None:
    fitted = FittedTimestamp.model_validate(
        {
            "kind": "moment", "first_us": 0, "last_us": 1, "had_missing": False,
            "parts": ("year", "month", "day", "weekday", "day_of_year", "hour", "minute"),
            "means": (0.0,) * 7, "stds": (1.0,) * 7,
        }
    )  # fmt: skip
    found = parts(fitted, [moment])
    assert [found[name][0] for name in ("year", "month", "day")] == [
        moment.year, moment.month, moment.day,
    ]  # fmt: skip
    assert found["weekday"] == [moment.weekday()]
    assert found["day_of_year"] == [moment.timetuple().tm_yday]
    assert int(found["hour"][0]) == moment.hour
    assert found["minute"] == [moment.minute]
    assert parts(fitted, [moment.isoformat()]) == found


def test_times_of_day_have_no_days() -> None:
    for cells in (
        [dt.time(8), dt.time(20, 30)],
        pa.array([8 * 3600, 20 * 3600 + 1800], pa.time32("s")),
        ["8:00", "20:30:00"],
        ["8:00 am", "8:30 PM"],
    ):
        fitted = fit(cells)
        assert fitted.parts == ("hour", "minute")
        assert parts(fitted, ["8:00", "20:30"]) == {"hour": [8, 20.5], "minute": [0, 30]}
        assert parts(fitted, [dt.time(8, 0)])["hour"] == [8]
        assert "no time of day" in fitted.transform(pa.array(["2021-03-04"])).bad[0].reason
        assert "not a time of day" in fitted.transform(pa.array([DAYS[0]])).bad[0].reason


def test_the_order_is_what_the_column_proves() -> None:
    day_first = fit(["03/04/2021", "13/04/2021 8:05"])
    assert day_first.order == "day_first"
    assert parts(day_first, ["05/04/2021"])["day"] == [5]
    assert "another order" in day_first.transform(pa.array(["04/13/2021"])).bad[0].reason
    assert fit(["03/04/2021", "04/13/2021"]).order == "month_first"
    assert fit(["03/04/2021", "05/06/2021"], order="month_first").order == "month_first"
    with pytest.raises(DataError, match="such as '03/04/2021'; of the others none tells"):
        fit(["03/04/2021", "05/06/2021"])
    with pytest.raises(DataError, match="some put the day first, some the month"):
        fit(["13/04/2021", "04/13/2021"])


def test_short_years_are_read_if_asked_for() -> None:
    fitted = fit(["13/04/21", "14/04/69"], short_years=True)
    assert parts(fitted, ["13/04/21", "14/04/69"])["year"] == [2021, 1969]


@pytest.mark.parametrize(
    ("cell", "is_unseen"),
    [
        ("2021-01-01 00:00:00", False),
        ("2021-12-31 23:59:59.000001", True),
        ("2022-01-01", True),
        ("2020-12-31 23:59:59.999999", True),
        ("2021-12-31T23:59:59", False),
        (None, False),
    ],
)
def test_a_moment_outside_of_training_is_marked(cell: str | None, is_unseen: bool) -> None:
    """From the first one on: a model has seen nothing of what comes after."""
    fitted = fit(["2021-01-01", "2021-06-01", "2021-12-31 23:59:59"])
    done = fitted.transform(pa.array([cell, "2021-03-04"]))
    marked = [False, False] if done.unseen_N is None else done.unseen_N.tolist()
    assert marked == [is_unseen, False]
    assert fitted.unseen_hint("") == "training saw 2021-01-01 to 2021-12-31T23:59:59"
    assert fitted.unseen_hint("") in fitted.unseen_advice


def test_what_has_no_parts_is_refused() -> None:
    with pytest.raises(DataError, match="all of the 2 training cells with a date are 2021"):
        fit(["2021-03-04", "2021-03-04"])
    with pytest.raises(DataError, match="type duration") as caught:
        fit([dt.timedelta(1)])
    assert "say number" in str(caught.value.fix)
    with pytest.raises(DataError, match="such as 'red', which is no date"):
        fit(["red"])
    with pytest.raises(DataError, match="of type int64"):
        fit([1, 2])


def test_networks_get_scales_and_periods() -> None:
    scales = fit([*DAYS, None]).scales
    assert [scale.period for scale in scales] == [None, None, 12, None, 7, 365.25]
    assert [scale.had_missing for scale in scales] == [True, *[False] * 5]
    values = fit(DAYS).transform(pa.array(DAYS)).values
    np.testing.assert_allclose([scale.mean for scale in scales], values.mean(0))
    np.testing.assert_allclose([scale.std for scale in scales], values.std(0))


def test_the_schema_shows_a_moment_that_reads_back() -> None:
    assert fit(DAYS).json_schema()["examples"] == ["2023-05-12"]
    fitted = fit(["2021-03-04 08:00", "2021-03-05 08:30"])
    assert fitted.json_schema()["examples"] == ["2021-03-05T08:30:00"]
    assert fit(["8:00", "20:30"]).json_schema()["examples"] == ["20:30:00"]


def test_forms_are_found_for_a_judge() -> None:
    found = moment_forms(["03/04/2021", "13/04/2021", "", "NA"])
    assert (found.order, found.num_moments, found.num_open) == ("day_first", 2, 1)
    assert moment_forms(["8:00", "9:30", "x"]).num_times == 2
    assert moment_forms(pa.array(["03/04/21", "x"])).num_short_years == 1
    assert moment_forms(["1.5", "x", "12"]).num_moments == 0
