"""How large the work of a run is: the data, what a model sees of it, and how fast this machine is.

What a model costs, its step says; a user's own need not, and then only a budget or an earlier run
gives its time.

Cost: arithmetic only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from stoker.core.steps import expect, make_step, step_name
from stoker.data.extent import Extent
from stoker.features import Feature
from stoker.models import Estimator, Model, Network
from stoker.networks.stages import Shape
from stoker.plan.presets import Preset, Texts, choose_model
from stoker.recipe.model import Recipe
from stoker.tasks import Task

_START_S = 0.5
"""Seconds before the first step of a training."""
_STEP_S, _PICTURE_STEP_S = 0.4e-3, 6e-3
"""Seconds of a step beside its multiplications: a network made for pictures calls some hundred
small operations in it, which is most of a step of 16 rows; `logistic` and `mlp` call as few for
pictures as for a table."""


@dataclass(frozen=True)
class Size:
    """What the time of a stage follows."""

    recipe: Recipe
    extent: Extent
    gflops: float
    """Billions of operations a second of float32 matrix products."""

    @cached_property
    def _features(self) -> list[Feature]:
        return [expect(one, Feature) for one in (self.recipe.inputs or {}).values()]

    @cached_property
    def picture(self) -> Shape | None:
        """Size of the pictures that the model sees; None where there are none."""
        found = self.extent.picture
        if not self._features and found is not None:  # all pictures become inputs
            return make_step("stoker.features", "image", Feature).picture_shape(found)
        shapes = (one.picture_shape(found) for one in self._features)
        return next((shape for shape in shapes if shape is not None), None)

    @cached_property
    def columns(self) -> int:
        """Columns beside pictures."""
        values = [one for one in self._features if one.media is None]
        return len(values) if self._features else self.extent.num_columns - 1

    @cached_property
    def texts(self) -> Texts:
        """Whether texts go in, and what of them gets an answer."""
        if expect(self.recipe.task, Task).per_token:
            return "tokens"
        return "rows" if any(one.ragged for one in self._features) else "none"

    @cached_property
    def outputs(self) -> int:
        """Outputs of the model."""
        if step_name(self.recipe.task) == "regress":
            return 1
        return self.extent.classes or (10 if self.picture else 2)

    @cached_property
    def main(self) -> Model:
        """The recipe's model, or the one that the preset will take."""
        if self.recipe.model is not None:
            return expect(self.recipe.model, Model)
        model, _ = choose_model(
            self.recipe.train.preset,
            picture=self.picture,
            has_table=bool(self.columns),
            texts=self.texts,
            num_rows=self.extent.parts["train"],
            given=self.recipe.train.given,
            gives=expect(self.recipe.task, Task).gives,
        )
        return model

    def work_of(self, model: Model) -> int | None:
        """Multiplications for the answer to one row; None where nobody can tell."""
        return model.multiplications(self.picture, self.columns, self.outputs)

    def decode(self, rows: int) -> float:
        """Seconds to decode the pictures of some rows; raw pixels are only copied."""
        extent = self.extent
        if extent.picture is None:
            return 0.0
        return rows * (40e-6 + extent.picture_bytes / 40e6) if extent.encoded else rows * 3e-6

    def answer(self, work: int, rows: int) -> float:
        """Seconds of a graph to answer rows, on one thread.

        Args:
            work: Multiplications for one row.
            rows: How many.
        """
        return rows * work * 2 / (0.45e9 * self.gflops)

    def train(self, model: Model, preset: Preset, given: Mapping[str, Any]) -> float | None:
        """Seconds to train a model and to compare its answers; None where nobody can tell."""
        rows, held = self.extent.parts["train"], self.extent.parts["validation"]
        checked = held * (0.3e-6 * self.columns) + self.decode(held)
        if isinstance(model, Estimator):
            fitted = model.fit_seconds(rows, self.columns, self.outputs)
            return None if fitted is None else fitted + checked
        work = self.work_of(model)
        if work is None:
            return None
        habits, known = expect(model, Network).habits, max(1, rows)
        seen = rows * (given.get("epochs") or habits.num_epochs(preset, known))
        batch_size = given.get("batch_size") or habits.num_batch_rows(known)
        # A step multiplies three times: for the answer, the weights' and the layers' gradients.
        floating = 6 * work * seen / (0.45e9 * self.gflops)
        step_s = _PICTURE_STEP_S if model.needs_pictures else _STEP_S
        numbers = self.columns + (int(np.prod(self.picture)) if self.picture else 0)
        handled = seen * (1e-6 + 2e-9 * numbers) + step_s * seen / batch_size
        return _START_S + floating + handled + checked
