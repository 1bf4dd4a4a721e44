"""Models: encoder per feature, combiner and head, as steps.

A `Network` builds a torch module and trains it by the loop of `stoker.train`; an `Estimator`
(boosted trees) has a way of its own.  Both end as one ONNX graph with one input per column and one
output, `output`, of shape (N, K): logits for `classify`, standardised values for `regress`.

What a model takes, how it is usually trained and about what it costs, its own step says; nothing
else knows the names of models.  Importing a step of stoker's imports neither torch nor LightGBM.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

from stoker.answers import Answers
from stoker.answers.classes import ClassAnswers
from stoker.answers.numbers import NumberAnswers
from stoker.answers.tags import TagAnswers
from stoker.answers.vectors import VectorAnswers
from stoker.candidates.conditions import Conditions
from stoker.candidates.fitted import Fitted
from stoker.core.errors import RecipeError
from stoker.core.steps import Step, step_name
from stoker.features import TokenIds
from stoker.networks.stages import Shape
from stoker.train.habits import Habits

if TYPE_CHECKING:
    from torch import nn

    from stoker.answers import Answers
    from stoker.data.prepare.prepared_set import PreparedSet
    from stoker.features import FittedFeature
    from stoker.networks.token_network import Reader
    from stoker.tasks import FittedTask, OutputSpec


class Model(Step, ABC):
    """Anything that may stand under `model`."""

    needs_pictures: ClassVar[bool] = False
    """Whether it makes no sense without a column of pictures."""
    takes_pictures: ClassVar[bool] = True
    """Whether it can look at one."""
    takes_ragged: ClassVar[bool] = False
    """Whether rows of any length may go in, such as tokens."""
    needs_ragged: ClassVar[bool] = False
    """Whether it makes no sense without a column of such rows."""
    takes: ClassVar[tuple[type[Answers], ...]] = (ClassAnswers, NumberAnswers)
    """Kinds of answers that it can be fitted for."""
    gives_vectors: ClassVar[bool] = False
    """Whether it can answer with a vector of each row, as wide as it likes."""

    @abstractmethod
    def fit(
        self,
        train: PreparedSet,
        validation: PreparedSet,
        task: FittedTask,
        *,
        under: Conditions,
    ) -> Fitted:
        """Fit to `train`, and let `validation` say when to stop.

        Args:
            train: Rows to learn from.
            validation: Rows that the best moment is chosen by.
            task: What is asked of the target.
            under: Seed, time, effort and settings.
        """

    def untrained(self) -> Model | None:
        """The model as it is before it learns from these rows; None: it knows nothing yet."""
        return None

    def multiplications(
        self, picture: Shape | None, num_columns: int, num_outputs: int
    ) -> int | None:
        """About how many multiplications the answer to one row takes; None: nobody can tell.

        Args:
            picture: The picture column as the model sees it, if there is one.
            num_columns: Numbers and categories beside it.
            num_outputs: Classes, or 1.
        """
        return None


def check_answers(model: Model, gives: type[Answers]) -> None:
    """Compare a model with the answers that a task gives.

    Raises:
        RecipeError: If it cannot be fitted for them.
    """
    if issubclass(gives, TagAnswers) and not isinstance(model, TokenReading):
        raise RecipeError(
            f"{step_name(model)} has one answer a row and cannot be fitted for {gives.of}",
            expected="dilated_cnn, rnn, transformer or encoder",
            fix="leave `model` out, and one that can is chosen",
        )
    if not issubclass(gives, model.takes):
        raise RecipeError(
            f"{step_name(model)} cannot be fitted for {gives.of}; it is for "
            f"{' and '.join(kind.of for kind in model.takes)}",
            expected="a model such as bag (of texts), or a network such as mlp or encoder",
            fix="leave `model` out, and one that can is chosen",
        )


class Network(Model, ABC):
    """A model that is a torch module.

    Promise: the module takes a mapping from column to the feature's raw tensor (uint8 images in
    NCHW, float32 numbers with NaN for missing, int32 codes, a `RaggedTensor` of tokens), does
    scaling and missing-value handling inside, and returns (N, num_outputs) float32; any mix of
    features works; no row's answer follows the rows beside it; equal torch seeds build equal
    weights; it exports to ONNX with a dynamic batch.
    """

    takes: ClassVar[tuple[type[Answers], ...]] = (Answers,)
    takes_ragged: ClassVar[bool] = True
    habits: ClassVar[Habits] = Habits()
    """How it is usually trained; keys of the recipe go before."""

    @abstractmethod
    def build(self, features: Mapping[str, FittedFeature], num_outputs: int) -> nn.Module:
        """A fresh module with random weights from torch's global generator.

        Args:
            features: Fitted features by column.
            num_outputs: Classes, or 1; 0 for a vector of each row (`gives_vectors`).
        """

    def build_for(self, features: Mapping[str, FittedFeature], output: OutputSpec) -> nn.Module:
        """A fresh module for this output."""
        return self.build(features, output.asked)

    def fit(
        self,
        train: PreparedSet,
        validation: PreparedSet,
        task: FittedTask,
        *,
        under: Conditions,
    ) -> Fitted:
        """Train it by the loop of `stoker.train`."""
        from stoker.models._network_fit import fit

        return fit(self, (train, validation), task, under)


class TokenReading(Network, ABC):
    """A network that can have an output for each token of a column, instead of one for each row."""

    @abstractmethod
    def reader(self, tokens: TokenIds) -> Reader:
        """What reads a column token by token."""

    def build_for(self, features: Mapping[str, FittedFeature], output: OutputSpec) -> nn.Module:
        """A fresh module for this output: one of each row, or one of each token of a column."""
        if output.column is None:
            return super().build_for(features, output)
        from stoker.networks.token_network import TokenNetwork

        tokens = features[output.column].holds
        assert isinstance(tokens, TokenIds), "the task has seen to that"
        return TokenNetwork(output.column, self.reader(tokens), output.width)


class Estimator(Model, ABC):
    """A model that is no torch module: trees, linear models, a search over several.

    Promise: equal seeds, thread counts and data give equal bytes.
    """

    def fit_seconds(self, num_rows: int, num_columns: int, num_outputs: int) -> float | None:
        """About how long a fit takes on two quiet cores; None: nobody can tell."""
        return None


def check_vectors(model: Model | None, gives: type[Answers]) -> None:
    """Refuse a model that cannot answer with vectors where they are asked for.

    Args:
        model: What is named; None: the preset would choose one.
        gives: The kind of answers that the task gives.

    Raises:
        RecipeError: If it gives classes or numbers only, or none is named.
    """
    if not issubclass(gives, VectorAnswers) or (model is not None and model.gives_vectors):
        return
    raise RecipeError(
        "vectors are asked for, and no model is named that gives any"
        if model is None
        else f"model {step_name(model)} gives no vectors of its own",
        expected="a pretrained encoder",
        fix="write `model: {encoder: {path: FOLDER}}`, a folder as Hugging Face writes it",
    )
