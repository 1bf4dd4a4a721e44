"""The batcher: whatever waits when the model is free goes in together.

Greedy with no waiting time: a lone request starts at once, and under load the requests that arrive
while one batch is computed form the next.  Waiting for more was measured to cost latency and to
gain nothing, because load itself fills the batches.

The queue is bounded in rows; what does not fit is refused at once (429) with the time after which
a place should be free.  A request that waits past its deadline is refused (504), one whose client
has left is skipped.

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

import pyarrow as pa

from stoker.serve.messages import Refusal, too_busy
from stoker.serve.metrics import Metrics
from stoker.serve.served_model import Answers

Run = Callable[[Sequence[pa.Table]], "list[Answers | Refusal]"]
_POLL_S = 0.005


@dataclass(slots=True, eq=False)
class Waiting:
    """A request in the queue."""

    rows: pa.Table
    future: asyncio.Future[Answers]
    since: float
    timer: asyncio.TimerHandle
    alone: bool = False
    """Whether it must not share a batch, because one that it was in failed."""


class Batcher:
    """Joins waiting requests into batches for one thread.

    Args:
        run: Answers units of rows; called in the model's thread, one call at a time.
        max_batch: Most rows of a batch; a single larger request still goes, alone.
        queue: Most rows that may wait.
        deadline_s: Seconds after which a request is given up.
        metrics: Where waits, batches and rejects are counted.
    """

    def __init__(
        self, run: Run, *, max_batch: int, queue: int, deadline_s: float, metrics: Metrics
    ) -> None:
        """Start with an empty queue; the thread starts with the first batch."""
        self._run, self._max_batch, self._max_waiting = run, max_batch, queue
        self._deadline_s, self._metrics = deadline_s, metrics
        self._waiting: deque[Waiting] = deque()
        self._num_waiting = 0
        self._row_s = 0.001
        self._busy = False
        self._lock = threading.Lock()
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="model")

    @property
    def num_waiting(self) -> int:
        """Rows in the queue."""
        return self._num_waiting

    def check_room(self, num_rows: int = 1) -> None:
        """Refuse rows that do not fit; asked before a body is read, it saves reading it.

        Raises:
            Refusal: If the queue is full (429).
        """
        if self._num_waiting and self._num_waiting + num_rows > self._max_waiting:
            self._metrics.reject("queue_full")
            raise too_busy("the queue is full", math.ceil(self._num_waiting * self._row_s) or 1)

    def submit(self, rows: pa.Table) -> asyncio.Future[Answers]:
        """Queue rows; the future ends with their answers or with a Refusal.

        Cancel it if nobody waits for the answers any more.

        Raises:
            Refusal: If the queue is full (429).
        """
        self.check_room(rows.num_rows)
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Answers] = loop.create_future()
        timer = loop.call_later(self._deadline_s, self._expire, future)
        with self._lock:
            self._waiting.append(Waiting(rows, future, perf_counter(), timer))
            self._num_waiting += rows.num_rows
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

    def _expire(self, future: asyncio.Future[Answers]) -> None:
        if not future.done():
            self._metrics.reject("deadline")
            future.set_exception(Refusal(f"no answer within {self._deadline_s:g} s", status=504))

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
            batch = self._take()
            self._busy = bool(batch)
        if batch:
            computing = self._executor.submit(self._run, [waiting.rows for waiting in batch])
            done = partial(self._finished, loop, batch, perf_counter())
            computing.add_done_callback(done)

    def _take(self) -> list[Waiting]:
        """The next batch: those still wanted, in order, up to the row limit; needs the lock."""
        batch: list[Waiting] = []
        num_rows = 0
        now = perf_counter()
        while self._waiting:
            first = self._waiting[0]
            size = first.rows.num_rows
            is_wanted = not first.future.done()
            if is_wanted and batch and (first.alone or num_rows + size > self._max_batch):
                break
            self._waiting.popleft()
            self._num_waiting -= size
            if not is_wanted:
                continue
            batch.append(first)
            num_rows += size
            self._metrics.waited(now - first.since)
            if first.alone:
                break
        if batch:
            self._metrics.batch(num_rows, "full" if self._waiting else "idle")
        return batch

    def _finished(
        self,
        loop: asyncio.AbstractEventLoop,
        batch: list[Waiting],
        began: float,
        computing: Future[list[Answers | Refusal]],
    ) -> None:
        """Hand the answers to the event loop and go on; called in the model's thread."""
        loop.call_soon_threadsafe(self._settle, loop, batch, perf_counter() - began, computing)
        self._go_on(loop)

    def _settle(
        self,
        loop: asyncio.AbstractEventLoop,
        batch: list[Waiting],
        seconds: float,
        computing: Future[list[Answers | Refusal]],
    ) -> None:
        """Give each request its answers; called on the event loop."""
        error = computing.exception()
        if error is not None:
            self._answer_apart(loop, batch, error)
            return
        num_rows = sum(waiting.rows.num_rows for waiting in batch)
        self._row_s += 0.1 * (seconds / num_rows - self._row_s)
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
        self._start(loop)


def _settle(future: asyncio.Future[Answers], result: Answers | Refusal) -> None:
    if future.done():
        return
    if isinstance(result, Refusal):
        future.set_exception(result)
    else:
        future.set_result(result)
