"""Optional libraries that other libraries load for themselves, kept out for a while."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.abc import MetaPathFinder
from types import ModuleType


@contextmanager
def absent(names: Sequence[str]) -> Iterator[None]:
    """Let modules that nobody imported yet look as if they were not installed."""
    finder = _Absent(frozenset(names))
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)


class _Absent(MetaPathFinder):
    """Refuses some names.

    A `None` in `sys.modules` would do for Python's own `import`, but compiled code takes it for the
    module (Cython 3.1).
    """

    def __init__(self, names: frozenset[str]) -> None:
        self._names = names

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> None:
        """Nothing, or the error for the names that are refused."""
        if fullname in self._names:
            raise ModuleNotFoundError(f"{fullname} is left out here", name=fullname)
