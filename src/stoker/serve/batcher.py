"""The batcher: whatever waits when the model is free goes in together.

Greedy with no waiting time: a lone request starts at once, and under load the requests that arrive
while one batch is computed form the next.  Waiting for more was measured to cost latency and to
gain nothing, because load itself fills the batches.

The queue is bounded in rows and in time.  Its length in seconds is the work ahead, times what the
model lately took for a piece of work; two thirds of `queue_s` may be spent waiting and a quarter in
a batch with others.  A request that would wait longer is refused at once (429) with the time after
which a place should be free.  Should the model become slower meanwhile, what has waited too long is
refused when its turn comes, unless it waited only for the one batch that it found running.  So the
tail of answered requests is bounded whatever the estimate was worth.  Work is counted in rows, and
pictures also by their pixels, because a large one costs as much as hundreds of small ones; so are
texts of any length, by their bytes (`Deployment.weigh`).

A batch is bounded in rows, in time, and in pixels, which bounds the memory that decoded pictures
take.  A request whose client has left is skipped, one past its deadline refused (504).

The model's thread takes its next batch itself.  If the event loop handed it over, a flood of
requests to be refused would keep the loop busy and the model idle: answers fell to a tenth then.

Cost: about 15 us a request and one thread hand-over a batch.
"""

from __future__ import annotations

import asyncio
import math
import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from time import perf_counter

from stoker.serve.answer_engine import AnswerEngine
from stoker.serve.messages import Refusal, too_busy
from stoker.serve.metrics import Metrics
from stoker.serve.served_model import ServedAnswers, Unit

Run = Callable[[Sequence[Unit]], "list[ServedAnswers | Refusal]"]
_POLL_S = 0.005
_ROW_PIXELS = 65_536
"""Pixels whose decoding counts like a row."""
_NEWS = 0.1
"""Weight of the latest batch in the measured speed."""
_WAIT_SHARE, _BATCH_SHARE = 0.65, 0.25
"""Parts of `queue_s` for waiting and for the batch; the rest is for the way there and back."""


@dataclass(slots=True, eq=False)
class Waiting:
    """A request in the queue."""

    rows: Unit
    future: asyncio.Future[ServedAnswers]
    since: float
    timer: asyncio.TimerHandle
    num_pixels: int
    alone: bool = False
    """Whether it must not share a batch, because one that it was in failed."""

    @property
    def work(self) -> int:
        """Pixels, and rows in units of `_ROW_PIXELS`."""
        return self.rows.num_rows * _ROW_PIXELS + self.num_pixels


@dataclass(frozen=True, kw_only=True)
class BatchLimits:
    """How much goes together, how much waits, and how long."""

    max_batch: int
    """Most rows of a batch; a single larger request still goes, alone."""
    max_pixels: int
    """Most pixels of the pictures in a batch; likewise."""
    queue: int
    """Most rows that may wait."""
    queue_s: float
    """Most seconds that one may spend behind others and in a batch with them."""
    deadline_s: float
    """Seconds after which a request is given up."""

    @property
    def wait_s(self) -> float:
        """The part of `queue_s` that is spent waiting."""
        return self.queue_s * _WAIT_SHARE

    @property
    def batch_s(self) -> float:
        """The part of `queue_s` that is spent in a batch."""
        return self.queue_s * _BATCH_SHARE


class Batcher(AnswerEngine):
    """Joins waiting requests into batches for one thread.

    Args:
        run: Answers units of rows; called in the model's thread, one call at a time.
        metrics: Where waits, batches and rejects are counted.
        limits: Of batches and of the queue.
    """

    def __init__(self, run: Run, metrics: Metrics, limits: BatchLimits) -> None:
        """Start with an empty queue; the thread starts with the first batch."""
        self._run, self._metrics = run, metrics
        self._limits = limits
        self._wait_s, self._batch_s = limits.wait_s, limits.batch_s
        self._waiting: deque[Waiting] = deque()
        self._num_waiting = self._work_waiting = self._work_running = 0
        self._work_s = 0.0
        self._took_at = 0.0
        self._busy = False
        self._lock = threading.Lock()
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="model")

    @property
    def num_waiting(self) -> int:
        """Rows in the queue."""
        return self._num_waiting

    @property
    def wait_s(self) -> float:
        """Seconds that a request would wait now, by what work lately took."""
        return (self._work_waiting + self._work_running) * self._work_s

    def check_room(self, num_rows: int = 1) -> None:
        """Refuse rows that do not fit; asked before a body is read, it saves reading it.

        Raises:
            Refusal: If the queue is full (429).
        """
        if not self._num_waiting:
            return
        wait_s = self.wait_s
        if self._num_waiting + num_rows > self._limits.queue or wait_s > self._wait_s:
            self._metrics.reject("queue_full")
            raise too_busy("the queue is full", math.ceil(wait_s) or 1)

    def submit(self, rows: Unit, num_pixels: int = 0) -> asyncio.Future[ServedAnswers]:
        """Queue rows; the future ends with their answers or with a Refusal.

        Cancel it if nobody waits for the answers any more.

        Args:
            rows: What the model is to answer.
            num_pixels: Pixels of the pictures in them.

        Raises:
            Refusal: If the queue is full (429).
        """
        self.check_room(rows.num_rows)
        loop = asyncio.get_running_loop()
        future: asyncio.Future[ServedAnswers] = loop.create_future()
        timer = loop.call_later(self._limits.deadline_s, self._expire, future)
        waiting = Waiting(rows, future, perf_counter(), timer, num_pixels)
        with self._lock:
            self._waiting.append(waiting)
            self._num_waiting += rows.num_rows
            self._work_waiting += waiting.work
        if not self._busy:
            # After what else has just arrived, so that it shares the batch.
            loop.call_soon(self._start, loop)
        return future

    async def close(self) -> None:
        """Finish what waits, then end the thread."""
        await asyncio.sleep(0)
        while self._busy or self._waiting:
            await asyncio.sleep(_POLL_S)
        self._executor.shutdown()

    def _expire(self, future: asyncio.Future[ServedAnswers]) -> None:
        if not future.done():
            self._metrics.reject("deadline")
            future.set_exception(
                Refusal(f"no answer within {self._limits.deadline_s:g} s", status=504)
            )

    def _start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Let the next batch go if the model is free; called on the event loop."""
        with self._lock:
            if self._busy:
                return
            self._busy = True
        self._go_on(loop)

    def _go_on(self, loop: asyncio.AbstractEventLoop) -> None:
        """Give the model its next batch, or let it rest; called by whoever made it busy."""
        with self._lock:
            batch, late = self._take(perf_counter())
            self._busy = bool(batch)
        if late:
            loop.call_soon_threadsafe(self._refuse_late, late)
        if batch:
            done = partial(self._finished, loop, batch, perf_counter())
            computing = self._executor.submit(self._run, [waiting.rows for waiting in batch])
            computing.add_done_callback(done)

    def _take(self, now: float) -> tuple[list[Waiting], list[Waiting]]:
        """The next batch, those still wanted in order, and those too late; needs the lock."""
        batch: list[Waiting] = []
        late: list[Waiting] = []
        num_rows = num_pixels = 0
        while self._waiting:
            first = self._waiting[0]
            rows, pixels = num_rows + first.rows.num_rows, num_pixels + first.num_pixels
            if first.future.done():
                self._remove_first()
            elif self._is_late(first, now):
                late.append(self._remove_first())
            elif batch and (first.alone or not self._fits(rows, pixels)):
                break
            else:
                num_rows, num_pixels = rows, pixels
                batch.append(self._remove_first())
                if first.alone:
                    break
        self._work_running = num_rows * _ROW_PIXELS + num_pixels
        if batch:
            self._count(batch, num_rows, now)
        return batch, late

    def _fits(self, num_rows: int, num_pixels: int) -> bool:
        """Whether so much may go together."""
        limits = self._limits
        work = num_rows * _ROW_PIXELS + num_pixels
        return (
            num_rows <= limits.max_batch
            and num_pixels <= limits.max_pixels
            and work * self._work_s <= self._batch_s
        )

    def _is_late(self, waiting: Waiting, now: float) -> bool:
        """Whether it has waited too long, and not just for the batch that was running."""
        was_passed_over = waiting.since < self._took_at and not waiting.alone
        return was_passed_over and now - waiting.since > self._wait_s

    def _remove_first(self) -> Waiting:
        first = self._waiting.popleft()
        self._num_waiting -= first.rows.num_rows
        self._work_waiting -= first.work
        return first

    def _count(self, batch: list[Waiting], num_rows: int, now: float) -> None:
        self._took_at = now
        for waiting in batch:
            self._metrics.waited(now - waiting.since)
        self._metrics.batch(num_rows, "full" if self._waiting else "idle")

    def _refuse_late(self, late: list[Waiting]) -> None:
        """Refuse what waited too long to be answered in time; called on the event loop."""
        for waiting in late:
            waiting.timer.cancel()
            if not waiting.future.done():
                self._metrics.reject("queue_slow")
                refusal = too_busy("the queue became slow", math.ceil(self.wait_s) or 1)
                waiting.future.set_exception(refusal)

    def _finished(
        self,
        loop: asyncio.AbstractEventLoop,
        batch: list[Waiting],
        began: float,
        computing: Future[list[ServedAnswers | Refusal]],
    ) -> None:
        """Hand the answers to the event loop and go on; called in the model's thread."""
        if computing.exception() is None:
            work_s = (perf_counter() - began) / sum(waiting.work for waiting in batch)
            self._work_s += (_NEWS if self._work_s else 1.0) * (work_s - self._work_s)
        loop.call_soon_threadsafe(self._settle, loop, batch, computing)
        self._go_on(loop)

    def _settle(
        self,
        loop: asyncio.AbstractEventLoop,
        batch: list[Waiting],
        computing: Future[list[ServedAnswers | Refusal]],
    ) -> None:
        """Give each request its answers; called on the event loop."""
        error = computing.exception()
        if error is not None:
            self._answer_apart(loop, batch, error)
            return
        for waiting, result in zip(batch, computing.result(), strict=True):
            waiting.timer.cancel()
            _settle(waiting.future, result)

    def _answer_apart(
        self, loop: asyncio.AbstractEventLoop, batch: list[Waiting], error: BaseException
    ) -> None:
        """After an unexpected error only the request that causes it fails; the others go alone."""
        if len(batch) == 1:
            batch[0].timer.cancel()
            if not batch[0].future.done():
                batch[0].future.set_exception(error)
            return
        with self._lock:
            for waiting in reversed(batch):
                waiting.alone = True
                self._waiting.appendleft(waiting)
                self._num_waiting += waiting.rows.num_rows
                self._work_waiting += waiting.work
        self._start(loop)


def _settle(future: asyncio.Future[ServedAnswers], result: ServedAnswers | Refusal) -> None:
    if future.done():
        return
    if isinstance(result, Refusal):
        future.set_exception(result)
    else:
        future.set_result(result)
