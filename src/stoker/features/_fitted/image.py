"""An image feature that has seen the training part.

A column of equally long PNM blobs of the fitted size (what the IDX source writes) becomes one array
by a reshape; other blobs are decoded one by one.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import numpy as np
import pyarrow as pa
from pydantic import Field

from stoker.cells import BadCell
from stoker.cells.blobs import is_bytes
from stoker.cells.decoder import HERE, Decoder, Form
from stoker.cells.image_formats import MAX_PIXELS, MOST_PIXELS
from stoker.cells.pixels import FEWEST_BITS, MOST_BITS, Resize
from stoker.cells.raw import one_array, shorten
from stoker.features import FittedFeature, Transformed

Bits = Annotated[int, Field(ge=FEWEST_BITS, le=MOST_BITS)]
MaxPixels = Annotated[int, Field(ge=1, le=MOST_PIXELS)]
Side = Annotated[int, Field(ge=1, le=8192)]


class FittedImage(FittedFeature):
    """Turns encoded pictures into uint8 pixels (channels, height, width)."""

    height: Side
    width: Side
    channels: Literal[1, 3, 4]
    """1 grey, 3 RGB, 4 RGB and alpha."""
    resize: Resize
    """What to do with a picture of another size."""
    bits: Bits = MOST_BITS
    """How many bits of 16-bit grey levels are used; brighter ones become white."""
    max_pixels: MaxPixels = MAX_PIXELS
    """Most pixels of a picture as it comes."""
    mean: tuple[float, ...]
    """Mean of each channel over the sampled training pixels, on the scale 0 to 1."""
    std: tuple[float, ...]
    """Standard deviation of each channel, on the scale 0 to 1; 1 for a constant channel."""

    @property
    def shape(self) -> tuple[int, ...]:
        """(channels, height, width)."""
        return (self.channels, self.height, self.width)

    @property
    def dtype(self) -> np.dtype[Any]:
        """uint8."""
        return np.dtype(np.uint8)

    def transform(self, column: pa.ChunkedArray | pa.Array, decoder: Decoder = HERE) -> Transformed:
        """Pixels as uint8 (N, C, H, W); the cells are bytes of image files.

        Args:
            column: Bytes of image files.
            decoder: Decodes them.
        """
        cells = one_array(column)
        if not is_bytes(cells.type):
            return self._none_of(cells)
        plain = self._plain_pnm(cells)
        return Transformed(plain) if plain is not None else self._decoded(cells, decoder)

    def json_schema(self) -> dict[str, Any]:
        """A base64 string with an image file."""
        return {
            "type": "string",
            "contentEncoding": "base64",
            "contentMediaType": "image/*",
            "description": (
                "A JPEG, PNG, WebP, BMP or GIF file of at most "
                f"{self.max_pixels:,} pixels; it is resized to {self.width} x {self.height} "
                f"pixels with {self.channels} channel(s)."
                + f" Grey levels of 16 bits are read as {self.bits}-bit."
                * (self.bits < MOST_BITS)
            ),
        }

    def _decoded(self, cells: pa.Array, decoder: Decoder) -> Transformed:
        values = np.zeros((len(cells), *self.shape), np.uint8)
        size = (self.height, self.width)
        form = Form(self.channels, size, self.resize, self.bits, self.max_pixels)
        bad = [
            BadCell(index, shorten(cells[index].as_py()), reason)
            for index, reason in decoder.pixels(cells, form, values)
        ]
        if cells.null_count:
            missing = np.flatnonzero(cells.is_null().to_numpy(zero_copy_only=False)).tolist()
            bad += [BadCell(index, "", "is missing; a picture is needed") for index in missing]
        return Transformed(values, tuple(sorted(bad, key=lambda cell: cell.index)))

    def _plain_pnm(self, cells: pa.Array) -> np.ndarray | None:
        """All pixels at once if each blob is PNM of the fitted size, else None."""
        if self.channels != 1 or not len(cells) or cells.null_count:
            return None
        if self.height * self.width > self.max_pixels:
            return None
        header = b"P5 %d %d 255\n" % (self.width, self.height)
        stride = len(header) + self.height * self.width
        offset_type = np.int64 if pa.types.is_large_binary(cells.type) else np.int32
        _, offsets, data = cells.buffers()
        if data is None or offsets is None:
            return None
        offset_N = np.frombuffer(offsets, offset_type)[cells.offset : cells.offset + len(cells) + 1]
        if offset_N[-1] - offset_N[0] != stride * len(cells) or (np.diff(offset_N) != stride).any():
            return None
        blob_NS = np.frombuffer(data, np.uint8)[offset_N[0] : offset_N[-1]].reshape(-1, stride)
        if (blob_NS[:, : len(header)] != np.frombuffer(header, np.uint8)).any():
            return None
        return blob_NS[:, len(header) :].reshape(-1, 1, self.height, self.width)

    def _none_of(self, cells: pa.Array) -> Transformed:
        reason = f"is a {cells.type}; expected the bytes of an image file"
        found = (shorten(cell) for cell in cells.to_pylist())
        bad = tuple(BadCell(i, text, reason) for i, text in enumerate(found))
        return Transformed(np.zeros((len(cells), *self.shape), np.uint8), bad)
