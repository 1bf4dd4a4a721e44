"""Answers to raw rows, in the forms in which people go on with them.

The answers are one Arrow table.  `to_pandas` and `to_polars` import their library only when they
are called, and give every class a column of its own, as `stoker predict` does; a pandas table that
was asked about gives its index to the answers, so that the two can be joined.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from stoker.bundle._unseen import counted
from stoker.core.errors import MachineError
from stoker.core.html import html_table
from stoker.core.names import listed

if TYPE_CHECKING:
    import pandas
    import polars

_MOST_ROWS = 10


@dataclass(frozen=True, repr=False)
class Prediction:
    """Answers, and the rows that got none."""

    table: pa.Table
    """One row per answered input row, in order: the columns of the task, `prediction` first."""
    rejects: pa.Table
    """One record per bad cell, columns of `stoker.data.rejects.SCHEMA`; `_row` counts from 0."""
    row: np.ndarray
    """Position of each answered row in the input, int64; all of them when nothing was rejected."""
    classes: tuple[Any, ...] = ()
    """Labels in the order of `probabilities`; empty where a number is predicted."""
    ignored: tuple[str, ...] = ()
    """Columns of the input that the model does not use, the target left out."""
    index: Any = None
    """Index of the answered rows, where they were a pandas table."""
    unseen_N: Mapping[str, np.ndarray] = field(default_factory=dict)
    """Which input rows hold in a column what training never saw, bool; columns without any left
    out.  Such rows are answered, an unseen category as if it were missing."""
    wholly_unseen: tuple[str, ...] = ()
    """Columns in which no input row holds anything that training saw."""

    def __len__(self) -> int:
        """Rows that were answered."""
        return self.table.num_rows

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """The answers for pandas, Polars and others: `polars.DataFrame(prediction)`."""
        return self.table.__arrow_c_stream__(requested_schema)

    def __repr__(self) -> str:
        """How many rows were answered and with what."""
        return f"<Prediction: {self._said()}; columns {', '.join(self.table.column_names)}>"

    def _repr_html_(self) -> str:
        """The first answers as a table, for a notebook."""
        answers = labelled(self.table.slice(0, _MOST_ROWS), self.classes)
        cells = (column.to_pylist() for column in answers.columns)
        rows = zip(self.row[:_MOST_ROWS].tolist(), *cells, strict=True)
        return (
            f"<p>{escape(self._said())}</p>{html_table(['row', *answers.column_names], rows)}"
            + "<p>...</p>" * (len(self) > _MOST_ROWS)
        )

    @property
    def unseen(self) -> dict[str, int]:
        """How many cells of a column hold what training never saw; columns without any left out.

        That is a category that training did not have, or a number or moment outside of its range.
        """
        return counted(self.unseen_N)

    @property
    def num_rejected(self) -> int:
        """Rows that got no answer; each once, however many bad cells it has."""
        return len(self.rejects["_row"].unique())

    def to_pandas(self) -> pandas.DataFrame:
        """The answers as a pandas table with a column `probability_LABEL` for each class.

        Its index is that of the pandas table that was asked about, else the positions of the rows,
        so `frame.join(prediction.to_pandas())` puts each answer beside its own row.

        Raises:
            MachineError: If pandas is not installed.
        """
        try:
            import pandas as pd
        except ImportError:
            raise _not_installed("pandas") from None
        frame = labelled(self.table, self.classes).to_pandas()
        return frame.set_axis(pd.Index(self.row) if self.index is None else self.index, axis=0)

    def to_polars(self) -> polars.DataFrame:
        """The answers as a Polars table with a column `probability_LABEL` for each class.

        Raises:
            MachineError: If Polars is not installed.
        """
        try:
            import polars as pl
        except ImportError:
            raise _not_installed("polars") from None
        return pl.DataFrame(labelled(self.table, self.classes))

    def _said(self) -> str:
        answered = f"{len(self):,} {'row' if len(self) == 1 else 'rows'} answered"
        rejected = f", {self.num_rejected:,} rejected" * (self.rejects.num_rows > 0)
        unseen = f"; never seen in training: {listed(self.unseen)}" * bool(self.unseen_N)
        return (
            answered
            + rejected
            + unseen
            + f"; not used: {listed(self.ignored)}" * bool(self.ignored)
        )


def labelled(answers: pa.Table, labels: Sequence[Any]) -> pa.Table:
    """The answers with `probabilities` as one column per label, or left out without labels.

    >>> probabilities = pa.array([[0.25, 0.75]], pa.list_(pa.float32(), 2))
    >>> labelled(pa.table({"prediction": ["b"], "probabilities": probabilities}), "ab").to_pylist()
    [{'prediction': 'b', 'probability_a': 0.25, 'probability_b': 0.75}]
    """
    if "probabilities" not in answers.column_names:
        return answers
    plain = answers.drop_columns(["probabilities"])
    if not labels:
        return plain
    for label, probability_N in zip(labels, probabilities_NK(answers).T, strict=True):
        plain = plain.append_column(f"probability_{label}", pa.array(probability_N.copy()))
    return plain


def probabilities_NK(answers: pa.Table) -> np.ndarray:
    """The probabilities of answers as one array, a row each; float32 (N, K)."""
    column = answers["probabilities"].combine_chunks()
    return column.flatten().to_numpy().reshape(len(column), column.type.list_size)


def _not_installed(library: str) -> MachineError:
    extra = "pip install 'stoker[frames]'"
    fix = extra if library == "pandas" else f"pip install {library}"
    return MachineError(f"{library} is not installed", fix=fix)
