"""What the `missing` cleaner may be told to do with a column."""

from __future__ import annotations

from typing import Literal

from stoker.core.value import Value


class Constant(Value):
    """A value of the user's own."""

    constant: float | str
    """What stands in for a missing cell."""


NumberRule = Literal["median", "mean", "mode", "drop", "keep"] | Constant
CategoryRule = Literal["mode", "drop", "keep"] | Constant
AnyRule = Literal["median", "mean", "mode", "drop", "keep"] | Constant
