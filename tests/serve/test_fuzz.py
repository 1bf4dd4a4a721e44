"""Whatever is sent, the server answers, and never with 5xx."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

SETTINGS = settings(
    deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(["农民", "nurse", "3", "", "\0", "1e400", "nan"])
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(max_size=5) | st.sampled_from(["age", "职业"]), inner, max_size=4)
    ),
    max_leaves=8,
)
NEAR_ROWS = st.lists(
    st.fixed_dictionaries({"age": SCALARS, "职业": SCALARS}, optional={"x": SCALARS}), max_size=5
)
DATATYPES = st.sampled_from(
    ["BOOL", "UINT8", "INT32", "INT64", "UINT64", "FP16", "FP32", "FP64", "BYTES", "FP8", ""]
)
TENSORS = st.fixed_dictionaries(
    {
        "name": st.sampled_from(["age", "职业", "x"]),
        "shape": st.lists(st.integers(-1, 4), max_size=3),
        "datatype": DATATYPES,
    },
    optional={
        "data": st.lists(SCALARS, max_size=5) | VALUES,
        "parameters": st.fixed_dictionaries({"binary_data_size": st.integers(-2, 40)}),
    },
)


@pytest.fixture(scope="module")
def people(census: Path, start: Callable[..., Any]) -> Iterator[httpx.Client]:
    with start(census) as server, server.client() as client:
        yield client


@pytest.fixture(scope="module")
def images(digits: Path, start: Callable[..., Any]) -> Iterator[httpx.Client]:
    with start(digits) as server, server.client() as client:
        yield client


def check(answer: httpx.Response) -> None:
    assert answer.status_code < 500, answer.text
    value = json.loads(answer.content) if "json" in answer.headers["content-type"] else None
    assert answer.status_code == 200 or (value is not None and "error" in value)
    assert "Traceback" not in answer.text


def dumps(value: Any) -> bytes:
    return json.dumps(value).encode("utf-8", "surrogatepass")


@SETTINGS
@given(VALUES | NEAR_ROWS | st.builds(lambda rows: {"rows": rows}, NEAR_ROWS | VALUES))
def test_any_json(people: httpx.Client, value: Any) -> None:
    headers = {"content-type": "application/json"}
    check(people.post("/predict", content=dumps(value), headers=headers))


@SETTINGS
@given(st.binary(max_size=200), st.sampled_from(["application/json", "text/csv", "image/png", "*"]))
def test_any_bytes(people: httpx.Client, images: httpx.Client, body: bytes, kind: str) -> None:
    for client in (people, images):
        check(client.post("/predict", content=body, headers={"content-type": kind}))


@SETTINGS
@given(st.text(max_size=80), st.sampled_from(["", "age,职业\n", '"age","职业"\r\n1,']))
def test_any_csv(people: httpx.Client, text: str, head: str) -> None:
    body = (head + text).encode("utf-8", "surrogatepass")
    check(people.post("/predict", content=body, headers={"content-type": "text/csv"}))


@SETTINGS
@given(st.binary(max_size=300), st.integers(0, 60), st.binary(max_size=8))
def test_any_damaged_picture(
    images: httpx.Client, picture: Callable[..., bytes], tail: bytes, cut: int, patch: bytes
) -> None:
    data = picture(1)
    body = data[:cut] + patch + data[cut + len(patch) :] + tail
    check(images.post("/predict", content=body, headers={"content-type": "image/png"}))


@SETTINGS
@given(
    st.lists(TENSORS, max_size=3),
    st.binary(max_size=60),
    st.none() | st.integers(-5, 400),
    st.dictionaries(st.sampled_from(["id", "outputs", "parameters", "x"]), VALUES, max_size=3),
)
def test_any_tensors(
    people: httpx.Client,
    inputs: list[Any],
    blob: bytes,
    length: int | None,
    rest: dict[str, Any],
) -> None:
    text = dumps({"inputs": inputs} | rest)
    size = len(text) if length is None else length
    headers = {"inference-header-content-length": str(size)}
    check(people.post("/v2/models/census/infer", content=text + blob, headers=headers))
    check(people.post("/v2/models/census/infer", content=text))


@SETTINGS
@given(st.lists(st.binary(max_size=9), max_size=4), st.integers(0, 5))
def test_any_strings(people: httpx.Client, texts: list[bytes], num_rows: int) -> None:
    blob = b"".join(struct.pack("<I", len(text)) + text for text in texts)
    head = dumps(
        {
            "inputs": [
                {"name": "age", "shape": [num_rows], "datatype": "FP32", "data": [1] * num_rows},
                {
                    "name": "职业",
                    "shape": [num_rows],
                    "datatype": "BYTES",
                    "parameters": {"binary_data_size": len(blob)},
                },
            ]
        }
    )
    headers = {"inference-header-content-length": str(len(head))}
    check(people.post("/v2/models/census/infer", content=head + blob, headers=headers))


@SETTINGS
@given(
    st.text(st.characters(codec="ascii", exclude_characters="#\r\n"), max_size=30),
    st.sampled_from(["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD", "TRACE"]),
)
def test_any_path_and_method(people: httpx.Client, path: str, method: str) -> None:
    try:
        answer = people.request(method, "/" + path)
    except httpx.InvalidURL:
        return
    assert answer.status_code < 500
