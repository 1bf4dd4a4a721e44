"""The OpenAPI document of a served model, made from the bundle's own schemas.

Source: OpenAPI 3.1, https://spec.openapis.org/oas/v3.1.0
"""

from __future__ import annotations

from typing import Any

from stoker.serve.served_model import ServedModel

_JSON = "application/json"
_EXTRA = {
    "name": "extra",
    "in": "query",
    "description": "Columns that the model does not use: ignore and name them, or refuse them.",
    "schema": {"enum": ["ignore", "refuse"], "default": "ignore"},
}


def openapi_document(model: ServedModel, stoker_version: str) -> dict[str, Any]:
    """What the server answers at `/openapi.json`."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": model.name,
            "version": model.version,
            "description": f"A model served by stoker {stoker_version}.",
        },
        "paths": _paths(model),
        "components": {
            "schemas": _schemas(model),
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{}, {"key": []}],
    }


def answer_schema(model: ServedModel) -> dict[str, Any]:
    """JSON Schema of one answer of `/predict`: probabilities stand by label."""
    schema = dict(model.predictor.output_schema())
    properties = dict(schema.get("properties", {}))
    if "probabilities" in properties:
        share = {"type": "number", "minimum": 0, "maximum": 1}
        properties["probabilities"] = {
            "type": "object",
            "properties": dict.fromkeys(model.labels, share),
            "required": model.labels,
            "additionalProperties": False,
        }
    return schema | {"properties": properties}


def _schemas(model: ServedModel) -> dict[str, Any]:
    named = {"model": {"const": model.name}, "version": {"const": model.version}}
    told = {"ignored": {"type": "array", "items": {"type": "string"}}}
    answer = answer_schema(model)
    return {
        "Row": {
            "type": "object",
            "properties": model.cells,
            "required": list(model.cells),
        },
        "Answer": answer,
        "Single": {
            "type": "object",
            "properties": named | told | answer["properties"],
            "required": [*named, *answer.get("required", [])],
        },
        "Several": {
            "type": "object",
            "properties": named
            | told
            | {"predictions": {"type": "array", "items": _ref("Answer")}},
            "required": [*named, "predictions"],
        },
        "Error": {
            "type": "object",
            "properties": {"error": {"type": "object", "required": ["status", "message"]}},
            "required": ["error"],
        },
    }


def _paths(model: ServedModel) -> dict[str, Any]:
    v2 = f"/v2/models/{model.name}"
    return {
        "/predict": {"post": _predict(model)},
        "/healthz": _get("The process lives."),
        "/readyz": _get("The server takes requests; 503 while it ends."),
        "/metrics": _get("Numbers in the Prometheus text format.", "text/plain"),
        "/v2": _get("Open Inference Protocol: the server."),
        "/v2/health/live": _get("Open Inference Protocol: the process lives."),
        "/v2/health/ready": _get("Open Inference Protocol: the server is ready."),
        v2: _get("Open Inference Protocol: inputs and outputs."),
        f"{v2}/ready": _get("Open Inference Protocol: the model is ready."),
        f"{v2}/infer": {"post": _infer()},
    }


def _predict(model: ServedModel) -> dict[str, Any]:
    row = _ref("Row")
    rows = {"type": "array", "items": row, "minItems": 1}
    wrapped = {"type": "object", "properties": {"rows": rows}, "required": ["rows"]}
    content: dict[str, Any] = {_JSON: {"schema": {"oneOf": [row, rows, wrapped]}}}
    if model.only_image:
        content["image/*"] = {"schema": {"type": "string", "format": "binary"}}
    if not model.image_columns:
        content["text/csv"] = {"schema": {"type": "string"}}
    answers = {"oneOf": [_ref("Single"), _ref("Several")]}
    return {
        "operationId": "predict",
        "summary": "Answers for rows; a single row is answered with a single object.",
        "parameters": [_EXTRA],
        "requestBody": {"required": True, "content": content},
        "responses": {"200": _body("The answers.", answers)} | _errors(),
    }


def _infer() -> dict[str, Any]:
    tensors = {"type": "object", "properties": {"inputs": {"type": "array"}}}
    return {
        "operationId": "infer",
        "summary": "Open Inference Protocol: JSON, or JSON and binary tensors.",
        "requestBody": {
            "required": True,
            "content": {
                _JSON: {"schema": tensors},
                "application/octet-stream": {"schema": {"type": "string", "format": "binary"}},
            },
        },
        "responses": {"200": {"description": "The output tensors."}} | _errors(),
    }


def _errors() -> dict[str, Any]:
    texts = {
        "400": "The request is malformed.",
        "401": "The access key is missing or wrong.",
        "413": "The body or the number of rows is too large.",
        "415": "The content type is not taken.",
        "422": "A cell cannot be used; every bad row and column is named.",
        "429": "Too busy; try again after the seconds of Retry-After.",
        "504": "No answer within the deadline.",
    }
    return {code: _body(text, _ref("Error")) for code, text in texts.items()}


def _get(text: str, content_type: str = _JSON) -> dict[str, Any]:
    answer = {"description": text, "content": {content_type: {"schema": {}}}}
    return {"get": {"summary": text, "responses": {"200": answer}}}


def _body(text: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": text, "content": {_JSON: {"schema": schema}}}


def _ref(name: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{name}"}
