"""Who decodes the pictures of a column: this process, or whoever is passed in its place.

A server decodes in its own process, in threads.  Cleaning and preparing pass a decoder that works
in child processes (`stoker.data.child_decoder`), so that a file that crashes a decoder costs a
row and not the run.  Both run the same functions of `pixels.py`, so their answers are equal.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from stoker.cells.blobs import map_blobs
from stoker.cells.image_formats import MAX_PIXELS, BadImageError
from stoker.cells.pixels import (
    FEWEST_BITS,
    MOST_BITS,
    PictureLook,
    Resize,
    bits_used,
    decode,
    look,
)


@dataclass(frozen=True)
class PictureForm:
    """What pixels shall look like."""

    channels: int
    """1 grey, 3 RGB, 4 RGB and alpha."""
    size: tuple[int, int] | None = None
    """Height and width; None keeps each picture's own."""
    resize: Resize = "stretch"
    """What to do with a picture of another shape."""
    bits: int = MOST_BITS
    """How many bits of 16-bit grey levels are used."""
    max_pixels: int = MAX_PIXELS
    """Most pixels that a picture may have as a file."""


class Decoder(ABC):
    """Decodes blobs in order; a null is passed over."""

    @abstractmethod
    def looks(self, cells: pa.Array, max_pixels: int) -> list[PictureLook | str | None]:
        """What each header says, or why there is none; None for a null.

        Args:
            cells: Blobs, binary.
            max_pixels: Most pixels that a picture may have.
        """

    @abstractmethod
    def bits(self, cells: pa.Array, max_pixels: int) -> int:
        """The most bits that grey levels of these blobs need, 8 to 16; a broken one needs none.

        Args:
            cells: Blobs, binary.
            max_pixels: Most pixels that a picture may have; one of more needs no bits either.
        """

    @abstractmethod
    def pixels(
        self, cells: pa.Array, form: PictureForm, out: np.ndarray | None
    ) -> list[tuple[int, str]]:
        """Decode each blob whole.

        Args:
            cells: Blobs, binary.
            form: What the pixels shall look like; with `out` it has a size.
            out: Takes the pixels, uint8 (N, C, H, W); None: they are only tried.

        Returns:
            Index and reason of each blob that cannot be decoded, by rising index.
        """


class InThisProcess(Decoder):
    """Decodes here, in threads where that pays."""

    def looks(self, cells: pa.Array, max_pixels: int) -> list[PictureLook | str | None]:
        """See `Decoder`."""
        return map_blobs(lambda _, data: _look(data, max_pixels), cells)

    def bits(self, cells: pa.Array, max_pixels: int) -> int:
        """See `Decoder`."""
        found = map_blobs(lambda _, data: _bits(data, max_pixels), cells)
        return max(found, default=FEWEST_BITS)

    def pixels(
        self, cells: pa.Array, form: PictureForm, out: np.ndarray | None
    ) -> list[tuple[int, str]]:
        """See `Decoder`."""

        def act(index: int, data: bytes | None) -> tuple[int, str] | None:
            if data is None:
                return None
            try:
                if out is not None:
                    out[index] = in_form(data, form)
                else:
                    try_decode(data, form)
            except BadImageError as error:
                return index, str(error)
            return None

        return [each for each in map_blobs(act, cells) if each is not None]


def try_decode(data: bytes, form: PictureForm) -> None:
    """Decode a picture for nothing; raw pixels of our own have no more than a header to decode.

    Raises:
        BadImageError: If it cannot be decoded.
    """
    if data.startswith(b"P5 "):
        look(data, form.max_pixels)
    else:
        in_form(data, form)


def in_form(data: bytes, form: PictureForm) -> np.ndarray:
    """The pixels of a picture in a form.

    Raises:
        BadImageError: If it cannot be decoded.
    """
    return decode(
        data,
        form.channels,
        size=form.size,
        resize=form.resize,
        bits=form.bits,
        max_pixels=form.max_pixels,
    )


def _look(data: bytes | None, max_pixels: int) -> PictureLook | str | None:
    if data is None:
        return None
    try:
        return look(data, max_pixels)
    except BadImageError as error:
        return str(error)


def _bits(data: bytes | None, max_pixels: int) -> int:
    try:
        return FEWEST_BITS if data is None else bits_used(data, max_pixels)
    except BadImageError:
        return FEWEST_BITS


HERE = InThisProcess()
"""Decodes in this process."""
