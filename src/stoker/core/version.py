"""The version of this installation."""

from __future__ import annotations

from functools import cache


@cache
def version() -> str:
    """As the package was installed, such as `0.1.0`.

    Cost: half of what a start of Python takes, which is why it is asked for late.
    """
    import importlib.metadata

    return importlib.metadata.version("stoker")
