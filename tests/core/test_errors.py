"""An error is one short text with its parts, and each kind has its exit code."""

from __future__ import annotations

import pytest

from stoker.core import errors
from stoker.core.errors import DataError, Place, RecipeError, StokerError

KINDS = [kind for kind in vars(errors).values() if isinstance(kind, type) and kind is not Place]


def test_the_text_has_place_expectation_and_advice():
    error = RecipeError("x is 1", expected="2", fix="write 2", place=Place("r.yaml", line=3))
    assert str(error) == "r.yaml:3: x is 1\n  expected: 2\n  try:      write 2"
    assert str(StokerError("plain")) == "plain"
    assert str(StokerError("nowhere", place=Place())) == "nowhere"


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_a_stoker_error_that_fails_the_command(kind):
    assert issubclass(kind, StokerError)
    assert kind.exit_code > 0


@pytest.mark.parametrize(
    ("place", "text"),
    [
        (Place("a.csv"), "a.csv"),
        (Place("a.csv", line=2), "a.csv:2"),
        (Place("a.csv", line=2, character=3), "a.csv:2:3"),
        (Place("表.parquet", row=0, column="列"), "表.parquet (row 0, column 列)"),
        (Place(column="c"), "(column c)"),
        (Place(), ""),
    ],
)
def test_a_place_says_what_is_known(place, text):
    assert str(place) == text


def test_names_from_outside_forge_no_line() -> None:
    error = DataError(
        "is \x1b[31mred", expected="a\nb", fix="c\rd", place=Place("x\n  try: rm -rf /.csv", 3)
    )
    assert str(error).split("\n") == [
        "x\\n  try: rm -rf /.csv:3: is \\x1b[31mred",
        "  expected: a\\nb",
        "  try:      c\\rd",
    ]
