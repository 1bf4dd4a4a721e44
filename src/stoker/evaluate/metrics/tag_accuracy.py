"""Accuracy of tags: the share of tokens with the right tag.

Most tokens stand outside of all spans, so it is high for an answer that finds none; `span_f1` is
not.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from stoker.answers.draw import Draw
from stoker.answers.tags import TagAnswers
from stoker.evaluate.metrics import Metric, UndefinedMetricError


class _Tokens(NamedTuple):
    right_N: np.ndarray
    length_N: np.ndarray


class TagAccuracy(Metric[TagAnswers]):
    """Share of tokens with their true tag."""

    takes = TagAnswers
    title = "Accuracy of tags"
    place = 146
    takes_many = True
    higher_is_better = True
    takes_skill = False

    def prepare(self, answers: TagAnswers) -> _Tokens:
        """Right tokens and all tokens of each row.

        Raises:
            UndefinedMetricError: If no row has a token.
        """
        if not len(answers.truth.values):
            raise UndefinedMetricError("no text has a token")
        return _Tokens(answers.right_N.astype(np.float64), answers.truth.lengths.astype(np.float64))

    def value(self, prepared: _Tokens, draw: Draw) -> np.ndarray:
        """A number in [0, 1]; NaN for a draw of rows without tokens."""
        right, tokens = draw.weight_N @ prepared.right_N, draw.weight_N @ prepared.length_N
        empty = np.full(np.shape(tokens), np.nan)
        return np.divide(right, tokens, out=empty, where=tokens > 0)
