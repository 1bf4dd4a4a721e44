"""The batcher at its bounds: what just fits goes, one more does not, and all of it is counted."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator, Sequence
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from stoker.serve.batcher import Batcher, BatchLimits
from stoker.serve.messages import Refusal
from stoker.serve.metrics import Metrics
from stoker.serve.served_model import ServedAnswers
from tests.serve.test_batcher import Clock, Model, Timed, batcher, clock, rows

__all__ = ["clock"]
ROW_PIXELS = 65_536


def counted(made: Batcher) -> dict[str, float]:
    """What the batcher's metrics hold, by name and labels."""
    page = made._metrics.page().body
    assert isinstance(page, bytes)
    lines = [line for line in page.decode().splitlines() if not line.startswith("#")]
    return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines)}


def packed(sizes: Sequence[int], limit: int) -> Iterator[list[int]]:
    """The same greedy packing by a plain loop."""
    batch: list[int] = []
    for size in sizes:
        if batch and sum(batch) + size > limit:
            yield batch
            batch = []
        batch.append(size)
    yield batch


async def entered(model: Model) -> None:
    while not model.entered.is_set():
        await asyncio.sleep(0.001)


async def idle(made: Batcher) -> None:
    """Wait until the model's thread is done; answers are there a moment before."""
    while made._busy:
        await asyncio.sleep(0.001)


def run(body: Callable[[], Awaitable[None]]) -> None:
    async def within() -> None:
        await asyncio.wait_for(body(), 5)

    asyncio.run(within())


@given(st.lists(st.integers(1, 6), min_size=1, max_size=20), st.integers(1, 12))
@example([2, 2, 1], 4)
@example([5], 4)
def test_a_batch_takes_all_that_fits_and_nothing_more(sizes: list[int], limit: int) -> None:
    async def body() -> None:
        model = Model()
        made = batcher(model, max_batch=limit, queue=1000)
        await asyncio.gather(*[made.submit(rows(*range(size))) for size in sizes])
        await made.close()
        assert [[len(unit) for unit in one] for one in model.batches] == list(packed(sizes, limit))

    run(body)


@given(st.lists(st.integers(0, 1500), min_size=1, max_size=20))
@example([400, 600, 1])
@example([1001, 0])
def test_a_batch_takes_all_pixels_that_fit(pixels: list[int]) -> None:
    async def body() -> None:
        model = Model()
        made = batcher(model, max_batch=100, queue=100)
        await asyncio.gather(*[made.submit(rows(one), one) for one in pixels])
        await made.close()
        found = [[one for (one,) in batch] for batch in model.batches]
        assert found == list(packed(pixels, 1000))

    run(body)


@pytest.mark.parametrize(
    ("waiting", "more", "passes"), [(2, 1, True), (2, 2, False), (3, 1, False)]
)
def test_a_queue_holds_what_it_may_hold(waiting: int, more: int, passes: bool) -> None:
    async def body() -> None:
        door = threading.Event()
        made = batcher(Model(door), queue=3)
        kept = [made.submit(rows(*range(waiting)))]
        if passes:
            made.check_room(more)
            kept.append(made.submit(rows(*range(more))))
        else:
            with pytest.raises(Refusal, match="the queue is full"):
                made.check_room(more)
        assert counted(made).get('stoker_rejects_total{reason="queue_full"}', 0) == (not passes)
        door.set()
        await asyncio.gather(*kept)
        await made.close()

    run(body)


def test_room_is_asked_for_one_row_and_an_empty_queue_takes_any() -> None:
    async def body() -> None:
        door = threading.Event()
        made = batcher(Model(door), queue=1)
        made.check_room(100)
        kept = made.submit(rows(0))
        with pytest.raises(Refusal):
            made.check_room()
        door.set()
        await kept
        await made.close()

    run(body)


def test_the_wait_is_the_work_ahead_times_what_work_lately_took(clock: Clock) -> None:
    """Rows of 2 s: one runs, three wait, and a picture of a row's pixels counts as a fourth."""

    async def body() -> None:
        door = threading.Event()
        model = Timed(clock, 2.0)
        made = batcher(model, max_batch=1, queue_s=1000.0, max_pixels=10 * ROW_PIXELS)
        assert made.wait_s == 0
        await made.submit(rows(0))
        await idle(made)
        assert made.wait_s == pytest.approx(0, abs=1e-3)
        model.door = door
        model.entered.clear()
        kept = [made.submit(rows(1))]
        await entered(model)
        assert made.wait_s == pytest.approx(2, abs=1e-3)
        kept.append(made.submit(rows(2, 3)))
        kept.append(made.submit(rows(4), ROW_PIXELS))
        assert (made.num_waiting, made.wait_s) == (3, pytest.approx(10, abs=1e-2))
        door.set()
        await asyncio.gather(*kept)
        await made.close()
        assert (made.num_waiting, made.wait_s) == (0, 0)

    run(body)


def test_before_the_first_batch_nothing_is_known_of_the_wait() -> None:
    async def body() -> None:
        door = threading.Event()
        model = Model(door)
        made = batcher(model, max_batch=1)
        kept = [made.submit(rows(0)), made.submit(rows(1))]
        await entered(model)
        assert made.wait_s == 0
        kept.append(made.submit(rows(2)))
        door.set()
        await asyncio.gather(*kept)
        await made.close()

    run(body)


def test_rows_without_pictures_have_no_pixels() -> None:
    async def body() -> None:
        model = Model()
        made = batcher(model, max_pixels=0)
        await asyncio.gather(*[made.submit(rows(one)) for one in range(4)])
        await made.close()
        assert model.batches == [[[0], [1], [2], [3]]]

    run(body)


def test_a_batch_may_take_all_of_its_time() -> None:
    """Rows of a second, two seconds for a batch; a pixel more is too much."""
    made = batcher(Model(), queue_s=8.0)
    made._work_s = 1 / ROW_PIXELS
    assert made._fits(2, 0)
    assert not made._fits(2, 1)


def test_a_tenth_of_the_estimate_is_the_latest_batch(clock: Clock) -> None:
    async def body() -> None:
        model = Timed(clock, 1.0)
        made = batcher(model, max_batch=1, queue_s=1000.0)
        await made.submit(rows(0))
        await idle(made)
        model.row_s = 3.0
        await made.submit(rows(1))
        await idle(made)
        kept = [made.submit(rows(2))]
        assert made.wait_s == pytest.approx(1.2, abs=1e-3)
        await asyncio.gather(*kept)
        await made.close()

    run(body)


@pytest.mark.parametrize(("row_s", "seconds"), [(0.3, b"1"), (1.6, b"5"), (2.4, b"8")])
def test_a_refused_request_is_told_when_to_come_back(
    clock: Clock, row_s: float, seconds: bytes
) -> None:
    """Three rows are ahead; the time is in whole seconds, at least one."""

    async def body() -> None:
        model = Timed(clock, row_s)
        made = batcher(model, queue=3, queue_s=1000.0)
        await made.submit(rows(0))
        await idle(made)
        kept = [made.submit(rows(1)), made.submit(rows(2)), made.submit(rows(3))]
        with pytest.raises(Refusal) as caught:
            made.submit(rows(4))
        assert caught.value.headers == ((b"retry-after", seconds),)
        await asyncio.gather(*kept)
        await made.close()

    run(body)


@pytest.mark.parametrize(("queue_s", "largest"), [(3.9, 1), (8.1, 2), (12.1, 3), (100.0, 4)])
def test_a_quarter_of_the_time_is_for_the_batch(clock: Clock, queue_s: float, largest: int) -> None:
    """Rows of a second each."""

    async def body() -> None:
        model = Timed(clock, 1.0)
        made = batcher(model, queue_s=queue_s)
        await made.submit(rows(0))
        await idle(made)
        kept = [made.submit(rows(one)) for one in range(2)]
        kept += [made.submit(rows(one)) for one in range(2) if queue_s > 8]
        await asyncio.gather(*kept)
        await made.close()
        assert max(len(batch) for batch in model.batches) == largest

    run(body)


def test_batches_and_waits_are_counted(clock: Clock) -> None:
    async def body() -> None:
        made = batcher(Timed(clock, 1.0), max_batch=2, queue_s=1000.0)
        await asyncio.gather(*[made.submit(rows(one)) for one in range(3)])
        await made.close()
        found = counted(made)
        assert found['stoker_batches_total{reason="full"}'] == 1
        assert found['stoker_batches_total{reason="idle"}'] == 1
        assert (found["stoker_batch_rows_count"], found["stoker_batch_rows_sum"]) == (2, 3)
        assert found["stoker_queue_seconds_count"] == 3
        assert found["stoker_queue_seconds_sum"] == pytest.approx(2, abs=1e-3)

    run(body)


def test_what_is_refused_or_given_up_is_counted_once(clock: Clock) -> None:
    async def body() -> None:
        model = Timed(clock, 0.0)
        made = batcher(model, max_batch=1, queue_s=1.0, deadline_s=0.05)
        await made.submit(rows(0))
        await idle(made)
        model.row_s = 2.4
        kept = [made.submit(rows(one)) for one in range(3)]
        results = await asyncio.gather(*kept, return_exceptions=True)
        late = [result for result in results if isinstance(result, Refusal)]
        assert [(one.status, str(one)) for one in late] == 2 * [(429, str(late[0]))]
        assert "the queue became slow" in str(late[0])
        assert late[0].headers == ((b"retry-after", b"1"),)
        await asyncio.sleep(0.1)
        await made.close()
        found = counted(made)
        assert found['stoker_rejects_total{reason="queue_slow"}'] == 2
        assert 'stoker_rejects_total{reason="deadline"}' not in found

    run(body)


def test_a_deadline_is_said_and_counted() -> None:
    async def body() -> None:
        door = threading.Event()
        made = batcher(Model(door), deadline_s=0.05)
        with pytest.raises(Refusal, match=r"no answer within 0\.05 s") as caught:
            await made.submit(rows(0))
        door.set()
        await made.close()
        assert caught.value.status == 504
        assert counted(made)['stoker_rejects_total{reason="deadline"}'] == 1

    run(body)


@pytest.mark.parametrize("num_others", [0, 2])
def test_after_an_error_nothing_is_left_behind(num_others: int) -> None:
    """Whoever fails alone is told the error itself; queue and timers are as if nothing had been."""
    error = ZeroDivisionError("by zero")

    def model(units: Sequence[pa.Table]) -> list[ServedAnswers | Refusal]:
        if any(13 in unit["x"].to_pylist() for unit in units):
            raise error
        return [ServedAnswers({}, unit.num_rows) for unit in units]

    async def body() -> None:
        made = batcher(model, deadline_s=0.05)
        kept = [made.submit(rows(one)) for one in (13, *range(num_others))]
        results = await asyncio.gather(*kept, return_exceptions=True)
        assert results[0] is error
        assert all(isinstance(one, ServedAnswers) for one in results[1:])
        await idle(made)
        assert (made.num_waiting, made.wait_s) == (0, 0)
        await asyncio.sleep(0.1)
        await made.close()
        found = counted(made)
        assert 'stoker_rejects_total{reason="deadline"}' not in found
        # Together once, then each alone.
        assert found["stoker_batch_rows_count"] == (1 if num_others == 0 else 2 + num_others)

    run(body)


def test_a_refusal_among_the_answers_is_that_requests_alone() -> None:
    refusal = Refusal("not this one", status=422)

    def model(units: Sequence[pa.Table]) -> list[ServedAnswers | Refusal]:
        return [refusal, *[ServedAnswers({}, unit.num_rows) for unit in units[1:]]]

    async def body() -> None:
        made = batcher(model)
        first, second = made.submit(rows(0)), made.submit(rows(1, 2))
        results = await asyncio.gather(first, second, return_exceptions=True)
        await made.close()
        assert results[0] is refusal
        assert isinstance(results[1], ServedAnswers)
        assert results[1].num_rows == 2

    run(body)


def test_the_model_runs_in_one_thread_of_its_own_that_ends() -> None:
    names: list[str] = []

    def model(units: Sequence[pa.Table]) -> list[ServedAnswers | Refusal]:
        names.append(threading.current_thread().name)
        return [ServedAnswers({}, unit.num_rows) for unit in units]

    async def body() -> None:
        made = batcher(model, max_batch=1)
        await asyncio.gather(*[made.submit(rows(one)) for one in range(3)])
        await made.close()

    run(body)
    assert names == 3 * ["model_0"]
    assert "model_0" not in {thread.name for thread in threading.enumerate()}


def test_limits_split_the_time() -> None:
    limits = BatchLimits(max_batch=1, max_pixels=1, queue=1, queue_s=10.0, deadline_s=1.0)
    assert (limits.wait_s, limits.batch_s) == (6.5, 2.5)
    assert Batcher(lambda units: [], Metrics(), limits).num_waiting == 0


@pytest.mark.parametrize(
    ("since", "now", "alone", "late"),
    [
        (4.0, 10.51, False, True),
        (4.0, 10.5, False, False),
        (4.999, 20.0, False, True),
        (5.0, 20.0, False, False),
        (6.0, 20.0, False, False),
        (4.0, 20.0, True, False),
    ],
)
def test_late_is_who_was_passed_over_and_waited_too_long(
    since: float, now: float, alone: bool, late: bool
) -> None:
    """The last batch was taken at 5 s, and nobody shall wait longer than 6.5 s."""
    made = batcher(Model(), queue_s=10.0)
    made._took_at = 5.0
    waiting: Any = SimpleNamespace(since=since, alone=alone)
    assert made._is_late(waiting, now) == late


def test_a_wait_is_counted_from_when_a_request_came(clock: Clock) -> None:
    async def body() -> None:
        clock.now_s = 1000.0
        made = batcher(Timed(clock, 3.0), max_batch=1, queue_s=1000.0)
        await asyncio.gather(made.submit(rows(0)), made.submit(rows(1)))
        await made.close()
        found = counted(made)
        assert found["stoker_queue_seconds_sum"] == pytest.approx(3, abs=1e-2)
        assert found['stoker_queue_seconds_bucket{le="+Inf"}'] == 2

    run(body)


@pytest.mark.parametrize(
    ("wait_s", "retry"), [(6.5, None), (6.51, b"7"), (7.0, b"7"), (7.01, b"8")]
)
def test_a_queue_takes_more_as_long_as_its_wait_is_not_too_long(
    wait_s: float, retry: bytes | None
) -> None:
    """6.5 s of 10 are for waiting."""
    made = batcher(Model(), queue=8, queue_s=10.0)
    made._num_waiting, made._work_waiting, made._work_running = 1, ROW_PIXELS, ROW_PIXELS
    made._work_s = wait_s / (2 * ROW_PIXELS)
    assert made.wait_s == wait_s
    if retry is None:
        made.check_room(7)
        return
    with pytest.raises(Refusal, match="the queue is full") as caught:
        made.check_room(7)
    assert caught.value.headers == ((b"retry-after", retry),)
