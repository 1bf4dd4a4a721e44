"""Classify: one of a set of labels known from training.

Labels may be text, whole numbers or bools, and answers have the same type.  Classes are sorted,
numbers by value (also numbers written as text, so that `10` stands behind `9`), so that equal data
give equal codes.  The loss is cross entropy.
"""

from __future__ import annotations

import re

import pyarrow as pa

from stoker.core import events
from stoker.core.errors import DataError
from stoker.features._categories import count_categories
from stoker.features._cells import one_array
from stoker.tasks import Task
from stoker.tasks._fitted.classify import FittedClassify, LabelKind

_WHOLE = re.compile(r"-?(0|[1-9]\d{0,17})")
_MANY = 20


class Classify(Task):
    """Predict one label of each row."""

    def fit(self, target: pa.ChunkedArray) -> FittedClassify:
        """Learn the classes.

        A class with a single row is a warning, and so are labels that hardly ever repeat.

        Raises:
            DataError: If there are fewer than two classes.
        """
        count = count_categories(target)
        if len(count) < 2:
            only = (
                f"all {sum(count.values())} are {next(iter(count))!r}" if count else "none is set"
            )
            raise DataError(
                f"nothing to learn from {len(target)} training labels: {only}",
                expected="at least two different labels (text, whole numbers or bools)",
                fix="check the target column, or say regress for a number",
            )
        _warn(count)
        classes = tuple(sorted(count, key=_by_value if _all_whole(count) else str))
        return FittedClassify(
            classes=classes,
            counts=tuple(count[name] for name in classes),
            kind=_label_kind(one_array(target[:0]).type),
        )


def _label_kind(kind: pa.DataType) -> LabelKind:
    if pa.types.is_boolean(kind):
        return "bool"
    numeric = pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)
    return "integer" if numeric else "text"


def _all_whole(count: dict[str, int]) -> bool:
    return all(_WHOLE.fullmatch(name) for name in count)


def _by_value(name: str) -> int:
    return int(name)


def _warn(count: dict[str, int]) -> None:
    rare = sorted(name for name, n in count.items() if n == 1)
    if len(count) > _MANY and 2 * len(rare) > len(count):
        events.warning(
            f"{len(rare)} of {len(count)} labels stand in one training row only, such as "
            f"{rare[0]!r}: is the target an identifier, or a number (regress)?"
        )
    elif rare:
        named = ", ".join(repr(name) for name in rare[:3])
        events.warning(
            f"{len(rare)} of {len(count)} classes have one training row only ({named}); "
            "a model can hardly learn them"
        )
