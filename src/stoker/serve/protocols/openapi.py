"""The OpenAPI document of a served model, made from the bundle's own schemas.

It names every status with the form of its body: errors are objects, and texts under `/v2`, as the
Open Inference Protocol has them.  A test sends what the document allows, and what it does not, and
holds each answer against it.

Source: OpenAPI 3.1, https://spec.openapis.org/oas/v3.1.0
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from stoker.serve.protocols.v2_schemas import v2_schemas
from stoker.serve.served_model import ServedModel

_JSON, _TEXT, _BYTES = "application/json", "text/plain", "application/octet-stream"
_ERRORS = {
    "400": "The request is malformed.",
    "401": "The access key is missing or wrong.",
    "403": "A page of another site sent it.",
    "413": "The body, its pictures or the number of rows are too large.",
    "415": "The content type or the content encoding is not taken.",
    "421": "The server does not answer for that host name.",
    "422": "A cell cannot be used; every bad row and column is named.",
    "429": "Too busy; try again after the seconds of Retry-After.",
    "431": "The headers are too large.",
    "500": "The model could not compute it, though nothing is wrong with the request.",
    "504": "No answer within the deadline.",
}
_POST_ERRORS = tuple(_ERRORS)
_GET_ERRORS = ("400", "401", "421", "431")
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
    schema = dict(model.answer_schema)
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
    texts = {"type": "array", "items": {"type": "string"}}
    told = {"ignored": texts, "warnings": texts}
    answer = answer_schema(model)
    several = {"predictions": {"type": "array", "items": _ref("Answer")}}
    single = [*named, *answer.get("required", [])]
    error = {
        "status": {"type": "integer"},
        "message": {"type": "string"},
        "expected": {"type": "string"},
        "cells": {"type": "array", "items": {"type": "object"}},
    }
    return {
        "Row": _object(model.cells, list(model.cells)),
        "Answer": answer,
        "Single": _object(named | told | answer["properties"], single),
        "Several": _object(named | told | several, [*named, "predictions"]),
        "Error": _object({"error": _object(error, ["status", "message"])}, ["error"]),
    } | v2_schemas(model)


def _paths(model: ServedModel) -> dict[str, Any]:
    v2 = f"/v2/models/{model.name}"
    live = _object({"live": {"const": True}}, ["live"])
    return {
        "/predict": {"post": _predict(model)},
        "/healthz": _get("The process lives.", live),
        "/readyz": _probe("The server takes requests; 503 while it ends.", "Error"),
        "/metrics": _get("Numbers in the Prometheus text format.", {"type": "string"}, _TEXT),
        "/v2": _get("Open Inference Protocol: the server.", _ref("V2Server"), error="V2Error"),
        "/v2/health/live": _get(
            "Open Inference Protocol: the process lives.", live, error="V2Error"
        ),
        "/v2/health/ready": _probe("Open Inference Protocol: the server is ready.", "V2Error"),
        v2: _get("Open Inference Protocol: inputs and outputs.", _ref("V2Model"), error="V2Error"),
        f"{v2}/ready": _probe("Open Inference Protocol: the model is ready.", "V2Error"),
        f"{v2}/infer": {"post": _infer()},
    }


def _predict(model: ServedModel) -> dict[str, Any]:
    row = _ref("Row")
    rows = {"type": "array", "items": row, "minItems": 1}
    wrapped = _object({"rows": rows}, ["rows"])
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
        "responses": {"200": _body("The answers.", answers)} | _errors(_POST_ERRORS, "Error"),
    }


def _infer() -> dict[str, Any]:
    binary = {"schema": {"type": "string", "format": "binary"}}
    answer = _body("The output tensors.", _ref("V2Answer"))
    answer["content"][_BYTES] = binary
    return {
        "operationId": "infer",
        "summary": "Open Inference Protocol: JSON, or JSON and binary tensors.",
        "requestBody": {
            "required": True,
            "content": {_JSON: {"schema": _ref("V2Request")}, _BYTES: binary},
        },
        "responses": {"200": answer} | _errors(_POST_ERRORS, "V2Error"),
    }


def _errors(codes: Iterable[str], form: str) -> dict[str, Any]:
    return {code: _body(_ERRORS[code], _ref(form)) for code in codes}


def _get(
    text: str, schema: dict[str, Any], content_type: str = _JSON, *, error: str = "Error"
) -> dict[str, Any]:
    answer = {"description": text, "content": {content_type: {"schema": schema}}}
    return {"get": {"summary": text, "responses": {"200": answer} | _errors(_GET_ERRORS, error)}}


def _probe(text: str, error: str) -> dict[str, Any]:
    """A path that says whether something is ready, with its status as well."""
    ready = _object({"ready": {"type": "boolean"}}, ["ready"])
    found = _get(text, ready, error=error)
    found["get"]["responses"]["503"] = _body("It is not.", ready)
    return found


def _body(text: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": text, "content": {_JSON: {"schema": schema}}}


def _object(properties: Mapping[str, Any], required: Sequence[str]) -> dict[str, Any]:
    return {"type": "object", "properties": dict(properties), "required": list(required)}


def _ref(name: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{name}"}
