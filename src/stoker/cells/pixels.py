"""Decode one encoded picture to pixels, by stated rules and never by luck.

- The first frame of an animation is the picture.
- EXIF orientation is applied.
- 16-bit grey is scaled to 8 bits from as many bits as it uses (12 in many cameras and scanners):
  0 to 2**bits - 1 become 0 to 255, rounded, and what is brighter becomes 255.
- 16-bit colour keeps its high byte; 1-bit becomes 0 and 255.
- CMYK, YCbCr and palettes become RGB; a colour profile is ignored.
- Transparency (an alpha channel, a transparent palette entry or colour) is laid on white unless
  four channels are asked for; a picture without it is opaque.
- Colour becomes grey by ITU-R 601 luma.

A JPEG that is much larger than asked for is decoded at a half, a quarter or an eighth of its size,
which its format allows; at least twice the asked size is kept for the resize to work on.
PNM is read only in the one form that stoker's own IDX source writes: `P5 WIDTH HEIGHT 255`.
"""

from __future__ import annotations

import re
import struct
import zlib
from dataclasses import dataclass
from typing import Literal

import numpy as np
from PIL import Image, ImageFile, ImageOps, JpegImagePlugin

from stoker.cells.image_formats import MAX_PIXELS, BadImageError, check_size, open_image
from stoker.cells.plain_png import plain_png

Resize = Literal["stretch", "fit", "crop"]

PNM_HEADER = re.compile(rb"P5 (\d{1,5}) (\d{1,5}) 255\n")

FEWEST_BITS, MOST_BITS = 8, 16
"""Of grey levels that stand in 16 bits."""

_MODES = {1: "L", 3: "RGB", 4: "RGBA"}
_GREY = {"1", "L", "I;16", "I;16B", "I;16L", "I;16N", "I"}
_SIDEWAYS = (5, 6, 7, 8)
_ORIENTATION = 0x0112
PILLOW_ERRORS = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    LookupError,
    TypeError,
    ArithmeticError,
    RuntimeError,
    AttributeError,
    Warning,
    Image.DecompressionBombError,
    struct.error,
    zlib.error,
)
"""What Pillow's parsers raise on damaged bytes (seen under fuzzing); a warning is raised where the
user's Python turns warnings into errors."""


@dataclass(frozen=True)
class PictureLook:
    """What a picture's header says."""

    width: int
    """After EXIF orientation."""
    height: int
    grey: bool
    """Whether it has neither colour nor transparency."""
    animated: bool
    """Whether there are more frames than the first, which alone is used."""
    deep: bool = False
    """Whether its grey levels have 16 bits."""


def look(data: bytes, max_pixels: int = MAX_PIXELS) -> PictureLook:
    """The header of a picture; no pixel is decoded.

    Args:
        data: Bytes of the file.
        max_pixels: Most pixels that it may have.

    Raises:
        BadImageError: If it has no usable header, or is too large.
    """
    if data.startswith(b"P5 "):
        height, width = _pnm(data, max_pixels).shape
        return PictureLook(width, height, grey=True, animated=False)
    try:
        with open_image(data, max_pixels) as image:
            width, height = image.size
            if image.getexif().get(_ORIENTATION) in _SIDEWAYS:
                width, height = height, width
            grey = image.mode in _GREY and "transparency" not in image.info
            animated = getattr(image, "is_animated", False)
            return PictureLook(width, height, grey, animated, _is_deep(image))
    except BadImageError:
        raise
    except PILLOW_ERRORS as error:
        raise _damaged(error) from None


def bits_used(data: bytes, max_pixels: int = MAX_PIXELS) -> int:
    """How many bits the brightest grey level of a picture needs, 8 to 16; 8 if it is not deep.

    Args:
        data: Bytes of the file.
        max_pixels: Most pixels that it may have.

    Raises:
        BadImageError: If it cannot be decoded.
    """
    if data.startswith(b"P5 "):
        return FEWEST_BITS
    try:
        with open_image(data, max_pixels) as image:
            if not _is_deep(image):
                return FEWEST_BITS
            image.load()
            return max(FEWEST_BITS, int(_levels(image).max()).bit_length())
    except BadImageError:
        raise
    except PILLOW_ERRORS as error:
        raise _damaged(error) from None


def decode(
    data: bytes,
    channels: int,
    *,
    size: tuple[int, int] | None = None,
    resize: Resize = "stretch",
    bits: int = MOST_BITS,
    max_pixels: int = MAX_PIXELS,
) -> np.ndarray:
    """The pixels of a picture as uint8 (channels, height, width).

    Args:
        data: Bytes of the file.
        channels: 1 grey, 3 RGB, 4 RGB and alpha.
        size: Height and width to resize to; None keeps the picture's own.
        resize: `stretch` both sides, `fit` inside with white (4 channels: transparent) margins, or
            `crop` what stands over.
        bits: How many bits of 16-bit grey levels are used, 8 to 16.
        max_pixels: Most pixels that it may have as a file.

    Raises:
        BadImageError: If it is damaged, cut off, too large or of another format.
    """
    if data.startswith(b"P5 "):
        image: Image.Image = Image.fromarray(_pnm(data, max_pixels))
        return _finish(_in_mode(image, _MODES[channels]), size, resize)
    try:
        plain = plain_png(data, max_pixels)
        if plain is not None:
            return _finish(_in_mode(plain, _MODES[channels]), size, resize)
        with open_image(data, max_pixels) as opened:
            _draft(opened, size)
            opened.load()
            image = opened
            if opened.getexif().get(_ORIENTATION, 1) != 1:
                image = ImageOps.exif_transpose(opened)
            if _is_deep(image):
                image = _eight_bit(image, bits)
            return _finish(_in_mode(image, _MODES[channels]), size, resize)
    except BadImageError:
        raise
    except PILLOW_ERRORS as error:
        raise _damaged(error) from None


def _draft(image: ImageFile.ImageFile, size: tuple[int, int] | None) -> None:
    if size is not None and isinstance(image, JpegImagePlugin.JpegImageFile):
        longest = 2 * max(size)
        image.draft(None, (longest, longest))


def _finish(image: Image.Image, size: tuple[int, int] | None, resize: Resize) -> np.ndarray:
    if size is not None and image.size != size[::-1]:
        image = _resized(image, size[::-1], resize)
    pixels = np.asarray(image)
    if pixels.ndim == 2:
        return pixels[None]
    return np.ascontiguousarray(pixels.transpose(2, 0, 1))


def _in_mode(image: Image.Image, mode: str) -> Image.Image:
    """The picture in mode L, RGB or RGBA."""
    if image.mode == mode and "transparency" not in image.info:
        return image
    if image.has_transparency_data:
        image = image.convert("RGBA")
        if mode == "RGBA":
            return image
        white = Image.new("RGBA", image.size, (255, 255, 255, 255))
        image = Image.alpha_composite(white, image)
    elif image.mode in ("P", "CMYK", "YCbCr", "LAB", "HSV"):
        image = image.convert("RGB")
    return image.convert(mode)


def _is_deep(image: Image.Image) -> bool:
    return image.mode.startswith("I")


def _levels(image: Image.Image) -> np.ndarray:
    """Grey levels of a deep picture as uint16."""
    return np.asarray(image).clip(0, 65_535).astype(np.uint16)


def _eight_bit(image: Image.Image, bits: int) -> Image.Image:
    """16-bit grey as 8-bit; Pillow's own conversion would cut everything above 255."""
    deep = _levels(image)
    top = 2**bits - 1
    eight_bit = (np.arange(65_536).clip(max=top) * 255 + top // 2) // top
    small = Image.fromarray(eight_bit.astype(np.uint8)[deep])
    level = image.info.get("transparency")
    if not isinstance(level, int):
        return small
    alpha = np.where(deep == level, 0, 255).astype(np.uint8)
    return Image.merge("LA", (small, Image.fromarray(alpha)))


def _resized(image: Image.Image, size: tuple[int, int], resize: Resize) -> Image.Image:
    """Resize to (width, height), smoothing when it gets smaller."""
    if resize == "crop":
        return ImageOps.fit(image, size, Image.Resampling.BILINEAR)
    if resize == "fit":
        margin = {"L": 255, "RGB": (255, 255, 255), "RGBA": (255, 255, 255, 0)}[image.mode]
        return ImageOps.pad(image, size, Image.Resampling.BILINEAR, color=margin)
    return image.resize(size, Image.Resampling.BILINEAR, reducing_gap=2.0)


def _pnm(data: bytes, max_pixels: int) -> np.ndarray:
    """Pixels (height, width) of stoker's own PNM form."""
    header = PNM_HEADER.match(data)
    if header is None:
        raise BadImageError("is a PNM file of a form that stoker does not write")
    width, height = int(header[1]), int(header[2])
    check_size(width, height, max_pixels)
    if len(data) != header.end() + width * height:
        raise BadImageError(f"has {len(data) - header.end()} pixels where {width * height} belong")
    return np.frombuffer(data, np.uint8, offset=header.end()).reshape(height, width)


def _damaged(error: Exception) -> BadImageError:
    text = " ".join(str(error).split())[:80]
    if text.startswith("not identified"):
        text = "its header makes no sense"
    cut = "truncated" in text or "Truncated" in text or isinstance(error, EOFError)
    return BadImageError(f"is {'cut off' if cut else 'damaged'} ({text or type(error).__name__})")
