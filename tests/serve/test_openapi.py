"""The OpenAPI document is what happens: its requests are taken, and every answer is in it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

SETTINGS = settings(
    deadline=None, max_examples=120, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**40), 2**40) | st.floats(-1e9, 1e9) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=5,
)


@pytest.fixture(scope="module")
def people(census: Path, start: Callable[..., Any]) -> Iterator[httpx.Client]:
    with start(census) as server, server.client() as client:
        yield client


@pytest.fixture(scope="module")
def images(digits: Path, start: Callable[..., Any]) -> Iterator[httpx.Client]:
    with start(digits) as server, server.client() as client:
        yield client


@pytest.fixture(scope="module")
def documents(people: httpx.Client, images: httpx.Client) -> dict[str, Any]:
    return {
        "census": people.get("/openapi.json").json(),
        "digits": images.get("/openapi.json").json(),
    }


def hold(document: Mapping[str, Any], path: str, answer: httpx.Response) -> None:
    """Status, content type and body are those of the document."""
    operation = document["paths"][path][answer.request.method.lower()]
    told = operation["responses"].get(str(answer.status_code))
    assert told is not None, (answer.status_code, answer.text)
    kind = answer.headers["content-type"].partition(";")[0]
    schema = told["content"][kind]["schema"]
    if kind == "application/json":
        jsonschema.validate(answer.json(), schema | {"components": document["components"]})


def values_of(document: Mapping[str, Any], schema: Mapping[str, Any]) -> st.SearchStrategy[Any]:
    """Values that a schema allows; of texts and numbers mostly those that mean something."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return values_of(document, document["components"]["schemas"][name])
    for several in ("oneOf", "anyOf"):
        if several in schema:
            return st.one_of([values_of(document, part) for part in schema[several]])
    if "enum" in schema or "const" in schema:
        return st.sampled_from(schema.get("enum") or [schema["const"]])
    kinds = schema.get("type", "string")
    kinds = [kinds] if isinstance(kinds, str) else kinds
    return st.one_of([_values_of_type(document, schema, kind) for kind in kinds])


def _values_of_type(
    document: Mapping[str, Any], schema: Mapping[str, Any], kind: str
) -> st.SearchStrategy[Any]:
    if kind == "object":
        parts = {n: values_of(document, s) for n, s in schema.get("properties", {}).items()}
        needed = schema.get("required", [])
        return st.fixed_dictionaries(
            {name: parts[name] for name in needed},
            optional={n: part for n, part in parts.items() if n not in needed},
        )
    if kind == "array":
        return st.lists(
            values_of(document, schema["items"]) if "items" in schema else ANYTHING,
            min_size=schema.get("minItems", 0),
            max_size=4,
        )
    if kind == "string" and "pattern" in schema:
        return st.from_regex(schema["pattern"])
    return {
        "string": st.text(max_size=8) | st.sampled_from(["农民", "nurse"]),
        "integer": st.integers(0, 4),
        "number": st.floats(-1e6, 1e6),
        "boolean": st.booleans(),
        "null": st.none(),
    }[kind]


def test_what_the_document_allows_is_answered(
    people: httpx.Client, documents: dict[str, Any]
) -> None:
    document = documents["census"]
    operation = document["paths"]["/predict"]["post"]
    schema = operation["requestBody"]["content"]["application/json"]["schema"]

    @SETTINGS
    @given(values_of(document, schema), st.sampled_from(["ignore", "refuse"]))
    def run(value: Any, extra: str) -> None:
        answer = people.post("/predict", params={"extra": extra}, json=value)
        assert answer.status_code == 200, answer.text
        hold(document, "/predict", answer)

    run()


@pytest.mark.parametrize("kind", ["application/json", "text/csv", "image/png", "text/plain", ""])
@pytest.mark.parametrize("name", ["census", "digits"])
def test_whatever_is_sent_to_predict_the_answer_is_in_the_document(
    people: httpx.Client,
    images: httpx.Client,
    documents: dict[str, Any],
    picture: Callable[..., bytes],
    kind: str,
    name: str,
) -> None:
    client = {"census": people, "digits": images}[name]
    near = st.fixed_dictionaries({"age": ANYTHING, "职业": ANYTHING})
    bodies = st.sampled_from([picture(1), b"age,\xe8\x81\x8c\xe4\xb8\x9a\n1,a\n", b""])
    texts = (ANYTHING | near | st.lists(near, max_size=3)).map(lambda v: json.dumps(v).encode())

    @SETTINGS
    @given(bodies | texts, st.sampled_from(["ignore", "refuse", "rubbish", ""]) | st.text())
    def run(body: bytes, extra: str) -> None:
        headers = {"content-type": kind}
        answer = client.post("/predict", params={"extra": extra}, content=body, headers=headers)
        hold(documents[name], "/predict", answer)
        if extra not in ("ignore", "refuse"):
            assert answer.status_code == 400

    run()


@pytest.mark.parametrize("name", ["census", "digits"])
def test_whatever_is_sent_to_v2_the_answer_is_in_the_document(
    people: httpx.Client, images: httpx.Client, documents: dict[str, Any], name: str
) -> None:
    client, document = {"census": people, "digits": images}[name], documents[name]
    path = f"/v2/models/{name}/infer"
    schema = document["paths"][path]["post"]["requestBody"]["content"]["application/json"]["schema"]

    @SETTINGS
    @given(values_of(document, schema) | ANYTHING)
    def run(value: Any) -> None:
        hold(document, path, client.post(path, json=value))

    run()


def test_good_tensors_are_answered_as_the_document_says(
    people: httpx.Client, documents: dict[str, Any]
) -> None:
    path = "/v2/models/census/infer"
    inputs = [
        {"name": "age", "datatype": "FP64", "shape": [2], "data": [1, None]},
        {"name": "职业", "datatype": "BYTES", "shape": [2, 1], "data": [["a"], ["b"]]},
    ]
    for extra in ({}, {"id": 3}, {"parameters": {"binary_data_output": True}}):
        answer = people.post(path, json={"inputs": inputs} | extra)
        assert answer.status_code == 200
        hold(documents["census"], path, answer)


def test_every_get_is_answered_as_the_document_says(
    people: httpx.Client, documents: dict[str, Any]
) -> None:
    document = documents["census"]
    gets = [path for path, operations in document["paths"].items() if "get" in operations]
    assert len(gets) >= 8
    for path in gets:
        assert people.get(path).status_code == 200
        hold(document, path, people.get(path))
        for host in ("evil.example", ""):
            hold(document, path, people.get(path, headers={"host": host}))
        hold(document, path, people.get(path, headers={"x": "a" * 40_000}))


def test_refusals_before_the_application_have_the_documents_form(
    people: httpx.Client, documents: dict[str, Any]
) -> None:
    large = {"x": "a" * 40_000}
    for path in ("/predict", "/v2/models/census/infer"):
        answer = people.post(path, headers=large, json={})
        assert answer.status_code == 431
        hold(documents["census"], path, answer)
        for headers in ({"origin": "http://evil.example"}, {"content-encoding": "br"}):
            hold(documents["census"], path, people.post(path, headers=headers, json={}))
