"""The plainest PNG files, decoded without walking through their chunks.

Most small PNG files are a header, one chunk of pixels and an end.  For those all that Pillow's
reader does in Python is known beforehand, so the pixels go straight to its C decoder.  Whatever is
not exactly of that form, or does not decode, is left to the reader, which also says what is wrong.

Cost: 7 µs for 28 x 28 pixels; Pillow's reader takes 14.

Source: PNG specification, https://www.w3.org/TR/png-3/, sections 5 and 11.2.
"""

from __future__ import annotations

import struct
import zlib

from PIL import Image

from stoker.cells.image_formats import MAX_PIXELS, check_size

_START = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"
_END = b"\0\0\0\0IEND\xaeB`\x82"
_HEAD = struct.Struct(">II5sII4s")
"""Width, height, form and checksum of the header; length and name of the next chunk."""
_BEGIN = len(_START) + _HEAD.size
_CRC_BYTES = 4
_MODES = {
    b"\x08\0\0\0\0": "L",
    b"\x08\2\0\0\0": "RGB",
    b"\x08\4\0\0\0": "LA",
    b"\x08\6\0\0\0": "RGBA",
}
"""Eight bits a channel, not interlaced: Pillow's mode by the five bytes after the size."""


def plain_png(data: bytes, max_pixels: int = MAX_PIXELS) -> Image.Image | None:
    """The picture, or None if it is not of the plainest form or damaged.

    Raises:
        BadImageError: If it is too large.
    """
    if not data.startswith(_START) or not data.endswith(_END) or len(data) < _BEGIN:
        return None
    width, height, form, crc, num_bytes, name = _HEAD.unpack_from(data, len(_START))
    mode = _MODES.get(form)
    is_plain = (
        mode is not None
        and name == b"IDAT"
        and len(data) == _BEGIN + num_bytes + _CRC_BYTES + len(_END)
        and crc == zlib.crc32(data[12:29])
    )
    if mode is None or not is_plain or not width or not height:
        return None
    check_size(width, height, max_pixels)
    try:
        return Image.frombytes(
            mode, (width, height), data[_BEGIN : _BEGIN + num_bytes], "zip", mode
        )
    except ValueError:
        return None
