"""Small files with large pictures are refused before they are decoded."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from PIL import Image

from stoker.serve.messages import Refusal
from stoker.serve.pixels import count_pixels, num_pixels


def plain(width: int, height: int, form: str = "PNG") -> bytes:
    file = io.BytesIO()
    Image.new("L", (width, height), 90).save(file, form)
    return file.getvalue()


@pytest.mark.parametrize("form", ["PNG", "JPEG", "BMP", "GIF", "WEBP"])
def test_pixels_are_those_of_the_header(form: str) -> None:
    assert num_pixels(plain(300, 200, form)) == 60_000


def test_what_is_no_picture_counts_nothing() -> None:
    for data in (b"", b"hello", plain(30, 20)[:20]):
        assert num_pixels(data) == 0


def test_the_pictures_of_a_request_count_together() -> None:
    rows = pa.table({"image": pa.array([plain(1000, 1000)] * 3, pa.large_binary())})
    assert count_pixels(rows, ["image"], 3_000_000) == 3_000_000
    with pytest.raises(Refusal, match=r"3 pictures have 3\.0 Mpx") as caught:
        count_pixels(rows, ["image"], 2_500_000)
    assert caught.value.status == 413


def test_a_request_beyond_the_limit_is_answered_413(
    digits: Path, start: Callable[..., Any]
) -> None:
    picture = base64.b64encode(plain(1000, 1000)).decode()
    with start(digits, max_pixels=2_500_000) as server, server.client() as client:
        rows, headers = [{"image": picture}] * 3, {"content-type": "application/json"}
        refused = client.post("/predict", content=json.dumps(rows), headers=headers)
        assert refused.status_code == 413, refused.text
        assert "at most 2.5 Mpx" in refused.text
        answered = client.post("/predict", content=json.dumps(rows[:2]), headers=headers)
        assert answered.status_code == 200, answered.text
        one = client.post(
            "/predict", content=plain(2000, 2000), headers={"content-type": "image/png"}
        )
        assert one.status_code == 413
        assert "the picture has 4.0 Mpx" in one.text
