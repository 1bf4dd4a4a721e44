"""The model a worker serves: raw rows of many requests in, each request's own answers out.

Requests are joined into one table, answered by one call of the Predictor, and cut apart again; a
bad cell spoils its own request only.  Requests whose columns have other types (numbers written as
text in a CSV file, numbers in JSON) are answered in calls of their own, because joining them would
mean converting cells in a way that the Predictor does not.

A request that is one picture stays bytes until then, because pictures become a table faster
together than one by one.

Cost beside the Predictor: about 20 µs a call and 10 µs a request.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa

from stoker.bundle.interface import Interface
from stoker.bundle.prediction import Prediction
from stoker.bundle.predictor import Predictor
from stoker.cells.ragged import Ragged, Rows
from stoker.cells.raw import one_array
from stoker.core.errors import ArtifactError, DataError, StokerError
from stoker.features import FittedFeature, Form
from stoker.serve.messages import BadInput, Refusal
from stoker.serve.unseen import UnseenCounter, parts

_MAX_CELLS = 100
_WARM_VALUES = 64
_PICTURE_TYPE = pa.large_binary()


@dataclass(frozen=True, slots=True)
class Picture:
    """One row of the model that takes a picture and nothing else."""

    data: bytes
    num_rows: ClassVar[int] = 1


Unit = pa.Table | Picture
"""The rows of one request."""


@dataclass(frozen=True)
class ServedAnswers:
    """Answers of some rows, by column: lists of values, and (N, K) arrays of probabilities."""

    columns: dict[str, list[Any] | np.ndarray]
    num_rows: int
    unseen: UnseenCounter | None = None
    """Cells that hold what training never saw, if there are any."""

    def part(self, start: int, stop: int) -> ServedAnswers:
        """The answers of rows `start` to `stop`."""
        columns = {name: values[start:stop] for name, values in self.columns.items()}
        return ServedAnswers(columns, stop - start)


class ServedModel:
    """A Predictor with its name, its version, and the schema of its cells."""

    def __init__(
        self,
        predictor: Predictor,
        name: str,
        version: str,
        trial_s: Mapping[int, float] | None = None,
    ) -> None:
        """Read the schema once.

        Args:
            predictor: Answers raw rows.
            name: What the model is called.
            version: Its version.
            trial_s: Seconds of a batch by number of threads, as the choice of threads found them.
        """
        self.predictor, self.name, self.version = predictor, name, version
        self.trial_s = dict(trial_s or {})
        inputs = predictor.interface.inputs
        self.cells: dict[str, dict[str, Any]] = {
            column: feature.json_schema() for column, feature in inputs.items()
        }
        self.target = predictor.interface.target
        self.answer_schema = _answer_schema(predictor)
        """JSON Schema of one answer, as the predictor gives it."""
        self.labels = label_names(self.answer_schema)
        self._has_intervals = "low" in self.answer_schema["properties"]
        self.image_columns = tuple(n for n, cell in self.cells.items() if is_image(cell))
        self.takes_picture = bool(self.image_columns) and len(self.cells) == 1
        """Whether it takes one picture and nothing else, so that a picture alone is a row."""
        self.ragged_columns = tuple(name for name, feature in inputs.items() if feature.ragged)
        """Columns whose rows have any length, so that a row may cost much."""
        self.max_pixels = _max_pixels(predictor.interface, self.image_columns)
        """Most pixels of a picture, by column of pictures."""
        self._picture_schema = pa.schema((name, _PICTURE_TYPE) for name in self.image_columns)

    def answer(self, units: Sequence[Unit]) -> list[ServedAnswers | Refusal]:
        """The answers of each unit of rows, or why it has none; called in the executor thread."""
        results: list[ServedAnswers | Refusal | None] = [None] * len(units)
        for members in self._by_schema(units):
            answered = self._answer_alike([units[i] for i in members])
            for i, result in zip(members, answered, strict=True):
                results[i] = result
        return [result for result in results if result is not None]

    def _by_schema(self, units: Sequence[Unit]) -> list[list[int]]:
        groups: list[tuple[pa.Schema, list[int]]] = []
        for i, unit in enumerate(units):
            unit_schema = self._picture_schema if isinstance(unit, Picture) else unit.schema
            for schema, members in groups:
                if schema is unit_schema or schema.equals(unit_schema):
                    members.append(i)
                    break
            else:
                groups.append((unit_schema, [i]))
        return [members for _, members in groups]

    def _answer_alike(self, units: Sequence[Unit]) -> list[ServedAnswers | Refusal]:
        try:
            prediction = self.predictor.predict(
                self._table(units), on_bad="reject", intervals=self._has_intervals
            )
        except StokerError as error:
            if len(units) > 1:
                return [self._answer_alike([unit])[0] for unit in units]
            return [_refusal_of(error)]
        answers, sizes = answers_of(prediction.table), [unit.num_rows for unit in units]
        if prediction.rejects.num_rows:
            results = _cut_around_bad(answers, prediction.rejects, sizes)
        else:
            results = _cut(answers, sizes)
        if prediction.unseen_N:
            _note_unseen(results, units, prediction, self.predictor.interface.inputs)
        return results

    def _table(self, units: Sequence[Unit]) -> pa.Table:
        pictures = [unit.data for unit in units if isinstance(unit, Picture)]
        if len(pictures) == len(units):
            cells = pa.array(pictures, _PICTURE_TYPE)
            return pa.Table.from_arrays([cells], schema=self._picture_schema)
        tables = [self._table([u]) if isinstance(u, Picture) else u for u in units]
        return tables[0] if len(tables) == 1 else pa.concat_tables(tables).combine_chunks()

    def warm(self, sizes: Iterable[int]) -> None:
        """Run the graph on zeros of each batch size, so that no client pays for a first time."""
        for size in sizes:
            self.predictor.outputs_of(zero_tensors(self.predictor.interface, size))


def _answer_schema(predictor: Predictor) -> dict[str, Any]:
    """The predictor's schema, with the ends of intervals if the bundle measured them."""
    schema = predictor.output_schema()
    if predictor.decision.interval is None:
        return schema
    level = (
        f"holds the truth in {100 * predictor.decision.level:g} % of rows like those of training"
    )
    ends = {
        name: {"type": "number", "description": f"{end} end of an interval that {level}."}
        for name, end in (("low", "Lower"), ("high", "Upper"))
    }
    return schema | {
        "properties": schema["properties"] | ends,
        "required": [*schema.get("required", ()), *ends],
    }


def zero_tensors(interface: Interface, num_rows: int) -> dict[str, Rows]:
    """A batch that any model can compute; rows of any length have 64 values."""
    return {name: _zeros(form, num_rows) for name, form in interface.forms.items()}


def _zeros(form: Form, num_rows: int) -> Rows:
    if not form.ragged:
        return np.zeros((num_rows, *form.shape), form.dtype)
    values = np.zeros((num_rows * _WARM_VALUES, *form.shape), form.dtype)
    return Ragged(values, np.arange(num_rows + 1, dtype=np.int64) * _WARM_VALUES)


def _max_pixels(interface: Interface, columns: Sequence[str]) -> dict[str, int]:
    if not columns:
        return {}
    # Only here, so that a model without pictures does not load Pillow.
    from stoker.cells.image_formats import MAX_PIXELS

    features = {name: interface.inputs[name] for name in columns}
    return {name: feature.pixel_limit or MAX_PIXELS for name, feature in features.items()}


def is_image(cell: Mapping[str, Any]) -> bool:
    """Whether the schema of a cell says that it is a picture."""
    return cell.get("contentEncoding") == "base64"


def answers_of(table: pa.Table) -> ServedAnswers:
    """A table of answers as Python lists, probabilities as one (N, K) array."""
    columns: dict[str, list[Any] | np.ndarray] = {}
    for name, chunks in zip(table.column_names, table.columns, strict=True):
        column = one_array(chunks)
        if pa.types.is_fixed_size_list(column.type):
            width = column.type.list_size
            columns[name] = column.flatten().to_numpy().reshape(-1, width)
        elif pa.types.is_floating(column.type):
            columns[name] = column.to_numpy(zero_copy_only=False)
        else:
            columns[name] = column.to_pylist()
    return ServedAnswers(columns, table.num_rows)


def _note_unseen(
    results: list[ServedAnswers | Refusal],
    units: Sequence[Unit],
    prediction: Prediction,
    inputs: Mapping[str, FittedFeature],
) -> None:
    """Put the unseen cells of each unit beside its answers."""
    tables = [unit for unit in units if not isinstance(unit, Picture)]
    unseen = parts(tables, prediction.unseen_N, inputs)
    for i, found in enumerate(unseen):
        result = results[i]
        if found is not None and isinstance(result, ServedAnswers):
            results[i] = replace(result, unseen=found)


def _cut(answers: ServedAnswers, sizes: list[int]) -> list[ServedAnswers | Refusal]:
    stops = np.cumsum(sizes).tolist()
    return [answers.part(stop - size, stop) for size, stop in zip(sizes, stops, strict=True)]


def _cut_around_bad(
    answers: ServedAnswers, rejects: pa.Table, sizes: list[int]
) -> list[ServedAnswers | Refusal]:
    """Cut answers that lack the rejected rows; a unit with a bad row becomes a refusal."""
    bad_rows = rejects["_row"].to_numpy()
    is_good_N = np.ones(sum(sizes), bool)
    is_good_N[bad_rows] = False
    answers_before = np.concatenate([[0], np.cumsum(is_good_N)]).tolist()
    cells = rejects.select(["_row", "column", "found", "reason"]).to_pylist()
    results: list[ServedAnswers | Refusal] = []
    start = 0
    for size in sizes:
        stop = start + size
        mine = [cell for cell in cells if start <= cell["_row"] < stop]
        if mine:
            results.append(_refusal_of_cells(mine, start))
        else:
            results.append(answers.part(answers_before[start], answers_before[stop]))
        start = stop
    return results


def _refusal_of_cells(cells: list[dict[str, Any]], start: int) -> Refusal:
    bad = [BadInput(c["_row"] - start, c["column"], c["reason"], c["found"]) for c in cells]
    return bad_cells(bad)


def bad_cells(cells: Sequence[BadInput]) -> Refusal:
    """The refusal of a request with bad cells; at most 100 of them are listed."""
    first = cells[0]
    column = f", column {first.column!r}" if first.column is not None else ""
    more = f" (and {len(cells) - 1} more)" if len(cells) > 1 else ""
    return Refusal(
        f"row {first.row}{column}: {first.reason}{more}",
        status=422,
        cells=tuple(cells[:_MAX_CELLS]),
    )


def label_names(schema: Mapping[str, Any]) -> list[str]:
    """The labels of a classifier as texts, in the order of its probabilities; none otherwise.

    >>> label_names({"properties": {"prediction": {"enum": [True, 3, "cat"]}}})
    ['true', '3', 'cat']
    """
    prediction = schema.get("properties", {}).get("prediction", {})
    labels = prediction.get("enum") or prediction.get("items", {}).get("enum", [])
    return [str(label).lower() if isinstance(label, bool) else str(label) for label in labels]


def _refusal_of(error: StokerError) -> Refusal:
    """Why a request has no answers: its own rows, or else the machine."""
    if not isinstance(error, ArtifactError | DataError):
        return Refusal("the model could not compute this request", status=500)
    place = error.place
    if place is None or place.row is None:
        return Refusal(error.what, status=422, expected=error.expected)
    cell = BadInput(place.row, place.column, error.what)
    return Refusal(error.what, status=422, expected=error.expected, cells=(cell,))
