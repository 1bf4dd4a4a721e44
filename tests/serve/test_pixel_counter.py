"""A small file with a large picture: the sum of pixels of a request is bounded."""

from __future__ import annotations

import base64
import io
import json
import struct
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from stoker.serve.pixel_counter import num_pixels

LIMIT_MPX = 30
MEMORY_MB = 400
"""Two pictures of 25 Mpx decoded on two threads, and what libraries keep."""


def flat(width: int, height: int, kind: str = "PNG", mode: str = "L") -> bytes:
    """A picture of one colour: many pixels in few bytes."""
    file = io.BytesIO()
    Image.new(mode, (width, height)).save(file, kind)
    return file.getvalue()


def peak_mb(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1000


@pytest.fixture(scope="module")
def server(digits: Path, start: Callable[..., Any]) -> Iterator[Any]:
    with start(digits, max_pixels=LIMIT_MPX * 1_000_000) as server:
        yield server


@pytest.fixture(scope="module")
def large() -> bytes:
    data = flat(4900, 4900)
    assert len(data) < 40_000
    return data


def as_rows(pictures: list[bytes]) -> dict[str, Any]:
    rows = [{"image": base64.b64encode(data).decode()} for data in pictures]
    return {"content": json.dumps(rows), "headers": {"content-type": "application/json"}}


def as_tensor(pictures: list[bytes]) -> dict[str, Any]:
    blob = b"".join(struct.pack("<I", len(data)) + data for data in pictures)
    tensor = {
        "name": "image",
        "shape": [len(pictures)],
        "datatype": "BYTES",
        "parameters": {"binary_data_size": len(blob)},
    }
    head = json.dumps({"inputs": [tensor]}).encode()
    return {
        "content": head + blob,
        "headers": {"inference-header-content-length": str(len(head))},
    }


FORMS = (("/predict", as_rows), ("/v2/models/digits/infer", as_tensor))


@pytest.mark.parametrize(("path", "form"), FORMS)
def test_too_many_pixels_in_one_request_are_refused_before_decoding(
    server: Any, large: bytes, path: str, form: Callable[..., dict[str, Any]]
) -> None:
    with server.client() as client:
        answer = client.post(path, **form([large] * 200))
        assert answer.status_code == 413
        assert "2 pictures have 48,020,000 pixels" in answer.text
        assert "at most 30,000,000 pixels" in answer.text
        assert client.post(path, **form([large])).status_code == 200
        assert client.post(path, **form([flat(700, 700)] * 61)).status_code == 200
        assert client.post(path, **form([flat(700, 700)] * 62)).status_code == 413
    assert peak_mb(server.workers()[0]) < MEMORY_MB


def test_large_pictures_of_many_clients_are_not_decoded_together(server: Any, large: bytes) -> None:
    headers = {"content-type": "image/png"}

    def ask(_: int) -> int:
        url = f"{server.url}/predict"
        return httpx.post(url, content=large, headers=headers, timeout=30).status_code

    with ThreadPoolExecutor(24) as pool:
        found = set(pool.map(ask, range(48)))
    assert 200 in found
    assert found <= {200, 429}
    assert peak_mb(server.workers()[0]) < MEMORY_MB


def test_a_single_picture_over_the_limit_is_told_so(
    digits: Path, start: Callable[..., Any]
) -> None:
    headers = {"content-type": "image/png"}
    with start(digits, max_pixels=10_000) as server, server.client() as client:
        answer = client.post("/predict", content=flat(200, 100), headers=headers)
        assert answer.status_code == 413
        assert "the picture has 20,000 pixels" in answer.text


def test_bad_pictures_are_still_named_by_row(server: Any) -> None:
    bad = [flat(8, 8), b"no picture", flat(9000, 9000)]
    with server.client() as client:
        answer = client.post("/predict", **as_rows(bad))
        assert answer.status_code == 422
        cells = answer.json()["error"]["cells"]
        assert [cell["row"] for cell in cells] == [1, 2]


@given(
    st.integers(1, 300),
    st.integers(1, 300),
    st.sampled_from(["PNG", "JPEG", "WEBP", "GIF", "BMP"]),
)
def test_pixels_are_width_times_height(width: int, height: int, kind: str) -> None:
    assert num_pixels(flat(width, height, kind, "RGB")) == width * height


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF", "BMP"])
def test_a_picture_that_will_be_refused_counts_nothing(kind: str) -> None:
    data = flat(40, 30, kind, "RGB")
    assert num_pixels(data, 1_200) == 1_200
    assert num_pixels(data, 1_199) == 0


@given(st.binary(max_size=60) | st.binary(max_size=60).map(lambda tail: flat(3, 3)[:20] + tail))
def test_no_bytes_break_the_count(data: bytes) -> None:
    assert num_pixels(data) >= 0


def test_a_second_header_in_a_png_is_not_overlooked() -> None:
    """The decoder takes the last one, so the count must."""
    data = flat(1, 1)
    header = b"IHDR" + struct.pack(">IIBBBBB", 4000, 4000, 8, 0, 0, 0, 0)
    chunk = struct.pack(">I", 13) + header + struct.pack(">I", zlib.crc32(header))
    assert num_pixels(data) == 1
    assert num_pixels(data[:33] + chunk + data[33:]) in (0, 16_000_000)
