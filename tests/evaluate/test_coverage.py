"""Coverage of sets and intervals is counted on the rows that are scored."""

from __future__ import annotations

import numpy as np
import pytest

from stoker.bundle.decision import Decision, Interval
from stoker.evaluate.coverage import coverage, share_interval
from stoker.tasks.classify import FittedClassify
from stoker.tasks.regress import FittedRegress

PETS = FittedClassify(classes=("cat", "dog"), counts=(1, 1), kind="text")
AGE = FittedRegress(mean=10, std=2, low=0, high=99)


def test_sets_are_counted() -> None:
    output_NK = np.log([[0.9, 0.1], [0.6, 0.4], [0.6, 0.4], [0.9, 0.1]])
    found = coverage(Decision(share=0.3), output_NK, np.array([0, 1, 0, 1]), PETS)
    assert found is not None
    assert (found.value, found.size, found.level) == (0.75, 1.5, 0.9)
    assert found.low < 0.75 < found.high


def test_intervals_are_counted_in_the_targets_unit() -> None:
    interval = Interval(low=(-1.0,), high=(1.0,))
    target_N = np.array([0.5, -0.5, 3.0], np.float32)
    found = coverage(Decision(interval=interval), np.zeros((3, 1)), target_N, AGE)
    assert found is not None
    assert (found.value, found.size) == (pytest.approx(2 / 3), 4.0)


def test_a_bundle_without_them_has_no_coverage() -> None:
    assert coverage(Decision(), np.zeros((3, 2)), np.zeros(3, np.int64), PETS) is None


@pytest.mark.parametrize(("hits", "rows"), [(0, 5), (5, 5), (1, 30), (450, 500), (18_000, 20_000)])
def test_the_interval_of_a_share_is_exact(hits: int, rows: int) -> None:
    scipy = pytest.importorskip("scipy.stats")
    right = scipy.binomtest(hits, rows).proportion_ci(method="exact")
    assert share_interval(hits, rows) == pytest.approx((right.low, right.high), abs=1e-6)
