"""What networks that learn to read from the rows at hand are told."""

from __future__ import annotations

from abc import ABC
from typing import TYPE_CHECKING, Annotated

import numpy as np
from pydantic import Field

from stoker.core import events
from stoker.core.errors import RecipeError
from stoker.core.steps import step_name
from stoker.models import TokenReading

if TYPE_CHECKING:
    from stoker.candidates.conditions import Conditions
    from stoker.candidates.fitted import Fitted
    from stoker.data.prepare.prepared_set import PreparedSet
    from stoker.tasks import FittedTask


class TextNetwork(TokenReading, ABC):
    """A network over the tokens of texts, and over what stands beside them."""

    needs_ragged = True

    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.3
    """Share of the values of vectors and hidden layers that is set to zero at random in
    training."""
    max_length: Annotated[int, Field(ge=1, le=65_536)] = 512
    """Tokens of a text that are read, its first ones."""
    hidden: tuple[Annotated[int, Field(ge=1, le=65_536)], ...] = ()
    """Widths of the head's hidden layers; one lets texts and columns beside them act together."""

    def fit(
        self,
        train: PreparedSet,
        validation: PreparedSet,
        task: FittedTask,
        *,
        under: Conditions,
    ) -> Fitted:
        """Train it by the loop of `stoker.train`.

        Raises:
            RecipeError: If no column holds tokens.
        """
        if not train.ragged:
            raise RecipeError(
                f"{step_name(self)} needs a column of texts",
                expected="an input whose feature is tokens",
                fix="write `COLUMN: tokens` under inputs, or `model: mlp`",
            )
        warn_of_cut(train, self.max_length, step_name(self))
        return super().fit(train, validation, task, under=under)


def warn_of_cut(train: PreparedSet, longest: int, reader: str) -> None:
    """Say how much of the texts is not read.

    Args:
        train: The training part.
        longest: Tokens of a text that are read.
        reader: Who reads them.
    """
    for name, rows in train.ragged.items():
        length_N = rows.lengths
        lost = int(np.maximum(length_N - longest, 0).sum())
        if lost:
            events.warning(
                f"{name}: the {reader} reads {longest} tokens; {int((length_N > longest).sum()):,} "
                f"of {len(length_N):,} texts are longer, and {lost / length_N.sum():.1%} of all "
                "tokens are not read"
            )
