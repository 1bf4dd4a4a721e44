"""What the `missing` cleaner may be told to do with a column."""

from __future__ import annotations

from typing import Literal

from stoker.core.value import Value


class FillValue(Value):
    """A value of the user's own."""

    constant: float | str
    """What stands in for a missing cell."""


NumberRule = Literal["median", "mean", "mode", "drop", "keep"] | FillValue
CategoryRule = Literal["mode", "drop", "keep"] | FillValue
AnyRule = Literal["median", "mean", "mode", "drop", "keep"] | FillValue
