"""Eight-bit integers for weights and activations (static quantisation).

Every matrix product and convolution gets its ranges from training rows, and then runs on int8; the
graph keeps float tensors at its ends.  Weights have one scale per channel.

Activations may be signed or unsigned.  On processors without 8-bit dot-product instructions
unsigned products can overflow their 16-bit sums in silence, and 7-bit weights ("reduced") avoid
that.  Which form is right depends on the machine, so all three are made and compared on the
calibration rows; the one nearest to the float outputs is kept, and of forms that are equally near
the one that such processors run fastest.  The quantiser also makes graphs that the runtime loads
and cannot run (a product with a weight of three axes); such a form is given up.

Of graphs that read rows of any length only products with weights are quantised (`_products`).

Cost: three passes over the calibration rows and some seconds.  Dynamic quantisation is not offered:
it makes convolutions 5 to 7 times slower, and answers follow the rows beside them.

Source: Jacob et al. 2018, "Quantization and Training of Neural Networks for Efficient
Integer-Arithmetic-Only Inference", https://arxiv.org/abs/1712.05877
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast

import numpy as np

from stoker.bundle.read import Bundle, open_bundle
from stoker.bundle.session import RUNTIME_ERRORS, run_graph
from stoker.bundle.write import write_bundle
from stoker.cells.ragged import Ragged, Rows, rows_between
from stoker.compress import Compressor, Material
from stoker.compress._products import Bytes, quantised, ranges_of
from stoker.core.errors import ArtifactError, MachineError, MissingExtraError
from stoker.core.steps import step_name
from stoker.networks.graph_names import graph_feed, graph_input
from stoker.store.scratch import scratch_folder

if TYPE_CHECKING:
    import onnx

_PRODUCTS = frozenset({"Conv", "ConvTranspose", "Gemm", "MatMul"})
_QUANTISED = [
    *sorted(_PRODUCTS),
    *("Add", "AveragePool", "Clip", "Flatten", "GlobalAveragePool", "MaxPool", "Relu", "Reshape"),
]
"""Operators that run on int8: the products, and what stands between them."""

_BATCH_ROWS = 64
_NEARLY = 1.05

Form = Literal["unsigned", "signed", "reduced"]
_FORMS: tuple[Form, ...] = ("unsigned", "signed", "reduced")
_FORMS_OF_TEXTS: tuple[Form, ...] = ("unsigned", "reduced")
"""Products of signed bytes are 18 times slower on processors that have no instruction for them."""
_BYTES = {
    "unsigned": Bytes(is_signed=False, weight_levels=127),
    "signed": Bytes(is_signed=True, weight_levels=127),
    "reduced": Bytes(is_signed=False, weight_levels=63),
}


class Int8(Compressor):
    """Static quantisation to int8, calibrated on training rows."""

    form: Literal["auto", "unsigned", "signed", "reduced"] = "auto"
    """Activations as `unsigned` or `signed` bytes, or unsigned with 7-bit weights (`reduced`);
    `auto` measures which is nearest to the float model on this machine."""

    def refusal(self, bundle: Bundle) -> str | None:
        """A graph without matrix products (trees) has nothing to quantise."""
        kinds = {node.op_type for node in _load(bundle.graph).graph.node}
        if kinds & _PRODUCTS:
            return None
        return "the graph has no matrix product or convolution to quantise"

    def compress(self, bundle: Path, out: Path, material: Material) -> None:
        """Write the int8 candidate; its weights are the integers and scales of its graph."""
        source = open_bundle(bundle)
        tensors = {
            graph_input(name): material.calibration[name] for name in source.interface.inputs
        }
        is_ragged = any(isinstance(rows, Ragged) for rows in tensors.values())
        usual = _FORMS_OF_TEXTS if is_ragged else _FORMS
        forms = usual if self.form == "auto" else (self.form,)
        quantise = _quantise_products if is_ragged else _quantise_all
        graphs = quantise(source.graph, tensors, forms)
        form = _nearest(source.graph, graphs, tensors)
        write_bundle(
            out,
            name=source.name,
            interface=source.interface,
            graph=graphs[form],
            weights=_initializers(graphs[form]),
            model={**source.model, "compressed": {step_name(self): {"form": form}}},
            decision=source.decision,
        )


def _nearest(graph: bytes, candidates: Mapping[Form, bytes], tensors: Mapping[str, Rows]) -> Form:
    """The first form whose outputs are nearly as near to the float graph's as the best one's.

    Raises:
        ArtifactError: If no form runs.
    """
    exact_NK = run_graph(graph, tensors)
    error: dict[Form, float] = {}
    why = ""
    for form, made in candidates.items():
        try:
            off = float(np.abs(run_graph(made, tensors) - exact_NK).mean())
        except MachineError as failed:
            why = f"does not run: {failed.what}"
        else:
            if math.isfinite(off):
                error[form] = off
            else:
                why = why or "gives numbers that are not finite"
    if not error:
        raise _unfit(f"what the quantiser made of it {why}")
    return next(form for form in error if error[form] <= _NEARLY * min(error.values()))


def _unfit(why: str) -> ArtifactError:
    return ArtifactError(
        f"the graph cannot be quantised: {why}", fix="leave int8 out of compress.methods"
    )


def _quantise_products(
    graph: bytes, tensors: Mapping[str, Rows], forms: Iterable[Form]
) -> dict[Form, bytes]:
    """The graph in each form, with products alone as bytes.

    Raises:
        ArtifactError: If there is nothing to quantise, or a range is not finite.
    """
    model = _load(graph)
    ranges = ranges_of(model, tensors)
    if not ranges:
        raise _unfit("it has no product with a matrix of weights")
    if not np.isfinite(list(ranges.values())).all():
        raise _unfit("what enters a product is not finite")
    return {form: _tidy(quantised(model, ranges, _BYTES[form])) for form in forms}


def _quantise_all(
    graph: bytes, tensors: Mapping[str, Rows], forms: Iterable[Form]
) -> dict[Form, bytes]:
    """The graph in each form, with everything between products as bytes too."""
    # A range without an end overflows; what comes of it is judged by what the graph answers.
    with np.errstate(all="ignore"):
        return {form: _quantise(graph, tensors, form) for form in forms}


def _quantise(graph: bytes, tensors: Mapping[str, Rows], form: Form) -> bytes:
    """The quantised graph, in the QDQ form that every runtime understands."""
    from onnxruntime import quantization
    from onnxruntime.quantization.quant_utils import add_pre_process_metadata

    model = _load(graph)
    add_pre_process_metadata(model)  # without it the quantiser logs advice that was followed
    kind = quantization.QuantType.QInt8 if form == "signed" else quantization.QuantType.QUInt8
    with scratch_folder("int8") as scratch:
        path = scratch.path / "model.onnx"
        try:
            quantization.quantize_static(
                model,
                path,
                cast("Any", _CalibrationReader(tensors)),  # the quantiser asks for `get_next` only
                op_types_to_quantize=_QUANTISED,
                per_channel=True,
                reduce_range=form == "reduced",
                activation_type=kind,
                weight_type=quantization.QuantType.QInt8,
            )
        except (*RUNTIME_ERRORS, ValueError, RuntimeError, AttributeError, KeyError) as error:
            raise _unfit(" ".join(str(error).split())[:200]) from None
        return _tidy(_load(path.read_bytes()))


def _tidy(model: onnx.ModelProto) -> bytes:
    """Drop what the quantiser leaves behind, so that equal graphs give equal bytes."""
    used = {node.domain for node in model.graph.node}
    opsets = [opset for opset in model.opset_import if opset.domain in used]
    del model.opset_import[:]
    model.opset_import.extend(opsets)
    del model.metadata_props[:]
    del model.graph.value_info[:]
    model.producer_name, model.producer_version = "stoker", ""
    return model.SerializeToString(deterministic=True)


def _initializers(graph: bytes) -> dict[str, np.ndarray]:
    from onnx import numpy_helper

    return {t.name: numpy_helper.to_array(t) for t in _load(graph).graph.initializer}


def _load(graph: bytes) -> onnx.ModelProto:
    try:
        import onnx
    except ImportError:
        raise MissingExtraError("onnx", extra="train", needed_for="compress: int8") from None
    return onnx.load_from_string(graph)


class _CalibrationReader:
    """Gives the quantiser its rows, a batch at a time."""

    def __init__(self, tensors: Mapping[str, Rows]) -> None:
        self._batches = self._cut(tensors)

    def get_next(self) -> dict[str, np.ndarray] | None:
        """The next batch, None at the end."""
        return next(self._batches, None)

    @staticmethod
    def _cut(tensors: Mapping[str, Rows]) -> Iterator[dict[str, Any]]:
        num_rows = len(next(iter(tensors.values())))
        for begin in range(0, num_rows, _BATCH_ROWS):
            end = begin + _BATCH_ROWS
            yield graph_feed({n: rows_between(t, begin, end) for n, t in tensors.items()})
