"""The interface of a bundle: what goes in, what comes out, and how raw cells become tensors.

It holds what was learned from the training part besides the weights: one fitted feature per input
column, the fitted cleaners in order, and the fitted task.  The order of the inputs is kept, so the
JSON form is a list rather than an object.

Cost: microseconds, plus the size of the vocabularies.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field, ValidationError

from stoker.core.errors import ArtifactError, RecipeError
from stoker.core.own_code import own_modules, require_imported
from stoker.core.steps import load_stored, step_name, step_spec
from stoker.core.value import Value
from stoker.data.clean import CleanerState
from stoker.data.text_cells import TextCells
from stoker.features import FittedFeature, Form
from stoker.tasks import FittedTask


@dataclass(frozen=True)
class Interface:
    """From raw rows to the model's inputs, and from its output to answers."""

    inputs: dict[str, FittedFeature]
    """Fitted feature of each input column, in the order of the recipe."""
    cleaners: tuple[CleanerState, ...]
    """Fitted cleaners, applied to raw rows in this order."""
    target: str
    """Column that is predicted."""
    task: FittedTask
    """What turns the model's output into answers."""
    text_cells: TextCells | None = None
    """How text was read in training, and is read in rows to be answered; None: as it stands."""

    @property
    def forms(self) -> dict[str, Form]:
        """Type and shape of each input's tensor."""
        return {name: feature.form for name, feature in self.inputs.items()}

    def to_json(self) -> dict[str, Any]:
        """JSON values from which `from_json` makes an equal interface."""
        return {
            "inputs": [
                {"column": name, "feature": step_spec(feature)}
                for name, feature in self.inputs.items()
            ],
            "cleaners": [step_spec(state) for state in self.cleaners],
            "target": self.target,
            "task": step_spec(self.task),
            "text_cells": self.text_cells and self.text_cells.model_dump(mode="json"),
        }

    @property
    def own_modules(self) -> list[str]:
        """Modules outside stoker that whoever opens the bundle has to name."""
        return own_modules(map(step_spec, (*self.inputs.values(), *self.cleaners, self.task)))

    @classmethod
    def from_json(cls, value: object) -> Interface:
        """The interface that `to_json` wrote.

        Raises:
            ArtifactError: If a part is missing, unknown or of the wrong type.
        """
        try:
            form = _InterfaceForm.model_validate(value)
            require_imported([*(item.feature for item in form.inputs), *form.cleaners, form.task])
            inputs = {item.column: load_stored(item.feature, FittedFeature) for item in form.inputs}
            cleaners = tuple(load_stored(spec, CleanerState) for spec in form.cleaners)
            task = load_stored(form.task, FittedTask)
        except (ValidationError, RecipeError) as error:
            raise ArtifactError(
                f"the interface of the bundle is wrong: {first_problem(error)}",
                expected="an interface that stoker wrote",
                fix="build the bundle again",
            ) from None
        if len(inputs) != len(form.inputs):
            raise ArtifactError("the interface of the bundle names an input twice")
        return cls(inputs, cleaners, form.target, task, form.text_cells)

    def describe_inputs(self) -> str:
        """The expected columns in one line, such as `age (number), job (category)`."""
        return ", ".join(f"{name} ({step_name(f)})" for name, f in self.inputs.items())


def first_problem(error: ValidationError | RecipeError) -> str:
    """The first thing that is wrong, in one line."""
    if isinstance(error, RecipeError):
        return error.what
    first = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(map(str, first["loc"]))
    return f"{where}: {first['msg']}" if where else first["msg"]


class _InputForm(Value):
    column: str
    feature: Mapping[str, Any]


class _InterfaceForm(Value):
    inputs: Annotated[tuple[_InputForm, ...], Field(min_length=1)]
    cleaners: tuple[Mapping[str, Any], ...]
    target: str
    task: Mapping[str, Any]
    text_cells: TextCells | None = None
