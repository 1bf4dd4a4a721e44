"""The JSON part of a request of the Open Inference Protocol, as typed values.

Null is the same as absent wherever something is optional, because clients write out their optional
fields.  A parameter is obeyed or refused by its name, never passed over: one that the server does
not know may change what the tensors mean or where the client looks for its answer, as Triton's
`classification` and `shared_memory_region` do.  The `content_type` that MLServer's clients add says
how to read a tensor, and is taken where it says what is done here anyway.

The protocol makes `id` a text; clients that count send a number, which is echoed as text.

Cost: about 10 µs a request.

Source: https://github.com/kserve/open-inference-protocol/blob/main/specification/protocol/
inference_rest.md; extensions in https://github.com/triton-inference-server/server/tree/main/docs.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails

from stoker.serve.messages import Refusal

_WORDS = {
    "model_type": "expected an object",
    "dict_type": "expected an object",
    "int_type": "expected an integer",
    "string_type": "expected a string",
    "list_type": "expected a list",
    "bool_type": "expected true or false",
    "missing": "is missing",
}
_MOST_SHOWN = 80


def _without_nulls(value: Any) -> Any:
    """The value without entries that are null; null itself is an empty object."""
    if value is None:
        return {}
    if isinstance(value, dict):
        return {name: part for name, part in value.items() if part is not None}
    return value


def _id_text(value: Any) -> Any:
    """A whole number as its digits."""
    return str(value) if type(value) is int else value


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore", strict=True)


class _Parameters(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class InputParameters(_Parameters):
    """What may be said of an input."""

    binary_data_size: Annotated[int, Field(ge=0)] | None = None
    content_type: Literal["str", "np", "base64"] | None = None


class OutputParameters(_Parameters):
    """What may be asked of an output."""

    binary_data: bool | None = None
    content_type: Literal["str", "np"] | None = None


class RequestParameters(_Parameters):
    """What may be asked of the answer as a whole."""

    binary_data_output: bool = False
    content_type: Literal["np", "pd"] | None = None


class Input(_Part):
    """One tensor that goes in."""

    name: str
    shape: Annotated[list[Annotated[int, Field(ge=0, lt=2**31)]], Field(max_length=8)]
    datatype: str
    parameters: Annotated[InputParameters, BeforeValidator(_without_nulls)] = InputParameters()
    data: list[Any] | None = None


class Output(_Part):
    """One tensor that is asked for."""

    name: str
    parameters: Annotated[OutputParameters, BeforeValidator(_without_nulls)] = OutputParameters()


class Infer(_Part):
    """The JSON part of an inference request."""

    id: Annotated[str | None, BeforeValidator(_id_text)] = None
    parameters: Annotated[RequestParameters, BeforeValidator(_without_nulls)] = RequestParameters()
    inputs: Annotated[list[Input], Field(max_length=100_000)]
    outputs: list[Output] | None = None


def read_form(value: Any) -> Infer:
    """The typed value of a parsed body.

    Raises:
        Refusal: If it is not what the protocol has, or has a parameter that is not obeyed.
    """
    try:
        return Infer.model_validate(value)
    except ValidationError as error:
        raise _refusal(error.errors(include_url=False, include_context=False)[0], value) from None


def _refusal(error: ErrorDetails, value: Any) -> Refusal:
    path = error["loc"]
    where = _where(path, value)
    if "parameters" in path and error["type"] in ("extra_forbidden", "literal_error"):
        return Refusal(
            f"{where}: this server does not obey that parameter", expected=_known_parameters(path)
        )
    words = _WORDS.get(error["type"], error["msg"])
    return Refusal(f"{where}: {words}")


def _where(path: tuple[int | str, ...], value: Any) -> str:
    """The place as dotted names, with the name of the tensor that it belongs to.

    >>> _where(("inputs", 0, "shape"), {"inputs": [{"name": "age"}]})
    "inputs.0.shape of 'age'"
    """
    dotted = ".".join(map(str, path))[: 2 * _MOST_SHOWN] or "the body"
    if len(path) < 3 or path[0] not in ("inputs", "outputs"):
        return dotted
    tensor = value[path[0]][path[1]]
    name = tensor.get("name") if isinstance(tensor, dict) else None
    return f"{dotted} of {name[:_MOST_SHOWN]!r}" if isinstance(name, str) else dotted


def _known_parameters(path: tuple[int | str, ...]) -> str:
    forms = {"inputs": InputParameters, "outputs": OutputParameters}
    known = forms.get(str(path[0]), RequestParameters).model_json_schema()["properties"]
    said = [
        name + (f" ({', '.join(part['enum'])})" if (part := _enum(schema)) else "")
        for name, schema in known.items()
    ]
    return " or ".join(said)


def _enum(schema: dict[str, Any]) -> dict[str, Any] | None:
    return next((part for part in schema.get("anyOf", ()) if "enum" in part), None)
