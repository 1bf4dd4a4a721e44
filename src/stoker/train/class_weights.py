"""Weight of each class in the loss."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import TYPE_CHECKING

import numpy as np

from stoker.core.errors import RecipeError
from stoker.tasks.classify import FittedClassify

if TYPE_CHECKING:
    from stoker.tasks import FittedTask


def class_weights(task: FittedTask, wanted: str | Mapping[str, float] | None) -> np.ndarray | None:
    """The weights as float32, (num_classes,), or None where all classes count alike.

    `balanced` gives a class n / (K * count): the mean weight over rows is 1, so that the rate need
    not change.

    Raises:
        RecipeError: If there are no classes to weigh, or a weight names a label that is not there.
    """
    if wanted is None or wanted == "none":
        return None
    if not isinstance(task, FittedClassify):
        raise RecipeError(
            "class_weights needs classes, and this target is a number",
            fix="leave train.class_weights out",
        )
    if isinstance(wanted, str):  # balanced
        count_K = np.maximum(task.counts, 1)
        return (count_K.sum() / (len(count_K) * count_K)).astype(np.float32)
    for label in wanted:
        if label not in task.classes:
            near = get_close_matches(label, task.classes, n=1)
            raise RecipeError(
                f"class_weights names {label!r}, which is no class of the training part",
                expected=f"labels such as {', '.join(task.classes[:5])}",
                fix=f"did you mean {near[0]!r}?" if near else None,
            )
    return np.array([wanted.get(label, 1.0) for label in task.classes], np.float32)
