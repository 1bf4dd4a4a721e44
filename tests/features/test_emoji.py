"""Real pictures: palette PNGs of the emoji package, if it was fetched before."""

from __future__ import annotations

import io
import tarfile
from itertools import islice
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image as Pillow

from stoker.features.image import Image

PACKAGE = Path.home() / ".cache/stoker/packages/emoji-datasource-twitter-16.0.0.tgz"


@pytest.fixture(scope="module")
def emoji() -> list[bytes]:
    if not PACKAGE.exists():
        pytest.skip(f"{PACKAGE.name} is not in the package cache")
    with tarfile.open(PACKAGE) as archive:
        wanted = (m for m in archive if "/img/twitter/64/" in m.name and m.name.endswith(".png"))
        return [stream.read() for m in islice(wanted, 200) if (stream := archive.extractfile(m))]


def test_palette_pictures_are_drawn_on_white(emoji: list[bytes]) -> None:
    column = pa.chunked_array([pa.array(emoji, pa.large_binary())])
    fitted = Image().fit(column)
    done = fitted.transform(column)
    assert fitted.shape == (3, 64, 64)
    assert not done.bad
    for data, pixels in zip(emoji, done.values, strict=True):
        own = Pillow.open(io.BytesIO(data)).convert("RGBA")
        white = Pillow.new("RGBA", own.size, "white")
        expected = np.asarray(Pillow.alpha_composite(white, own).convert("RGB"))
        np.testing.assert_array_equal(pixels, expected.transpose(2, 0, 1))
