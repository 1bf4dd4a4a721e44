"""What is told of classes that training knows and another part has no row of.

A score of the test part says nothing of such a class, and the validation part nothing when a model
is chosen by it.  Where every row is of the other class, answers look perfect.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from stoker.core import events
from stoker.core.names import listed
from stoker.data.prepare.prepared_set import PreparedSet
from stoker.data.split import PARTS
from stoker.tasks import FittedTask

_MOST = 5
_MEANS = {
    "validation": "nothing of that counts for when training ends and which model is taken",
    "test": "no score says how well that is found",
}


def tell_absent(folder: Path, task: FittedTask) -> None:
    """Warn of classes without a row in a part that has rows, where each row has one class.

    Args:
        folder: Where the parts are written.
        task: The task that was fitted on the training part.
    """
    size = len(task.class_names)
    if not size:
        return
    rows = {}
    for part in PARTS:
        target_N = PreparedSet.open(folder, part).target
        if not isinstance(target_N, np.ndarray) or target_N.ndim != 1:
            return
        rows[part] = np.bincount(target_N, minlength=size)
    for part, means in _MEANS.items():
        absent = np.flatnonzero(rows[part] == 0)
        if not len(absent) or not rows[part].any():
            continue
        count = int(sum(rows_K[absent].sum() for rows_K in rows.values()))
        names = listed([task.class_names[code] for code in absent], _MOST)
        events.warning(
            f"the {part} part has no row of {names} ({count:,} row{'' if count == 1 else 's'} in "
            f"all), so {means}; more rows help, and data.split.stratify, which gives each part one "
            "where it can"
        )
