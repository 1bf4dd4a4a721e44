"""Classify: one of a set of labels known from training.

Labels may be text, whole numbers or bools, and answers have the same type.  Classes are sorted,
numbers by value (also numbers written as text, so that `10` stands behind `9`), so that equal data
give equal codes.

Of two classes one is the positive one, which precision, recall, F1 and the area under the
precision-recall curve are about; it stands second.  By default it is the greater of two numbers
(1, true) and the rarer of two texts: an order of the alphabet says nothing about which is sought.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from functools import cached_property
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
import pyarrow as pa
from pydantic import BeforeValidator

from stoker.answers import Answers
from stoker.answers.classes import ClassAnswers, softmax
from stoker.cells import BadCell
from stoker.cells.booleans import BooleanCells
from stoker.cells.categories import are_categories, count_categories, encode_categories
from stoker.cells.column import Column
from stoker.cells.raw import cell_text, one_array
from stoker.cells.spelling import (
    canonical,
    codes_by_spelling,
    counted_as,
    find_code,
    folded,
    one_name_each,
)
from stoker.core import events
from stoker.core.errors import DataError, RecipeError
from stoker.core.names import listed
from stoker.features import Transformed
from stoker.tasks import FittedTask, OutputSpec, Task
from stoker.tasks._label_warnings import warn_of_labels

LabelKind = Literal["text", "integer", "number", "bool"]

_MOST_NAMED = 5
_MANY = 20
_NUMBER = re.compile(r"[-+]?\d+(\.\d+)?")
_JSON_TYPES = {"text": "string", "integer": "integer", "number": "number", "bool": "boolean"}


class FittedClassify(FittedTask):
    """Turns labels into class codes, and logits into labels."""

    classes: tuple[str, ...]
    """Labels as text; the position is the class code."""
    counts: tuple[int, ...]
    """Training rows of each class."""
    kind: LabelKind
    """Type of a label in answers."""
    fold: bool = False
    """Whether case, width and blanks tell no labels apart."""
    boolean: bool = False
    """Whether labels are words for yes and no, and the classes `false` and `true`."""

    gives: ClassVar[type[Answers]] = ClassAnswers
    loss: ClassVar[str] = "cross_entropy"
    predicts: ClassVar[str] = "the class"

    @property
    def output(self) -> OutputSpec:
        """One logit a class."""
        return OutputSpec(("row", "class"), len(self.classes))

    @property
    def primary(self) -> tuple[str, ...]:
        """Of two classes the area under the ROC curve, as a threshold can be moved."""
        return ("roc_auc", "accuracy") if len(self.classes) == 2 else ("accuracy",)

    @property
    def watched(self) -> tuple[str, ...]:
        """Decisions, and of two classes their order."""
        return ("accuracy", "roc_auc") if len(self.classes) == 2 else ("accuracy",)

    @property
    def class_names(self) -> tuple[str, ...]:
        """The classes as text."""
        return self.classes

    @property
    def target_form(self) -> Column:
        """int64, a code a row."""
        return Column("int64")

    @property
    def constant_output_K(self) -> np.ndarray:
        """Logits of the shares of the classes among the training rows.

        >>> pets = FittedClassify(classes=("cat", "dog"), counts=(1, 3), kind="text")
        >>> softmax(pets.constant_output_K[None]).tolist()
        [[0.25, 0.75]]
        """
        return np.log(np.asarray(self.counts, dtype=np.float64))

    @property
    def class_counts(self) -> tuple[int, ...]:
        """Training rows of each class."""
        return self.counts

    @cached_property
    def labels(self) -> pa.Array:
        """The classes as they stand in answers: strings, int64, float64 or bools."""
        if self.kind == "integer":
            return pa.array([int(name) for name in self.classes], pa.int64())
        if self.kind == "number":
            return pa.array([float(name) for name in self.classes], pa.float64())
        if self.kind == "bool":
            return pa.array([name == "true" for name in self.classes], pa.bool_())
        return pa.array(self.classes, pa.string())

    def encode(self, column: pa.ChunkedArray | pa.Array) -> Transformed:
        """Class codes as int64; a missing or never seen label is a bad cell.

        >>> pets = FittedClassify(classes=("cat", "dog"), counts=(1, 1), kind="text")
        >>> pets.encode(pa.array(["dog", "cow"])).bad[0].reason
        "is a label that training never saw; it knows 'cat', 'dog'"
        """
        code_N, unseen_N, bad = encode_categories(column, self._code_of)
        target_N = np.maximum(code_N.astype(np.int64) - 1, 0)
        already = {cell.index for cell in bad}
        without = [int(i) for i in np.flatnonzero(code_N == 0) if int(i) not in already]
        if not without:
            return Transformed(target_N, bad)
        cells = one_array(column)
        more = [
            BadCell(i, cell_text(cells, i) if is_unseen else "", self._why(is_unseen))
            for i in without
            for is_unseen in (unseen_N is not None and bool(unseen_N[i]),)
        ]
        bad = tuple(sorted((*bad, *more), key=lambda cell: cell.index))
        return Transformed(target_N, bad, unseen_N)

    def decode(self, output_NK: np.ndarray, weights: Sequence[float] | None = None) -> pa.Table:
        """Answers: `prediction`, `confidence` and all `probabilities` in the order of `classes`.

        Args:
            output_NK: Logits, shape (N, output.width), floating.
            weights: The class with the largest probability times weight is answered; None: the most
                probable one.  `confidence` is the probability of the answered class either way.

        Raises:
            ArtifactError: If a logit is NaN; an answer made from it would be noise.

        >>> pets = FittedClassify(classes=("cat", "dog"), counts=(1, 1), kind="text")
        >>> pets.decode(np.array([[0.0, 3.0]])).column("prediction").to_pylist()
        ['dog']
        """
        probability_NK = softmax(output_NK)
        worth_NK = probability_NK if weights is None else probability_NK * np.asarray(weights)
        code_N = worth_NK.argmax(axis=1)
        confidence_N = probability_NK[np.arange(len(code_N)), code_N]
        flat = pa.array(probability_NK.ravel())
        return pa.table(
            {
                "prediction": self.labels.take(pa.array(code_N)),
                "confidence": pa.array(confidence_N),
                "probabilities": pa.FixedSizeListArray.from_arrays(flat, self.output.width),
            }
        )

    def answers(
        self, output_NK: np.ndarray, target_N: np.ndarray, weights: Sequence[float] | None = None
    ) -> ClassAnswers:
        """Probabilities beside true classes."""
        return ClassAnswers(output_NK, target_N, weights, self.classes)

    def why_not_like(self, other: FittedTask) -> str:
        """The same labels are needed, in any order.

        >>> pairs = (("a", "b"), ("b", "c"))
        >>> old, new = (FittedClassify(classes=c, counts=(1, 1), kind="text") for c in pairs)
        >>> new.why_not_like(old)
        "it knows other classes: 'c' is new, 'a' is gone"
        """
        if not isinstance(other, FittedClassify):
            return "it was made for another task"
        changes = {"new": (self.classes, other.classes), "gone": (other.classes, self.classes)}
        said = []
        for word, (ones, others) in changes.items():
            names = [name for name in ones if name not in set(others)]
            if names:
                said.append(f"{listed(names)} {'are' if len(names) > 1 else 'is'} {word}")
        return f"it knows other classes: {', '.join(said)}" if said else ""

    def outputs_from(self, other: FittedTask, output_NK: np.ndarray) -> np.ndarray:
        """Its classes in the order of these.

        >>> pairs = (("a", "b"), ("b", "a"))
        >>> one, other = (FittedClassify(classes=c, counts=(1, 1), kind="text") for c in pairs)
        >>> one.outputs_from(other, np.array([[1.0, 2.0]])).tolist()
        [[2.0, 1.0]]
        """
        place = {name: code for code, name in enumerate(other.class_names)}
        return output_NK[:, [place[name] for name in self.classes]]

    def class_weights(self, wanted: str | Mapping[str, float] | None) -> np.ndarray | None:
        """Weight of each class in a loss, float32; None where all rows count alike.

        `balanced` gives a class n / (K * count): the mean weight over rows is 1, so that the rate
        need not change.

        Raises:
            RecipeError: If a weight names a label that is no class.
        """
        if wanted is None or wanted == "none":
            return None
        if isinstance(wanted, str):  # balanced
            count_K = np.maximum(self.counts, 1)
            return (count_K.sum() / (len(count_K) * count_K)).astype(np.float32)
        for label in wanted:
            if label not in self.classes:
                near = get_close_matches(label, self.classes, n=1)
                raise RecipeError(
                    f"class_weights names {label!r}, which is no class of the training part",
                    expected=f"labels such as {', '.join(self.classes[:5])}",
                    fix=f"did you mean {near[0]!r}?" if near else None,
                )
        return np.array([wanted.get(label, 1.0) for label in self.classes], np.float32)

    def output_schema(self) -> dict[str, Any]:
        """An object with the label, its probability, and the probabilities of all classes."""
        kind = _JSON_TYPES[self.kind]
        share = {"type": "number", "minimum": 0, "maximum": 1}
        return {
            "type": "object",
            "properties": {
                "prediction": {"type": kind, "enum": self.labels.to_pylist()},
                "confidence": share,
                "probabilities": {
                    "type": "array",
                    "items": share,
                    "minItems": self.output.width,
                    "maxItems": self.output.width,
                    "description": "In the order of the prediction's enum.",
                },
            },
            "required": ["prediction", "confidence", "probabilities"],
        }

    def _code_of(self, name: str) -> int:
        """The code of a label from 1, 0 for one that has none."""
        if self.boolean:
            name = _truth(name) or name
        return find_code(self._code, name, fold=self.fold)

    @cached_property
    def _code(self) -> dict[str, int]:
        return codes_by_spelling(self.classes, fold=self.fold)

    def _why(self, is_unseen: bool) -> str:
        if not is_unseen:
            return "is missing; a label is needed"
        named = ", ".join(repr(name) for name in self.classes[:_MOST_NAMED])
        more = len(self.classes) - _MOST_NAMED
        others = f" and {more} more" if more > 0 else ""
        hint = "; if the target is a number, say regress" * self._looks_measured
        return f"is a label that training never saw; it knows {named}{others}{hint}"

    @cached_property
    def _looks_measured(self) -> bool:
        """Whether the classes are more numbers than anybody counts as labels."""
        return len(self.classes) > _MANY and all(map(_NUMBER.fullmatch, self.classes))


_WHOLE, _BOOLEANS = re.compile(r"-?(0|[1-9]\d{0,17})"), BooleanCells()


def _truth(name: str) -> str | None:
    """The class of a word for yes or no; None: it is no such word."""
    return {True: "true", False: "false", None: None}[_BOOLEANS.truth(name)]


def _label(value: object) -> object:
    """A label as classes name it: `true` and `1` of a recipe are text there."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int) else value


class Classify(Task):
    """Predict one label of each row."""

    gives: ClassVar[type[Answers]] = ClassAnswers

    positive: Annotated[str, BeforeValidator(_label)] | None = None
    """Of two classes the one that is sought, such as a disease; absent: the greater of two numbers,
    or the rarer of two texts."""

    fold: bool = False
    """Whether labels that only case, width or blanks tell apart (`ja`, `Ja`) are one class, called
    by its commonest spelling."""

    boolean: bool = False
    """Whether labels are words for yes and no in several spellings (`yes`, `Y`, `1`, `no`): the
    classes are `false` and `true` then, and another word is a bad cell."""

    def fit(self, target: pa.ChunkedArray) -> FittedClassify:
        """Learn the classes.

        A class with a single row is a warning, and so are labels that hardly ever repeat, or that
        only blanks or case tell apart.

        Raises:
            DataError: If there are fewer than two classes, or the positive one is none of two.
        """
        if not are_categories(target.type):
            raise DataError(
                f"the target is of type {target.type}, which holds no labels",
                expected="text, numbers, bools or dates",
                fix="convert it in the source",
            )
        count = count_categories(target)
        if self.boolean:
            count = {name: rows for name, rows in count.items() if _truth(name)}
        count = counted_as(count, self.called(count))
        if len(count) < 2:
            only = (
                f"all {sum(count.values())} are {next(iter(count))!r}" if count else "none is set"
            )
            raise DataError(
                f"nothing to learn from {len(target)} training labels: {only}",
                expected="at least two different labels (text, numbers or bools)",
                fix="check the target column, or say regress for a number",
            )
        warn_of_labels(count, one_array(target))
        classes = self._ordered(count)
        return FittedClassify(
            classes=classes,
            counts=tuple(count[name] for name in classes),
            kind="bool" if self.boolean else _label_kind(one_array(target[:0]).type, classes),
            fold=self.fold,
            boolean=self.boolean,
        )

    def called(self, count: Mapping[str, int]) -> dict[str, str]:
        """The class of each spelling; a word that is no class keeps itself.

        >>> Classify(boolean=True).called({"yes": 2, "Y": 1, "no": 3})
        {'yes': 'true', 'Y': 'true', 'no': 'false'}
        """
        if self.boolean:
            return {name: _truth(name) or name for name in count}
        return one_name_each(count, fold=self.fold)

    def _ordered(self, count: dict[str, int]) -> tuple[str, ...]:
        """The classes in the order of their codes."""
        whole = _all_whole(count)
        classes = sorted(count, key=(lambda name: int(canonical(name))) if whole else str)
        if self.positive is None:
            if (
                len(classes) == 2
                and not whole
                and list(map(canonical, classes)) != ["false", "true"]
            ):
                classes.sort(key=lambda name: -count[name])
                tie = count[classes[0]] == count[classes[1]]
                events.message(
                    f"the positive class is {classes[1]!r}, "
                    f"{'one of two equally common ones' if tie else 'the rarer one'}; "
                    f"`classify: {{positive: {classes[0]}}}` makes it the other"
                )
            return tuple(classes)
        plain = folded if self.fold else canonical
        sought = (self.boolean and _truth(self.positive)) or plain(self.positive)
        if len(classes) != 2 or sought not in map(plain, classes):
            raise DataError(
                f"{self.positive!r} cannot be the positive class",
                expected=f"one of two classes; training rows have {', '.join(map(repr, classes))}",
                fix="leave `positive` out, or name one of two labels",
            )
        classes.sort(key=lambda name: (plain(name) == sought, name == self.positive))
        return tuple(classes)


def _label_kind(kind: pa.DataType, classes: tuple[str, ...]) -> LabelKind:
    """The type of answers; numbers that no type of answers holds exactly stay text."""
    if pa.types.is_boolean(kind):
        return "bool"
    if pa.types.is_floating(kind) or pa.types.is_decimal(kind) or pa.types.is_integer(kind):
        if _all_whole(classes):
            return "integer"
        if all(name != "inf" and canonical(f"{float(name):f}") == name for name in classes):
            return "number"
    return "text"


def _all_whole(names: Iterable[str]) -> bool:
    return all(_WHOLE.fullmatch(canonical(name)) for name in names)
