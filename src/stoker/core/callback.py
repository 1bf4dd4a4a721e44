"""Progress for a plain function: what a notebook or a program of one's own listens with.

A task tells its beginning, its end, and at most ten times a second how far it is, so a function
that draws something costs a training loop nothing to speak of.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from stoker.core.events import TaskView

_EVERY_S = 0.1


@dataclass(frozen=True)
class Event:
    """Something that a run says."""

    kind: Literal["message", "warning", "progress"]
    text: str
    """The line; of progress, the title of the task."""
    done: float = 0
    """Units of the task that are done."""
    total: float | None = None
    """Units in all; None where it is not known."""
    unit: str = ""
    """What is counted, such as `"rows"`."""
    note: str = ""
    """A short remark, such as the current loss."""
    ended: bool = False
    """Whether the task ended, well or not."""


class Callback:
    """A listener that calls a function with every event.

    >>> from stoker.core import events
    >>> with events.listening(Callback(lambda event: print(event.kind, event.text))):
    ...     events.message("read 3 rows")
    message read 3 rows
    """

    def __init__(self, tell: Callable[[Event], object]) -> None:
        """Call `tell` in the thread that does the work; what it raises ends the run."""
        self._tell = tell

    def task(self, title: str, total: float | None, unit: str, done: float) -> TaskView:
        """A task whose progress is told."""
        return _ToldTask(self._tell, title, total, unit, done)

    def message(self, text: str) -> None:
        """Tell a line."""
        self._tell(Event("message", text))

    def warning(self, text: str) -> None:
        """Tell a line that asks for attention."""
        self._tell(Event("warning", text))


class _ToldTask:
    """Counts, and tells now and then how far it is."""

    def __init__(
        self,
        tell: Callable[[Event], object],
        title: str,
        total: float | None,
        unit: str,
        done: float,
    ) -> None:
        self._tell, self._title, self._total, self._unit = tell, title, total, unit
        self._done, self._note, self._next_s = done, "", 0.0
        self.advance(0)

    def advance(self, amount: float = 1) -> None:
        self._done += amount
        now_s = time.monotonic()
        if now_s >= self._next_s:
            self._next_s = now_s + _EVERY_S
            self._say(ended=False)

    def note(self, text: str) -> None:
        self._note = text

    def close(self) -> None:
        self._say(ended=True)

    def _say(self, *, ended: bool) -> None:
        self._tell(
            Event("progress", self._title, self._done, self._total, self._unit, self._note, ended)
        )
