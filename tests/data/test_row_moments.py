"""Times: ISO 8601 by Python's reader, and nothing that can be read in two ways."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stoker.data.row_moments import moments_N

ZONES = st.integers(-12, 14).map(lambda hours: timezone(timedelta(hours=hours)))
TIMES = st.datetimes(datetime(1700, 1, 1), datetime(2200, 1, 1), timezones=ZONES)


def read(*cells: object) -> list[float]:
    return moments_N(pa.chunked_array([pa.array(cells)])).tolist()


@given(st.lists(TIMES, min_size=1))
def test_iso_texts_are_their_seconds(times: list[datetime]) -> None:
    expected = [time.timestamp() for time in times]
    assert read(*[time.isoformat() for time in times]) == expected
    assert read(*[time.isoformat(" ").replace("+00:00", "Z") for time in times]) == expected


def test_days_months_and_fractions() -> None:
    day = datetime(2021, 3, 4, tzinfo=UTC).timestamp()
    assert read("2021-03-04", "2021-03-04T00", " 2021-03-04 00:00 ", "2021-03-04T00:00:00.5") == [
        day, day, day, day + 0.5,
    ]  # fmt: skip
    assert read("2021-03") == [datetime(2021, 3, 1, tzinfo=UTC).timestamp()]


def test_what_spreadsheets_write() -> None:
    day = datetime(2024, 1, 2, tzinfo=UTC).timestamp()
    for cell in (
        "2024/1/2",
        "2024/01/02",
        "2024-1-2",
        "2024-01-2",
        " 2024/1/2 0:00",
        "2024/1/2 00",
    ):
        assert read(cell) == [day]
    assert read("2024/1/2 8:05:30") == [day + 8 * 3600 + 330]
    assert read("2024/1/2 8:05+08:00") == [day + 300]
    assert read("2024-1") == [datetime(2024, 1, 1, tzinfo=UTC).timestamp()]


@pytest.mark.parametrize(
    "cell",
    [
        "1/2/2024",
        "24/1/2",
        "2024/13/1",
        "2024/1-2",
        "2024/1",
        "2024/1/2 25:00",
        "2024/1/2/3",
        "03/04/2021",
        "2021-02-30",
        "2021-13-01",
        "soon",
        "",
        None,
        "20210304T",
    ],
)
def test_what_is_no_moment_is_nan(cell: str | None) -> None:
    assert np.isnan(read("2021-03-04", cell)[1])


def test_day_and_month_first_are_read_where_the_column_proves_the_order() -> None:
    day = datetime(2021, 4, 3, tzinfo=UTC).timestamp()
    assert read("03/04/2021", "13/04/2021") == [day, day + 10 * 86_400]
    assert read("04/03/2021", "04/13/2021") == [day, day + 10 * 86_400]
    assert np.isnan(read("03/04/2021", "13/04/2021", "04/13/2021")[0])
    assert read("3.4.2021", "3 Apr 2021", "2021年4月3日") == [day] * 3


def test_numbers_of_eight_digits_are_days_only_if_all_are() -> None:
    assert read("19990101", "12345678") == [19_990_101, 12_345_678]
    assert read("19700102", "19700103") == [86_400, 172_800]


def test_numbers_and_typed_times() -> None:
    assert read(1999, 2003) == [1999, 2003]
    assert read("1999", "2003.5") == [1999, 2003.5]
    stamps = pa.array([0, None, 1_500_000], pa.timestamp("us"))
    np.testing.assert_array_equal(moments_N(pa.chunked_array([stamps])), [0, np.nan, 1.5])
    ancient = pa.array([-62_135_596_800], pa.timestamp("s"))
    assert moments_N(pa.chunked_array([ancient])).tolist() == [-62_135_596_800]
    zoned = pa.array([0], pa.timestamp("ns", "Asia/Shanghai"))
    assert moments_N(pa.chunked_array([zoned])).tolist() == [0]
    assert np.isnan(moments_N(pa.chunked_array([pa.array([0], pa.time32("s"))]))).all()
    days = pa.array([1, 2], pa.date32())
    assert moments_N(pa.chunked_array([days])).tolist() == [86_400, 172_800]
    assert np.isnan(moments_N(pa.chunked_array([pa.array([[1]])]))).all()
