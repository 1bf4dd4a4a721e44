"""Pictures for a page: decoded by the same rules as the model's, and encoded anew as small PNG.

Nothing of the original file reaches the page: no metadata, no place where it was taken, no bytes
that a browser could read as anything but a picture.
"""

from __future__ import annotations

import base64
import io

from PIL import Image

from stoker.cells.image_formats import MOST_PIXELS, BadImageError
from stoker.cells.pixels import bits_used, decode

LONGEST = 192
"""Most pixels of a side; smaller pictures stay as they are."""


def small_png(data: bytes) -> bytes | None:
    """The picture as PNG with sides of at most 192 pixels; None if it cannot be decoded.

    How large it may be was judged when rows were cleaned.
    """
    try:
        bits = bits_used(data, MOST_PIXELS)
        pixels_CHW = decode(data, 4, bits=bits, max_pixels=MOST_PIXELS)
    except BadImageError:
        return None
    image = Image.fromarray(pixels_CHW.transpose(1, 2, 0), "RGBA")
    image.thumbnail((LONGEST, LONGEST))
    red, green, blue, alpha = image.split()
    is_opaque = alpha.getextrema() == (255, 255)
    is_grey = is_opaque and red.tobytes() == green.tobytes() == blue.tobytes()
    out = io.BytesIO()
    (red if is_grey else image.convert("RGB") if is_opaque else image).save(out, "PNG")
    return out.getvalue()


def data_uri(png: bytes) -> str:
    """A PNG as an address that holds the picture itself."""
    return f"data:image/png;base64,{base64.b64encode(png).decode()}"
