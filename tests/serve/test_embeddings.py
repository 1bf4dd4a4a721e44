"""`/v1/embeddings`, asked by the client of OpenAI, and what is refused there."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import openai
import pyarrow as pa
import pytest

from stoker.bundle.predictor import load
from stoker.serve.asgi import make_app
from stoker.serve.load_model import load_model
from stoker.serve.protocols.embeddings import Embeddings
from stoker.serve.serve_settings import ServeSettings
from stoker.testing import assert_protocol
from tests.search.conftest import write_vectors
from tests.serve.asks.embeddings import VECTORS
from tests.serve.conftest import running

TEXTS = ["tea cup", "茶 tea", "lid " * 40]


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_vectors(tmp_path_factory.mktemp("served"))


@pytest.fixture(scope="module")
def client(bundle: Path) -> Iterator[httpx.Client]:
    with running(bundle) as server, server.client() as client:
        yield client


@pytest.mark.parametrize("form", [None, "float", "base64"])
def test_the_client_of_openai_gets_the_vectors_of_the_bundle(
    bundle: Path, client: httpx.Client, form: Any
) -> None:
    asking = openai.OpenAI(base_url=f"{client.base_url}/v1", api_key="none")
    given = {} if form is None else {"encoding_format": form}
    found = asking.embeddings.create(model="near", input=TEXTS, **given)
    vectors = [
        np.frombuffer(base64.b64decode(one.embedding), "<f4")
        if isinstance(one.embedding, str)
        else one.embedding
        for one in found.data
    ]
    answers = load(bundle).predict(pa.table({"text": TEXTS})).table
    np.testing.assert_allclose(np.array(vectors), answers["prediction"].to_pylist(), atol=1e-5)
    assert [one.index for one in found.data] == [0, 1, 2]
    assert found.usage.prompt_tokens == found.usage.total_tokens > 40


def test_one_text_is_answered_as_a_list_of_one(client: httpx.Client) -> None:
    answer = client.post("/v1/embeddings", json={"model": "near", "input": "tea"})
    assert answer.status_code == 200
    assert len(answer.json()["data"]) == 1


@pytest.mark.parametrize(
    ("asked", "status", "said"),
    [
        ({"input": [1, 2]}, 422, "no tokens"),
        ({"input": [[1, 2]]}, 422, "no tokens"),
        ({"input": ""}, 422, "empty text"),
        ({"input": []}, 422, "no row"),
        ({"input": "tea", "dimensions": 8}, 422, "32"),
        ({"input": "tea", "model": "other"}, 404, "near"),
        ({"input": "tea", "encoding_format": "int8"}, 422, "encoding_format"),
        ({}, 422, "input"),
    ],
)
def test_what_cannot_be_done_is_said_in_the_clients_form(
    client: httpx.Client, asked: dict[str, Any], status: int, said: str
) -> None:
    answer = client.post("/v1/embeddings", json={"model": "near", **asked})
    assert answer.status_code == status
    assert said in answer.json()["error"]["message"]


def test_it_keeps_the_promises_of_protocols_and_other_models_have_no_such_path(
    bundle: Path, census: Path
) -> None:
    assert_protocol(Embeddings(), bundle, sound=VECTORS)
    settings = ServeSettings()
    app = make_app(load_model(census, settings, version="1"), settings)
    assert "/v1/embeddings" not in app.routes


def test_the_open_inference_protocol_tells_vectors_as_they_are(client: httpx.Client) -> None:
    told = client.get("/v2/models/near").json()["outputs"]
    assert told == [{"name": "prediction", "datatype": "FP32", "shape": [-1, 32]}]
    asked = {"inputs": [{"name": "text", "shape": [2], "datatype": "BYTES", "data": TEXTS[:2]}]}
    (answer,) = client.post("/v2/models/near/infer", json=asked).json()["outputs"]
    assert (answer["datatype"], answer["shape"]) == ("FP32", [2, 32])
