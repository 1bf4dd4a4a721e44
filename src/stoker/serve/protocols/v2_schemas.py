"""JSON Schemas of the Open Inference Protocol for one model, for the OpenAPI document.

Source: https://github.com/kserve/open-inference-protocol/blob/main/specification/protocol/
open_inference_rest.yaml
"""

from __future__ import annotations

from typing import Any

from stoker.serve.protocols.tensors import NUMPY
from stoker.serve.protocols.v2 import output_tensors
from stoker.serve.protocols.v2_form import (
    InputParameters,
    OutputParameters,
    RequestParameters,
)
from stoker.serve.served_model import ServedModel

_NAME = {"type": "string"}
_SHAPE = {"type": "array", "items": {"type": "integer", "minimum": -1}}


def v2_schemas(model: ServedModel) -> dict[str, Any]:
    """Schemas by name: request, answer, error, and what server and model say of themselves."""
    outputs = [output["name"] for output in output_tensors(model)]
    return {
        "V2Request": _request([*model.cells], outputs),
        "V2Answer": _answer(model, outputs),
        "V2Error": _object({"error": {"type": "string"}}, "error"),
        "V2Server": _object({"name": _NAME, "version": _NAME, "extensions": _list(_NAME)}, "name"),
        "V2Model": _model(),
    }


def _request(inputs: list[str], outputs: list[str]) -> dict[str, Any]:
    tensor = {
        "name": {"enum": inputs},
        "datatype": {"enum": ["BYTES", *NUMPY]},
        "shape": _list({"type": "integer", "minimum": 0}),
        "data": {"type": ["array", "null"]},
        "parameters": _optional(InputParameters.model_json_schema()),
    }
    wanted = {
        "name": {"enum": outputs},
        "parameters": _optional(OutputParameters.model_json_schema()),
    }
    return _object(
        {
            "id": {"type": ["string", "integer", "null"]},
            "parameters": _optional(RequestParameters.model_json_schema()),
            "inputs": _list(_object(tensor, "name", "datatype", "shape")),
            "outputs": _optional(_list(_object(wanted, "name"))),
        },
        "inputs",
    )


def _answer(model: ServedModel, outputs: list[str]) -> dict[str, Any]:
    size = _object({"binary_data_size": {"type": "integer", "minimum": 0}}, "binary_data_size")
    tensor = {
        "name": {"enum": outputs},
        "datatype": {"enum": ["BYTES", *NUMPY]},
        "shape": _list({"type": "integer", "minimum": 0}),
        "data": {"type": "array"},
        "parameters": size,
    }
    properties = {
        "model_name": {"const": model.name},
        "model_version": {"const": model.version},
        "id": _NAME,
        "parameters": _object({"warnings": _NAME}, "warnings"),
        "outputs": _list(_object(tensor, "name", "datatype", "shape")),
    }
    return _object(properties, "model_name", "model_version", "outputs")


def _model() -> dict[str, Any]:
    tensor = _object({"name": _NAME, "datatype": _NAME, "shape": _SHAPE}, "name", "datatype")
    properties = {
        "name": _NAME,
        "versions": _list(_NAME),
        "platform": _NAME,
        "inputs": _list(tensor),
        "outputs": _list(tensor),
    }
    return _object(properties, *properties)


def _object(properties: dict[str, Any], *required: str) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(required)}


def _list(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items}


def _optional(schema: dict[str, Any]) -> dict[str, Any]:
    return {"anyOf": [schema, {"type": "null"}]}
