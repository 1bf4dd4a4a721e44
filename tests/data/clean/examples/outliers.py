"""Numbers, one of them far from the others and one missing."""

from __future__ import annotations

import pyarrow as pa

from stoker.data.clean.outliers import Outliers
from stoker.features.number import Number
from stoker.testing import assert_fitted_cleaner

FEATURES = {"size": Number()}
ROWS = pa.table({"size": [1.0, 2, 3, 4, 5, None, 900]})
# Quartiles of the six numbers: 2.25 and 4.75.
CLIPPED = [1.0, 2, 3, 4, 5, None, 8.5]


def check(kind: type[Outliers]) -> None:
    far = {"size": [6]}
    assert_fitted_cleaner(kind(), ROWS, FEATURES, becomes={"size": CLIPPED}, touched=far)
    assert_fitted_cleaner(
        kind(action="drop"), ROWS, FEATURES, becomes={}, touched=far, rejected=[6]
    )
