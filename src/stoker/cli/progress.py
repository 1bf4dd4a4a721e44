"""How progress looks: bars with rate and remaining time on a terminal, plain lines elsewhere.

Everything goes to stderr, so that stdout stays clean for answers and JSON.  A task counts in plain
Python and looks at the clock; only a few times a second does anything get drawn, so `advance` in a
training loop costs well under a microsecond per unit of work.

rich is imported only when a bar is really shown.  NO_COLOR and TERM=dumb are respected (rich reads
the first, the second gives plain lines); under 70 columns the bar is left out and the numbers stay.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from typing import TYPE_CHECKING, TextIO

from stoker.core.events import counted
from stoker.core.words import duration

if TYPE_CHECKING:
    from rich.progress import Progress, ProgressColumn, TaskID

    from stoker.core.events import Listener, TaskView

_LINE_EVERY_S = 10.0
_DRAW_EVERY_S = 0.1
_WORTH_A_LINE_S = 1.0
_NARROW_COLUMNS = 70


def make_listener(stream: TextIO | None = None) -> Listener:
    """The listener that suits stderr: bars on a terminal, lines in a file or a pipe."""
    stream = stream or sys.stderr
    if stream.isatty() and os.environ.get("TERM") not in ("dumb", ""):
        return Bars(stream)
    return Lines(stream)


class Lines:
    """Plain lines: at most one every ten seconds per task, and one when a task of note ends."""

    def __init__(self, stream: TextIO) -> None:
        """Write to `stream`."""
        self.stream = stream
        self.told: set[str] = set()

    def task(self, title: str, total: float | None, unit: str, done: float) -> TaskView:
        """A task that reports by lines."""
        return _LineTask(self, title, total, unit, done)

    def message(self, text: str) -> None:
        """The line as it is."""
        print(text, file=self.stream, flush=True)

    def warning(self, text: str) -> None:
        """The line with a mark, once."""
        if text not in self.told:
            self.told.add(text)
            self.message(f"warning: {text}")


class _LineTask:
    """Counts, and now and then says how far it is."""

    def __init__(
        self, lines: Lines, title: str, total: float | None, unit: str, done: float
    ) -> None:
        self.lines, self.title, self.total, self.unit = lines, title, total, unit
        self.started, self.done, self.remark = done, done, ""
        self.begin_s = time.monotonic()
        self.next_s = self.begin_s + _LINE_EVERY_S

    def advance(self, amount: float = 1) -> None:
        self.done += amount
        now_s = time.monotonic()
        if now_s >= self.next_s:
            self.next_s = now_s + _LINE_EVERY_S
            self.lines.message(describe_progress(self, now_s - self.begin_s))

    def note(self, text: str) -> None:
        self.remark = text

    def close(self) -> None:
        spent_s = time.monotonic() - self.begin_s
        if spent_s >= _WORTH_A_LINE_S:
            count = f"{counted(self.done, self.unit)} in " if self.unit else ""
            remark = f", {self.remark}" if self.remark else ""
            self.lines.message(f"{self.title}: {count}{duration(spent_s)}{remark}")


def describe_progress(task: _LineTask, spent_s: float) -> str:
    """How far a task is: done of total, rate, remaining time, remark."""
    rate = (task.done - task.started) / spent_s
    total = "" if task.total is None else f"/{task.total:,.0f}"
    parts = [f"{task.title}: {task.done:,.0f}{total} {task.unit}".rstrip()]
    if rate > 0:
        parts.append(rate_in_words(rate))
    if task.total is not None and rate > 0:
        parts.append(f"{duration(max(task.total - task.done, 0) / rate)} left")
    return ", ".join([*parts, *([task.remark] if task.remark else [])])


def rate_in_words(rate: float) -> str:
    """Units a second, or the time of each where a second is too short for one.

    >>> rate_in_words(3400), rate_in_words(1.4), rate_in_words(0.4), rate_in_words(0.01)
    ('3,400/s', '1.4/s', '2.5 s each', '1 min 40 s each')
    """
    if rate < 1:
        return f"{duration(1 / rate)} each"
    return f"{rate:,.0f}/s" if rate >= 10 else f"{rate:.2g}/s"


class Bars:
    """Live bars; they stand only while a task runs, so ordinary output is never overwritten."""

    def __init__(self, stream: TextIO) -> None:
        """Draw on `stream`, a terminal."""
        from rich.console import Console
        from rich.progress import Progress

        self.console = Console(file=stream, highlight=False, markup=False, emoji=False)
        columns = bar_columns(narrow=self.console.width < _NARROW_COLUMNS)
        self.progress: Progress = Progress(
            *columns, console=self.console, refresh_per_second=5, transient=True
        )
        self.open_tasks = 0
        self.told: set[str] = set()
        self.lock = threading.Lock()

    def task(self, title: str, total: float | None, unit: str, done: float) -> TaskView:
        """A task that reports by a bar."""
        with self.lock:
            if self.open_tasks == 0:
                self.progress.start()
            self.open_tasks += 1
        number = self.progress.add_task(title, total=total, completed=done, unit=unit, remark="")  # pyrefly: ignore
        return _BarTask(self, number, title, done)

    def message(self, text: str) -> None:
        """The line above the bars."""
        self.console.print(text, soft_wrap=True)

    def warning(self, text: str) -> None:
        """The line above the bars, in yellow, once."""
        if text in self.told:
            return
        self.told.add(text)
        self.console.print(f"warning: {text}", style="yellow", soft_wrap=True)

    def closed(self, number: TaskID) -> None:
        """A task ended; the live display goes with the last one."""
        with self.lock:
            self.progress.remove_task(number)
            self.open_tasks -= 1
            if self.open_tasks == 0:
                self.progress.stop()


class _BarTask:
    """Counts, and hands the count to rich a few times a second."""

    def __init__(self, bars: Bars, number: TaskID, title: str, done: float) -> None:
        self.bars, self.number, self.title = bars, number, title
        self.done, self.remark, self.drawn_s = done, "", 0.0
        self.begin_s = time.monotonic()

    def advance(self, amount: float = 1) -> None:
        self.done += amount
        now_s = time.monotonic()
        if now_s - self.drawn_s >= _DRAW_EVERY_S:
            self.drawn_s = now_s
            self.bars.progress.update(self.number, completed=self.done)

    def note(self, text: str) -> None:
        self.remark = text
        self.bars.progress.update(self.number, remark=text)

    def close(self) -> None:
        spent_s = time.monotonic() - self.begin_s
        self.bars.closed(self.number)
        if spent_s >= _WORTH_A_LINE_S:
            remark = f", {self.remark}" if self.remark else ""
            self.bars.message(f"{self.title}: {duration(spent_s)}{remark}")


def bar_columns(narrow: bool) -> list[ProgressColumn]:
    """What stands in a line of progress."""
    from rich.progress import BarColumn, ProgressColumn, TextColumn, TimeRemainingColumn
    from rich.text import Text

    class Amount(ProgressColumn):
        """Done, total, unit and rate."""

        def render(self, task: object) -> Text:
            """`1,200/60,000 rows 3,400/s`."""
            return Text(amount_text(task))

    title = TextColumn("{task.description}", markup=False)
    remark = TextColumn("{task.fields[remark]}", markup=False)
    if narrow:
        return [title, Amount(), TimeRemainingColumn(compact=True)]
    return [title, BarColumn(bar_width=24), Amount(), TimeRemainingColumn(compact=True), remark]


def amount_text(task: object) -> str:
    """`1,200/60,000 rows 3,400/s` of a task of rich."""
    from rich.progress import Task

    assert isinstance(task, Task)
    total = "" if task.total is None else f"/{task.total:,.0f}"
    rate = f" {rate_in_words(task.speed)}" if task.speed else ""
    return f"{task.completed:,.0f}{total} {task.fields['unit']}".rstrip() + rate
