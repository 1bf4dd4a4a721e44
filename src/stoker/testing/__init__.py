"""The promises of steps, as functions to call in a test: of one's own steps, and of the house's.

Each takes a step and a small example of which it is known what is right, and raises AssertionError
where a promise of its kind is broken.  They need no test runner: `pytest` calls them from a
function of two lines.

Example:
    `def test_phones(): assert_cleaner(Phones(), {"phone": ["030", "x"]}, rejected=[1])`
"""

from __future__ import annotations

from stoker.testing.cleaners import assert_cleaner, assert_fitted_cleaner
from stoker.testing.datasets import dataset_of
from stoker.testing.metrics import assert_metric, assert_metric_laws
from stoker.testing.protocols import Ask, assert_protocol
from stoker.testing.samplers import assert_equal_after_resume
from stoker.testing.sources import assert_source

__all__ = [
    "Ask",
    "assert_cleaner",
    "assert_equal_after_resume",
    "assert_fitted_cleaner",
    "assert_metric",
    "assert_metric_laws",
    "assert_protocol",
    "assert_source",
    "dataset_of",
]
