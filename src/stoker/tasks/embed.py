"""Embed: a vector of each row, near to those of rows that belong together.

The target says what does: the number of a pair, a topic, a label.  It is an open set, so labels of
other parts need not be known from training; rows of one label always stand in one part of the
split.  Answers are vectors of length 1, whose product is their cosine.

How many numbers a vector has, the model decides.

Source: Reimers and Gurevych 2019, https://arxiv.org/abs/1908.10084
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from typing import Annotated, Any, ClassVar, Self

import numpy as np
import pyarrow as pa
from pydantic import Field

from stoker.answers import Answers
from stoker.answers.vectors import VectorAnswers, unit_vectors
from stoker.cells import BadCell
from stoker.cells.categories import are_categories, category_texts, count_categories
from stoker.cells.column import Column
from stoker.cells.spelling import canonical
from stoker.core import events
from stoker.core.errors import ArtifactError, DataError
from stoker.features import Transformed
from stoker.tasks import FittedTask, OutputSpec, Task


class FittedEmbed(FittedTask):
    """Turns labels into numbers, equal where rows belong together, and outputs into vectors."""

    gives: ClassVar[type[Answers]] = VectorAnswers
    loss: ClassVar[str] = "contrastive"
    sampler: ClassVar[str | None] = "partners"
    predicts: ClassVar[str] = "a vector"

    width: Annotated[int, Field(ge=1)] = 1
    """Numbers of a vector; what it is before a model is made means nothing."""

    @property
    def output(self) -> OutputSpec:
        """The vector, as the model gives it."""
        return OutputSpec(("row", "vector"), self.width, is_free=True)

    def as_wide_as(self, width: int) -> Self:
        """The task of a model whose vectors have so many numbers."""
        return self.model_copy(update={"width": width})

    @property
    def primary(self) -> tuple[str, ...]:
        """How often the nearest row belongs to it."""
        return ("recall_at_1",)

    @property
    def watched(self) -> tuple[str, ...]:
        """The nearest row, and the places of the others."""
        return ("recall_at_1", "mrr")

    @property
    def target_form(self) -> Column:
        """int64, a number a row."""
        return Column("int64")

    @property
    def constant_output_K(self) -> np.ndarray:
        """One vector for all rows, which is as near to one as to any other."""
        return np.ones(1)

    def encode(self, column: pa.ChunkedArray | pa.Array) -> Transformed:
        """A number of each label, the same in every part; a missing label is a bad cell.

        >>> done = FittedEmbed().encode(pa.array(["7", "8", "7", None]))
        >>> bool(done.values[0] == done.values[2] != done.values[1]), done.bad[0].reason
        (True, 'is missing; what the row belongs to is needed')
        """
        names = category_texts(column).dictionary_encode()
        code_V = np.array([*map(_code_of, names.dictionary.to_pylist()), 0], np.int64)
        index_N = names.indices.fill_null(len(code_V) - 1).to_numpy(zero_copy_only=False)
        missing = np.flatnonzero(index_N == len(code_V) - 1).tolist()
        reason = "is missing; what the row belongs to is needed"
        return Transformed(code_V[index_N], tuple(BadCell(row, "", reason) for row in missing))

    def decode(self, output_NK: np.ndarray, weights: Sequence[float] | None = None) -> pa.Table:
        """Answers: `prediction`, a list of float32 of length 1.

        Args:
            output_NK: Vectors, shape (N, width), floating.
            weights: Of classes; a vector has none.

        Raises:
            ArtifactError: If a number of a vector is NaN.

        >>> FittedEmbed(width=2).decode(np.array([[3.0, 4.0]])).column("prediction").to_pylist()
        [[0.6000000238418579, 0.800000011920929]]
        """
        is_bad_N = np.isnan(output_NK).any(axis=1)
        if is_bad_N.any():
            raise ArtifactError(
                f"the model's output for row {int(np.flatnonzero(is_bad_N)[0])} is not a number",
                expected="finite outputs",
                fix="the weights or an input are damaged; verify the bundle, then look at that row",
            )
        flat = pa.array(unit_vectors(output_NK).ravel())
        return pa.table({"prediction": pa.FixedSizeListArray.from_arrays(flat, output_NK.shape[1])})

    def answers(
        self, output_NK: np.ndarray, target_N: np.ndarray, weights: Sequence[float] | None = None
    ) -> VectorAnswers:
        """Vectors, each asked for the rows of its label.

        Raises:
            DataError: If no two rows belong together.
        """
        found = VectorAnswers.of_vectors(output_NK, np.asarray(target_N))
        if not found.asked_N.any():
            raise DataError(
                f"no two of {found.num_rows:,} rows belong together, so nothing can be asked",
                expected="a part of which rows share a value of the target",
                fix="give the part a larger share, or let the split keep rows of a value together",
            )
        return found

    def why_not_like(self, other: FittedTask) -> str:
        """Vectors of any width will do."""
        return "" if isinstance(other, FittedEmbed) else "it was made for another task"

    def outputs_from(self, other: FittedTask, output_NK: np.ndarray) -> np.ndarray:
        """Its vectors as they are."""
        return output_NK

    def output_schema(self) -> dict[str, Any]:
        """An object with the vector."""
        return {
            "type": "object",
            "properties": {
                "prediction": {
                    "type": "array",
                    "items": {"type": "number", "minimum": -1.001, "maximum": 1.001},
                    "minItems": self.width,
                    "maxItems": self.width,
                    "description": "A vector of length 1; the product of two is their cosine.",
                }
            },
            "required": ["prediction"],
        }


class Embed(Task):
    """A vector of each row, near to those of rows with the same target."""

    gives: ClassVar[type[Answers]] = VectorAnswers
    keeps_together: ClassVar[bool] = True

    def fit(self, target: pa.ChunkedArray) -> FittedEmbed:
        """Look whether rows belong together at all.

        Raises:
            DataError: If all rows do, or no two.
        """
        if not are_categories(target.type):
            raise DataError(
                f"the target is of type {target.type}, which holds no labels",
                expected="text, numbers, bools or dates",
                fix="convert it in the source",
            )
        count = count_categories(target)
        alone = sum(rows == 1 for rows in count.values())
        if len(count) < 2 or alone == len(count):
            rows = sum(count.values())
            which = "all" if len(count) == 1 else "no two"
            said = f"{which} of {rows:,} training rows belong together" if count else "none is set"
            raise DataError(
                f"nothing to learn from {len(target)} training targets: {said}",
                expected="a column whose value is equal where rows belong together, such as the "
                "number of a pair",
                fix="check the target column",
            )
        if alone:
            events.warning(
                f"{alone:,} of {sum(count.values()):,} training rows belong to no other; they only "
                "show what others are not near to"
            )
        return FittedEmbed()


def _code_of(name: str) -> int:
    """A number of a label, equal wherever and whenever it is reckoned."""
    digest = blake2b(canonical(name).encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)
