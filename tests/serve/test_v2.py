"""The Open Inference Protocol: JSON and binary tensors give the Predictor's answers."""

from __future__ import annotations

import base64
import json
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from stoker.bundle.predictor import load

AGES = [17.0, 39.5, float("nan"), 88.0]
JOBS = ["农民", "nurse", "never seen", "3"]
LENGTH = "inference-header-content-length"


@pytest.fixture(scope="module")
def people(census: Path, start: Callable[..., Any]) -> Iterator[httpx.Client]:
    with start(census) as server, server.client() as client:
        yield client


@pytest.fixture(scope="module")
def images(digits: Path, start: Callable[..., Any]) -> Iterator[httpx.Client]:
    with start(digits) as server, server.client() as client:
        yield client


def tensor(name: str, datatype: str, shape: list[int], **rest: Any) -> dict[str, Any]:
    return {"name": name, "datatype": datatype, "shape": shape} | rest


def as_json() -> dict[str, Any]:
    ages = [None if age != age else age for age in AGES]
    return {
        "id": "a1",
        "inputs": [
            tensor("职业", "BYTES", [4, 1], data=[[job] for job in JOBS]),
            tensor("age", "FP64", [4], data=ages),
        ],
    }


def packed(texts: list[bytes]) -> bytes:
    return b"".join(struct.pack("<I", len(text)) + text for text in texts)


def send_binary(
    client: httpx.Client, name: str, head: dict[str, Any], *blobs: bytes
) -> httpx.Response:
    text = json.dumps(head).encode()
    headers = {LENGTH: str(len(text)), "content-type": "application/octet-stream"}
    return client.post(
        f"/v2/models/{name}/infer", content=b"".join([text, *blobs]), headers=headers
    )


def read_binary(answer: httpx.Response) -> dict[str, Any]:
    """Outputs of an answer, binary or not."""
    size = int(answer.headers.get(LENGTH, len(answer.content)))
    head, rest = json.loads(answer.content[:size]), answer.content[size:]
    outputs: dict[str, Any] = {}
    for output in head["outputs"]:
        length = output.get("parameters", {}).get("binary_data_size")
        if length is None:
            outputs[output["name"]] = output["data"]
            continue
        blob, rest = rest[:length], rest[length:]
        if output["datatype"] == "BYTES":
            texts = []
            while blob:
                (n,) = struct.unpack_from("<I", blob)
                texts.append(blob[4 : 4 + n].decode())
                blob = blob[4 + n :]
            outputs[output["name"]] = texts
        else:
            dtype = {"FP32": "<f4", "FP64": "<f8", "INT64": "<i8", "BOOL": "?"}[output["datatype"]]
            outputs[output["name"]] = np.frombuffer(blob, dtype).reshape(output["shape"])
    assert not rest
    return outputs


def wanted(census: Path) -> dict[str, Any]:
    rows = {"age": [None if age != age else age for age in AGES], "职业": JOBS}
    return load(census).predict(rows).table.to_pydict()


def test_server_and_model_describe_themselves(people: httpx.Client) -> None:
    assert people.get("/v2").json()["extensions"] == ["binary_tensor_data"]
    assert people.get("/v2/health/live").json() == {"live": True}
    assert people.get("/v2/health/ready").json() == {"ready": True}
    for path in ("/v2/models/census", "/v2/models/census/versions/7"):
        assert people.get(path).json() == {
            "name": "census",
            "versions": ["7"],
            "platform": "onnxruntime",
            "inputs": [
                {"name": "age", "datatype": "FP64", "shape": [-1]},
                {"name": "职业", "datatype": "BYTES", "shape": [-1]},
            ],
            "outputs": [
                {"name": "prediction", "datatype": "BOOL", "shape": [-1]},
                {"name": "confidence", "datatype": "FP32", "shape": [-1]},
                {"name": "probabilities", "datatype": "FP32", "shape": [-1, 2]},
            ],
        }
        assert people.get(f"{path}/ready").json() == {"name": "census", "ready": True}
    for path in ("/v2/models/other", "/v2/models/census/versions/8", "/v2/models/census/x"):
        answer = people.get(path)
        assert answer.status_code == 404
        assert isinstance(answer.json()["error"], str)


def test_json_tensors_give_the_predictors_answers(people: httpx.Client, census: Path) -> None:
    for path in ("/v2/models/census/infer", "/v2/models/census/versions/7/infer"):
        answer = people.post(path, json=as_json())
        assert answer.status_code == 200, answer.text
        value = answer.json()
        assert (value["model_name"], value["model_version"], value["id"]) == ("census", "7", "a1")
        outputs = {output["name"]: output for output in value["outputs"]}
        want = wanted(census)
        assert outputs["prediction"]["data"] == want["prediction"]
        assert outputs["probabilities"]["shape"] == [4, 2]
        found = np.reshape(outputs["probabilities"]["data"], (4, 2))
        np.testing.assert_allclose(found, want["probabilities"], rtol=1e-6)


@pytest.mark.parametrize("dtype", ["<f4", "<f8", "<f2"])
def test_binary_tensors_give_the_same_answers(
    people: httpx.Client, census: Path, dtype: str
) -> None:
    ages, jobs = np.array(AGES, dtype).tobytes(), packed([job.encode() for job in JOBS])
    head = {
        "inputs": [
            tensor(
                "age", f"FP{8 * int(dtype[2])}", [4], parameters={"binary_data_size": len(ages)}
            ),
            tensor("职业", "BYTES", [4], parameters={"binary_data_size": len(jobs)}),
        ],
        "outputs": [
            {"name": "probabilities", "parameters": {"binary_data": True}},
            {"name": "prediction"},
        ],
    }
    answer = send_binary(people, "census", head, ages, jobs)
    assert answer.status_code == 200, answer.text
    outputs = read_binary(answer)
    want = wanted(census)
    np.testing.assert_allclose(outputs["probabilities"], want["probabilities"], rtol=1e-6)
    assert outputs["prediction"] == want["prediction"]
    assert outputs.keys() == {"probabilities", "prediction"}


def test_all_outputs_can_be_binary(people: httpx.Client, census: Path) -> None:
    body = as_json() | {"parameters": {"binary_data_output": True}}
    outputs = read_binary(people.post("/v2/models/census/infer", json=body))
    want = wanted(census)
    assert list(outputs["prediction"]) == want["prediction"]
    np.testing.assert_array_equal(outputs["confidence"], np.array(want["confidence"], np.float32))


@pytest.mark.parametrize(
    ("datatype", "dtype", "values"),
    [("INT64", "<i8", [3, 3]), ("UINT8", "u1", [3, 7]), ("INT32", "<i4", [-1, 3])],
)
def test_integers_are_numbers_and_categories(
    people: httpx.Client, census: Path, datatype: str, dtype: str, values: list[int]
) -> None:
    blob = np.array(values, dtype).tobytes()
    both = [
        tensor(name, datatype, [2], parameters={"binary_data_size": len(blob)})
        for name in ("age", "职业")
    ]
    found = read_binary(send_binary(people, "census", {"inputs": both}, blob, blob))
    in_json = {"inputs": [tensor(name, datatype, [2], data=values) for name in ("age", "职业")]}
    assert read_binary(people.post("/v2/models/census/infer", json=in_json)) == found
    rows = {"age": values, "职业": [str(value) for value in values]}
    want = load(census).predict(rows).table
    assert found["prediction"] == want["prediction"].to_pylist()


def test_pictures_go_as_bytes_or_base64(
    images: httpx.Client, digits: Path, picture: Callable[..., bytes]
) -> None:
    pictures = [picture(1), picture(2)]
    blob = packed(pictures)
    head = {
        "inputs": [tensor("image", "BYTES", [2], parameters={"binary_data_size": len(blob)})],
        "parameters": {"binary_data_output": True},
    }
    binary = read_binary(send_binary(images, "digits", head, blob))
    data = [base64.b64encode(p).decode() for p in pictures]
    answer = images.post(
        "/v2/models/digits/infer", json={"inputs": [tensor("image", "BYTES", [2], data=data)]}
    )
    in_json = read_binary(answer)
    want = load(digits).predict({"image": pictures}).table.to_pydict()
    assert binary["prediction"] == in_json["prediction"] == want["prediction"]
    np.testing.assert_allclose(binary["probabilities"], want["probabilities"], rtol=1e-6)


GOOD_AGE = tensor("age", "FP32", [1], data=[1])
GOOD_JOB = tensor("职业", "BYTES", [1], data=["nurse"])


@pytest.mark.parametrize(
    ("inputs", "words"),
    [
        ([], "'age' is missing"),
        ([GOOD_AGE], "'职业' is missing"),
        ([GOOD_AGE, GOOD_AGE, GOOD_JOB], "twice"),
        ([GOOD_AGE, GOOD_JOB, tensor("x", "FP32", [1], data=[1])], "no input 'x'"),
        ([GOOD_AGE | {"datatype": "FP8"}, GOOD_JOB], "unknown datatype"),
        ([GOOD_AGE | {"datatype": "BOOL", "data": [True]}, GOOD_JOB], "numeric"),
        ([GOOD_AGE | {"datatype": "BYTES", "data": ["old"]}, GOOD_JOB], "is not a number"),
        ([GOOD_AGE, GOOD_JOB | {"datatype": "FP32", "data": [1]}], "integer"),
        ([GOOD_AGE | {"shape": [2]}, GOOD_JOB], "rows"),
        ([GOOD_AGE | {"shape": [1, 2]}, GOOD_JOB], "shape"),
        ([GOOD_AGE | {"shape": []}, GOOD_JOB], "shape"),
        ([GOOD_AGE | {"shape": [-1]}, GOOD_JOB], "greater than"),
        ([GOOD_AGE | {"shape": [0], "data": []}, GOOD_JOB | {"shape": [0], "data": []}], "no row"),
        ([GOOD_AGE | {"shape": [10**6]}, GOOD_JOB | {"shape": [10**6]}], "1000000 rows"),
        ([GOOD_AGE | {"data": [1, 2]}, GOOD_JOB], "2 elements"),
        ([GOOD_AGE | {"data": ["old"]}, GOOD_JOB], "does not fit"),
        ([GOOD_AGE | {"data": [[[1]]]}, GOOD_JOB], "does not fit"),
        ([GOOD_AGE | {"data": None}, GOOD_JOB], "no data"),
        ([GOOD_AGE | {"data": 7}, GOOD_JOB], "list"),
        ([GOOD_AGE | {"parameters": [1]}, GOOD_JOB], "parameters of 'age': expected an object"),
        ([7, GOOD_JOB], "inputs.0: expected an object"),
        ([GOOD_AGE | {"data": [1e300]}, GOOD_JOB], "too far"),
        ([GOOD_AGE, GOOD_JOB | {"parameters": {"binary_data_size": 9}}], "sum to 9"),
        ([GOOD_AGE, GOOD_JOB | {"parameters": {"binary_data_size": -1}}], "greater than"),
        ("nonsense", "list"),
    ],
)
def test_what_is_wrong_is_said_in_one_text(people: httpx.Client, inputs: Any, words: str) -> None:
    answer = people.post("/v2/models/census/infer", json={"inputs": inputs})
    assert answer.status_code in (400, 413, 422), answer.text
    assert words in answer.json()["error"]


def asked(client: httpx.Client, **parts: Any) -> httpx.Response:
    body = {"inputs": [GOOD_AGE, GOOD_JOB]} | parts
    return client.post("/v2/models/census/infer", json=body)


def test_null_is_absent_wherever_something_is_optional(people: httpx.Client) -> None:
    plain = asked(people).json()
    nulls: dict[str, Any] = {"parameters": None}
    inputs = [GOOD_AGE | nulls, GOOD_JOB | nulls]
    names = [{"name": output["name"]} | nulls for output in plain["outputs"]]
    assert asked(people, inputs=inputs, outputs=None, id=None, parameters=None).json() == plain
    assert asked(people, inputs=inputs, outputs=names).json() == plain
    unset = {"binary_data": None, "binary_data_size": None, "classification": None}
    for name in ("inputs", "outputs"):
        parts = [part | {"parameters": unset} for part in (inputs if name == "inputs" else names)]
        assert asked(people, **{name: parts}).json() == plain
    assert asked(people, parameters={"binary_data_output": None}).json() == plain


@pytest.mark.parametrize(("sent", "echoed"), [("a", "a"), ("", ""), (7, "7"), (-1, "-1"), (0, "0")])
def test_an_id_comes_back_as_text(people: httpx.Client, sent: str | int, echoed: str) -> None:
    assert asked(people, id=sent).json()["id"] == echoed


@pytest.mark.parametrize("wrong", [True, 1.5, 10**30, [1], {"a": 1}])
def test_an_id_that_cannot_come_back_as_it_was_is_refused(people: httpx.Client, wrong: Any) -> None:
    answer = asked(people, id=wrong)
    assert answer.status_code == 400
    assert answer.json()["error"].startswith("id: expected a string")


@pytest.mark.parametrize(
    ("place", "parameters"),
    [
        ("outputs", {"classification": 2}),
        ("outputs", {"shared_memory_region": "mine", "shared_memory_byte_size": 8}),
        ("outputs", {"binary_data_output": True}),
        ("outputs", {"content_type": "pd"}),
        ("inputs", {"shared_memory_region": "mine"}),
        ("inputs", {"content_type": "datetime"}),
        ("inputs", {"binary_data": True}),
        ("request", {"sequence_id": 4}),
        ("request", {"binary_data": True}),
        ("request", {"content_type": "hg-jsonlist"}),
    ],
)
def test_a_parameter_that_is_not_obeyed_is_refused_by_name(
    people: httpx.Client, place: str, parameters: dict[str, Any]
) -> None:
    parts = {
        "outputs": {"outputs": [{"name": "prediction", "parameters": parameters}]},
        "inputs": {"inputs": [GOOD_AGE | {"parameters": parameters}, GOOD_JOB]},
        "request": {"parameters": parameters},
    }
    answer = asked(people, **parts[place])
    assert answer.status_code == 400
    assert next(iter(parameters)) in answer.json()["error"]
    assert "obey" in answer.json()["error"]


def test_content_types_of_clients_that_change_nothing_are_taken(
    people: httpx.Client, images: httpx.Client, picture: Callable[..., bytes]
) -> None:
    inputs = [
        GOOD_AGE | {"parameters": {"content_type": "np"}},
        GOOD_JOB | {"parameters": {"content_type": "str"}},
    ]
    whole = {"content_type": "pd"}
    assert asked(people, inputs=inputs, parameters=whole).json() == asked(people).json()
    data, base64_too = [base64.b64encode(picture(1)).decode()], {"content_type": "base64"}
    image = tensor("image", "BYTES", [1], data=data, parameters=base64_too)
    answer = images.post("/v2/models/digits/infer", json={"inputs": [image]})
    assert answer.status_code == 200
    text = asked(people, inputs=[GOOD_AGE, GOOD_JOB | {"parameters": base64_too}])
    assert text.status_code == 400
    assert "content_type base64" in text.json()["error"]


def test_an_unknown_output_is_refused(people: httpx.Client) -> None:
    answer = people.post("/v2/models/census/infer", json=as_json() | {"outputs": [{"name": "x"}]})
    assert answer.status_code == 400
    assert "prediction" in answer.json()["error"]


@pytest.mark.parametrize(
    ("size", "blob"),
    [(8, b"\0" * 7), (4, struct.pack("<I", 2**31)), (9, struct.pack("<I", 4) + b"abcde"), (0, b"")],
)
def test_wrong_binary_lengths_are_refused(people: httpx.Client, size: int, blob: bytes) -> None:
    jobs = tensor("职业", "BYTES", [1], parameters={"binary_data_size": size})
    answer = send_binary(people, "census", {"inputs": [GOOD_AGE, jobs]}, blob)
    assert answer.status_code == 400, answer.text


@pytest.mark.parametrize("length", ["-1", "x", "1e3", "99999999999999999999", "9999", ""])
def test_a_wrong_header_length_is_refused(people: httpx.Client, length: str) -> None:
    answer = people.post(
        "/v2/models/census/infer", content=json.dumps(as_json()), headers={LENGTH: length}
    )
    assert answer.status_code == 400
