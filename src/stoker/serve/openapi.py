"""The OpenAPI document of a server: put together from what each protocol says of itself.

It names every status with the form of its body, because protocols write errors in forms of their
own.  A test sends what the document allows, and what it does not, and holds each answer against it.

Source: OpenAPI 3.1, https://spec.openapis.org/oas/v3.1.0
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from stoker.serve.served_model import ServedModel

JSON, TEXT, BYTES = "application/json", "text/plain", "application/octet-stream"
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
_GET_ERRORS = ("400", "401", "421", "431")


class Described(NamedTuple):
    """A part of the document."""

    paths: Mapping[str, Any]
    """Path Item Objects by path."""
    schemas: Mapping[str, Any]
    """Schemas by the names under which `ref_of` finds them."""


def openapi_document(
    model: ServedModel, stoker_version: str, parts: Iterable[Described]
) -> dict[str, Any]:
    """What the server answers at `/openapi.json`."""
    paths: dict[str, Any] = {}
    schemas: dict[str, Any] = {}
    for part in parts:
        paths |= part.paths
        schemas |= part.schemas
    return {
        "openapi": "3.1.0",
        "info": {
            "title": model.name,
            "version": model.version,
            "description": f"A model served by stoker {stoker_version}.",
        },
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{}, {"key": []}],
    }


def get_item(
    text: str, schema: Mapping[str, Any], *, error: str, content_type: str = JSON
) -> dict[str, Any]:
    """A path that is read.

    Args:
        text: What it says, in a sentence.
        schema: Of its answer.
        error: Name of the schema of what is refused.
        content_type: Of its answer.
    """
    answer = {"description": text, "content": {content_type: {"schema": dict(schema)}}}
    responses = {"200": answer} | _errors(_GET_ERRORS, error)
    return {"get": {"summary": text, "responses": responses}}


def probe_item(text: str, *, error: str) -> dict[str, Any]:
    """A path that says whether something is ready, with its status as well."""
    ready = object_of({"ready": {"type": "boolean"}}, "ready")
    found = get_item(text, ready, error=error)
    found["get"]["responses"]["503"] = content_of("It is not.", ready)
    return found


def post_item(operation: Mapping[str, Any], answer: Mapping[str, Any], *, error: str) -> Any:
    """A path that something is sent to.

    Args:
        operation: Its Operation Object but for the responses.
        answer: Response Object of what is answered.
        error: Name of the schema of what is refused.
    """
    return {"post": {**operation, "responses": {"200": dict(answer)} | _errors(_ERRORS, error)}}


def content_of(text: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    """A Response Object in JSON."""
    return {"description": text, "content": {JSON: {"schema": dict(schema)}}}


def object_of(properties: Mapping[str, Any], *required: str) -> dict[str, Any]:
    """The schema of an object.

    >>> object_of({"live": {"const": True}}, "live")["required"]
    ['live']
    """
    return {"type": "object", "properties": dict(properties), "required": list(required)}


def list_of(items: Mapping[str, Any]) -> dict[str, Any]:
    """The schema of a list."""
    return {"type": "array", "items": dict(items)}


def ref_of(name: str) -> dict[str, Any]:
    """A schema that has a name.

    >>> ref_of("Row")
    {'$ref': '#/components/schemas/Row'}
    """
    return {"$ref": f"#/components/schemas/{name}"}


def _errors(codes: Iterable[str], form: str) -> dict[str, Any]:
    return {code: content_of(_ERRORS[code], ref_of(form)) for code in codes}
