"""`POST /v1/embeddings`: vectors of texts, in the form that clients of OpenAI's API ask for.

Only a bundle that makes a vector of one text has the path.  `input` is a text or a list of texts;
lists of tokens are refused, for nobody knows whose tokens they are.  `encoding_format` is `float`
or `base64` (little-endian float32), `model` the name under which the bundle is served, and
`dimensions` none but the width of its vectors: a part of a vector is not near to what the whole is
near to.  `usage` counts the tokens of the texts, once they are answered: what is refused costs
nothing.

Source: https://platform.openai.com/docs/api-reference/embeddings
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, NamedTuple

import numpy as np
import pyarrow as pa
from pydantic import ConfigDict, Field, Strict, ValidationError

from stoker.core.value import Value
from stoker.serve.json_body import parse_json
from stoker.serve.messages import Answer, Refusal, Request, json_answer
from stoker.serve.openapi import JSON, Described, content_of, list_of, object_of, post_item, ref_of
from stoker.serve.protocols import Protocol
from stoker.serve.request_rows import check_row_count
from stoker.serve.routes import Route, post
from stoker.serve.routing import Deployments
from stoker.serve.served_model import ServedModel

PATH = "/v1/embeddings"


class _Asked(Value):
    model_config = ConfigDict(extra="forbid")

    input: Any
    model: Annotated[str, Strict()]
    encoding_format: Literal["float", "base64"] = "float"
    dimensions: Annotated[int, Strict(), Field(ge=1)] | None = None
    user: str | None = None


class VectorModel(NamedTuple):
    """What a bundle that makes a vector of one text has."""

    column: str
    width: int


class Embeddings(Protocol):
    """Vectors of texts, as clients of OpenAI ask for them."""

    prefix: ClassVar[str] = PATH

    def routes(self, deployments: Deployments) -> Mapping[str, Route]:
        """The one path, where vectors are to be had."""
        if vector_model(deployments.members[0].model) is None:
            return {}

        async def embed(request: Request) -> Answer:
            deployment = deployments.choose(request)
            body = await deployment.read(request)
            model, about = deployment.model, vector_model(deployment.model)
            if about is None:
                raise Refusal("this version gives no vectors", status=404)
            asked, texts = read_texts(parse_json(body), model, about)
            check_row_count(len(texts), deployment.settings.max_rows)
            rows = pa.table({about.column: pa.array(texts, pa.string())})
            answers = await deployment.answer(request, rows)
            tokens = await asyncio.to_thread(_count_tokens, model, about.column, rows)
            vector_ND = np.asarray(answers.columns["prediction"], np.float32)
            return _written(vector_ND, asked.encoding_format, model.name, tokens)

        return {PATH: post(PATH, embed)}

    def error(self, refusal: Refusal) -> Answer:
        """A refusal as clients of OpenAI read it."""
        expected = f"; expected {refusal.expected}" if refusal.expected else ""
        is_asked_wrong = refusal.status < 500
        error = {
            "message": f"{refusal.what}{expected}",
            "type": "invalid_request_error" if is_asked_wrong else "server_error",
            "param": None,
            "code": None,
        }
        answer = json_answer({"error": error}, refusal.status)
        answer.headers = refusal.headers
        return answer

    def openapi(self, deployments: Deployments) -> Described:
        """The path and its schemas."""
        model = deployments.members[0].model
        about = vector_model(model)
        return Described({}, {}) if about is None else Described(_path(), _schemas(model, about))


def vector_model(model: ServedModel) -> VectorModel | None:
    """The one text and the width of the vectors that a bundle makes of it; None: it does not."""
    prediction = model.answer_schema["properties"]["prediction"]
    is_vector = prediction.get("type") == "array" and "minItems" in prediction
    if not is_vector or len(model.cells) != 1 or not model.ragged_columns:
        return None
    return VectorModel(model.ragged_columns[0], int(prediction["minItems"]))


def read_texts(value: Any, model: ServedModel, about: VectorModel) -> tuple[_Asked, list[str]]:
    """What is asked for, and the texts.

    Raises:
        Refusal: If it is not as the protocol has it, or this model cannot do it.
    """
    try:
        asked = _Asked.model_validate(value)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise Refusal(f"{where or 'the body'}: {first['msg']}", status=422) from None
    if asked.model != model.name:
        raise Refusal(f"there is no model {asked.model[:80]!r}", status=404, expected=model.name)
    if asked.dimensions not in (None, about.width):
        raise Refusal(
            f"vectors of {asked.dimensions} dimensions",
            status=422,
            expected=f"{about.width}, or no word of it: a vector is not cut",
        )
    texts = [asked.input] if isinstance(asked.input, str) else asked.input
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise Refusal(
            "input is no text", status=422, expected="a text or a list of texts, no tokens"
        )
    if "" in texts:
        raise Refusal("input has an empty text", status=422, expected="texts of a sign at least")
    return asked, texts


def _count_tokens(model: ServedModel, column: str, rows: pa.Table) -> int:
    feature = model.predictor.interface.inputs[column]
    return len(feature.transform(rows[column]).values)


def _written(vector_ND: np.ndarray, form: str, name: str, tokens: int) -> Answer:
    little_ND = np.ascontiguousarray(vector_ND, "<f4")
    data = [
        {
            "object": "embedding",
            "index": place,
            "embedding": base64.b64encode(vector_D.tobytes()).decode()
            if form == "base64"
            else vector_D,
        }
        for place, vector_D in enumerate(little_ND)
    ]
    usage = {"prompt_tokens": tokens, "total_tokens": tokens}
    return json_answer({"object": "list", "data": data, "model": name, "usage": usage})


def _path() -> dict[str, Any]:
    operation = {
        "operationId": "embeddings",
        "summary": "Vectors of texts, as clients of OpenAI ask for them.",
        "requestBody": {
            "required": True,
            "content": {JSON: {"schema": ref_of("EmbeddingRequest")}},
        },
    }
    item = post_item(
        operation, content_of("The vectors.", ref_of("EmbeddingList")), error="OpenAiError"
    )
    item["post"]["responses"]["404"] = content_of("No such model.", ref_of("OpenAiError"))
    return {PATH: item}


def _schemas(model: ServedModel, about: VectorModel) -> dict[str, Any]:
    text, count = {"type": "string", "minLength": 1}, {"type": "integer", "minimum": 0}
    vector = list_of({"type": "number"}) | {"minItems": about.width, "maxItems": about.width}
    asked = object_of(
        {
            "input": {"oneOf": [text, list_of(text) | {"minItems": 1}]},
            "model": {"const": model.name},
            "encoding_format": {"enum": ["float", "base64"], "default": "float"},
            "dimensions": {"const": about.width},
            "user": {"type": "string"},
        },
        "input",
        "model",
    )
    one = {
        "object": {"const": "embedding"},
        "index": count,
        "embedding": {"oneOf": [vector, {"type": "string", "contentEncoding": "base64"}]},
    }
    told = {
        "object": {"const": "list"},
        "data": list_of(object_of(one, *one)),
        "model": {"const": model.name},
        "usage": object_of({"prompt_tokens": count, "total_tokens": count}, "prompt_tokens"),
    }
    error = {"message": {"type": "string"}, "type": {"type": "string"}, "param": {}, "code": {}}
    return {
        "EmbeddingRequest": asked | {"additionalProperties": False},
        "EmbeddingList": object_of(told, *told),
        "OpenAiError": object_of({"error": object_of(error, *error)}, "error"),
    }
