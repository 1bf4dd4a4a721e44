"""pyarrow without pandas, until somebody wants pandas.

pyarrow imports pandas when it is first handed a Python list or a NumPy array, to see whether it is
a frame's column: 0.3 s of CPU and 40 MB in each command.  Where pandas was not imported yet nothing
can be one, so pyarrow is told once that there is no pandas; whoever imports pandas later, a user's
own step say, has it in pyarrow too from that moment on.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

import pyarrow as pa

from stoker.core.libraries import absent

_PANDAS = "pandas"


def leave_pandas_out() -> None:
    """Let pyarrow do without pandas in this process, until somebody imports it."""
    if _PANDAS in sys.modules:
        return
    with absent([_PANDAS]):
        pa.array([])
    sys.meta_path.insert(0, _PandasFinder())


class _PandasFinder(MetaPathFinder):
    """Waits for the import of pandas."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Where pandas is, with a loader that tells pyarrow of it."""
        if fullname != _PANDAS:
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(_PANDAS)
        if spec is not None and spec.loader is not None:
            spec.loader = _TellingLoader(spec.loader)
        return spec


class _TellingLoader(Loader):
    """Loads pandas as its own loader does, then lets pyarrow look for it again."""

    def __init__(self, own: Loader) -> None:
        self._own = own

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        """As its own loader does."""
        return self._own.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        """As its own loader does, whose name the module also bears."""
        module.__loader__ = self._own
        if module.__spec__ is not None:
            module.__spec__.loader = self._own
        self._own.exec_module(module)
        pa.array([]).to_pandas()
