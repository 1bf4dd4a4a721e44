"""What a user is told of labels: rare ones, and those that may be spellings of one."""

from __future__ import annotations

import pyarrow as pa

from stoker.cells.categories import alike
from stoker.cells.raw import is_text
from stoker.cells.spelling import told_apart
from stoker.core import events

_MANY = 20
_MOST_ALIKE = 3


def warn_of_labels(count: dict[str, int], labels: pa.Array) -> None:
    """Warn of labels that stand in one row only, and of those that look the same.

    Args:
        count: Training rows of each class.
        labels: All cells of the target.
    """
    _warn_of_rare(count)
    _warn_of_spellings(count)
    _warn_of_case(count, labels)


def _warn_of_rare(count: dict[str, int]) -> None:
    """Name classes that hardly any row has."""
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


def _warn_of_spellings(count: dict[str, int]) -> None:
    """Name labels that are one value in two spellings, or one but for zeros in front."""
    for one, other in told_apart(count)[:_MOST_ALIKE]:
        events.warning(
            f"labels {one!r} ({count[one]}) and {other!r} ({count[other]}) are two classes; write "
            "one in the data if they mean the same"
        )


def _warn_of_case(count: dict[str, int], labels: pa.Array) -> None:
    """Name labels that look the same: those with blanks around are one class, others are two."""
    for one, other in alike(count)[:_MOST_ALIKE]:
        events.warning(
            f"labels {one!r} ({count[one]}) and {other!r} ({count[other]}) differ only by case, "
            "width or blanks and are two classes; say classify: {fold: true} if they mean the same"
        )
    written = labels.unique().drop_null().to_pylist() if is_text(labels.type) else []
    for text in [text for text in written if text.strip() and text != text.strip()][:_MOST_ALIKE]:
        events.warning(f"label {text!r} has blanks around it and is taken for {text.strip()!r}")
