"""Labels: any number of a set of labels known from training, none to all of them a row.

A cell is a list (of Arrow, or written as JSON), or a text with a mark between labels, such as
`sport;politics`.  An empty list is a row without a label; an empty cell is a missing target, as
nobody can tell whether somebody looked.  Labels are text, sorted, so that equal data give equal
codes; the target of a row is a vector with a 1 for each label that it has.

A label that training never saw cannot be answered: it is told and counted, and taken out of the
truth; a row that has no other label is a bad cell.

Cost: about a microsecond a label.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Annotated, Any, ClassVar

import numpy as np
import pyarrow as pa
from pydantic import Field

from stoker.answers import Answers
from stoker.answers.label_sets import EVEN, LabelSetAnswers, sigmoid
from stoker.cells import BadCell
from stoker.cells.column import Column
from stoker.cells.label_lists import LabelLists, read_labels
from stoker.core import events
from stoker.core.errors import DataError
from stoker.core.names import listed
from stoker.features import Transformed
from stoker.tasks import FittedTask, OutputSpec, Task

Delimiter = Annotated[str, Field(min_length=1)]
_MOST_NAMED = 5


class FittedLabels(FittedTask):
    """Turns lists of labels into vectors of zeros and ones, and logits into lists of labels."""

    classes: tuple[str, ...]
    """The labels, sorted; the position is the place in the vector."""
    counts: tuple[int, ...]
    """Training rows that have each label."""
    num_rows: Annotated[int, Field(ge=1)]
    """Training rows."""
    delimiter: Delimiter | None = None
    """What stands between labels of a text; None: a text is a JSON list, or one label."""

    gives: ClassVar[type[Answers]] = LabelSetAnswers
    loss: ClassVar[str] = "binary_cross_entropy"
    predicts: ClassVar[str] = "the labels"

    @property
    def output(self) -> OutputSpec:
        """One logit a label."""
        return OutputSpec(("row", "label"), len(self.classes))

    @property
    def primary(self) -> tuple[str, ...]:
        """F1 over all pairs of row and label."""
        return ("micro_f1", "hamming_loss")

    @property
    def watched(self) -> tuple[str, ...]:
        """Decisions, and their order."""
        return ("micro_f1", "mean_average_precision")

    @property
    def class_names(self) -> tuple[str, ...]:
        """The labels."""
        return self.classes

    @property
    def class_counts(self) -> tuple[int, ...]:
        """Training rows that have each label; together they may be more than there are rows."""
        return self.counts

    @cached_property
    def labels(self) -> pa.Array:
        """The labels as they stand in answers."""
        return pa.array(self.classes, pa.string())

    @property
    def target_form(self) -> Column:
        """A vector of zeros and ones a row."""
        return Column("uint8", (len(self.classes),))

    @property
    def constant_output_K(self) -> np.ndarray:
        """Log-odds of the share of training rows that have each label; half a row of doubt each.

        >>> topics = FittedLabels(classes=("art", "war"), counts=(1, 3), num_rows=4)
        >>> sigmoid(topics.constant_output_K[None]).round(2).tolist()
        [[0.30000001192092896, 0.699999988079071]]
        """
        count_K = np.asarray(self.counts, np.float64)
        return np.log((count_K + 0.5) / (self.num_rows - count_K + 0.5))

    def encode(self, column: pa.ChunkedArray | pa.Array) -> Transformed:
        """A vector a row; a missing cell, one that is no list, or one of unknown labels is bad.

        >>> topics = FittedLabels(classes=("art", "war"), counts=(1, 3), num_rows=4, delimiter=";")
        >>> topics.encode(pa.array(["war;art", "war", ";"])).values.tolist()
        [[1, 1], [0, 1], [0, 0]]
        """
        read = read_labels(column, self.delimiter)
        target_NK = np.zeros((len(read.rows), len(self.classes)), np.uint8)
        unseen_N = np.zeros(len(read.rows), bool)
        unknown: Counter[str] = Counter()
        bad = {cell.index: cell for cell in read.bad}
        for row, labels in enumerate(read.rows):
            known = [self._place[label] for label in labels or () if label in self._place]
            strange = [label for label in labels or () if label not in self._place]
            target_NK[row, known] = 1
            unknown.update(strange)
            unseen_N[row] = bool(strange)
            if (labels is None or (strange and not known)) and row not in bad:
                bad[row] = self._bad(row, labels)
        self._tell(unknown, int(unseen_N.sum()))
        found = tuple(sorted(bad.values(), key=lambda cell: cell.index))
        return Transformed(target_NK, found, unseen_N if unseen_N.any() else None)

    def _bad(self, row: int, labels: Sequence[str] | None) -> BadCell:
        """Why a row has no target."""
        if labels is None:
            return BadCell(row, "", "is missing; a list of labels is needed, which may be empty")
        return BadCell(
            row, ", ".join(labels), f"holds no label that training saw; it knows {self._known}"
        )

    def _tell(self, unknown: Counter[str], num_rows: int) -> None:
        """Name labels that training never saw; what cannot be answered is no miss of the model."""
        if not unknown:
            return
        named = ", ".join(f"{label!r} ({rows})" for label, rows in unknown.most_common(_MOST_NAMED))
        more = len(unknown) - _MOST_NAMED
        named += f" and {more} more" * (more > 0)
        events.warning(
            f"{num_rows:,} rows have labels that training never saw: {named}; no model can answer "
            "them, so they are left out of the truth"
        )

    def decode(self, output_NK: np.ndarray, weights: Sequence[float] | None = None) -> pa.Table:
        """Answers: `prediction`, a list of labels, and all `probabilities` in their order.

        Args:
            output_NK: Logits, shape (N, output.width), floating.
            weights: A label is answered where its probability times weight is one half or more;
                None: the probability.

        Raises:
            ArtifactError: If a logit is NaN; an answer made from it would be noise.

        >>> topics = FittedLabels(classes=("art", "war"), counts=(1, 3), num_rows=4)
        >>> topics.decode(np.array([[0.0, 3.0], [-1.0, -1.0]])).column("prediction").to_pylist()
        [['art', 'war'], []]
        """
        probability_NK = sigmoid(output_NK)
        worth_NK = probability_NK if weights is None else probability_NK * np.asarray(weights)
        is_answered_NK = worth_NK >= EVEN
        offset = np.concatenate([[0], is_answered_NK.sum(axis=1).cumsum()]).astype(np.int32)
        answered = self.labels.take(pa.array(np.nonzero(is_answered_NK)[1]))
        flat = pa.array(probability_NK.ravel())
        return pa.table(
            {
                "prediction": pa.ListArray.from_arrays(pa.array(offset), answered),
                "probabilities": pa.FixedSizeListArray.from_arrays(flat, self.output.width),
            }
        )

    def answers(
        self, output_NK: np.ndarray, target_N: np.ndarray, weights: Sequence[float] | None = None
    ) -> LabelSetAnswers:
        """Probabilities beside true labels."""
        return LabelSetAnswers(output_NK, target_N, weights, self.classes)

    def why_not_like(self, other: FittedTask) -> str:
        """The same labels are needed, in any order."""
        if not isinstance(other, FittedLabels):
            return "it was made for another task"
        new, gone = set(self.classes) - set(other.classes), set(other.classes) - set(self.classes)
        said = [
            f"{listed(sorted(names))} {'are' if len(names) > 1 else 'is'} {word}"
            for names, word in ((new, "new"), (gone, "gone"))
            if names
        ]
        return f"it knows other labels: {', '.join(said)}" if said else ""

    def outputs_from(self, other: FittedTask, output_NK: np.ndarray) -> np.ndarray:
        """Its labels in the order of these."""
        place = {name: code for code, name in enumerate(other.class_names)}
        return output_NK[:, [place[name] for name in self.classes]]

    def output_schema(self) -> dict[str, Any]:
        """An object with the labels, and the probabilities of all of them."""
        share = {"type": "number", "minimum": 0, "maximum": 1}
        return {
            "type": "object",
            "properties": {
                "prediction": {
                    "type": "array",
                    "items": {"type": "string", "enum": list(self.classes)},
                    "uniqueItems": True,
                },
                "probabilities": {
                    "type": "array",
                    "items": share,
                    "minItems": self.output.width,
                    "maxItems": self.output.width,
                    "description": "In the order of the prediction's enum.",
                },
            },
            "required": ["prediction", "probabilities"],
        }

    @cached_property
    def _place(self) -> dict[str, int]:
        return {name: place for place, name in enumerate(self.classes)}

    @property
    def _known(self) -> str:
        return listed(self.classes)


class Labels(Task):
    """Predict any number of labels of each row."""

    gives: ClassVar[type[Answers]] = LabelSetAnswers

    delimiter: Delimiter | None = None
    """What stands between labels of a text, such as `;`; absent: a text is a JSON list, or one
    label."""

    def fit(self, target: pa.ChunkedArray) -> FittedLabels:
        """Learn the labels.

        That no row has several is a warning, and so are labels with a single row.

        Raises:
            DataError: If there are fewer than two labels.
        """
        read = read_labels(target, self.delimiter)
        rows = [labels for labels in read.rows if labels is not None]
        count = Counter(label for labels in rows for label in labels)
        if len(count) < 2:
            only = f"all are {next(iter(count))!r}" if count else "none is set"
            examples = [f"; {bad.found!r} {bad.reason}" for bad in read.bad[:1]]
            raise DataError(
                f"nothing to learn from {len(target)} rows of labels: {only}{''.join(examples)}",
                expected="at least two different labels among lists such as "
                '["sport", "politics"], or texts with a delimiter',
                fix="check the target column and `labels: {delimiter: ...}`",
            )
        _warn_of_labels(count, read)
        classes = tuple(sorted(count))
        return FittedLabels(
            classes=classes,
            counts=tuple(count[name] for name in classes),
            num_rows=len(rows),
            delimiter=self.delimiter,
        )

    def missing_N(self, column: pa.ChunkedArray | pa.Array) -> np.ndarray:
        """Which cells are empty, bool; an empty list is a row without labels, and not missing."""
        return np.array([labels is None for labels in _rows(column, self.delimiter)], bool)


def _rows(column: pa.ChunkedArray | pa.Array, delimiter: str | None) -> Iterator[object]:
    yield from read_labels(column, delimiter).rows


def _warn_of_labels(count: Counter[str], read: LabelLists) -> None:
    """Tell of labels that hardly any row has, and of rows that all have one."""
    if all(len(labels) < 2 for labels in read.rows if labels is not None):
        events.warning(
            "no row has more than one label: say classify, or name what stands between labels, as "
            'in labels: {delimiter: ";"}'
        )
    rare = sorted(name for name, rows in count.items() if rows == 1)
    if rare:
        events.warning(
            f"{len(rare)} of {len(count)} labels have one training row only "
            f"({listed(rare)}); a model can hardly learn them"
        )
