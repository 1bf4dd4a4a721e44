"""Rows of which one is blank, for the promise of cleaners."""

from stoker.testing import assert_cleaner


def check(kind):
    """Its fields, cells, and the rows that go."""
    cells = {"name": ["Ann", "", None, "Bob"], "town": ["Ulm", "Bonn", " ", None]}
    assert_cleaner(kind(), cells, rejected=[2])
    assert_cleaner(kind(columns=["name"]), cells, rejected=[1, 2])
