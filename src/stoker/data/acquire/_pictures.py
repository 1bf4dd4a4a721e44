"""Tell by its first bytes what a file of pictures is; names lie, contents do not.

Only formats that are decoded later pass: JPEG, PNG, WebP, BMP, GIF.  Whether a picture is whole is
found when it is decoded (`clean: unreadable_media`, and the feature `image`).
"""

from __future__ import annotations

MOST_BYTES = 64 << 20
"""Largest file taken for a picture."""

_OTHERS = {
    b"8BPS": "a Photoshop file",
    b"II*\0": "a TIFF file",
    b"MM\0*": "a TIFF file",
    b"%!PS": "a PostScript file",
    b"%PDF": "a PDF file",
    b"\xd0\xcf\x11\xe0": "an FPX or Office file",
    b"PK\x03\x04": "a ZIP archive",
    b"\x1f\x8b": "a gzip file",
    b"\0\0\x01\0": "an icon file",
}


def picture_format(content: bytes) -> str | None:
    r"""`jpeg`, `png`, `webp`, `bmp` or `gif`; None if it is none of them.

    >>> picture_format(b"\x89PNG\r\n\x1a\n...")
    'png'
    """
    if content[:3] == b"\xff\xd8\xff":
        return "jpeg"
    if content[:8] == b"\x89PNG\r\n\x1a\n":
        return "png"
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "webp"
    if content[:6] in (b"GIF87a", b"GIF89a"):
        return "gif"
    if content[:2] == b"BM" and len(content) >= 26:
        return "bmp"
    return None


def why_no_picture(content: bytes) -> str | None:
    r"""Why the contents of a file cannot be a picture; None if they may be one.

    >>> why_no_picture(b"<html><body>404")
    'is a web page or XML, not a picture'
    """
    if not content:
        return "is empty"
    if len(content) > MOST_BYTES:
        return f"has {len(content):,} bytes, more than {MOST_BYTES:,}"
    if picture_format(content):
        return None
    return (
        f"is {_other(content)}, not a picture"
        if _other(content)
        else ("is not a picture in JPEG, PNG, WebP, BMP or GIF")
    )


def _other(content: bytes) -> str | None:
    start = content[:512].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if b"<svg" in start:
        return "an SVG drawing"
    if start[:1] == b"<":
        return "a web page or XML"
    if content[4:8] == b"ftyp":
        return "a HEIC, AVIF or video file"
    return next((name for magic, name in _OTHERS.items() if content.startswith(magic)), None)
