"""LightGBM, imported without what it would bring along.

LightGBM imports pandas and scikit-learn where they are installed, for frames and estimators that
stoker does not hand it: 110 MB and more than a second.  While it is imported here both look absent.
The module is then taken off the list of imported ones, so that a program that imports LightGBM for
itself gets a whole one of its own; where it did so before, that one is used.

Its threads are told to sleep while they wait.  By default they spin, and where another process is
busy they spin at the cost of the one that they wait for: 100 trees of 5,000 rows took 110 s on two
threads of two busy cores, 0.7 s with threads that sleep, and 2.2 s on one (LightGBM 4.7.0).

Cost: 0.3 s and 30 MB.

Source: OMP_WAIT_POLICY, https://www.openmp.org/spec-html/5.0/openmpse56.html
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from stoker.core.errors import MissingExtraError
from stoker.core.libraries import absent

_LEFT_OUT = ("pandas", "sklearn", "matplotlib", "graphviz", "dask", "distributed")


@cache
def lightgbm() -> Any:
    """The module.

    Raises:
        MissingExtraError: If it is not installed.
    """
    if "lightgbm" in sys.modules:
        return sys.modules["lightgbm"]
    try:
        with absent(_LEFT_OUT), _sleeping_threads():
            import lightgbm as found
    except ImportError:
        raise MissingExtraError(
            "lightgbm", extra="tables", needed_for="model: boosted_trees"
        ) from None
    for name in [name for name in sys.modules if name.partition(".")[0] == "lightgbm"]:
        del sys.modules[name]
    return found


@contextmanager
def _sleeping_threads() -> Iterator[None]:
    """Let a library that is loaded now have threads that sleep, unless the user set the policy."""
    if "OMP_WAIT_POLICY" in os.environ:
        yield
        return
    os.environ["OMP_WAIT_POLICY"] = "PASSIVE"
    try:
        yield
    finally:
        del os.environ["OMP_WAIT_POLICY"]
