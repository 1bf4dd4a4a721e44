"""`POST /predict`: a picture, JSON rows or CSV in, JSON out.

One picture or one JSON object is answered with one object, a list, `{"rows": [...]}` or CSV with
`{"predictions": [...]}`; both name the model and its version.  A request is answered as a whole: a
bad cell refuses it, naming every bad row and column, because a client that zips answers to rows
must not be handed fewer.

Columns that the model does not use are left out and named under `ignored`; with `?extra=refuse`
they are refused, as `stoker predict --extra refuse` does.  Cells that hold what training never saw
are answered, and named by column under `warnings`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, NamedTuple
from urllib.parse import parse_qs

import numpy as np

from stoker.serve.json_body import parse_json
from stoker.serve.messages import Answer, Refusal, Request, json_answer, refusal_answer
from stoker.serve.openapi import (
    JSON,
    Described,
    content_of,
    list_of,
    object_of,
    post_item,
    ref_of,
)
from stoker.serve.protocols import Protocol
from stoker.serve.request_rows import Ignored, table_of_csv, table_of_rows
from stoker.serve.routes import Route, post
from stoker.serve.routing import Deployments
from stoker.serve.served_model import Picture, ServedAnswers, ServedModel, Unit

_EXTRA = {
    "name": "extra",
    "in": "query",
    "description": "Columns that the model does not use: ignore and name them, or refuse them.",
    "schema": {"enum": ["ignore", "refuse"], "default": "ignore"},
}


class Rest(Protocol):
    """Stoker's own form, for clients that are written by hand."""

    prefix: ClassVar[str] = "/predict"

    def routes(self, deployments: Deployments) -> Mapping[str, Route]:
        """The one path."""

        async def predict(request: Request) -> Answer:
            deployment = deployments.choose(request)
            body = await deployment.read(request)
            model = deployment.model
            asked = read_rows(request, body, model, deployment.settings.max_rows)
            answers = await deployment.answer(request, asked.rows)
            return write_answers(answers, model, single=asked.single, ignored=asked.ignored)

        return {"/predict": post("/predict", predict)}

    def error(self, refusal: Refusal) -> Answer:
        """What is wrong, what was expected, and every bad cell."""
        return refusal_answer(refusal)

    def openapi(self, deployments: Deployments) -> Described:
        """The path, and schemas made from the bundle's own."""
        model = deployments.members[0].model
        return Described({"/predict": _path(model)}, _schemas(model))


class RestRequest(NamedTuple):
    """The rows of a request."""

    rows: Unit
    single: bool
    """Whether one answer is wanted rather than a list."""
    ignored: tuple[str, ...] = ()
    """Columns that the model does not use, the first few."""


def read_rows(request: Request, body: bytes, model: ServedModel, max_rows: int) -> RestRequest:
    """The rows of a request, by its content type.

    Raises:
        Refusal: If the content type is not taken (415) or the body is wrong.
    """
    kind = request.headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
    ignored: Ignored | None = None if _refuses_extra(request) else {}
    if kind.startswith(b"image/"):
        return RestRequest(_image(body, model), single=True)
    if kind == b"application/json":
        value = parse_json(body)
        rows = _rows_of(value)
        table = table_of_rows(rows, model.cells, max_rows, model.target, ignored)
        return RestRequest(table, rows[0] is value, tuple(ignored or ()))
    if kind == b"text/csv":
        table = table_of_csv(body, model.cells, max_rows, model.target, ignored)
        return RestRequest(table, False, tuple(ignored or ()))
    found = kind.decode("latin-1")[:80] or "none"
    image = "image/* with the bytes of a picture, or " if model.takes_picture else ""
    raise Refusal(
        f"content type {found} is not taken",
        status=415,
        expected=f"{image}application/json, or text/csv",
    )


def _refuses_extra(request: Request) -> bool:
    """Whether `?extra=refuse` was asked for.

    Raises:
        Refusal: If `extra` is something else.
    """
    query = request.scope.get("query_string", b"")
    if not query:
        return False
    asked = parse_qs(query.decode("latin-1"), keep_blank_values=True).get("extra", ["ignore"])
    if asked[-1] not in ("ignore", "refuse"):
        raise Refusal(f"extra={asked[-1][:40]}", expected="extra=ignore or extra=refuse")
    return asked[-1] == "refuse"


def write_answers(
    answers: ServedAnswers, model: ServedModel, *, single: bool, ignored: tuple[str, ...] = ()
) -> Answer:
    """The answers as JSON, with what there is to tell: columns left out, cells never seen."""
    head: dict[str, Any] = {"model": model.name, "version": model.version}
    if ignored:
        head["ignored"] = ignored
    if answers.unseen is not None:
        head["warnings"] = answers.unseen.sentences
    rows = rows_of_answers(answers, model.labels)
    if single:
        return json_answer(head | rows[0])
    return json_answer(head | {"predictions": rows})


def rows_of_answers(answers: ServedAnswers, labels: list[str]) -> list[dict[str, Any]]:
    """One mapping a row; probabilities by label."""
    columns = dict(answers.columns)
    probability_NK = columns.pop("probabilities", None)
    names = list(columns)
    rows = [dict(zip(names, values, strict=True)) for values in zip(*columns.values(), strict=True)]
    if isinstance(probability_NK, np.ndarray):
        for row, probability_K in zip(rows, probability_NK, strict=True):
            row["probabilities"] = dict(zip(labels, probability_K, strict=True))
    return rows


def _image(body: bytes, model: ServedModel) -> Picture:
    if not model.takes_picture:
        raise Refusal(
            "this model does not take a single picture",
            status=415,
            expected="application/json or text/csv with the columns " + ", ".join(model.cells),
        )
    if not body:
        raise Refusal("the body is empty", status=422, expected="the bytes of a picture")
    return Picture(body)


def _rows_of(value: Any) -> list[Any]:
    if isinstance(value, dict):
        is_wrapped = value.keys() == {"rows"} and isinstance(value["rows"], list)
        return value["rows"] if is_wrapped else [value]
    if isinstance(value, list):
        return value
    raise Refusal(
        "the body is no row", status=422, expected='an object, a list, or {"rows": [...]}'
    )


def answer_schema(model: ServedModel) -> dict[str, Any]:
    """JSON Schema of one answer: probabilities stand by label."""
    schema = dict(model.answer_schema)
    properties = dict(schema.get("properties", {}))
    if "probabilities" in properties:
        share = {"type": "number", "minimum": 0, "maximum": 1}
        by_label = object_of(dict.fromkeys(model.labels, share), *model.labels)
        properties["probabilities"] = by_label | {"additionalProperties": False}
    return schema | {"properties": properties}


def _schemas(model: ServedModel) -> dict[str, Any]:
    named = {"model": {"const": model.name}, "version": {"const": model.version}}
    texts = list_of({"type": "string"})
    told = {"ignored": texts, "warnings": texts}
    answer = answer_schema(model)
    single = [*named, *answer.get("required", [])]
    several = named | told | {"predictions": list_of(ref_of("Answer"))}
    return {
        "Row": object_of(model.cells, *model.cells),
        "Answer": answer,
        "Single": object_of(named | told | answer["properties"], *single),
        "Several": object_of(several, *named, "predictions"),
    }


def _path(model: ServedModel) -> dict[str, Any]:
    row = ref_of("Row")
    rows = list_of(row) | {"minItems": 1}
    wrapped = object_of({"rows": rows}, "rows")
    content: dict[str, Any] = {JSON: {"schema": {"oneOf": [row, rows, wrapped]}}}
    if model.takes_picture:
        content["image/*"] = {"schema": {"type": "string", "format": "binary"}}
    if not model.image_columns:
        content["text/csv"] = {"schema": {"type": "string"}}
    operation = {
        "operationId": "predict",
        "summary": "ServedAnswers for rows; a single row is answered with a single object.",
        "parameters": [_EXTRA],
        "requestBody": {"required": True, "content": content},
    }
    answers = content_of("The answers.", {"oneOf": [ref_of("Single"), ref_of("Several")]})
    return post_item(operation, answers, error="Error")
