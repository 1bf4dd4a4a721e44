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

from typing import Any, Literal

import numpy as np
import pyarrow as pa

from stoker.serve.json_body import parse_json
from stoker.serve.messages import Answer, BadInput, Refusal, Request, json_answer
from stoker.serve.protocols import tensors
from stoker.serve.protocols.v2_form import Infer, Input, Output, read_form
from stoker.serve.rows import check_row_count, column_of_cells
from stoker.serve.served_model import Answers, ServedModel, bad_cells, is_image

_LENGTH = b"inference-header-content-length"
_ONLY_PICTURES = "base64 for the pictures of a JSON tensor alone"


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
        known = [output["name"] for output in output_tensors(model)]
        self._wanted = infer.outputs or [Output(name=name) for name in known]
        for output in self._wanted:
            if output.name not in known:
                raise Refusal(
                    f"no output {output.name[:80]!r}", expected=f"one of {', '.join(known)}"
                )

    def write(self, answers: Answers) -> Answer:
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
        text = json_answer(head).body
        length = (b"inference-header-content-length", str(len(text)).encode())
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


def server_metadata(version: str) -> Answer:
    """What the server is and which extensions it has."""
    return json_answer({"name": "stoker", "version": version, "extensions": ["binary_tensor_data"]})


def model_metadata(model: ServedModel) -> Answer:
    """Names, types and shapes of inputs and outputs."""
    inputs = [
        {"name": name, "datatype": _datatype(cell), "shape": [-1]}
        for name, cell in model.cells.items()
    ]
    return json_answer(
        {
            "name": model.name,
            "versions": [model.version],
            "platform": "onnxruntime",
            "inputs": inputs,
            "outputs": output_tensors(model),
        }
    )


def output_tensors(model: ServedModel) -> list[dict[str, Any]]:
    """Name, datatype and shape of each column of an answer."""
    properties = model.answer_schema["properties"]
    outputs = []
    for name, schema in properties.items():
        if schema.get("type") == "array" or name == "probabilities":
            datatype, shape = "FP32", [-1, len(model.labels)]
        else:
            datatype, shape = tensors.OF_JSON_TYPE[schema["type"]], [-1]
            datatype = "FP32" if name == "confidence" else datatype
        outputs.append({"name": name, "datatype": datatype, "shape": shape})
    return outputs


def error_answer(refusal: Refusal) -> Answer:
    """A refusal as the protocol has it: one text."""
    expected = f"; expected {refusal.expected}" if refusal.expected else ""
    answer = json_answer({"error": f"{refusal.what}{expected}"}, refusal.status)
    answer.headers = refusal.headers
    return answer


def _datatype(cell: Any) -> Literal["BYTES", "FP64"]:
    """The type that the metadata names: that of the example, where a number may be a text too."""
    example = next(iter(cell.get("examples", ())), None)
    return "FP64" if _holds_numbers(cell) and not isinstance(example, str) else "BYTES"


def _holds_numbers(cell: Any) -> bool:
    return not is_image(cell) and "number" in cell.get("type", "string")


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
    wants_numbers = _holds_numbers(cell)
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
