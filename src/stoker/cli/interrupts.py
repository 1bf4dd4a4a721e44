"""Ctrl-C and SIGTERM end a command in order; a second one ends it at once.

The first becomes an exception in the main thread, so drafts and scratch go, children are ended and
the catalog is told.  The second finds the kernel's own action again, which nothing can delay: what
is left then is swept by the next run.

A signal that whoever started the process lets it ignore (`nohup`, `&` in a script) stays ignored.
"""

from __future__ import annotations

import signal
from types import FrameType
from typing import NoReturn

_ENDING = (signal.SIGINT, signal.SIGTERM)


class Terminated(KeyboardInterrupt):
    """SIGTERM came: the same as Ctrl-C, from somebody without a keyboard."""


def end_in_order() -> None:
    """Let the next SIGINT or SIGTERM raise, and the one after it end the process."""
    for number in _ENDING:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _raise)


def _raise(number: int, _frame: FrameType | None) -> NoReturn:
    for each in _ENDING:
        signal.signal(each, signal.SIG_DFL)
    raise Terminated if number == signal.SIGTERM else KeyboardInterrupt
