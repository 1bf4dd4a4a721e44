"""A column of pictures, as uint8 pixels of one size.

Size and channels are read off a sample of training pictures: if all have one size of at most 256
pixels a side it is that, else 64 x 64 unless the recipe says another; grey only if every sampled
picture is grey, else RGB.  Grey of 16 bits is read with as many bits as the sample uses, so that
12-bit scans do not come out black; a picture to be answered is read with the same number.
Pixels stay uint8 up to the exported graph, which scales them by the mean and deviation found here;
that keeps a prepared set a quarter of its float size, and a server from scaling anything twice.

Cost: `fit` reads the header of each sampled picture and decodes it once.  A column of equally long
PNM blobs of the fitted size (what the IDX source writes) becomes one array by a reshape; other
blobs are decoded one by one.
Rules for modes, transparency and rotation: see `stoker.cells.pixels`.
"""

from __future__ import annotations

from collections import Counter
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
import pyarrow as pa
from pydantic import Field

from stoker.cells import BadCell, MediaKind
from stoker.cells.blobs import is_bytes
from stoker.cells.decoder import HERE, Decoder, PictureForm
from stoker.cells.image_formats import MAX_PIXELS, MOST_PIXELS
from stoker.cells.pixels import FEWEST_BITS, MOST_BITS, PictureLook, Resize
from stoker.cells.raw import one_array, shorten
from stoker.core import events
from stoker.core.errors import DataError
from stoker.features import Feature, FittedFeature, Pixels, Transformed

Bits = Annotated[int, Field(ge=FEWEST_BITS, le=MOST_BITS)]
MaxPixels = Annotated[int, Field(ge=1, le=MOST_PIXELS)]
Side = Annotated[int, Field(ge=1, le=8192)]


class FittedImage(FittedFeature):
    """Turns encoded pictures into uint8 pixels (channels, height, width)."""

    media: ClassVar[MediaKind | None] = "image"

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
    def holds(self) -> Pixels:
        """Pixels with mean and deviation."""
        return Pixels(self.channels, self.height, self.width, self.mean, self.std)

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

    def transform_with(
        self, column: pa.ChunkedArray | pa.Array, decoder: Decoder, /
    ) -> Transformed:
        """The same, decoded by this."""
        return self.transform(column, decoder)

    @property
    def pixel_limit(self) -> int:
        """As the option says."""
        return self.max_pixels

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
        form = PictureForm(self.channels, size, self.resize, self.bits, self.max_pixels)
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


DEFAULT_SIZE = (64, 64)
"""Height and width where pictures differ, or are large, and the recipe names no size."""
LARGEST_AUTO = 256
"""Largest side that `auto` takes over from the pictures."""


class Image(Feature):
    """A picture: JPEG, PNG, WebP, BMP or GIF (first frame)."""

    media: ClassVar[MediaKind | None] = "image"

    size: Literal["auto"] | Side | tuple[Side, Side] = "auto"
    """Height and width in pixels, one number for a square, or `auto`: the size that all sampled
    training pictures share if no side is above 256, else 64 x 64."""

    channels: Literal["auto", 1, 3, 4] = "auto"
    """1 grey, 3 RGB, 4 RGB and alpha; `auto`: 1 if all sampled pictures are grey, else 3."""

    bits: Literal["auto"] | Bits = "auto"
    """How many bits of 16-bit grey levels are used (12 in many cameras and scanners), 8 to 16;
    `auto`: what the brightest sampled training picture needs. Brighter ones become white."""

    resize: Annotated[Resize, Field()] = "stretch"
    """A picture of another shape is stretched (`stretch`), fitted inside with white margins
    (`fit`), or cropped at its centre (`crop`)."""

    max_pixels: MaxPixels = MAX_PIXELS
    """Most pixels, width times height, of a picture as it comes, in training and in serving alike;
    a larger one is refused before it is decoded. Memory and time to decode grow with it."""

    def fit(self, column: pa.ChunkedArray, decoder: Decoder = HERE) -> FittedImage:
        """Learn size, channels, mean and deviation from a sample of training pictures.

        Args:
            column: Bytes of image files.
            decoder: Decodes them.

        Raises:
            DataError: If no cell holds a picture that can be read.
        """
        looks = self._looks(column, decoder)
        height, width = self._choose_size(looks)
        fitted = FittedImage(
            height=height,
            width=width,
            channels=self._choose_channels(looks),
            resize=self.resize,
            bits=self._choose_bits(looks, one_array(column), decoder),
            max_pixels=self.max_pixels,
            mean=(0.0,),
            std=(1.0,),
        )
        mean, std = _pixel_statistics(fitted, column, decoder)
        return fitted.model_copy(update={"mean": mean, "std": std})

    def fit_with(self, column: pa.ChunkedArray, decoder: Decoder, /) -> FittedImage:
        """The same, decoded by this."""
        return self.fit(column, decoder)

    @property
    def pixel_limit(self) -> int:
        """As the option says."""
        return self.max_pixels

    def picture_shape(self, found: tuple[int, int, int] | None) -> tuple[int, int, int]:
        """As the options say, or as pictures of this size are fitted to.

        >>> Image().picture_shape((1, 28, 28)), Image(size=32, channels=3).picture_shape(None)
        ((1, 28, 28), (3, 32, 32))
        """
        channels, *size = found or (3, *DEFAULT_SIZE)
        if self.size != "auto":
            size = [self.size, self.size] if isinstance(self.size, int) else [*self.size]
        elif max(size) > LARGEST_AUTO:
            size = [*DEFAULT_SIZE]
        return channels if self.channels == "auto" else self.channels, size[0], size[1]

    def _looks(self, column: pa.ChunkedArray, decoder: Decoder) -> list[PictureLook]:
        """Headers of the pictures that have one."""
        cells = one_array(column)
        if not is_bytes(cells.type):
            raise DataError(
                f"the column is of type {cells.type}, not pictures",
                expected="a media column, which an image source makes",
                fix="name the column of the image source, or say category or number",
            )
        seen = decoder.looks(cells, self.max_pixels)
        found = ["is missing" if each is None else each for each in seen]
        looks = [each for each in found if isinstance(each, PictureLook)]
        if not looks:
            reasons = [f"; the first {each}" for each in found[:1]]
            raise DataError(
                f"none of {len(cells)} sampled training pictures can be read{''.join(reasons)}",
                expected="JPEG, PNG, WebP, BMP or GIF files",
            )
        if animated := sum(each.animated for each in looks):
            events.message(
                f"{animated} of {len(looks)} sampled pictures are animations; only their first "
                "frame is used"
            )
        return looks

    def _choose_size(self, looks: list[PictureLook]) -> tuple[int, int]:
        if isinstance(self.size, tuple):
            return self.size
        if isinstance(self.size, int):
            return self.size, self.size
        sizes = Counter((each.height, each.width) for each in looks)
        (common, count), *others = sizes.most_common()
        if not others and max(common) <= LARGEST_AUTO:
            return common
        often = f"{common[1]} x {common[0]}"
        found = f"pictures have {len(sizes)} sizes, most often {often} ({count} of {len(looks)})"
        events.message(
            f"{found if others else f'pictures are {often}'}; all become "
            f"{DEFAULT_SIZE[1]} x {DEFAULT_SIZE[0]}, unless image: {{size: ...}} says another"
        )
        return DEFAULT_SIZE

    def _choose_channels(self, looks: list[PictureLook]) -> Literal[1, 3, 4]:
        if self.channels != "auto":
            return self.channels
        return 1 if all(each.grey for each in looks) else 3

    def _choose_bits(self, looks: list[PictureLook], cells: pa.Array, decoder: Decoder) -> int:
        if self.bits != "auto":
            return self.bits
        num_deep = sum(each.deep for each in looks)
        if not num_deep:
            return MOST_BITS
        bits = decoder.bits(cells, self.max_pixels)
        if bits < MOST_BITS:
            events.message(
                f"{num_deep} of {len(looks)} sampled pictures have 16-bit grey levels that use "
                f"{bits} bits: {2**bits - 1:,} and above is white, unless image: {{bits: ...}} "
                "says another"
            )
        return bits


def unreadable(
    cells: pa.Array, decoder: Decoder = HERE, max_pixels: int = MAX_PIXELS
) -> list[tuple[int, str, str]]:
    """Blobs that cannot be decoded whole: (index, what was found, why); nulls are left out.

    Args:
        cells: Blobs, binary.
        decoder: Decodes them.
        max_pixels: Most pixels that a picture may have.
    """
    bad = decoder.pixels(cells, PictureForm(channels=4, max_pixels=max_pixels), None)
    return [(index, shorten(cells[index].as_py()), reason) for index, reason in bad]


def _pixel_statistics(
    fitted: FittedImage, column: pa.ChunkedArray, decoder: Decoder
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and deviation of each channel on the scale 0 to 1, exact sums over whole numbers."""
    totals = np.zeros((3, fitted.channels), np.int64)
    for start in range(0, len(column), 256):
        done = fitted.transform(column.slice(start, 256), decoder)
        good = np.delete(done.values, [cell.index for cell in done.bad], axis=0)
        count_C = (good.size // fitted.channels) * np.ones(fitted.channels, np.int64)
        squares = np.einsum("nchw,nchw->c", good, good, dtype=np.int64, casting="unsafe")
        totals += np.stack([count_C, good.sum(axis=(0, 2, 3), dtype=np.int64), squares])
    count_C, sum_C, square_C = totals.astype(np.float64)
    count_C = np.maximum(count_C, 1)
    mean_C = sum_C / count_C
    std_C = np.sqrt(np.maximum(square_C / count_C - mean_C**2, 0))
    std_C[std_C < 1e-3] = 255
    return tuple((mean_C / 255).tolist()), tuple((std_C / 255).tolist())
