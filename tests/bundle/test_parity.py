"""A bundle that answers otherwise than the trained model did is refused."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from stoker.bundle.parity import check_parity
from stoker.bundle.predictor import Predictor
from stoker.core.errors import ArtifactError


def test_equal_outputs_pass_in_any_pieces(table: Predictor, people: pa.Table) -> None:
    expected = table.outputs(people)
    assert check_parity(table, expected, [people]) == 0
    assert check_parity(table, expected, [people[:2], people[2:2], people[2:]]) == 0


def test_a_small_difference_is_measured(table: Predictor, people: pa.Table) -> None:
    expected = table.outputs(people) + np.float32(5e-5)
    assert check_parity(table, expected, iter([people])) == pytest.approx(5e-5 / 1.5, rel=0.01)


@pytest.mark.parametrize("error", [1e-3, np.nan, np.inf])
def test_a_large_difference_is_refused(table: Predictor, people: pa.Table, error: float) -> None:
    expected = table.outputs(people)
    expected[3, 1] += error
    with pytest.raises(ArtifactError, match="differ from the trained model's"):
        check_parity(table, expected, [people])


def test_another_number_of_rows_is_refused(table: Predictor, people: pa.Table) -> None:
    with pytest.raises(ArtifactError, match=r"shape \(4, 2\)"):
        check_parity(table, table.outputs(people), [people[:4]])
