"""Classify: one of a set of labels known from training.

Labels may be text, whole numbers or bools, and answers have the same type.  Classes are sorted,
numbers by value (also numbers written as text, so that `10` stands behind `9`), so that equal data
give equal codes.  The loss is cross entropy.

Of two classes one is the positive one, which precision, recall, F1 and the area under the
precision-recall curve are about; it stands second.  By default it is the greater of two numbers
(1, true) and the rarer of two texts: an order of the alphabet says nothing about which is sought.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Annotated

import pyarrow as pa
from pydantic import BeforeValidator

from stoker.cells.categories import alike, are_categories, count_categories
from stoker.cells.raw import is_text, one_array
from stoker.cells.spelling import canonical, fold_counts, folded
from stoker.core import events
from stoker.core.errors import DataError
from stoker.tasks import Task
from stoker.tasks._fitted.classify import FittedClassify, LabelKind

_WHOLE = re.compile(r"-?(0|[1-9]\d{0,17})")
_MANY = 20
_MOST_ALIKE = 3


def _label(value: object) -> object:
    """A label as classes name it: `true` and `1` of a recipe are text there."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int) else value


class Classify(Task):
    """Predict one label of each row."""

    positive: Annotated[str, BeforeValidator(_label)] | None = None
    """Of two classes the one that is sought, such as a disease; absent: the greater of two numbers,
    or the rarer of two texts."""

    fold: bool = False
    """Whether labels that only case, width or blanks tell apart (`ja`, `Ja`) are one class, called
    by its commonest spelling."""

    def fit(self, target: pa.ChunkedArray) -> FittedClassify:
        """Learn the classes.

        A class with a single row is a warning, and so are labels that hardly ever repeat, or that
        only blanks or case tell apart.

        Raises:
            DataError: If there are fewer than two classes, or the positive one is none of two.
        """
        if not are_categories(target.type):
            raise DataError(
                f"the target is of type {target.type}, which holds no labels",
                expected="text, numbers, bools or dates",
                fix="convert it in the source",
            )
        count = count_categories(target)
        if self.fold:
            count = fold_counts(count)
        if len(count) < 2:
            only = (
                f"all {sum(count.values())} are {next(iter(count))!r}" if count else "none is set"
            )
            raise DataError(
                f"nothing to learn from {len(target)} training labels: {only}",
                expected="at least two different labels (text, numbers or bools)",
                fix="check the target column, or say regress for a number",
            )
        _warn(count)
        _warn_alike(count, one_array(target))
        classes = self._ordered(count)
        return FittedClassify(
            classes=classes,
            counts=tuple(count[name] for name in classes),
            kind=_label_kind(one_array(target[:0]).type, classes),
            fold=self.fold,
        )

    def _ordered(self, count: dict[str, int]) -> tuple[str, ...]:
        """The classes in the order of their codes."""
        whole = _all_whole(count)
        classes = sorted(count, key=_by_value if whole else str)
        if self.positive is None:
            if len(classes) == 2 and not whole and _canonical(classes) != ["false", "true"]:
                classes.sort(key=lambda name: -count[name])
                tie = count[classes[0]] == count[classes[1]]
                events.message(
                    f"the positive class is {classes[1]!r}, "
                    f"{'one of two equally common ones' if tie else 'the rarer one'}; "
                    f"`classify: {{positive: {classes[0]}}}` makes it the other"
                )
            return tuple(classes)
        plain = folded if self.fold else canonical
        sought = plain(self.positive)
        if len(classes) != 2 or sought not in map(plain, classes):
            raise DataError(
                f"{self.positive!r} cannot be the positive class",
                expected=f"one of two classes; training rows have {', '.join(map(repr, classes))}",
                fix="leave `positive` out, or name one of two labels",
            )
        classes.sort(key=lambda name: (plain(name) == sought, name == self.positive))
        return tuple(classes)


def _label_kind(kind: pa.DataType, classes: tuple[str, ...]) -> LabelKind:
    """The type of answers; numbers that no type of answers holds exactly stay text."""
    if pa.types.is_boolean(kind):
        return "bool"
    if pa.types.is_floating(kind) or pa.types.is_decimal(kind) or pa.types.is_integer(kind):
        if _all_whole(classes):
            return "integer"
        if all(name != "inf" and canonical(f"{float(name):f}") == name for name in classes):
            return "number"
    return "text"


def _canonical(names: list[str]) -> list[str]:
    return [canonical(name) for name in names]


def _all_whole(names: Iterable[str]) -> bool:
    return all(_WHOLE.fullmatch(canonical(name)) for name in names)


def _by_value(name: str) -> int:
    return int(canonical(name))


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


def _warn_alike(count: dict[str, int], labels: pa.Array) -> None:
    """Name labels that look the same: those with blanks around are one class, others are two."""
    for one, other in alike(count)[:_MOST_ALIKE]:
        events.warning(
            f"labels {one!r} ({count[one]}) and {other!r} ({count[other]}) differ only by case, "
            "width or blanks and are two classes; say classify: {fold: true} if they mean the same"
        )
    written = labels.unique().drop_null().to_pylist() if is_text(labels.type) else []
    for text in [text for text in written if text.strip() and text != text.strip()][:_MOST_ALIKE]:
        events.warning(f"label {text!r} has blanks around it and is taken for {text.strip()!r}")
