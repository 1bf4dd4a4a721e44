"""What sources take for a picture: by its contents, whatever it is called, and not too large.

Whether a picture is whole is found when it is decoded (`clean: unreadable_media`, and the feature
`image`).
"""

from __future__ import annotations

from stoker.cells.image_formats import why_refused
from stoker.cells.raw import shorten

MOST_BYTES = 64 << 20
"""Largest file taken for a picture."""


_SHOWN = 40


def shown(content: bytes) -> str | None:
    r"""What a reject shows of contents: the beginning of a text, else their size and first bytes.

    >>> shown("<html>\n没有</html>".encode()), shown(b"II*\0" + bytes(96)), shown(b"")
    ('<html> 没有</html>', '100 bytes that begin 49492a0000000000', None)
    """
    text = " ".join(content[:_SHOWN].decode("utf-8", "ignore").split())
    return text if text.isprintable() and text else shorten(content) if content else None


def why_no_picture(content: bytes) -> str | None:
    """Why the contents of a file cannot be a picture; None if they may be one.

    >>> why_no_picture(b"")
    'is empty'
    """
    if len(content) > MOST_BYTES:
        return f"has {len(content):,} bytes, more than {MOST_BYTES:,}"
    return why_refused(content)
