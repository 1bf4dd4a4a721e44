"""The graph of a bundle in onnxruntime: quiet, no spinning threads, errors in plain words.

Spinning is off because idle threads that spin take cores from other workers.  The graph is checked
against the interface once, so that a bundle whose parts do not belong together is refused at load.

Cost: 20 to 50 ms for a small net, mostly onnxruntime's graph optimisation.
"""

from __future__ import annotations

import importlib
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import final

import numpy as np
import onnxruntime

from stoker.bundle.interface import Interface
from stoker.bundle.runtimes import Loaded
from stoker.cells.ragged import Ragged, Rows, alike, lengths_of, rows_at, values_of
from stoker.core.errors import ArtifactError, MachineError
from stoker.networks.graph_names import (
    OUTPUT,
    graph_dtype,
    graph_feed,
    graph_input,
    offsets_input,
)

_STATE = importlib.import_module("onnxruntime.capi.onnxruntime_pybind11_state")
RUNTIME_ERRORS = tuple(
    error
    for error in vars(_STATE).values()
    if isinstance(error, type) and issubclass(error, Exception)
)
"""The runtime's exceptions, which have no common base class; they live in its compiled module."""
_TYPES = {
    "tensor(float)": np.float32,
    "tensor(double)": np.float64,
    "tensor(int32)": np.int32,
    "tensor(int64)": np.int64,
    "tensor(uint8)": np.uint8,
}
_FATAL = 4
_PART_ROWS = 256
_quiet = threading.Event()


class _GraphSession(onnxruntime.InferenceSession):
    """The runtime's session, which looks inputs up instead of searching for each of them.

    Before each run it looks for the name of every input in a list of all of them: half a second a
    call for 6,000 columns (onnxruntime 1.31).
    """

    def _validate_input(self, feed_input_names: Iterable[str]) -> None:
        super()._validate_input(frozenset(feed_input_names))


@final
class Session(Loaded):
    """One loaded graph; may be run from several threads."""

    def __init__(self, graph: bytes, interface: Interface, *, where: Path, threads: int) -> None:
        """Load and check the graph.

        Raises:
            ArtifactError: If the runtime cannot load it, or its inputs and output are not those of
                the interface.
        """
        _silence()
        options = session_options(threads)
        try:
            self._session = _GraphSession(graph, options, providers=["CPUExecutionProvider"])
        except (*RUNTIME_ERRORS, RuntimeError) as error:
            raise ArtifactError(
                f"the graph of {where} cannot be loaded: {_brief(error)}",
                expected=f"an ONNX graph that this onnxruntime ({onnxruntime.__version__}) can run",
                fix="upgrade onnxruntime, or build the bundle again",
            ) from None
        self._inputs = {name: graph_input(name) for name in interface.inputs}
        self._is_plain = not any(
            form.ragged or form.dtype != graph_dtype(form.dtype)
            for form in interface.forms.values()
        )
        self._num_outputs = interface.task.output.width
        self._column = interface.task.output.column
        self._check(interface, where)

    def run(self, tensors: Mapping[str, Rows]) -> Rows:
        """Outputs (N, K) float32 of tensors by column, or of each token of a column.

        Raises:
            MachineError: If the runtime fails, which for checked tensors means memory.
            ArtifactError: If the graph gives another shape than it promised.
        """
        given = {graph: tensors[name] for name, graph in self._inputs.items()}
        num_rows = len(next(iter(given.values())))
        along = None if self._column is None else tensors[self._column]
        if not num_rows:
            return _as_rows(np.empty((0, self._num_outputs), np.float32), along)
        try:
            feed = given if self._is_plain else graph_feed(given)
            output_NK = np.asarray(self._session.run([OUTPUT], feed)[0])
        except (*RUNTIME_ERRORS, MemoryError, RuntimeError) as error:
            raise _failed(num_rows, error) from None
        num_outputs = num_rows if along is None else len(values_of(along))
        if output_NK.shape != (num_outputs, self._num_outputs):
            raise ArtifactError(
                f"the graph gave outputs of shape {output_NK.shape}",
                expected=f"({num_outputs}, {self._num_outputs})",
                fix="build the bundle again",
            )
        return _as_rows(output_NK, along)

    def _check(self, interface: Interface, where: Path) -> None:
        inputs, outputs = self._session.get_inputs(), self._session.get_outputs()
        found = {i.name: (_TYPES.get(i.type), tuple(i.shape[1:])) for i in inputs}
        expected: dict[str, tuple[type, tuple[int, ...]]] = {}
        for name, form in interface.forms.items():
            expected[self._inputs[name]] = (graph_dtype(form.dtype).type, form.shape)
            if form.ragged:
                expected[offsets_input(self._inputs[name])] = (np.int64, ())
        answers = [(o.name, o.type, list(o.shape[1:])) for o in outputs]
        if found != expected or answers != [(OUTPUT, "tensor(float)", [self._num_outputs])]:
            raise ArtifactError(
                f"the graph of {where} does not belong to its interface",
                expected=f"inputs {sorted(expected)} and one output of {self._num_outputs} columns",
                fix="build the bundle again",
            )


def _as_rows(output_NK: np.ndarray, along: Rows | None) -> Rows:
    """Outputs cut into rows as the tokens are that they belong to; one a row as they are."""
    return Ragged(output_NK, along.offsets) if isinstance(along, Ragged) else output_NK


def run_graph(graph: bytes, tensors: Mapping[str, Rows]) -> np.ndarray:
    """Outputs (N, K) of a graph that is not in a bundle yet, for tensors by input name.

    Raises:
        MachineError: If the runtime fails.
    """
    parts = _parts(tensors)
    output_NK = np.concatenate([found[0] for found in _run_parts(graph, tensors, parts, [OUTPUT])])
    return output_NK[np.argsort(np.concatenate(parts))]


def run_nodes(
    graph: bytes, tensors: Mapping[str, Rows], outputs: list[str]
) -> list[list[np.ndarray]]:
    """These outputs of a graph, for some rows of like length after the other.

    Raises:
        MachineError: If the runtime fails.
    """
    return list(_run_parts(graph, tensors, _parts(tensors), outputs))


def _parts(tensors: Mapping[str, Rows]) -> list[np.ndarray]:
    """Rows that are asked together."""
    num_rows, length_N = len(next(iter(tensors.values()))), lengths_of(tensors)
    if length_N is not None:
        return alike(length_N)
    return np.split(np.arange(num_rows), range(_PART_ROWS, num_rows, _PART_ROWS))


def _run_parts(
    graph: bytes, tensors: Mapping[str, Rows], parts: list[np.ndarray], outputs: list[str]
) -> Iterator[list[np.ndarray]]:
    feeds = (graph_feed({n: rows_at(t, part) for n, t in tensors.items()}) for part in parts)
    try:
        session = _GraphSession(graph, session_options(1), providers=["CPUExecutionProvider"])
        for feed in feeds:
            yield [np.asarray(found) for found in session.run(outputs, feed)]
    except (*RUNTIME_ERRORS, MemoryError, RuntimeError) as error:
        raise _failed(len(next(iter(tensors.values()))), error) from None


def asker(graph: bytes, tensors: Mapping[str, Rows]) -> Callable[[], object]:
    """What asks a graph that is not in a bundle for these tensors, as often as it is called."""
    session = _GraphSession(graph, session_options(1), providers=["CPUExecutionProvider"])
    return partial(session.run, [OUTPUT], graph_feed(tensors))


def session_options(threads: int) -> onnxruntime.SessionOptions:
    """Options of every session: so many threads, none of them spinning, nothing logged."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = _FATAL
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.add_session_config_entry("session.inter_op.allow_spinning", "0")
    return options


def _silence() -> None:
    """Once a process: no telemetry, no log lines; errors are raised."""
    if not _quiet.is_set():
        onnxruntime.disable_telemetry_events()
        onnxruntime.set_default_logger_severity(_FATAL)
        _quiet.set()


def _failed(num_rows: int, error: Exception) -> MachineError:
    return MachineError(f"the graph failed on {num_rows} rows: {_brief(error)}")


def _brief(error: Exception) -> str:
    return " ".join(str(error).split())[:200]
