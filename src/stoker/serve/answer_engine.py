"""What answers: units of rows in, answers out, behind a queue with a bound.

An engine knows nothing of HTTP, of protocols or of what a column means.  `Batcher` is the one for
models that answer a whole batch at a time.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod

from stoker.serve.served_model import ServedAnswers, Unit


class AnswerEngine(ABC):
    """Answers units of rows.

    Promise: `submit` never waits; its future ends, with the answers or with a Refusal, or is
    cancelled by whoever does not want them any more; what was submitted before `close` is answered.
    """

    @abstractmethod
    def check_room(self, num_rows: int = 1) -> None:
        """Refuse rows that do not fit; asked before a body is read, it saves reading it.

        Raises:
            Refusal: If the queue is full (429).
        """

    @abstractmethod
    def submit(self, rows: Unit, num_pixels: int = 0) -> asyncio.Future[ServedAnswers]:
        """Queue rows; the future ends with their answers or with a Refusal.

        Args:
            rows: What the model is to answer.
            num_pixels: Pixels of the pictures in them.

        Raises:
            Refusal: If the queue is full (429).
        """

    @abstractmethod
    async def close(self) -> None:
        """Finish what waits, then end."""
