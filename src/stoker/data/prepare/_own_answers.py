"""What own cleaners, features and tasks answer, held against what their kinds promise.

Cost: a few comparisons a chunk.
"""

from __future__ import annotations

from typing import TypeVar

import pyarrow as pa

from stoker.cells.column import Column
from stoker.core.errors import OwnCodeError
from stoker.core.steps import Step, step_name
from stoker.data.clean import CleanerState
from stoker.features import FittedFeature, Transformed
from stoker.tasks import FittedTask

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
    form = Column(feature.dtype.name, feature.shape)
    return _of_form(feature, "transform", found, form, num_rows)


def encoded(task: FittedTask, done: object, num_rows: int) -> Transformed:
    """Encoded targets, of the form that the task says.

    Args:
        task: Whose they are.
        done: What it returned.
        num_rows: Of how many cells.

    Raises:
        OwnCodeError: If rows, type or shape are others.
    """
    found = returned(task, "encode", done, Transformed)
    return _of_form(task, "encode", found, task.target_form, num_rows)


def _of_form(step: Step, verb: str, found: Transformed, form: Column, num_rows: int) -> Transformed:
    """What was found, if it is of a form.

    Raises:
        OwnCodeError: If rows, type or shape are others.
    """
    rows, values = found.rows(), found.values
    given = Column(values.dtype.name, values.shape[1:], ragged=found.offsets is not None)
    if len(rows) != num_rows or given != form:
        raise OwnCodeError(
            f"{verb} of your step {step_name(step)} made {len(rows):,} rows of {_words(given)}",
            expected=f"{num_rows:,} rows of {_words(form)}, as its form says",
        )
    return found


def _words(form: Column) -> str:
    """A form in words.

    >>> _words(Column("int64")), _words(Column("uint8", (3,), ragged=True))
    ('int64', 'any number of uint8 (3,)')
    """
    shape = f" {form.shape}" * bool(form.shape)
    return f"{'any number of ' * form.ragged}{form.dtype}{shape}"
