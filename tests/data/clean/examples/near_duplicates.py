"""Texts of which two differ by a word, beside another one and one that is missing."""

from __future__ import annotations

from stoker.data.clean.near_duplicates import NearDuplicates
from stoker.testing import assert_cleaner

TEXT = (
    "the quick brown fox jumps over the lazy dog while seven wizards quietly watch from a hill and "
    "nobody says a word until the sun goes down behind the old mill near the river bend"
)
OTHER = (
    "an entirely different report about the price of copper in three ports, written by somebody "
    "who never saw a fox and who does not want to see one"
)


def check(kind: type[NearDuplicates]) -> None:
    texts = [TEXT, OTHER, TEXT.replace("seven", "eight"), None]
    assert_cleaner(kind(columns=("review",)), {"review": texts}, rejected=[2])
