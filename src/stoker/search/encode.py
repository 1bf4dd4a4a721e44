"""Texts as vectors, by a bundle that gives some."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from stoker.bundle.predictor import Predictor
from stoker.core.errors import DataError
from stoker.tasks.embed import FittedEmbed


def text_input(predictor: Predictor) -> str:
    """Name of the one text that a bundle makes a vector of.

    Raises:
        DataError: If it gives no vectors, or takes something else.
    """
    interface = predictor.interface
    if not isinstance(interface.task, FittedEmbed):
        raise DataError(
            f"the bundle predicts {interface.task.predicts} of {interface.target!r}",
            expected="a bundle that gives vectors, of a recipe with `target: {COLUMN: embed}`",
        )
    names = [name for name, feature in interface.inputs.items() if feature.ragged]
    if len(names) != 1 or len(interface.inputs) != 1:
        raise DataError(
            f"the bundle makes vectors of {interface.describe_inputs()}", expected="of one text"
        )
    return names[0]


def vectors_of(predictor: Predictor, texts: Sequence[str | None]) -> np.ndarray:
    """Vectors of length 1, float32 (N, D).

    Raises:
        DataError: As `text_input`.
    """
    rows = pa.table({text_input(predictor): pa.array(texts, pa.string())})
    return vectors_in(predictor.predict(rows).table)


def vectors_in(answers: pa.Table) -> np.ndarray:
    """The vectors of answers, float32 (N, D)."""
    column = answers["prediction"].combine_chunks()
    return column.flatten().to_numpy().reshape(len(column), column.type.list_size)
