"""Paths with wildcards, which stand for all files that are called so.

Cost: one look at each folder that a pattern goes through.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import takewhile
from pathlib import Path

_WILD = "*?["


def is_pattern(path: Path) -> bool:
    """Whether a path stands for others: it has a wildcard, and nothing is called just so."""
    return any(c in str(path) for c in _WILD) and not path.exists()


def fixed_part(path: Path) -> Path:
    """The folders of a pattern before its first wildcard; a path without any stays whole.

    >>> fixed_part(Path("sales/year=*/a.csv")).as_posix(), fixed_part(Path("*.csv")).as_posix()
    ('sales', '.')
    """
    return Path(*takewhile(lambda part: not any(c in part for c in _WILD), path.parts))


def matching(pattern: Path) -> Iterator[Path]:
    """What is called so, in any order; a pattern that is not absolute starts here."""
    start = Path(pattern.anchor)
    return start.glob(str(pattern.relative_to(start)))
