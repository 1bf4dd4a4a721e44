"""Compressed bodies: gzip is read as the plain body is, within limits; the rest is refused."""

from __future__ import annotations

import gzip
import json
import time
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stoker.serve.messages import Refusal
from stoker.serve.unpack import unpack_gzip

ROWS = [{"age": 17 + i % 60, "职业": "nurse"} for i in range(50)]
BODY = json.dumps(ROWS).encode()


@pytest.fixture(scope="module")
def people(census: Path, start: Callable[..., Any]) -> Iterator[httpx.Client]:
    with start(census, max_body_bytes=200_000) as server, server.client() as client:
        yield client


def post(client: httpx.Client, content: Any, encoding: str, path: str = "/predict") -> Any:
    headers = {"content-type": "application/json", "content-encoding": encoding}
    return client.post(path, content=content, headers=headers)


@pytest.mark.parametrize("encoding", ["gzip", "GZIP", "x-gzip"])
def test_a_packed_body_is_answered_as_the_plain_one(people: httpx.Client, encoding: str) -> None:
    plain = people.post("/predict", json=ROWS).json()
    for packed in (
        gzip.compress(BODY),
        gzip.compress(BODY[:99]) + gzip.compress(BODY[99:]),
        gzip.compress(BODY, 0),
    ):
        assert post(people, packed, encoding).json() == plain
        assert post(people, iter([packed[:20], packed[20:]]), encoding).json() == plain


def test_v2_takes_packed_bodies(people: httpx.Client) -> None:
    path = "/v2/models/census/infer"
    inputs = [
        {"name": "age", "datatype": "FP64", "shape": [1], "data": [40]},
        {"name": "职业", "datatype": "BYTES", "shape": [1], "data": ["3"]},
    ]
    body = {"inputs": inputs}
    answer = post(people, gzip.compress(json.dumps(body).encode()), "gzip", path)
    assert answer.json() == people.post(path, json=body).json()


@pytest.mark.parametrize("encoding", ["br", "deflate", "zstd", "gzip, gzip", "", "compress"])
def test_another_encoding_is_refused_by_name(people: httpx.Client, encoding: str) -> None:
    answer = post(people, BODY, encoding)
    assert answer.status_code == 415
    assert f"encoding {encoding}" in answer.json()["error"]["message"]
    assert answer.headers["accept-encoding"] == "gzip"


def test_bombs_and_damage_are_refused(people: httpx.Client) -> None:
    packed = gzip.compress(BODY)
    flipped = packed[:-6] + bytes([packed[-6] ^ 1]) + packed[-5:]
    for body, status in (
        (gzip.compress(bytes(10**8)), 413),
        (gzip.compress(bytes(200_001)), 413),
        (packed[:-1], 400),
        (flipped, 400),
        (packed + b"rubbish", 400),
        (BODY, 400),
        (b"", 400),
        (gzip.compress(b"") * 200, 400),
    ):
        answer = post(people, body, "gzip")
        assert answer.status_code == status, (len(body), answer.text)
    assert post(people, packed, "gzip").status_code == 200


def test_a_text_far_larger_than_what_was_sent_is_refused() -> None:
    bomb = gzip.compress(bytes(8 << 20), 9)
    with pytest.raises(Refusal, match="too large") as caught:
        unpack_gzip(bomb, 1 << 30)
    assert "300 times" in str(caught.value)
    rows = gzip.compress(BODY * 100)
    assert unpack_gzip(rows, 1 << 30) == BODY * 100


def test_the_memory_of_a_bomb_is_bounded_and_its_time_too() -> None:
    squared = zlib.compressobj(9, zlib.DEFLATED, 31)
    bomb = b"".join(squared.compress(bytes(1 << 20)) for _ in range(1000)) + squared.flush()
    began = time.process_time()
    with pytest.raises(Refusal):
        unpack_gzip(bomb, 11 << 20)
    assert time.process_time() - began < 1


@given(st.lists(st.binary(max_size=2000), min_size=1, max_size=5))
def test_members_are_one_text(texts: list[bytes]) -> None:
    assert unpack_gzip(b"".join(map(gzip.compress, texts)), 1 << 20) == b"".join(texts)


@given(st.binary(max_size=200))
def test_any_bytes_are_text_or_refused(body: bytes) -> None:
    try:
        unpack_gzip(body, 1 << 20)
    except Refusal as refusal:
        assert refusal.status in (400, 413)  # noqa: PT017 - a text is fine as well
