"""Open Inference Protocol, version 2, over REST, with JSON and with binary tensors.

Each input of the model is a tensor of shape [rows] (or [rows, 1]) under the name of its column:
numbers FP64 (any numeric type is taken, and BYTES with their text), numbers that never came without
a unit BYTES, which alone can hold one (a numeric type is taken too), categories BYTES, pictures
BYTES (the file itself in binary form, base64 in JSON).  Each column of the answer is a tensor;
probabilities have the shape [rows, classes].  NaN in a binary number, or null in JSON, is a missing
value; so is an empty text, which is all that binary tensors of BYTES have for it.

Source: https://github.com/kserve/open-inference-protocol (REST), and the binary tensor data
extension of https://github.com/triton-inference-server/server.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa

from stoker import __version__
from stoker.serve.deployment import Deployment
from stoker.serve.json_body import parse_json
from stoker.serve.messages import Answer, BadInput, Refusal, Request, json_answer, json_bytes
from stoker.serve.openapi import Described
from stoker.serve.protocols import Protocol
from stoker.serve.protocols import _v2_tensors as tensors
from stoker.serve.protocols._v2_form import Infer, Input, Output, read_form
from stoker.serve.protocols._v2_schemas import v2_paths, v2_schemas
from stoker.serve.request_rows import check_row_count, column_of_cells
from stoker.serve.routes import Route, get, post
from stoker.serve.routing import Deployments
from stoker.serve.served_model import ServedAnswers, ServedModel, bad_cells, is_image

_LENGTH = b"inference-header-content-length"
_ONLY_PICTURES = "base64 for the pictures of a JSON tensor alone"
_Choose = Callable[[Request], Deployment]


class OpenInference(Protocol):
    """Tensors by the names of their columns, as KServe, Triton and MLServer take them."""

    prefix: ClassVar[str] = "/v2"

    def routes(self, deployments: Deployments) -> Mapping[str, Route]:
        """Those of the server and the model, and of each version by its name."""
        model = f"/v2/models/{deployments.name}"
        models: dict[str, _Choose] = {model: deployments.choose}
        for one in deployments.members:
            models[f"{model}/versions/{one.model.version}"] = partial(_fixed, one)
        live = json_answer({"live": True})
        routes = {
            "/v2": get("/v2", lambda _: server_metadata(__version__)),
            "/v2/health/live": get("/v2/health/live", lambda _: live, is_open=True),
            "/v2/health/ready": get(
                "/v2/health/ready", lambda _: _readiness({}, deployments.is_ready), is_open=True
            ),
        }
        for path, choose in models.items():
            routes |= _model_routes(path, choose, deployments)
        return routes

    def error(self, refusal: Refusal) -> Answer:
        """A refusal as the protocol has it: one text."""
        expected = f"; expected {refusal.expected}" if refusal.expected else ""
        answer = json_answer({"error": f"{refusal.what}{expected}"}, refusal.status)
        answer.headers = refusal.headers
        return answer

    def openapi(self, deployments: Deployments) -> Described:
        """Paths and schemas; those of a version are those of the model."""
        model = deployments.members[0].model
        return Described(v2_paths(model), v2_schemas(model))


def _fixed(deployment: Deployment, _: Request) -> Deployment:
    """Who answers a request that names the version."""
    return deployment


def _model_routes(path: str, choose: _Choose, deployments: Deployments) -> dict[str, Route]:
    """What may be asked of a model, or of a version of it."""

    def metadata(request: Request) -> Answer:
        return model_metadata(choose(request).model, deployments)

    def readiness(request: Request) -> Answer:
        deployment = choose(request)
        return _readiness({"name": deployment.model.name}, deployment.ready)

    async def infer(request: Request) -> Answer:
        deployment = choose(request)
        body = await deployment.read(request)
        asked = read_infer(request, body, deployment.model, deployment.settings.max_rows)
        return asked.write(await deployment.answer(request, asked.rows))

    return {
        path: get("/v2/models", metadata),
        f"{path}/ready": get("/v2/models/ready", readiness),
        f"{path}/infer": post("/v2/models/infer", infer),
    }


def server_metadata(version: str) -> Answer:
    """What the server is and which extensions it has."""
    return json_answer({"name": "stoker", "version": version, "extensions": ["binary_tensor_data"]})


def model_metadata(model: ServedModel, deployments: Deployments) -> Answer:
    """Names, types and shapes of inputs and outputs, and the versions that are served."""
    inputs = [
        {"name": name, "datatype": tensors.datatype_of(cell), "shape": [-1]}
        for name, cell in model.cells.items()
    ]
    return json_answer(
        {
            "name": model.name,
            "versions": [one.model.version for one in deployments.members],
            "platform": "onnxruntime",
            "inputs": inputs,
            "outputs": tensors.output_tensors(model),
        }
    )


def _readiness(told: Mapping[str, str], is_ready: bool) -> Answer:
    return json_answer({**told, "ready": is_ready}, 200 if is_ready else 503)


def read_infer(request: Request, body: bytes, model: ServedModel, max_rows: int) -> InferAsked:
    """The rows and wishes of an inference request.

    Raises:
        Refusal: If it does not follow the protocol, or does not fit the model.
    """
    head, binary = _split(request, body)
    infer = read_form(parse_json(head))
    given = _by_name(infer.inputs, model)
    sizes = {name: _num_rows(tensor) for name, tensor in given.items()}
    num_rows = next(iter(sizes.values()))
    for name, size in sizes.items():
        if size != num_rows:
            raise Refusal(f"input {name!r} has {size} rows, others have {num_rows}")
    check_row_count(num_rows, max_rows)
    return InferAsked(_table(infer.inputs, given, binary, model), infer, model)


class InferAsked:
    """The rows of an inference request, and how the answer should look."""

    def __init__(self, rows: pa.Table, infer: Infer, model: ServedModel) -> None:
        """Keep what is needed to write the answer.

        Raises:
            Refusal: If an output is asked for that the model does not have.
        """
        self.rows, self._infer, self._model = rows, infer, model
        known = [output["name"] for output in tensors.output_tensors(model)]
        self._wanted = infer.outputs or [Output(name=name) for name in known]
        for output in self._wanted:
            if output.name not in known:
                raise Refusal(
                    f"no output {output.name[:80]!r}", expected=f"one of {', '.join(known)}"
                )

    def write(self, answers: ServedAnswers) -> Answer:
        """The answer, as JSON or as JSON followed by binary tensors."""
        described, blobs = [], []
        for output in self._wanted:
            tensor, blob = self._tensor(output, answers.columns[output.name])
            described.append(tensor)
            blobs += [] if blob is None else [blob]
        head: dict[str, Any] = {
            "model_name": self._model.name,
            "model_version": self._model.version,
            "outputs": described,
        }
        if self._infer.id is not None:
            head["id"] = self._infer.id
        if answers.unseen is not None:  # One text: values of parameters are no lists.
            head["parameters"] = {"warnings": "; ".join(answers.unseen.sentences)}
        if not blobs:
            return json_answer(head)
        text = json_bytes(head)
        length = (_LENGTH, str(len(text)).encode())
        return Answer(
            b"".join([text, *blobs]),
            content_type=b"application/octet-stream",
            headers=(length,),
        )

    def _tensor(
        self, output: Output, values: list[Any] | np.ndarray
    ) -> tuple[dict[str, Any], bytes | None]:
        datatype, array = tensors.from_answers(values)
        tensor = {"name": output.name, "datatype": datatype, "shape": list(array.shape)}
        binary = output.parameters.binary_data
        if binary is None:
            binary = self._infer.parameters.binary_data_output
        if not binary:
            data = array.ravel()
            return tensor | {"data": data.tolist() if datatype == "BYTES" else data}, None
        blob = tensors.to_bytes(array, datatype)
        return tensor | {"parameters": {"binary_data_size": len(blob)}}, blob


def _split(request: Request, body: bytes) -> tuple[bytes, memoryview]:
    """The JSON part and the binary part of a body."""
    text = request.headers.get(_LENGTH)
    if text is None:
        return body, memoryview(b"")
    length = int(text) if text.isdigit() and len(text) < 12 else -1
    if not 0 <= length <= len(body):
        raise Refusal(
            "Inference-Header-Content-Length is wrong",
            expected=f"the length of the JSON part, 0 to {len(body)}",
        )
    return body[:length], memoryview(body)[length:]


def _by_name(inputs: list[Input], model: ServedModel) -> dict[str, Input]:
    given = {tensor.name: tensor for tensor in inputs}
    if len(given) != len(inputs):
        raise Refusal("an input stands twice")
    for name in given:
        if name not in model.cells:
            raise Refusal(
                f"the model has no input {name[:80]!r}", expected=", ".join(model.cells)[:400]
            )
    for name in model.cells:
        if name not in given:
            raise Refusal(f"input {name!r} is missing")
    return given


def _num_rows(tensor: Input) -> int:
    shape = tensor.shape
    if len(shape) == 1 or (len(shape) == 2 and shape[1] == 1):
        return shape[0]
    raise Refusal(f"input {tensor.name!r} has shape {shape}", expected="[rows] or [rows, 1]")


def _table(
    inputs: list[Input], given: dict[str, Input], binary: memoryview, model: ServedModel
) -> pa.Table:
    """The tensors as columns in the model's order; binary ones are cut in the request's order."""
    blobs: dict[str, memoryview] = {}
    start = 0
    for tensor in inputs:
        size = tensor.parameters.binary_data_size
        if size is not None:
            blobs[tensor.name] = binary[start : start + size]
            start += size
    if start != len(binary):
        raise Refusal(f"{len(binary)} bytes follow the JSON part, the inputs' sizes sum to {start}")
    return pa.table(
        {name: _column(given[name], blobs.get(name), cell) for name, cell in model.cells.items()}
    )


def _column(tensor: Input, blob: memoryview | None, cell: Any) -> pa.Array:
    wants_numbers = tensors.holds_numbers(cell)
    tensors.check_datatype(tensor.name, tensor.datatype, cell)
    num_rows = tensor.shape[0]
    if tensor.parameters.content_type == "base64" and (blob is not None or not is_image(cell)):
        raise Refusal(f"input {tensor.name!r} has the content_type base64", expected=_ONLY_PICTURES)
    if blob is not None:
        if tensor.data is not None:
            raise Refusal(f"input {tensor.name!r} has both data and binary data")
        values = tensors.from_bytes(blob, tensor.datatype, num_rows, tensor.name)
        return tensors.to_column(values, wants_numbers, is_image(cell), tensor.name)
    values = tensors.from_json(tensor.data, tensor.datatype, num_rows, tensor.name)
    bad: list[BadInput] = []
    column = column_of_cells(values, tensor.name, cell, bad)
    if bad:
        raise bad_cells(bad)
    return column
