"""Tasks: what is asked of a target; one file each, which alone knows what its answers are.

`Task.fit` looks at the training part's target and gives a `FittedTask`, which is stored in the
bundle; `classify.py` holds the recipe's step and what it learned.
The loss of training is named here and stands in `stoker.train.losses`: a server loads this package
and no torch.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Self

import numpy as np

from stoker.answers import Answers
from stoker.core.errors import RecipeError
from stoker.core.steps import Step, expect

if TYPE_CHECKING:
    import pyarrow as pa

    from stoker.cells.column import Column
    from stoker.cells.ragged import Rows
    from stoker.features import FittedFeature, Transformed
    from stoker.recipe.model import Recipe


class OutputSpec(NamedTuple):
    """The raw output that a task asks a model for."""

    axes: tuple[str, ...]
    """Names of its axes; the first is `row`, the second may be `token`."""
    width: int
    """Size of the last axis: classes, or 1."""
    column: str | None = None
    """The input column whose tokens each have an output; None: each row has one."""
    is_free: bool = False
    """Whether the model decides how wide it is: its own vectors are asked for."""

    @property
    def asked(self) -> int:
        """Outputs that a model is built for; 0: its own vectors."""
        return 0 if self.is_free else self.width


class FittedTask(Step, ABC):
    """A task that has seen the training part's target."""

    gives: ClassVar[type[Answers]]
    """The kind of answers that outputs become; metrics and losses of this kind fit the task."""
    loss: ClassVar[str]
    """File of `stoker.train.losses`: the loss where a recipe names none, and that by which epochs
    are compared."""
    sampler: ClassVar[str | None] = None
    """File of `stoker.train.samplers`: the sampler where a recipe names none; None: any will do."""
    predicts: ClassVar[str]
    """What it predicts, in words, such as `the class`."""

    @property
    @abstractmethod
    def output(self) -> OutputSpec:
        """The model's raw output: logits, or standardised values."""

    @property
    @abstractmethod
    def primary(self) -> tuple[str, ...]:
        """Metrics to show first; the first of them that is defined is the main one."""

    @property
    @abstractmethod
    def watched(self) -> tuple[str, ...]:
        """Metrics of which none may fall when a model is made smaller."""

    @property
    def class_names(self) -> tuple[str, ...]:
        """Names of the classes in the order of the outputs; empty where none are chosen from."""
        return ()

    @property
    def class_counts(self) -> tuple[int, ...]:
        """Training rows of each class."""
        return ()

    @property
    def labels(self) -> pa.Array | None:
        """The classes as they stand in answers, in their own type; None where there are none."""
        return None

    @property
    @abstractmethod
    def target_form(self) -> Column:
        """Form of the encoded target: a code, a number or a vector a row, or values of any length.

        A recipe names one target column; what a task makes of it may have any shape.
        """

    @property
    @abstractmethod
    def constant_output_K(self) -> np.ndarray:
        """The best raw output for every row that looks at no input: what a model has to beat."""

    def about(self, rows: pa.Table, inputs: Mapping[str, FittedFeature]) -> Self:
        """The task for these rows, where a target or an answer speaks of what stands in an input.

        Args:
            rows: Cleaned rows, with at least the input columns.
            inputs: The fitted feature of each input column.
        """
        return self

    def as_wide_as(self, width: int) -> Self:
        """The task of a model with outputs of this width, where the model decides it."""
        return self

    def constant_outputs(self, target: Rows) -> Rows:
        """That output for each row of an encoded target."""
        return np.tile(self.constant_output_K, (len(target), 1))

    @abstractmethod
    def encode(self, column: pa.ChunkedArray | pa.Array) -> Transformed:
        """Targets as the loss wants them; a label never seen in training is a bad cell."""

    @abstractmethod
    def decode(self, output_NK: Any, weights: Sequence[float] | None = None) -> pa.Table:
        """Raw outputs (logits, standardised values) as answers, with a column `prediction`.

        Args:
            output_NK: Shape (N, output.width); a `Ragged` where each token has an output.
            weights: What the probability of each class is multiplied with before the largest is
                answered; None: nothing.
        """

    @abstractmethod
    def answers(
        self, output_NK: Any, target_N: Any, weights: Sequence[float] | None = None
    ) -> Answers:
        """Raw outputs beside encoded targets, as metrics want them, in the target's own unit.

        Args:
            output_NK: Finite outputs, shape (N, output.width); a `Ragged` of those of tokens.
            target_N: Encoded targets, in the form that `target_form` says.
            weights: As of `decode`.
        """

    def loss_as_read(self, mean_loss: float) -> float:
        """A mean of losses of raw outputs, as people read it: in the target's own unit."""
        return self.gives.as_read(mean_loss)

    @abstractmethod
    def why_not_like(self, other: FittedTask) -> str:
        """Why answers to another task cannot stand beside answers to this one; empty: they can."""

    @abstractmethod
    def outputs_from(self, other: FittedTask, output_NK: Any) -> Any:
        """Outputs that were made for another task, as outputs for this one.

        Args:
            other: A task for which `why_not_like` is empty.
            output_NK: Its outputs: its classes in its order, or in its unit.
        """

    def class_weights(self, wanted: str | Mapping[str, float] | None) -> np.ndarray | None:
        """Weight of each class in a loss, float32; None where all rows count alike.

        Args:
            wanted: `balanced`, weights by label, or `none`.

        Raises:
            RecipeError: If there are no classes to weigh, or a weight names no class.
        """
        if wanted is None or wanted == "none":
            return None
        raise RecipeError(
            f"class_weights needs classes, and this target is {self.predicts}",
            fix="leave train.class_weights out",
        )

    @abstractmethod
    def output_schema(self) -> dict[str, Any]:
        """JSON Schema of one answer."""


class Task(Step, ABC):
    """What is asked of a target, before anything was seen."""

    gives: ClassVar[type[Answers]]
    """As of what `fit` gives."""
    per_token: ClassVar[bool] = False
    """Whether each token of a text gets an answer, instead of each row."""
    keeps_together: ClassVar[bool] = False
    """Whether rows of one target have to stand in one part, as each is looked for among them."""

    @abstractmethod
    def fit(self, target: pa.ChunkedArray) -> FittedTask:
        """Learn classes or scale from the training part.

        Raises:
            DataError: If there is nothing to learn: one class only, a constant, all missing.
        """

    def called(self, count: Mapping[str, int]) -> dict[str, str]:
        """What the target of each spelling is called; spellings of one target have one name.

        Args:
            count: Rows of each spelling, as `category_texts` writes it.
        """
        from stoker.cells.spelling import one_name_each

        return one_name_each(count)

    def missing_N(self, column: pa.ChunkedArray | pa.Array) -> np.ndarray:
        """Which cells hold no target at all, bool; a bad one is not missing."""
        from stoker.cells.categories import missing_categories

        return missing_categories(column)


def group_column(recipe: Recipe) -> str | None:
    """The column whose rows stand in one part and are drawn together.

    It is what `data.split.group` says, else the target where the task looks for rows of one.
    """
    if recipe.data.split.group is not None:
        return recipe.data.split.group
    return recipe.target_column if expect(recipe.task, Task).keeps_together else None
