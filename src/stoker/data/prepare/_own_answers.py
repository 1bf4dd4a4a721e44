"""What own cleaners, features and tasks answer, held against what their kinds promise.

Cost: a few comparisons a chunk.
"""

from __future__ import annotations

from typing import TypeVar

import pyarrow as pa

from stoker.core.errors import OwnCodeError
from stoker.core.steps import Step, step_name
from stoker.data.clean import CleanerState
from stoker.features import FittedFeature, Transformed

_T = TypeVar("_T")


def returned(step: Step, verb: str, value: object, kind: type[_T]) -> _T:
    """What a method of a step returned, if it is of the kind that was promised.

    Args:
        step: Whose method it is.
        verb: Name of the method.
        value: What it returned.
        kind: What it should be.

    Raises:
        OwnCodeError: If it is anything else.
    """
    if not isinstance(value, kind):
        raise OwnCodeError(
            f"{verb} of your step {step_name(step)} returned {type(value).__name__}",
            expected=f"a {kind.__name__} ({kind.__module__})",
        )
    return value


def mended(state: CleanerState, rows: pa.Table) -> pa.Table:
    """The rows as a fitted cleaner leaves them: as many, with the same columns.

    Raises:
        OwnCodeError: If they are others.
    """
    found = returned(state, "apply", state.apply(rows), pa.Table)
    if found.num_rows != rows.num_rows or found.column_names != rows.column_names:
        raise OwnCodeError(
            f"apply of your step {step_name(state)} made {found.num_rows:,} rows of "
            f"{rows.num_rows:,}, with the columns {found.column_names}",
            expected=f"as many, in the same order, with the columns {rows.column_names}",
        )
    return found


def transformed(feature: FittedFeature, done: object, num_rows: int) -> Transformed:
    """The tensor of a feature, of the form that the feature says.

    Args:
        feature: Whose it is.
        done: What it returned.
        num_rows: Of how many cells.

    Raises:
        OwnCodeError: If rows, type or shape are others.
    """
    found = returned(feature, "transform", done, Transformed)
    if feature.ragged:
        return found
    given = (found.values.dtype, found.values.shape)
    wanted = (feature.dtype, (num_rows, *feature.shape))
    if given != wanted:
        raise OwnCodeError(
            f"transform of your step {step_name(feature)} made {given[0]} {given[1]}",
            expected=f"{wanted[0]} {wanted[1]}, as its dtype and shape say",
        )
    return found
