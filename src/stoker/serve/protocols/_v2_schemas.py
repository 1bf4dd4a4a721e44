"""Paths and JSON Schemas of the Open Inference Protocol for one model, for the OpenAPI document.

Source: https://github.com/kserve/open-inference-protocol/blob/main/specification/protocol/
open_inference_rest.yaml
"""

from __future__ import annotations

from typing import Any

from stoker.serve.openapi import (
    BYTES,
    JSON,
    content_of,
    get_item,
    list_of,
    object_of,
    post_item,
    probe_item,
    ref_of,
)
from stoker.serve.protocols._v2_form import (
    InputParameters,
    OutputParameters,
    RequestParameters,
)
from stoker.serve.protocols._v2_tensors import NUMPY, output_tensors
from stoker.serve.served_model import ServedModel

_NAME = {"type": "string"}
_SHAPE = {"type": "array", "items": {"type": "integer", "minimum": -1}}


def v2_paths(model: ServedModel) -> dict[str, Any]:
    """What the server and the model answer."""
    path = f"/v2/models/{model.name}"
    live = object_of({"live": {"const": True}}, "live")
    of, error = "Open Inference Protocol", "V2Error"
    return {
        "/v2": get_item(f"{of}: the server.", ref_of("V2Server"), error=error),
        "/v2/health/live": get_item(f"{of}: the process lives.", live, error=error),
        "/v2/health/ready": probe_item(f"{of}: the server is ready.", error=error),
        path: get_item(f"{of}: inputs and outputs.", ref_of("V2Model"), error=error),
        f"{path}/ready": probe_item(f"{of}: the model is ready.", error=error),
        f"{path}/infer": _infer(f"{of}: JSON, or JSON and binary tensors."),
    }


def _infer(summary: str) -> dict[str, Any]:
    binary = {"schema": {"type": "string", "format": "binary"}}
    operation = {
        "operationId": "infer",
        "summary": summary,
        "requestBody": {
            "required": True,
            "content": {JSON: {"schema": ref_of("V2Request")}, BYTES: binary},
        },
    }
    answer = content_of("The output tensors.", ref_of("V2Answer"))
    answer["content"][BYTES] = binary
    return post_item(operation, answer, error="V2Error")


def v2_schemas(model: ServedModel) -> dict[str, Any]:
    """Schemas by name: request, answer, error, and what server and model say of themselves."""
    outputs = [output["name"] for output in output_tensors(model)]
    return {
        "V2Request": _request([*model.cells], outputs),
        "V2Answer": _answer(model, outputs),
        "V2Error": object_of({"error": {"type": "string"}}, "error"),
        "V2Server": object_of(
            {"name": _NAME, "version": _NAME, "extensions": list_of(_NAME)}, "name"
        ),
        "V2Model": _model(),
    }


def _request(inputs: list[str], outputs: list[str]) -> dict[str, Any]:
    tensor = {
        "name": {"enum": inputs},
        "datatype": {"enum": ["BYTES", *NUMPY]},
        "shape": list_of({"type": "integer", "minimum": 0}),
        "data": {"type": ["array", "null"]},
        "parameters": _optional(InputParameters.model_json_schema()),
    }
    wanted = {
        "name": {"enum": outputs},
        "parameters": _optional(OutputParameters.model_json_schema()),
    }
    return object_of(
        {
            "id": {"type": ["string", "integer", "null"]},
            "parameters": _optional(RequestParameters.model_json_schema()),
            "inputs": list_of(object_of(tensor, "name", "datatype", "shape")),
            "outputs": _optional(list_of(object_of(wanted, "name"))),
        },
        "inputs",
    )


def _answer(model: ServedModel, outputs: list[str]) -> dict[str, Any]:
    size = object_of({"binary_data_size": {"type": "integer", "minimum": 0}}, "binary_data_size")
    tensor = {
        "name": {"enum": outputs},
        "datatype": {"enum": ["BYTES", *NUMPY]},
        "shape": list_of({"type": "integer", "minimum": 0}),
        "data": {"type": "array"},
        "parameters": size,
    }
    properties = {
        "model_name": {"const": model.name},
        "model_version": {"const": model.version},
        "id": _NAME,
        "parameters": object_of({"warnings": _NAME}, "warnings"),
        "outputs": list_of(object_of(tensor, "name", "datatype", "shape")),
    }
    return object_of(properties, "model_name", "model_version", "outputs")


def _model() -> dict[str, Any]:
    tensor = object_of({"name": _NAME, "datatype": _NAME, "shape": _SHAPE}, "name", "datatype")
    properties = {
        "name": _NAME,
        "versions": list_of(_NAME),
        "platform": _NAME,
        "inputs": list_of(tensor),
        "outputs": list_of(tensor),
    }
    return object_of(properties, *properties)


def _optional(schema: dict[str, Any]) -> dict[str, Any]:
    return {"anyOf": [schema, {"type": "null"}]}
