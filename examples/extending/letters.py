"""How long a text is, as a number.  Cost: one pass."""

import numpy as np
import pyarrow.compute as pc

from stoker.cells.categories import category_texts
from stoker.core.errors import DataError
from stoker.features import Feature, NumericFeature, Scale, Transformed


class FittedLetters(NumericFeature):
    """Counts letters; a missing text is missing."""

    mean: float
    std: float

    @property
    def shape(self):
        """One number a row."""
        return ()

    @property
    def dtype(self):
        """Of the tensor."""
        return np.dtype(np.float32)

    @property
    def scales(self):
        """What networks subtract and divide by."""
        return (Scale(self.mean, self.std, had_missing=True),)

    def transform(self, column):
        """One number a cell."""
        length_N = pc.utf8_length(category_texts(column)).to_numpy(zero_copy_only=False)
        return Transformed(length_N.astype(np.float32))

    def json_schema(self):
        """Any text."""
        return {"type": ["string", "null"]}


class Letters(Feature):
    """The length of a text."""

    def fit(self, column):
        """Learn the scale."""
        length_N = FittedLetters(mean=0, std=1).transform(column).values
        if np.isnan(length_N).all():
            raise DataError("no text among the training cells")
        return FittedLetters(mean=np.nanmean(length_N), std=np.nanstd(length_N) or 1)
