"""What sources take for a picture: by its contents, whatever it is called, and not too large.

Whether a picture is whole is found when it is decoded (`clean: unreadable_media`, and the feature
`image`).
"""

from __future__ import annotations

from stoker.features._formats import why_refused

MOST_BYTES = 64 << 20
"""Largest file taken for a picture."""


def why_no_picture(content: bytes) -> str | None:
    """Why the contents of a file cannot be a picture; None if they may be one.

    >>> why_no_picture(b"")
    'is empty'
    """
    if len(content) > MOST_BYTES:
        return f"has {len(content):,} bytes, more than {MOST_BYTES:,}"
    return why_refused(content)
