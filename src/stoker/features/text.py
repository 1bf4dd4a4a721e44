"""A column of short texts (titles, remarks, addresses), as words and runs of letters.

A row becomes its length, its number of words, and how often each of the chosen grams stands in it,
weighted by how rare the gram is (tf-idf).  Grams are words, pairs of words, and runs of three to
five letters inside words, which meet misspellings and endings; in Chinese, signs and pairs of
signs.  Those are chosen that tell rows apart best, and of grams that stand in the same rows one.
The target is not looked at, so nothing can leak into the choice.

Not done: meaning.  A synonym that training did not have is a stranger; long documents are cut.

Cost: `fit` looks at 10,000 training rows at most and takes about a second; a text of 50 characters
then takes 15 µs.

Source: Salton and Buckley 1988, "Term-weighting approaches in automatic text retrieval",
https://doi.org/10.1016/0306-4573(88)90021-0
"""

from __future__ import annotations

from typing import Annotated

import numpy as np
import pyarrow as pa
from pydantic import Field

from stoker.cells.gram_choice import choose_grams
from stoker.cells.grams import plain_texts
from stoker.cells.raw import is_text, one_array
from stoker.core.errors import DataError
from stoker.features import Feature
from stoker.features._fitted.text import FittedText, Gram, TextCells

_ROWS_A_GRAM = 10
"""Training rows for each gram, where rows are few."""
_FEWEST_GRAMS = 8
_SAMPLED_ROWS = 10_000


class Text(TextCells, Feature):
    """Short text whose words say something."""

    num_grams: Annotated[int, Field(ge=0, le=10_000)] = 100
    """At most this many words and runs of letters are counted; fewer where rows are few."""

    def fit(self, column: pa.ChunkedArray) -> FittedText:
        """Choose the grams.

        Raises:
            DataError: If the column is no text, or every cell is missing.
        """
        cells = one_array(column)
        if not is_text(cells.type) and not pa.types.is_null(cells.type):
            raise DataError(
                f"the column is of type {column.type}, not text",
                expected="text",
                fix="say number, category, boolean or timestamp",
            )
        given = self.given(cells).drop_null()
        if not len(given):
            raise DataError(
                f"all of the {len(column)} training cells are missing",
                expected="at least one training row with text",
                fix="leave the column out of inputs",
            )
        num_grams = min(self.num_grams, max(_FEWEST_GRAMS, len(given) // _ROWS_A_GRAM))
        step = -(-len(given) // _SAMPLED_ROWS)
        sample = given.take(pa.array(np.arange(0, len(given), step)))
        chosen = choose_grams(plain_texts(sample), min(num_grams, self.num_grams))
        fitted = FittedText(
            missing=self.missing,
            grams=tuple(Gram(kind=kind, text=text, weight=weight) for kind, text, weight in chosen),
            had_missing=len(given) < len(column),
            means=(0.0, 0.0),
            stds=(1.0, 1.0),
            spread=1.0,
        )
        value_NP = fitted.transform(sample).values.astype(np.float64)
        std_P = value_NP.std(axis=0)
        spread = float(np.sqrt(np.mean(std_P[fitted.num_plain :] ** 2))) if chosen else 1.0
        return fitted.model_copy(
            update={
                "means": tuple(value_NP[:, :2].mean(axis=0).tolist()),
                "stds": tuple((std_P[:2] + (std_P[:2] == 0)).tolist()),
                "spread": spread or 1.0,
            }
        )
