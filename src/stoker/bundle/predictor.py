"""The predictor: the one way from raw rows to answers.

Evaluation, compression and the server all use it, so training and serving cannot disagree: text is
read as training read it, rows are mended by the fitted cleaners, turned into tensors by the fitted
features, run through the ONNX graph, and turned into answers by the decision and the fitted task.
Rows go through in blocks, so memory does not grow with their number; rows of any length are asked
with those of like length, so that one long text neither slows nor moves the answers to others.

Loading takes about 0.05 s for a small net; a prediction of one row is dominated by the graph.  One
predictor may be used from several threads at once.  Not done: moving rows between processes,
batching across callers (that is the server's).
"""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self, final

import numpy as np
import pyarrow as pa

from stoker.bundle._rejected import bad_cell, rejected
from stoker.bundle._tensors import by_length, check_form
from stoker.bundle._unseen import Unseen, counted, warn_of
from stoker.bundle.decision import Decision, check_threshold
from stoker.bundle.frames import (
    Rows,
    left_out,
    pandas_index,
    select_columns,
    to_table,
)
from stoker.bundle.interface import Interface
from stoker.bundle.prediction import Prediction, probabilities_NK
from stoker.bundle.read import Bundle, open_bundle
from stoker.bundle.regions import regions
from stoker.bundle.write import BUNDLE_FILE
from stoker.cells import BadCell
from stoker.cells.ragged import Rows as Tensor
from stoker.cells.ragged import joined_rows, rows_at, rows_between, values_of
from stoker.core.errors import DataError
from stoker.core.html import html_table
from stoker.core.names import listed
from stoker.core.steps import step_name

if TYPE_CHECKING:
    from stoker.store.artifact import Artifact

_TABLE_ROWS = 16_384
"""Rows of a block without pictures."""
_PICTURE_BYTES = 1 << 18
"""Raw pixels of a block with pictures; convolutions make a hundred times more of them."""
_FEWEST_PICTURES = 32
_SPARE = ("_row", "_source", "_line", "_part")
"""Columns that stoker's own tables carry beside the data."""


@dataclass(frozen=True)
class Tensors:
    """Some rows, ready for the graph."""

    values: dict[str, Tensor]
    """Tensor of each input column, rows of bad cells included (they hold zeros)."""
    bad: tuple[tuple[str, BadCell], ...]
    """Column and cell of everything that would not become a tensor."""
    unseen_N: Mapping[str, np.ndarray] = field(default_factory=dict)
    """Which rows hold in a column what training never saw, bool (N,); columns without any left
    out."""

    @property
    def unseen(self) -> dict[str, int]:
        """How many cells of a column hold what training never saw."""
        return counted(self.unseen_N)

    def good_N(self, num_rows: int) -> np.ndarray:
        """Which rows have no bad cell, bool (N,)."""
        good = np.ones(num_rows, bool)
        good[[cell.index for _, cell in self.bad]] = False
        return good


def load(bundle: str | Path, threads: int = 1, *, home: str | Path | None = None) -> Predictor:
    """Verify a bundle and make it ready to answer.

    Args:
        bundle: Its folder; or, as text, a model of the catalog: `NAME` (its champion, else its
            newest version), `NAME@ALIAS` or `NAME@VERSION`.
        threads: Threads of one call into the graph; 1 is best for small models and many callers.
        home: Where models are looked for; absent: `STOKER_HOME`, else `./.stoker`.

    Raises:
        ArtifactError: If there is no such folder or model, it is no whole bundle, or it was written
            by a newer stoker.
    """
    if isinstance(bundle, Path) or (Path(bundle) / BUNDLE_FILE).is_file():
        return Predictor(open_bundle(bundle), threads)
    # Only here: whoever has a folder needs no catalog and none of what it loads.
    from stoker.bundle.find import find_bundle

    found = find_bundle(bundle, None if home is None else Path(home))
    return Predictor(open_bundle(found.folder), threads, held=found.artifact)


@final
class Predictor:
    """A loaded bundle."""

    def __init__(self, bundle: Bundle, threads: int = 1, *, held: Artifact | None = None) -> None:
        """Use `load`, unless the bundle is open already.

        Args:
            bundle: What answers.
            threads: Of one call into the graph.
            held: Its artifact, which is not collected as long as this value lives.
        """
        self._bundle, self._held = bundle, held
        self._decision = bundle.decision
        self._model = bundle.runtime.load(
            bundle.graph, bundle.interface, where=bundle.folder, threads=threads
        )
        self._block = _block_rows(bundle.interface)
        self._forms = bundle.interface.forms
        labels = bundle.interface.task.labels
        self._classes = () if labels is None else tuple(labels.to_pylist())

    @property
    def interface(self) -> Interface:
        """What goes in and what comes out."""
        return self._bundle.interface

    @property
    def classes(self) -> tuple[Any, ...]:
        """Labels in the order of the probabilities; empty where a number is predicted."""
        return self._classes

    @property
    def decision(self) -> Decision:
        """From the graph's outputs to answers: calibration, threshold, sets and intervals."""
        return self._decision

    def with_threshold(self, threshold: float, said_by: str = "with_threshold") -> Self:
        """A predictor of the same graph that answers the second class from another probability on.

        Args:
            threshold: That probability.
            said_by: Who wants it so, for a message: a key of the recipe, an option.

        Raises:
            RecipeError: If the model has not exactly two classes, or it is no probability.
        """
        check_threshold(self.interface.task, self._bundle.name)
        other = copy.copy(self)
        other._decision = self._decision.with_threshold(threshold, said_by)
        return other

    def __repr__(self) -> str:
        """Name, inputs and target."""
        inputs = listed(self.interface.inputs)
        return f"<Predictor {self._bundle.name!r}: {self.interface.target!r} from {inputs}>"

    def _repr_html_(self) -> str:
        """Inputs and outputs as a table, for a notebook."""
        rows = [(name, step_name(f), "input") for name, f in self.interface.inputs.items()]
        task = step_name(self.interface.task)
        return html_table(["column", "kind", ""], [*rows, (self.interface.target, task, "target")])

    @property
    def info(self) -> dict[str, Any]:
        """Name, digest (the version of the model), facts about the model, size; JSON values."""
        return {
            "name": self._bundle.name,
            "digest": self._bundle.digest,
            "stoker": self._bundle.stoker,
            "model": self._bundle.model,
            "size_bytes": self._bundle.manifest.size_bytes,
        }

    def predict(
        self,
        rows: Rows,
        *,
        on_bad: Literal["raise", "reject"] = "raise",
        extra: Literal["refuse", "ignore"] = "ignore",
        intervals: bool = False,
    ) -> Prediction:
        """Answer raw rows.

        Args:
            rows: An Arrow, pandas or Polars table, a list of dicts, a dict of columns, or one row
                as a dict of cells.  The target may be among the columns; it is not looked at.
            on_bad: What to do with a row that has a cell of the wrong kind: `raise` for the first
                one, or `reject` those rows and answer the others.
            extra: What to do with columns that are neither inputs nor the target: `ignore` them,
                and name them in the answer, or `refuse` them.
            intervals: Whether answers carry what holds the truth in `decision.level` of unseen
                rows: columns `low` and `high` of a number, a list `set` of classes.

        Raises:
            DataError: If a column is missing, or unknown with `extra="refuse"`, or a cell is bad
                with `on_bad="raise"`.
        """
        found = to_table(rows, list(self.interface.inputs), only=extra == "ignore")
        table = self._select(found, extra, 'leave it out, or ask with extra="ignore"')
        index = pandas_index(rows)
        outputs, bad, unseen = self._run(table)
        if bad and on_bad == "raise":
            raise bad_cell(bad, self.interface)
        good_N = np.ones(table.num_rows, bool)
        good_N[[cell.index for _, cell in bad]] = False
        row_M = np.flatnonzero(good_N)
        warn_of(unseen, self.interface.inputs)
        return Prediction(
            table=self._answers(outputs, table, row_M, intervals=intervals),
            rejects=rejected(bad, self.interface),
            row=row_M,
            classes=self.classes,
            ignored=tuple(left_out(rows, found, self._known_columns())),
            index=None if index is None else index[good_N],
            unseen_N=unseen.masks,
            wholly_unseen=unseen.whole,
        )

    def predict_proba(self, rows: Rows) -> np.ndarray:
        """Probability of each class, float32 (N, K), in the order of `classes`.

        Args:
            rows: As for `predict`.

        Raises:
            DataError: As `predict`; a bad cell always raises.  Also if the model predicts a number.
        """
        if not self.classes:
            raise DataError(
                f"the model predicts the number {self.interface.target!r}, which has no classes",
                fix="ask predict(rows)",
            )
        return probabilities_NK(self.predict(rows).table)

    def outputs(self, rows: Rows) -> np.ndarray:
        """Outputs of raw rows, float32 (N, K): calibrated logits, or standardised values.

        Those of all rows end to end where each token has one.

        Raises:
            DataError: As `predict`; a bad cell always raises.
        """
        return values_of(self.output_rows(rows))

    def output_rows(self, rows: Rows) -> Tensor:
        """As `outputs`, cut into rows where each token has an output."""
        outputs, bad, _ = self._run(self._select(rows))
        if bad:
            raise bad_cell(bad, self.interface)
        return outputs

    def tensors(self, rows: Rows) -> Tensors:
        """The tensors that the graph would see, for a server that joins rows of many callers.

        Raises:
            DataError: If a column is missing or unknown; bad cells are in the answer.
        """
        return self._transform(self._select(rows), 0)

    def outputs_of(self, tensors: Mapping[str, Tensor]) -> np.ndarray:
        """Outputs of prepared tensors, as `outputs` gives them; see `output_rows_of`."""
        return values_of(self.output_rows_of(tensors))

    def output_rows_of(self, tensors: Mapping[str, Tensor]) -> Tensor:
        """Outputs of prepared tensors, as `output_rows` gives them.

        Args:
            tensors: The tensor of each input column, as the features make them; as many rows each.

        Raises:
            DataError: If a column is missing, or a type or shape is another one.
        """
        num_rows = self._check_tensors(tensors)
        found = []
        for begin in _begins(num_rows, self._block):
            end = min(begin + self._block, num_rows)
            part = {n: rows_between(tensors[n], begin, end) for n in self.interface.inputs}
            found.append(self._ask(part))
        return joined_rows(found)

    def input_schema(self) -> dict[str, Any]:
        """JSON Schema of one raw row."""
        cells = {name: f.json_schema() for name, f in self.interface.inputs.items()}
        return {
            "type": "object",
            "properties": cells,
            "required": list(cells),
            "additionalProperties": False,
        }

    def output_schema(self) -> dict[str, Any]:
        """JSON Schema of one answer."""
        return self.interface.task.output_schema()

    def _known_columns(self) -> list[str]:
        return [*self.interface.inputs, *_SPARE, self.interface.target]

    def _select(self, rows: Rows, extra: str = "refuse", advice: str = "leave it out") -> pa.Table:
        columns = list(self.interface.inputs)
        table = to_table(rows, columns, only=extra == "ignore")
        spare = table.column_names if extra == "ignore" else (*_SPARE, self.interface.target)
        return select_columns(table, columns, spare, advice=advice)

    def _run(self, table: pa.Table) -> tuple[Tensor, list[tuple[str, BadCell]], Unseen]:
        """Outputs of all rows, bad cells and unseen ones; a bad row's output means nothing."""
        found = []
        bad: list[tuple[str, BadCell]] = []
        unseen = Unseen(table.num_rows)
        for begin, part in self._blocks(table):
            tensors = self._transform(part, begin)
            found.append(self._ask(tensors.values))
            bad += tensors.bad
            unseen.add(begin, tensors.values, tensors.unseen_N)
        return joined_rows(found), bad, unseen

    def _ask(self, tensors: Mapping[str, Tensor]) -> Tensor:
        """Adjusted outputs of a block."""
        return self._decision.adjusted(by_length(self._model.run, tensors))

    def _answers(
        self, outputs: Tensor, table: pa.Table, row_M: np.ndarray, *, intervals: bool
    ) -> pa.Table:
        """Answers to the rows at these positions."""
        task, decision = self.interface.task, self._decision
        if task.output.column is not None:  # it speaks of characters that the graph has read
            task = task.about(self._cleaned(table.take(row_M)), self.interface.inputs)
        if len(row_M) < table.num_rows:
            outputs = rows_at(outputs, row_M)
        answers = task.decode(outputs, decision.weights)
        if intervals:
            for name, column in regions(outputs, task, decision).items():
                answers = answers.append_column(name, column)
        return answers

    def _blocks(self, table: pa.Table) -> Iterator[tuple[int, pa.Table]]:
        for begin in _begins(table.num_rows, self._block):
            yield begin, table.slice(begin, self._block)

    def _cleaned(self, rows: pa.Table) -> pa.Table:
        """Raw rows as training read and mended them."""
        if self.interface.text_cells is not None:
            rows = self.interface.text_cells.read_table(rows)
        for state in self.interface.cleaners:
            rows = state.apply(rows)
        return rows

    def _transform(self, rows: pa.Table, first_row: int) -> Tensors:
        rows = self._cleaned(rows)
        values: dict[str, Tensor] = {}
        bad: list[tuple[str, BadCell]] = []
        unseen_N: dict[str, np.ndarray] = {}
        for name, feature in self.interface.inputs.items():
            made = feature.transform(rows.column(name))
            values[name] = made.rows()
            if made.unseen_N is not None:
                unseen_N[name] = made.unseen_N
            bad += [
                (name, BadCell(cell.index + first_row, cell.found, cell.reason))
                for cell in made.bad
            ]
        return Tensors(values, tuple(sorted(bad, key=lambda item: item[1].index)), unseen_N)

    def _check_tensors(self, tensors: Mapping[str, Tensor]) -> int:
        lengths = set()
        for name, form in self._forms.items():
            tensor = tensors.get(name)
            if tensor is None:
                raise DataError(
                    f"there is no tensor for the column {name!r}",
                    expected=f"the columns {self.interface.describe_inputs()}",
                )
            check_form(name, tensor, form)
            lengths.add(len(tensor))
        if len(lengths) != 1:
            raise DataError(f"the tensors have different numbers of rows: {sorted(lengths)}")
        return lengths.pop()


def _begins(num_rows: int, block: int) -> range:
    """Where blocks begin; no rows are one block of none."""
    return range(0, max(num_rows, 1), block)


def _block_rows(interface: Interface) -> int:
    """Rows that go through the graph at once."""
    row_bytes = sum(math.prod(f.shape) * f.dtype.itemsize for f in interface.inputs.values())
    if all(len(f.shape) < 2 for f in interface.inputs.values()):
        return _TABLE_ROWS
    return min(_TABLE_ROWS, max(_FEWEST_PICTURES, _PICTURE_BYTES // row_bytes))
