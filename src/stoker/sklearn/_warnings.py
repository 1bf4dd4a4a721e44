"""What stoker would warn of in a terminal, as warnings of Python.

Cost: nothing where nothing is warned of.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from stoker.core import events

_CALLER = 5
"""Frames from here to whoever called `fit` or `predict`."""


class StokerWarning(UserWarning):
    """A column that is not used, a training that stopped early, cells that training never saw."""


@contextmanager
def python_warnings() -> Iterator[None]:
    """Give what is warned of in this block to Python's own warnings, for whoever has no terminal.

    They come after the work, so a filter that makes errors of warnings breaks nothing half-way.
    """
    with events.recording() as lines:
        yield
    for text in dict.fromkeys(line.text for line in lines if line.kind == "warning"):
        warnings.warn(text, StokerWarning, stacklevel=_CALLER)
