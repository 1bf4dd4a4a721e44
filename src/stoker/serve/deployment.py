"""A deployment: one version of a model, the engine that answers for it, and its limits.

What every protocol needs of it is here once: read a body, answer rows.

Cost: about 2 µs a request beside the reading and the engine.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

import pyarrow as pa

from stoker.serve.answer_engine import AnswerEngine
from stoker.serve.batcher import Batcher, BatchLimits
from stoker.serve.messages import BodyBudget, ClientGone, Request
from stoker.serve.metrics import Metrics
from stoker.serve.serve_settings import ServeSettings
from stoker.serve.served_model import ServedAnswers, ServedModel, Unit
from stoker.serve.unpack import read_body
from stoker.serve.unseen import UnseenWatch

_BYTE_PIXELS = 256
"""Pixels that a byte of a text counts as where rows have any length: 256 bytes are as a row."""


class Deployment:
    """One version of a model that answers requests."""

    def __init__(
        self, model: ServedModel, settings: ServeSettings, metrics: Metrics, budget: BodyBudget
    ) -> None:
        """Start its engine.

        Args:
            model: The Predictor with its name and version.
            settings: Limits and batching.
            metrics: Where to count.
            budget: Bytes of bodies that the worker may hold, for all deployments together.
        """
        self.model, self.settings = model, settings
        self.ready = True
        """Whether it takes requests; not while it ends."""
        max_pixels = settings.pixel_limit(sum(model.max_pixels.values()))
        limits = BatchLimits(
            max_batch=settings.max_batch,
            max_pixels=max_pixels,
            queue=settings.queue,
            queue_s=settings.queue_s,
            deadline_s=settings.deadline_s,
        )
        self.engine: AnswerEngine = Batcher(model.answer, metrics, limits)
        self._count_pixels = _pixel_counter(model.max_pixels, max_pixels)
        self._texts = model.ragged_columns
        self._budget = budget
        self._unseen = UnseenWatch(metrics)

    async def read(self, request: Request) -> bytes:
        """The body of a request, unpacked, if there is room for what it asks.

        Raises:
            Refusal: If the queue is full, or the body breaks a limit.
            ClientGone: If the client left before its end.
        """
        self.engine.check_room()
        return await read_body(request, self.settings, self._budget)

    async def answer(self, request: Request, rows: Unit) -> ServedAnswers:
        """The answers of the rows of a request; they are given up when its client leaves.

        Raises:
            Refusal: If the queue is full, a limit is broken, or a cell cannot be used.
            ClientGone: If the client left.
        """
        future = self.engine.submit(rows, self.weigh(rows))
        request.waits_for(future)
        try:
            answers = await future
        except asyncio.CancelledError:
            if future.cancelled():
                raise ClientGone from None
            raise
        self._unseen.add(answers.num_rows, answers.unseen)
        return answers

    def weigh(self, rows: Unit) -> int:
        """What rows cost beside being rows, as pixels: those of pictures, and the bytes of texts.

        Raises:
            Refusal: If they have more pixels than a request may have (413).
        """
        texts = self._texts if isinstance(rows, pa.Table) else ()
        num_bytes = sum(rows.column(name).nbytes for name in texts)
        return self._count_pixels(rows) + _BYTE_PIXELS * num_bytes


def _pixel_counter(columns: Mapping[str, int], limit: int) -> Callable[[Unit], int]:
    """What counts the pixels of a request and refuses too many."""
    if not columns:
        return lambda _: 0
    # Only here, so that a model without pictures does not load Pillow.
    from stoker.serve.pixel_counter import PixelCounter

    return PixelCounter(columns, limit)
