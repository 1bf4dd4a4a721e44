"""Numbers of versions: behind `3.9` comes `3.10`, which as a number is `3.1` and smaller.

Nothing but the whole column tells: some have two digits of which the last is 0 where others have
one digit, and what stands behind the points are neighbours, as things are that are counted.

Cost: a microsecond for each different text, and only of those where some end in 0.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

_VERSION = re.compile(r"(\d{1,3})\.(0|[1-9]\d{0,2})", re.ASCII)
_FEWEST = 4
"""Different numbers behind points."""
_MOST_SPREAD = 1.5
"""Times their number between the smallest and the largest of them."""


def version_of(texts: Sequence[str]) -> str:
    """A text that ends in 0 and is a version of its own, such as `3.10`; empty: it is a number.

    Args:
        texts: Different texts of plain numbers.

    >>> version_of(["3.8", "3.9", "3.10", "3.11"]), version_of(["3.1", "3.5", "3.10", "3.75"])
    ('3.10', '')
    """
    found = [_VERSION.fullmatch(text) for text in texts]
    behind = {int(one[2]) for one in found if one}
    round_ones = [one[0] for one in found if one and len(one[2]) > 1 and one[2].endswith("0")]
    if not all(found) or not round_ones or min(behind) > 9 or len(behind) < _FEWEST:
        return ""
    is_counted = max(behind) - min(behind) < _MOST_SPREAD * len(behind)
    return min(round_ones, key=len) if is_counted else ""
