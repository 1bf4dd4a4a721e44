"""Every planted mistake of a metric breaks its promise, and a sound metric keeps it."""

from __future__ import annotations

import numpy as np
import pytest

from stoker.answers.classes import ClassAnswers
from stoker.answers.numbers import NumberAnswers
from stoker.testing import assert_metric
from tests.testing import wrong_metrics as wrong


def check_classes(metric: wrong.Hits) -> None:
    output_NK = np.log([[0.8, 0.2], [0.4, 0.6], [0.7, 0.3]])
    assert_metric(metric, [(ClassAnswers(output_NK, np.array([0, 1, 1])), 2 / 3)])


def check_numbers(metric: wrong.Distance) -> None:
    answers = NumberAnswers(np.array([1.0, 3, 0]), np.array([1.0, 2, 3]))
    assert_metric(metric, [(answers, 4 / 3)])


def test_sound_metrics_keep_it() -> None:
    check_classes(wrong.Hits())
    check_numbers(wrong.Distance())


@pytest.mark.parametrize("kind", wrong.Hits.__subclasses__())
def test_a_wrong_metric_of_classes_breaks_it(kind: type[wrong.Hits]) -> None:
    # Where arrays of answers are read-only, writing to them is NumPy's ValueError.
    with pytest.raises((AssertionError, ValueError)):
        check_classes(kind())


@pytest.mark.parametrize("kind", wrong.Distance.__subclasses__())
def test_a_wrong_metric_of_numbers_breaks_it(kind: type[wrong.Distance]) -> None:
    with pytest.raises(AssertionError):
        check_numbers(kind())
