"""Pictures and columns that the tests of features share."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image


def _encode(
    mode: str = "RGB", form: str = "PNG", size: tuple[int, int] = (24, 16), **options: Any
) -> bytes:
    generator = np.random.default_rng(0)
    if mode == "I;16":
        pixels = generator.integers(0, 65_536, size[::-1], dtype=np.uint16)
        picture = Image.fromarray(pixels)
    else:
        pixels = generator.integers(0, 256, (*size[::-1], 3), dtype=np.uint8)
        picture = Image.fromarray(pixels).convert(mode)
    stream = io.BytesIO()
    picture.save(stream, form, **options)
    return stream.getvalue()


@pytest.fixture(scope="session")
def encode() -> Callable[..., bytes]:
    """`encode(mode, format, (width, height), **options)`: a noisy picture as a file."""
    return _encode


@pytest.fixture(scope="session")
def blobs() -> Callable[..., pa.ChunkedArray]:
    """`blobs(data, ...)`: a media column."""
    return lambda *cells: pa.chunked_array([pa.array(cells, pa.large_binary())])


@pytest.fixture(scope="session")
def pnm() -> Callable[[np.ndarray], bytes]:
    """`pnm(pixels_HW)`: the form that the IDX source writes."""
    return lambda pixels: b"P5 %d %d 255\n" % pixels.shape[::-1] + pixels.astype("u1").tobytes()


@pytest.fixture(scope="session")
def column_for(
    encode: Callable[..., bytes],
    blobs: Callable[..., pa.ChunkedArray],
    pnm: Callable[[np.ndarray], bytes],
) -> Callable[[bool], pa.ChunkedArray]:
    """`column_for(media)`: good, missing and bad cells."""
    grey = np.arange(24 * 16, dtype=np.uint8).reshape(16, 24)
    cells = ["1", "2.5", " 2 ", None, "", "red", "-1e3", "1", "9e999", "\N{SNOWMAN}", "1"]
    cells += ["2024-02-29", "1 Mar 2024 8:05", "2023-02-29"]
    values = pa.chunked_array([cells[:4], cells[4:]], pa.string())
    media = blobs(encode(), encode("P"), None, b"", pnm(grey), b"<html>", encode("L", "JPEG"))
    return lambda is_media: media if is_media else values
