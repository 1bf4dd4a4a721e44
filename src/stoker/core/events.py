"""Progress events: the layers say what they do, whoever listens decides how to show it.

A long task is a context manager that is advanced; messages are one line each.  The listener is a
context variable, so two runs in one process do not mix, and with none set nothing is printed and
an advance costs one attribute look-up.

Lines are kept too (`recording`), because a report has to say what the terminal said, also when the
stage that said it is cached.  So a line must follow from the data and the recipe; one that is about
this moment or this machine (a time, a wait, a checkpoint that was found) says `passing=True`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Literal, Protocol

from stoker.core.errors import printable


class TaskView(Protocol):
    """How a listener shows one task."""

    def advance(self, amount: float = 1) -> None:
        """`amount` more units are done."""

    def note(self, text: str) -> None:
        """A short changing remark beside the bar, such as the current loss."""

    def close(self) -> None:
        """The task ended, well or not."""


class Listener(Protocol):
    """Whoever shows progress: a terminal, plain lines, a test."""

    def task(self, title: str, total: float | None, unit: str, done: float) -> TaskView:
        """A task begins.

        Args:
            title: What is being done.
            total: Units in all; None where it is not known.
            unit: What is counted, such as `"rows"`.
            done: Units that a resumed task starts from.
        """
        ...

    def message(self, text: str) -> None:
        """One line for the user."""

    def warning(self, text: str) -> None:
        """One line that the user should act on."""


@dataclass(frozen=True)
class Line:
    """One line that was said."""

    kind: Literal["message", "warning"]
    text: str
    passing: bool = False
    """Whether it is about this moment or this machine, and not about the data and the recipe."""


class Recorder:
    """Passes everything on to another listener, and keeps the lines."""

    def __init__(self, listener: Listener) -> None:
        """Listen in front of `listener`."""
        self._listener = listener
        self.lines: list[Line] = []

    def task(self, title: str, total: float | None, unit: str, done: float) -> TaskView:
        """The task as the other listener shows it."""
        return self._listener.task(title, total, unit, done)

    def message(self, text: str) -> None:
        """Keep it and pass it on."""
        self.keep(Line("message", text))

    def warning(self, text: str) -> None:
        """Keep it and pass it on."""
        self.keep(Line("warning", text))

    def keep(self, line: Line) -> None:
        """Keep a line and pass it on."""
        self.lines.append(line)
        _say(self._listener, line)


class _SilentTask:
    def advance(self, amount: float = 1) -> None:
        pass

    def note(self, text: str) -> None:
        pass

    def close(self) -> None:
        pass


class Silent:
    """Shows nothing; the default for a library."""

    def task(self, title: str, total: float | None, unit: str, done: float) -> TaskView:
        """A task that nobody sees."""
        return _SilentTask()

    def message(self, text: str) -> None:
        """Nothing."""

    def warning(self, text: str) -> None:
        """Nothing."""


_SILENT = Silent()
_listener: ContextVar[Listener] = ContextVar("listener", default=_SILENT)


@contextmanager
def listening(listener: Listener) -> Iterator[None]:
    """Send the events of this context to `listener`."""
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)


@contextmanager
def task(
    title: str, *, total: float | None = None, unit: str = "", done: float = 0
) -> Iterator[TaskView]:
    """Announce a long task.

    >>> with task("decode", total=2, unit="images") as decoding:
    ...     for _ in range(2):
    ...         decoding.advance()
    """
    view = _listener.get().task(title, total, unit, done)
    try:
        yield view
    finally:
        view.close()


@contextmanager
def recording(*, aloud: bool = True) -> Iterator[list[Line]]:
    """Keep every line that is said in this block, in a list that grows.

    Args:
        aloud: Whether the listener hears them too.

    >>> with recording() as lines:
    ...     warning("3 rows are left out")
    >>> lines
    [Line(kind='warning', text='3 rows are left out', passing=False)]
    """
    recorder = Recorder(_listener.get() if aloud else _SILENT)
    with listening(recorder):
        yield recorder.lines


def message(text: str, *, passing: bool = False) -> None:
    """Tell the user one line.

    Args:
        text: The line.
        passing: Whether it is about this moment or this machine only.
    """
    _say(_listener.get(), Line("message", text, passing))


def warning(text: str, *, passing: bool = False) -> None:
    """Tell the user one line that asks for attention.

    Args:
        text: The line.
        passing: Whether it is about this moment or this machine only.
    """
    _say(_listener.get(), Line("warning", text, passing))


def _say(listener: Listener, line: Line) -> None:
    shown = "\n".join(map(printable, line.text.split("\n")))
    line = Line(line.kind, shown, line.passing)
    if isinstance(listener, Recorder):
        listener.keep(line)
    elif line.kind == "warning":
        listener.warning(line.text)
    else:
        listener.message(line.text)


def counted(number: float, unit: str) -> str:
    """A number and its unit, which loses its plural s after 1.

    >>> counted(1, "rows"), counted(1200, "rows"), counted(0, "steps")
    ('1 row', '1,200 rows', '0 steps')
    """
    return f"{number:,.0f} {unit.removesuffix('s') if number == 1 else unit}"
