"""Stoker: raw data to a checked, compressed, served model, with one recipe and one command.

    import stoker
    result = stoker.run("recipe.yaml")  # or run(frame, target="churned")
    answers = stoker.load(result.bundle).predict(frame)

Importing this package loads nothing heavy: `run`, `load` and the rest are looked up on first use.
"""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from stoker.bundle.prediction import Prediction
    from stoker.bundle.predictor import Predictor, load
    from stoker.core.callback import Event
    from stoker.core.errors import StokerError
    from stoker.pipeline.result import RunResult
    from stoker.pipeline.run import check, run
    from stoker.recipe.load import load_recipe

if TYPE_CHECKING:
    __version__: str

if sys.platform == "win32":
    raise ImportError(
        "stoker needs a POSIX system: on Windows run it in WSL, https://learn.microsoft.com/windows/wsl"
    )

__all__ = [
    "Event",
    "Prediction",
    "Predictor",
    "RunResult",
    "StokerError",
    "__version__",
    "check",
    "load",
    "load_recipe",
    "run",
]

_HOMES = {
    "Event": "stoker.core.callback",
    "Prediction": "stoker.bundle.prediction",
    "Predictor": "stoker.bundle.predictor",
    "RunResult": "stoker.pipeline.result",
    "StokerError": "stoker.core.errors",
    "check": "stoker.pipeline.run",
    "load": "stoker.bundle.predictor",
    "load_recipe": "stoker.recipe.load",
    "run": "stoker.pipeline.run",
}


def __getattr__(name: str) -> Any:
    """Import the module of a public name when it is first asked for."""
    if name == "__version__":
        return importlib.import_module("stoker.core.version").version()
    if name not in _HOMES:
        raise AttributeError(f"module 'stoker' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    """The public names."""
    return __all__
