"""The batcher joins what waits, keeps order and bounds, and drops what nobody wants."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Sequence
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stoker.serve.batcher import Batcher, BatchLimits
from stoker.serve.messages import Refusal
from stoker.serve.metrics import Metrics
from stoker.serve.served_model import ServedAnswers


class Model:
    """Answers each row with itself, and waits at a door if there is one."""

    def __init__(self, door: threading.Event | None = None) -> None:
        self.batches: list[list[list[int]]] = []
        self.door = door
        self.entered = threading.Event()

    def __call__(self, units: Sequence[pa.Table]) -> list[ServedAnswers | Refusal]:
        self.entered.set()
        if self.door is not None:
            assert self.door.wait(10)
        self.batches.append([unit["x"].to_pylist() for unit in units])
        return [ServedAnswers({"x": unit["x"].to_pylist()}, unit.num_rows) for unit in units]


class Clock:
    """Time that passes where a test says so, and a microsecond at every look."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        self.now_s += 1e-6
        return self.now_s


class Timed(Model):
    """Takes so long for each row, by the clock."""

    def __init__(self, clock: Clock, row_s: float) -> None:
        super().__init__()
        self.clock, self.row_s = clock, row_s

    def __call__(self, units: Sequence[pa.Table]) -> list[ServedAnswers | Refusal]:
        self.clock.now_s += self.row_s * sum(unit.num_rows for unit in units)
        return super().__call__(units)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr("stoker.serve.batcher.perf_counter", made)
    return made


def rows(*values: int) -> pa.Table:
    return pa.table({"x": list(values)})


def batcher(model: Callable[..., Any], **options: Any) -> Batcher:
    defaults: dict[str, Any] = {
        "max_batch": 4,
        "max_pixels": 1000,
        "queue": 8,
        "queue_s": 10.0,
        "deadline_s": 10.0,
    }
    return Batcher(model, Metrics(), BatchLimits(**(defaults | options)))


@settings(deadline=None)
@given(st.lists(st.integers(1, 6), min_size=1, max_size=30), st.integers(1, 8))
def test_every_request_gets_its_own_answers_in_order(sizes: list[int], max_batch: int) -> None:
    async def run() -> None:
        model = Model()
        made = batcher(model, max_batch=max_batch, queue=1000)
        start, futures, wanted = 0, [], []
        for size in sizes:
            wanted.append(list(range(start, start + size)))
            futures.append(made.submit(rows(*wanted[-1])))
            start += size
        answers = await asyncio.gather(*futures)
        await made.close()
        assert [answer.columns["x"] for answer in answers] == wanted
        assert [unit for batch in model.batches for unit in batch] == wanted
        for batch in model.batches:
            assert len(batch) == 1 or sum(map(len, batch)) <= max_batch

    asyncio.run(run())


def test_what_waits_while_the_model_is_busy_becomes_one_batch() -> None:
    async def run() -> None:
        door = threading.Event()
        model = Model(door)
        made = batcher(model)
        first = made.submit(rows(0))
        while not model.entered.is_set():
            await asyncio.sleep(0.001)
        others = [made.submit(rows(i)) for i in range(1, 6)]
        door.set()
        await asyncio.gather(first, *others)
        await made.close()
        assert model.batches == [[[0]], [[1], [2], [3], [4]], [[5]]]

    asyncio.run(run())


def test_a_full_queue_refuses_with_429_and_recovers() -> None:
    async def run() -> None:
        door = threading.Event()
        made = batcher(Model(door), queue=3)
        kept = [made.submit(rows(i)) for i in range(3)]
        with pytest.raises(Refusal) as caught:
            made.submit(rows(3))
        assert caught.value.status == 429
        ((name, seconds),) = caught.value.headers
        assert name == b"retry-after"
        assert int(seconds) >= 1
        assert made.num_waiting == 3
        door.set()
        await asyncio.gather(*kept)
        await made.submit(rows(4))
        assert made.num_waiting == 0
        await made.close()

    asyncio.run(run())


def test_a_large_request_passes_when_nothing_waits() -> None:
    async def run() -> None:
        made = batcher(Model(), max_batch=2, queue=3)
        answer = await made.submit(rows(*range(10)))
        await made.close()
        assert answer.columns["x"] == list(range(10))

    asyncio.run(run())


def test_a_late_request_is_refused_with_504_while_it_waits() -> None:
    async def run() -> None:
        door = threading.Event()
        model = Model(door)
        made = batcher(model, deadline_s=0.05)
        futures = [made.submit(rows(0)), made.submit(rows(1)), made.submit(rows(2, 3, 4, 5))]
        results = await asyncio.gather(*futures, return_exceptions=True)
        assert [getattr(result, "status", None) for result in results] == [504, 504, 504]
        door.set()
        await made.close()
        assert [5] not in [unit for batch in model.batches for unit in batch]
        assert sum(map(len, model.batches)) <= 2, "what expired in the queue was computed"

    asyncio.run(run())


def test_a_cancelled_request_is_skipped() -> None:
    async def run() -> None:
        door = threading.Event()
        model = Model(door)
        made = batcher(model)
        first = made.submit(rows(0))
        while not model.entered.is_set():
            await asyncio.sleep(0.001)
        gone, kept = made.submit(rows(1)), made.submit(rows(2))
        gone.cancel()
        door.set()
        await asyncio.gather(first, kept)
        await made.close()
        assert model.batches == [[[0]], [[2]]]
        assert made.num_waiting == 0

    asyncio.run(run())


def test_an_unexpected_error_hits_only_the_request_that_causes_it() -> None:
    def model(units: Sequence[pa.Table]) -> list[ServedAnswers | Refusal]:
        if any(13 in unit["x"].to_pylist() for unit in units):
            raise ZeroDivisionError
        return [ServedAnswers({}, unit.num_rows) for unit in units]

    async def run() -> None:
        made = batcher(model)
        futures = [made.submit(rows(value)) for value in (1, 13, 2, 3)]
        results = await asyncio.gather(*futures, return_exceptions=True)
        assert [isinstance(result, ZeroDivisionError) for result in results] == [0, 1, 0, 0]
        assert (await made.submit(rows(4))).num_rows == 1
        await made.close()

    asyncio.run(run())


def test_two_thirds_of_the_queues_time_may_be_spent_waiting_and_a_quarter_in_a_batch(
    clock: Clock,
) -> None:
    """Rows of 10 ms and 1 s of queue: of 100 that come at once 66 find a place, 25 go together."""

    async def run() -> None:
        model = Timed(clock, 0.01)
        made = batcher(model, max_batch=1000, queue=1000, queue_s=1.0)
        await made.submit(rows(0))
        kept, refused = [], []
        for i in range(100):
            try:
                kept.append(made.submit(rows(i)))
            except Refusal as refusal:
                refused.append(refusal)
        assert 64 <= len(kept) <= 67
        assert {(refusal.status, *refusal.headers) for refusal in refused} == {
            (429, (b"retry-after", b"1"))
        }
        await asyncio.gather(*kept)
        assert 24 <= max(len(batch) for batch in model.batches) <= 25
        await made.submit(rows(0))
        await made.close()

    asyncio.run(run())


@pytest.mark.parametrize(("slow_s", "third"), [(0.64, 200), (0.67, 429)])
def test_what_waits_too_long_because_the_model_became_slow_is_refused(
    clock: Clock, slow_s: float, third: int
) -> None:
    """The first batch takes long; those who found it running are answered, later ones are not."""

    async def run() -> None:
        model = Timed(clock, 0.0)
        made = batcher(model, max_batch=1, queue_s=1.0)
        await made.submit(rows(0))
        model.row_s = slow_s
        futures = [made.submit(rows(i)) for i in (1, 2, 3)]
        results = await asyncio.gather(*futures, return_exceptions=True)
        statuses = [getattr(result, "status", 200) for result in results]
        assert statuses == [200, third, 429]
        assert made.num_waiting == 0
        assert (await made.submit(rows(5))).columns["x"] == [5]
        await made.close()

    asyncio.run(run())


@settings(deadline=None)
@given(st.lists(st.integers(0, 1500), min_size=1, max_size=30))
def test_a_batch_is_bounded_in_pixels(pixels: list[int]) -> None:
    async def run() -> None:
        model = Model()
        made = batcher(model, max_batch=100, queue=100)
        futures = [made.submit(rows(i), size) for i, size in enumerate(pixels)]
        await asyncio.gather(*futures)
        await made.close()
        assert [i for batch in model.batches for (i,) in batch] == list(range(len(pixels)))
        for batch in model.batches:
            assert len(batch) == 1 or sum(pixels[i] for (i,) in batch) <= 1000

    asyncio.run(run())
