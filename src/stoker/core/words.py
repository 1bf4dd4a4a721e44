"""Sizes and time spans in words, the same in a terminal and in a report."""

from __future__ import annotations


def size(num_bytes: float) -> str:
    """A size in decimal units.

    >>> size(512), size(1_500_000), size(2.5e9)
    ('512 B', '1.5 MB', '2.5 GB')
    """
    for unit in ("B", "kB", "MB", "GB"):
        if num_bytes < 1000:
            return f"{num_bytes:.3g} {unit}"
        num_bytes /= 1000
    return f"{num_bytes:.3g} TB"


def duration(seconds: float) -> str:
    """A time span as people say it.

    >>> duration(0.25), duration(12), duration(125), duration(7260)
    ('0.2 s', '12.0 s', '2 min 5 s', '2 h 1 min')
    """
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"


def rough_duration(seconds: float) -> str:
    """A time span that was guessed, with no more digits than a guess has.

    >>> rough_duration(0.04), rough_duration(2.26), rough_duration(47), rough_duration(195)
    ('0.1 s', '2 s', '50 s', '3 min')
    """
    if seconds < 1:
        return f"{max(0.1, round(seconds, 1))} s"
    if seconds < 60:
        return f"{float(f'{seconds:.1g}'):.0f} s"
    minutes = seconds / 60
    return f"{float(f'{minutes:.1g}'):.0f} min" if minutes < 60 else f"{minutes / 60:.1f} h"
