"""Tell image formats by their first bytes, and open only the five that are allowed.

Each allowed format goes straight to its own Pillow reader: no other of Pillow's forty parsers ever
sees a foreign byte, and the size is known, and capped, before a pixel is decoded.  Pillow's own cap
is a process-wide setting that warns first and stops at 179 Mpx, so it is not used.  WebP's reader
allocates the canvas when it is opened, so its size is read here, from the header.
"""

from __future__ import annotations

import io
import struct
import warnings

from PIL import (
    BmpImagePlugin,
    GifImagePlugin,
    ImageFile,
    JpegImagePlugin,
    PngImagePlugin,
    WebPImagePlugin,
)

# Pillow warns of crumbs that change no pixel (a broken EXIF block); only what stops us is told.
warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\..*")

MAX_PIXELS = 25_000_000
"""Most pixels of a picture that is decoded, unless the recipe says another: 25 Mpx, about 100 MB
in memory."""
MOST_PIXELS = 178_956_970
"""Most that a recipe may ask for: where Pillow's readers of GIF and WebP stop by themselves."""

FORMATS = "JPEG, PNG, WebP, BMP and GIF"
ENDINGS = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif")
"""What files of these formats are usually called."""

TIFF_HINT = "make PNG of it, which keeps 8 and 16 bits: magick mogrify -format png *.tif"
"""Why TIFF is not read: docs/decisions/014-no-tiff.md."""

_READERS: tuple[tuple[bytes, type[ImageFile.ImageFile]], ...] = (
    (b"\x89PNG\r\n\x1a\n", PngImagePlugin.PngImageFile),
    (b"\xff\xd8\xff", JpegImagePlugin.JpegImageFile),
    (b"RIFF", WebPImagePlugin.WebPImageFile),
    (b"GIF87a", GifImagePlugin.GifImageFile),
    (b"GIF89a", GifImagePlugin.GifImageFile),
    (b"BM", BmpImagePlugin.BmpImageFile),
)

_BMP_HEADERS = (12, 40, 52, 56, 64, 108, 124)
"""Sizes of the second header, which Pillow reads."""

_STRANGERS: tuple[tuple[bytes, str], ...] = (
    (b"<!doctype html", "an HTML page"),
    (b"<html", "an HTML page"),
    (b"<", "a web page or XML"),
    (b"8bps", "a Photoshop file"),
    (b"%pdf", "a PDF document"),
    (b"%!ps", "a PostScript file"),
    (b"ii*\0", "a TIFF file"),
    (b"mm\0*", "a TIFF file"),
    (b"pk\x03\x04", "a ZIP archive"),
    (b"version https://git-lfs", "a Git LFS pointer, not the file itself"),
    (b"\0\0\0\x0cjxl ", "a JPEG XL file"),
    (b"\0\0\0\x0cjp  ", "a JPEG 2000 file"),
    (b"\x1f\x8b", "a gzip file"),
    (b"\0\0\x01\0", "an icon file"),
    (b"\xd0\xcf\x11\xe0", "an old Office or FlashPix file"),
)


class BadImageError(ValueError):
    """Bytes that are no usable picture; the text is the reason of a reject."""


def open_image(data: bytes, max_pixels: int = MAX_PIXELS) -> ImageFile.ImageFile:
    """The picture with its header read and its size checked, no pixel decoded.

    Args:
        data: Bytes of the file.
        max_pixels: Most pixels that it may have.

    Raises:
        BadImageError: If the bytes are empty, of another format, without a pixel, or too large.
    """
    reader = _reader(data)
    if reader is None:
        raise BadImageError(why_refused(data))
    if data[:4] == b"RIFF":
        check_size(*_webp_size(data), max_pixels)
    image = reader(io.BytesIO(data))
    check_size(*image.size, max_pixels)
    return image


def why_refused(data: bytes) -> str | None:
    r"""Why bytes cannot be a picture that is read; None if they begin as one does.

    What a file is, its contents say: names lie.  Whether it is whole is found when it is decoded.

    >>> why_refused(b"<html><body>404")
    'is an HTML page; allowed are JPEG, PNG, WebP, BMP and GIF'
    >>> why_refused(b"\x89PNG\r\n\x1a\n...")
    """
    if not data:
        return "is empty"
    if _reader(data) is not None:
        return None
    stranger = _stranger(data)
    return f"is {stranger}; allowed are {FORMATS}" + f"; {TIFF_HINT}" * (stranger == "a TIFF file")


def _reader(data: bytes) -> type[ImageFile.ImageFile] | None:
    if data[:4] == b"RIFF" and data[8:12] != b"WEBP":
        return None
    if data[:2] == b"BM" and int.from_bytes(data[14:18], "little") not in _BMP_HEADERS:
        return None  # Two letters alone are the beginning of many a text.
    return next((reader for start, reader in _READERS if data.startswith(start)), None)


def check_size(width: int, height: int, max_pixels: int = MAX_PIXELS) -> None:
    """Refuse a picture without pixels, or with more than may be.

    Raises:
        BadImageError: With the size, and the key of the limit, in its text.
    """
    if width < 1 or height < 1:
        raise BadImageError(f"has no pixels ({width} x {height})")
    if width * height > max_pixels:
        raise BadImageError(
            f"is {width} x {height} = {width * height:,} pixels; at most {max_pixels:,} are "
            "decoded: make it smaller, or raise image: {max_pixels: ...}"
        )


def _webp_size(data: bytes) -> tuple[int, int]:
    """Canvas size from the first chunk of a WebP file (RFC 9649)."""
    kind, body = data[12:16], data[20:30]
    if len(body) < 10:
        raise BadImageError("is cut off in its header")
    if kind == b"VP8X":
        return 1 + int.from_bytes(body[4:7], "little"), 1 + int.from_bytes(body[7:10], "little")
    if kind == b"VP8L":
        (bits,) = struct.unpack("<I", body[1:5])
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    if kind == b"VP8 ":
        width, height = struct.unpack("<HH", body[6:10])
        return width & 0x3FFF, height & 0x3FFF
    raise BadImageError(f"is a WebP file with an unknown first chunk {kind!r}")


def _stranger(data: bytes) -> str:
    start = data[:512].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if b"<svg" in start:
        return "an SVG drawing"
    if data[4:8] == b"ftyp":
        return f"an ISO media file ({data[8:12].decode('ascii', 'replace')}: HEIC, AVIF or video)"
    known = (name for magic, name in _STRANGERS if start.startswith(magic))
    return next(known, "not a picture of a known format")
